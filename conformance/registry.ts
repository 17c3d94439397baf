/** Every suite, in the order in which they run. One line each. */

import type { Suite } from "./suite.ts";
import { expositionSuite } from "./suites/exposition.ts";
import { hubbleCases } from "./suites/hubble-cases.ts";
import { policyDnsSuite, policyHttpSuite } from "./suites/policy-l7.ts";
import { policyVerdictsSuite } from "./suites/policy-verdicts.ts";
import { promqlGrammarSuite } from "./suites/promql-grammar.ts";
import { relabelSuite } from "./suites/relabel.ts";

export const suites: readonly Suite[] = [
  promqlGrammarSuite,
  relabelSuite,
  hubbleCases,
  expositionSuite,
  policyVerdictsSuite,
  policyHttpSuite,
  policyDnsSuite,
];
