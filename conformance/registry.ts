/** Every suite, in the order in which they run. One line each. */

import type { Suite } from "./suite.ts";
import { expositionSuite } from "./suites/exposition.ts";
import { grafanaColorsSuite, grafanaDisplaySuite } from "./suites/grafana-display.ts";
import { grafanaIntervalsSuite } from "./suites/grafana-intervals.ts";
import { grafanaMigrationsSuite } from "./suites/grafana-migrations.ts";
import { grafanaNamesSuite } from "./suites/grafana-names.ts";
import { grafanaOverridesSuite } from "./suites/grafana-overrides.ts";
import { grafanaReduceSuite } from "./suites/grafana-reduce.ts";
import { grafanaTransformationsSuite } from "./suites/grafana-transformations.ts";
import { grafanaUnitsSuite } from "./suites/grafana-units.ts";
import { grafanaVariablesSuite } from "./suites/grafana-variables.ts";
import { httpApiSuite } from "./suites/httpapi.ts";
import { hubbleCases } from "./suites/hubble-cases.ts";
import { hubbleCli } from "./suites/hubble-cli.ts";
import { hubbleDynamic } from "./suites/hubble-dynamic.ts";
import { hubbleFilters } from "./suites/hubble-filters.ts";
import {
  hubbleInternals,
  hubbleRuntimePanics,
  hubbleStaticAndDynamic,
} from "./suites/hubble-internals.ts";
import { hubbleInvalid } from "./suites/hubble-invalid.ts";
import { hubbleJsonpb } from "./suites/hubble-jsonpb.ts";
import { hubbleProtobuf } from "./suites/hubble-protobuf.ts";
import { policyInvalidSuite } from "./suites/policy-invalid.ts";
import { policyDnsSuite, policyHttpSuite } from "./suites/policy-l7.ts";
import { policyVerdictsSuite } from "./suites/policy-verdicts.ts";
import { promqlSuite, promqlTsdbSuite } from "./suites/promql.ts";
import { promqlGrammarSuite } from "./suites/promql-grammar.ts";
import { promqltestSuite } from "./suites/promqltest.ts";
import { relabelSuite } from "./suites/relabel.ts";
import { remoteWriteSuite } from "./suites/remote-write.ts";
import { studioInvalid } from "./suites/studio-invalid.ts";
import { tsdbChunksSuite } from "./suites/tsdb-chunks.ts";
import { tsdbCompactionSuite } from "./suites/tsdb-compaction.ts";
import { tsdbDirsSuite } from "./suites/tsdb-dirs.ts";
import { tsdbIndexSuite } from "./suites/tsdb-index.ts";
import { tsdbWalSuite } from "./suites/tsdb-wal.ts";

export const suites: readonly Suite[] = [
  promqlSuite,
  promqlTsdbSuite,
  promqltestSuite,
  promqlGrammarSuite,
  httpApiSuite,
  relabelSuite,
  remoteWriteSuite,
  hubbleCases,
  hubbleFilters,
  hubbleInvalid,
  studioInvalid,
  hubbleCli,
  hubbleDynamic,
  hubbleInternals,
  hubbleStaticAndDynamic,
  hubbleRuntimePanics,
  hubbleJsonpb,
  hubbleProtobuf,
  expositionSuite,
  policyVerdictsSuite,
  policyHttpSuite,
  policyDnsSuite,
  policyInvalidSuite,
  grafanaIntervalsSuite,
  grafanaNamesSuite,
  grafanaVariablesSuite,
  grafanaUnitsSuite,
  grafanaReduceSuite,
  grafanaDisplaySuite,
  grafanaColorsSuite,
  grafanaOverridesSuite,
  grafanaTransformationsSuite,
  grafanaMigrationsSuite,
  tsdbChunksSuite,
  tsdbWalSuite,
  tsdbCompactionSuite,
  tsdbIndexSuite,
  tsdbDirsSuite,
];
