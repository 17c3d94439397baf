/**
 * GET /api/v1/features: what this server can do, in the form of Prometheus' registry: category →
 * feature → whether it is on. Clients choose by it; what we do not have is off.
 */

import { functionSignatures } from "../promql/functions/signatures.ts";
import { success } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";

type Category = Readonly<Record<string, boolean>>;

const operators =
  "!= !~ % * + - / < </ <= == =~ > >/ >= @ ^ and atan2 avg bottomk count count_values group max min or quantile stddev stdvar sum topk unless";
const alwaysInPromql =
  "at_modifier bool by duration_expr group_left group_right ignoring negative_offset offset on per_query_lookback_delta subqueries without";

/** GET /api/v1/features */
export function featuresRoute(sources: ApiSources): Response {
  const { parserOptions = {} } = sources;
  const isExperimental = parserOptions.enableExperimentalFunctions ?? false;
  const hasFill = parserOptions.enableBinopFillModifiers ?? false;
  const hasExtendedRanges = parserOptions.enableExtendedRangeSelectors ?? false;
  const switches = (sources.flags["enable-feature"] ?? "").split(",");
  return success({
    api: apiFeatures(sources),
    otlp_receiver: { delta_conversion: false, native_delta_ingestion: false },
    prometheus: { agent_mode: false, auto_reload_config: false, server_mode: true },
    promql: {
      ...all(alwaysInPromql, true),
      anchored: hasExtendedRanges,
      smoothed: hasExtendedRanges,
      delayed_name_removal: switches.includes("promql-delayed-name-removal"),
      fill: hasFill,
      fill_left: hasFill,
      fill_right: hasFill,
      per_step_stats: sources.hasStepStats === true,
      type_and_unit_labels: switches.includes("type-and-unit-labels"),
    },
    promql_functions: Object.fromEntries(
      Object.entries(functionSignatures).map(([name, signature]) => [
        name,
        isExperimental || !signature.isExperimental,
      ]),
    ),
    promql_operators: {
      ...all(operators, true),
      limitk: isExperimental,
      limit_ratio: isExperimental,
    },
    rules: { concurrent_rule_eval: false, keep_firing_for: false, query_offset: false },
    scrape: {
      extra_scrape_metrics: true,
      start_timestamp_zero_ingestion: false,
      type_and_unit_labels: switches.includes("type-and-unit-labels"),
    },
    service_discovery_providers: { file: true, static: true },
    tsdb: {
      exemplar_storage: sources.exemplars !== undefined,
      isolation: true,
      native_histograms: true,
      st_storage: switches.includes("st-storage"),
    },
  });
}

function apiFeatures(sources: ApiSources): Category {
  return {
    admin: sources.admin !== undefined,
    exclude_alerts: true,
    label_values_match: true,
    lifecycle: sources.reload !== undefined,
    "openapi_3.1": true,
    otlp_write_receiver: false,
    query_stats: true,
    query_warnings: true,
    remote_write_receiver: sources.writeReceiver !== undefined,
    search: false,
    time_range_labels: true,
    time_range_series: true,
  };
}

function all(names: string, isOn: boolean): Category {
  return Object.fromEntries(names.split(" ").map((name) => [name, isOn]));
}
