/** The overview's data: a handful of queries side by side, all of the page's window. What they mean is worked out in findings.ts and figures.ts. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { WireFlowExplanation } from "../../src/api/wire/flow-explanation.ts";
import type { FlowSourcesAnswer } from "../../src/api/wire/flow-sources.ts";
import type { FlowGroupsAnswer, FlowsAnswer } from "../../src/api/wire/flows.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { type ApiClient, ApiError } from "../api/api-client.ts";
import {
  runInstantQuery,
  runRangeQuery,
  useApi,
  useServerStatus,
  useTargets,
} from "../api/server-queries.ts";
import { useAlerts, useTargetsUp } from "../app/nav-badges.ts";
import { useCompleteness } from "../app/rail-data.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { becauseOf } from "./because.ts";
import type { DroppedPair } from "./findings.ts";
import {
  bandQuery,
  type DropSplit,
  dropRate,
  figuresQuery,
  momentQuery,
  partOf,
  readUsual,
  usualQuery,
} from "./overview-queries.ts";

/** Points of a figure's line, and of the chart. */
const sparkPoints = 60;
const chartPoints = 150;
/** Pairs read, and pairs explained. */
const pairsMax = 12;
const explainedMax = 5;
/** What is usual and why a pair is dropped change slowly. */
const slowMs = 60_000;
/** Drops as packets: the policy verdict that comes beside each is left out. */
export const dropFilter = "--verdict DROPPED --not --type policy-verdict";

/** The rate window: short where a laboratory scrapes every two seconds. */
export function useRateWindow(): string | undefined {
  const status = useServerStatus();
  if (status.data === undefined) return undefined;
  return status.data.mode === "demo" ? "1m" : "5m";
}

/** All of the overview but the chart. Members are undefined while under way. */
export function useOverview() {
  const window = useRateWindow();
  const alerts = useAlerts();
  const down = useTargetsUp(15_000);
  return {
    window,
    figures: useFigures(window),
    moment: useMoment(window),
    usual: useUsual(window),
    pairs: useDroppedPairs(),
    completeness: useCompleteness(),
    sources: useFlowSources(),
    alerts,
    targetsDown: useDownTargets((down.data?.down ?? 0) > 0),
  };
}

/** The type of useOverview's answer. */
export type OverviewData = ReturnType<typeof useOverview>;

function useFigures(window: string | undefined) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "overview-figures", window, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const stepMs = stepOf(range, sparkPoints);
      const query = { expr: figuresQuery(window ?? ""), refId: "", ...range, stepMs };
      return { ...(await runRangeQuery(client, query, signal)), range, stepMs };
    },
    enabled: window !== undefined,
    placeholderData: keepPreviousData,
  });
}

function useMoment(window: string | undefined) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "overview-moment", window, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const expr = momentQuery(window ?? "", `${Math.round((toMs - fromMs) / 1000)}s`);
      return (await runInstantQuery(client, { expr, refId: "", atMs: toMs }, signal)).series;
    },
    enabled: window !== undefined,
    placeholderData: keepPreviousData,
  });
}

function useUsual(window: string | undefined) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: ["overview-usual", window, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const expr = usualQuery(window ?? "", toMs - fromMs);
      return readUsual(
        (await runInstantQuery(client, { expr, refId: "", atMs: toMs }, signal)).series,
      );
    },
    enabled: window !== undefined,
    staleTime: slowMs,
    refetchInterval: time.isLive ? slowMs : false,
    placeholderData: keepPreviousData,
  });
}

/** Days of the usual range as the chart's band: none where no day before was recorded. */
export function useUsualBand(window: string | undefined, hasDays: boolean) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: ["overview-band", window, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const query = {
        expr: bandQuery(window ?? "", [1, 2, 3, 4, 5, 6, 7]),
        refId: "",
        ...range,
        stepMs: stepOf(range, chartPoints),
      };
      return (await runRangeQuery(client, query, signal)).series;
    },
    enabled: window !== undefined && hasDays,
    staleTime: slowMs,
    placeholderData: keepPreviousData,
  });
}

/** The policy revision over the window, from the figures' own query. */
export function useRevisions(window: string | undefined) {
  const figures = useFigures(window);
  return partOf(figures.data?.series ?? [], "revision")[0];
}

/** Drops over the window by reason, direction (metrics) or namespace of the destination (flows), a second. */
export function useDropChart(window: string | undefined, split: DropSplit) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "overview-chart", window, split, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      if (split === "namespace") return namespaceDrops(client, range, signal);
      const stepMs = stepOf(range, chartPoints);
      const query = { expr: dropRate(split, window ?? ""), refId: "", ...range, stepMs };
      return { series: (await runRangeQuery(client, query, signal)).series, range, stepMs };
    },
    enabled: window !== undefined,
    placeholderData: keepPreviousData,
  });
}

async function namespaceDrops(client: ApiClient, range: TimeRange, signal: AbortSignal) {
  const answer = await readGroups(
    client,
    { by: "destination-namespace", range, buckets: 60 },
    signal,
  );
  const { startMs, stepMs, count } = answer?.buckets ?? { startMs: 0, stepMs: 1000, count: 0 };
  const timesMs = Float64Array.from(
    { length: count },
    (_, index) => startMs + (index + 1) * stepMs,
  );
  const series = (answer?.groups ?? []).map(({ values, history }) => ({
    refId: "",
    labels: namespaceLabels(values[0] ?? ""),
    timesMs,
    values: Float64Array.from(history, (flows) => (flows * 1000) / stepMs),
    histogramCount: 0,
  }));
  return { series, range, stepMs };
}

function namespaceLabels(namespace: string): Readonly<Record<string, string>> {
  return { namespace: namespace === "" ? "outside" : namespace };
}

function stepOf({ fromMs, toMs }: TimeRange, points: number): number {
  return Math.max(1000, Math.round((toMs - fromMs) / points / 1000) * 1000);
}

/** Groups of dropped flows; undefined where no flows are kept. */
async function readGroups(
  client: ApiClient,
  ask: { by: string; range: TimeRange; buckets: number },
  signal: AbortSignal,
): Promise<FlowGroupsAnswer | undefined> {
  const params = new URLSearchParams({
    by: ask.by,
    q: dropFilter,
    since: String(ask.range.fromMs / 1000),
    until: String(ask.range.toMs / 1000),
    limit: String(pairsMax),
    buckets: String(ask.buckets),
  });
  try {
    return await client.own<FlowGroupsAnswer>(`/flows/groups?${params}`, { signal });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** Dropped pairs, most first, those of the top with the policy's explanation; null where no flows are kept. */
function useDroppedPairs() {
  const client = useApi();
  const time = usePageTime();
  const groups = useQuery({
    queryKey: [timedKey, "overview-pairs", time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const by = "source,destination,destination-port,drop-reason,protocol,type";
      const answer = await readGroups(client, { by, range, buckets: 1 }, signal);
      if (answer === undefined) return null;
      return {
        pairs: answer.groups.map((group) => readPair(group, range)),
        matched: answer.matched,
      };
    },
    placeholderData: keepPreviousData,
  });
  const top = groups.data?.pairs.slice(0, explainedMax).map(({ filter }) => filter) ?? [];
  const why = useQuery({
    queryKey: ["overview-why", ...top],
    queryFn: async ({ signal }) => {
      const texts = await Promise.all(top.map((filter) => explainPair(client, filter, signal)));
      return new Map(top.map((filter, index) => [filter, texts[index]]));
    },
    enabled: top.length > 0,
    staleTime: slowMs,
    placeholderData: keepPreviousData,
  });
  const pairs = groups.data?.pairs.map((pair) => ({
    ...pair,
    because: why.data?.get(pair.filter),
  }));
  return {
    ...groups,
    pairs: groups.data === null ? null : pairs,
    matched: groups.data?.matched ?? 0,
  };
}

function readPair(group: FlowGroupsAnswer["groups"][number], range: TimeRange): DroppedPair {
  const [source = "", destination = "", port = "", reason = "", protocol = "", type = ""] =
    group.values;
  const { flows, firstMs, lastMs, filter } = group;
  const spanMs = range.toMs - range.fromMs;
  const sinceSeconds = Math.max(1, (range.toMs - Math.max(firstMs, range.fromMs)) / 1000);
  return {
    source,
    destination,
    port,
    reason,
    protocol,
    isL7: type === "L7",
    flows,
    perSecond: flows / sinceSeconds,
    firstMs,
    lastMs,
    filter,
    because: undefined,
    isOver: lastMs < range.toMs - Math.max(60_000, spanMs / 10),
  };
}

/** The policy's word on the pair's newest flow; undefined where this server cannot tell. */
async function explainPair(
  client: ApiClient,
  filter: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const q = encodeURIComponent(`${dropFilter} ${filter}`);
    const found = await client.own<FlowsAnswer>(`/flows?last=1&q=${q}`, { signal });
    const flow: Flow | undefined = found.flows[0];
    if (flow === undefined) return undefined;
    const told = await client.own<WireFlowExplanation>("/flows/explain", {
      method: "POST",
      body: flow,
      signal,
    });
    return becauseOf(told);
  } catch (thrown) {
    // No cluster is watched, or nobody answers for it: the drop's own reason stands.
    if (thrown instanceof ApiError && !thrown.isUnreachable) return undefined;
    throw thrown;
  }
}

/** Where flows come from; undefined where this server takes none. */
export function useFlowSources() {
  const client = useApi();
  return useQuery({
    queryKey: ["flow-sources"],
    queryFn: async ({ signal }) => {
      try {
        return await client.own<FlowSourcesAnswer>("/flow-sources", { signal });
      } catch (thrown) {
        if (thrown instanceof ApiError && thrown.status === 404) return null;
        throw thrown;
      }
    },
    refetchInterval: 15_000,
  });
}

/** The targets that are down; asked only where there are any. */
function useDownTargets(isWanted: boolean) {
  const targets = useTargets(isWanted);
  return isWanted
    ? (targets.data?.activeTargets ?? []).filter(({ health }) => health === "down")
    : [];
}
