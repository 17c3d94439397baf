/**
 * The dashboard's variables: options from the server, choices from the address (var-NAME), else from
 * the file. Later variables may use the choices of earlier ones. What a variable means is the model's;
 * here its queries are run.
 */

import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { errorMessage } from "../../src/base/errors.ts";
import { type AdhocFilter, parseFilters } from "../../src/dashboard/adhoc-filters.ts";
import { interpolate, type VariableState } from "../../src/dashboard/interpolate.ts";
import type { Dashboard, Variable } from "../../src/dashboard/model.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { formatPrometheus } from "../../src/dashboard/variable-format.ts";
import {
  chooseValues,
  needsQuery,
  type OptionList,
  queryOptions,
  staticOptions,
  toVariableState,
  type VariableOption,
} from "../../src/dashboard/variable-options.ts";
import { variableOrder } from "../../src/dashboard/variable-order.ts";
import {
  filterMetricNames,
  parseVariableQuery,
  queryResultOptions,
  seriesOptions,
} from "../../src/dashboard/variable-query.ts";
import type { ApiClient } from "../api/api-client.ts";
import type { QueryData } from "../api/query-series.ts";
import { useApi } from "../api/server-queries.ts";
import { useRoute } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";

/** A variable with its options and its choice. */
export interface ChosenVariable {
  readonly variable: Variable;
  readonly options: readonly VariableOption[];
  readonly values: readonly string[];
  readonly problem: string | undefined;
}

/** The variables in the order of the file, and as texts want them. */
export interface DashboardVariables {
  readonly chosen: readonly ChosenVariable[];
  readonly states: ReadonlyMap<string, VariableState>;
  /** Ad hoc filters of all such variables. */
  readonly filters: readonly AdhocFilter[];
}

/** Answers about labels are asked again after this long. */
const labelsFreshMs = 30_000;
/** There is one data source: this server. */
const sources = [{ name: "Ciliascope", uid: "ciliascope", type: "prometheus" }];

/** Resolves all variables; the previous ones stay while a choice is changed. */
export function useVariables(dashboard: Dashboard) {
  const api = useApi();
  const cache = useQueryClient();
  const { params } = useRoute();
  const time = usePageTime();
  const asked = new Map(
    dashboard.variables.map(({ name }) => [name, params.getAll(`var-${name}`)] as const),
  );
  return useQuery({
    queryKey: ["variables", dashboard.uid, [...asked], time.text.from, time.text.to],
    queryFn: () => {
      const range = time.resolve();
      return resolveVariables(dashboard.variables, asked, (variable, states) =>
        loadOptions(variable, { api, cache, states, range }),
      );
    },
    placeholderData: (before: DashboardVariables | undefined) => before,
    staleTime: labelsFreshMs,
  });
}

type OptionLoader = (
  variable: Variable,
  states: ReadonlyMap<string, VariableState>,
) => Promise<OptionList>;

/** One after the other, each after those its query names. A failed query leaves its variable without options. */
export async function resolveVariables(
  variables: readonly Variable[],
  asked: ReadonlyMap<string, readonly string[]>,
  load: OptionLoader,
): Promise<DashboardVariables> {
  const chosen = new Map<string, ChosenVariable>();
  const states = new Map<string, VariableState>();
  for (const variable of variableOrder(variables)) {
    const list = await load(variable, states).catch(
      (thrown: unknown): OptionList => ({ options: [], problem: errorMessage(thrown) }),
    );
    const wanted = asked.get(variable.name) ?? [];
    const values = chooseValues(
      variable,
      list.options,
      wanted.length > 0 ? wanted : variable.current,
    );
    chosen.set(variable.name, {
      variable,
      options: list.options,
      values,
      problem: list.problem,
    });
    states.set(variable.name, toVariableState(variable, values, list.options));
  }
  const filters = [...chosen.values()]
    .filter(({ variable }) => variable.type === "adhoc")
    .flatMap(({ values }) => parseFilters(values));
  return { filters, chosen: variables.flatMap(({ name }) => chosen.get(name) ?? []), states };
}

interface LoadContext {
  readonly api: ApiClient;
  readonly cache: QueryClient;
  readonly states: ReadonlyMap<string, VariableState>;
  readonly range: TimeRange;
}

async function loadOptions(variable: Variable, context: LoadContext): Promise<OptionList> {
  if (!needsQuery(variable)) return staticOptions(variable, sources);
  const { cache, states, range } = context;
  const text = interpolate(variable.query, { variables: states, range }, formatPrometheus);
  const found = await cache.fetchQuery({
    queryKey: ["variable-query", text, Math.round((range.toMs - range.fromMs) / 1000)],
    queryFn: ({ signal }) => askServer(text, context, signal),
    staleTime: labelsFreshMs,
  });
  const regex = interpolate(variable.regex, { variables: states }, "regex");
  return queryOptions({ regex, sort: variable.sort }, found);
}

async function askServer(
  text: string,
  { api, range }: LoadContext,
  signal: AbortSignal,
): Promise<readonly (string | VariableOption)[]> {
  const query = parseVariableQuery(text);
  const window = { start: range.fromMs / 1000, end: range.toMs / 1000 };
  const list = async (path: string, match?: string) => {
    const params = { ...window, ...(match === undefined ? {} : { "match[]": match }) };
    return (await api.prometheus<readonly string[]>(path, params, { signal })).data;
  };
  switch (query.kind) {
    case "none":
      return [];
    case "labelValues":
      return await list(`label/${encodeURIComponent(query.label)}/values`, query.match);
    case "labelNames":
      return await list("labels", query.match);
    case "metricNames":
      return filterMetricNames(await list("label/__name__/values"), query.pattern);
    case "queryResult": {
      const params = { query: query.expr, time: window.end };
      return queryResultOptions(
        (await api.prometheus<QueryData>("query", params, { signal })).data,
      );
    }
    case "series": {
      const params = { ...window, "match[]": query.match };
      const found = await api.prometheus<readonly Readonly<Record<string, string>>[]>(
        "series",
        params,
        { signal },
      );
      return seriesOptions(found.data);
    }
  }
}
