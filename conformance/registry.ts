/** Every suite, in the order in which they run. One line each. */

import type { Suite } from "./suite.ts";

export const suites: readonly Suite[] = [];
