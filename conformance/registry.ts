/** Every suite, in the order in which they run. One line each. */

import type { Suite } from "./suite.ts";
import { expositionSuite } from "./suites/exposition.ts";
import { hubbleCases } from "./suites/hubble-cases.ts";
import { relabelSuite } from "./suites/relabel.ts";

export const suites: readonly Suite[] = [relabelSuite, hubbleCases, expositionSuite];
