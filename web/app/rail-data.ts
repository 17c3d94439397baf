/** The rail's queries: flows a bucket, firing alerts, and samples scraped where no flows are kept; completeness of the page's window. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FlowCompletenessAnswer, FlowTimelineAnswer } from "../../src/api/wire/flows.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { type ApiClient, ApiError } from "../api/api-client.ts";
import { runRangeQuery, useApi } from "../api/server-queries.ts";
import { usePageTime } from "../time/time-context.tsx";
import {
  flowBars,
  holesOf,
  type RailAlert,
  type RailBar,
  type RailWindow,
  railAlerts,
  railBars,
  railBarsWanted,
  railWindow,
} from "./rail-model.ts";

/** The rail's own refresh while the page is live. */
export const railEveryMs = 5000;

/** All that the rail draws. */
export interface RailData {
  readonly page: TimeRange;
  readonly window: RailWindow;
  /** Width of a bar. */
  readonly barMs: number;
  readonly bars: readonly RailBar[];
  readonly holes: readonly TimeRange[];
  readonly alerts: readonly RailAlert[];
  /** What a bar counts. */
  readonly counts: "flows" | "samples";
}

/** Follows the page's window and the scale of the address. */
export function useRailData(scale: string | null) {
  const time = usePageTime();
  const client = useApi();
  return useQuery({
    queryKey: ["rail", time.text.from, time.text.to, scale],
    queryFn: ({ signal }) => loadRail(client, time.resolve(), scale, signal),
    refetchInterval: time.isLive ? railEveryMs : false,
    placeholderData: keepPreviousData,
  });
}

async function loadRail(
  client: ApiClient,
  page: TimeRange,
  scale: string | null,
  signal: AbortSignal,
): Promise<RailData> {
  const nowMs = systemClock.nowMs();
  const window = railWindow(page, nowMs, scale);
  const span = `since=${window.fromMs / 1000}&until=${window.toMs / 1000}&buckets=${railBarsWanted}`;
  const [timeline, alerts] = await Promise.all([
    ownOrNone<FlowTimelineAnswer>(client, `/flows/timeline?${span}`, signal),
    ask(client, 'ALERTS{alertstate="firing"}', window, signal),
  ]);
  const rest = { page, window, alerts: railAlerts(alerts, window) };
  if (timeline !== undefined && timeline.oldestMs !== null) {
    const barMs = timeline.buckets.stepMs;
    const bars = flowBars(timeline, nowMs);
    const holes = timeline.off.map(({ fromMs, untilMs }) => ({ fromMs, toMs: untilMs }));
    return { ...rest, barMs, bars, holes, counts: "flows" };
  }
  const [volume, up] = await Promise.all([
    ask(client, "sum(scrape_samples_scraped)", window, signal),
    ask(client, "avg(up)", window, signal),
  ]);
  const bars = railBars(volume[0], up[0], window);
  const holes = holesOf(bars, window.stepMs);
  return { ...rest, barMs: window.stepMs, bars, holes, counts: "samples" };
}

async function ask(client: ApiClient, expr: string, window: RailWindow, signal: AbortSignal) {
  const query = { expr, refId: "", ...window, fromMs: window.fromMs + window.stepMs };
  return (await runRangeQuery(client, query, signal)).series;
}

/** Undefined where this server has no such route: it keeps no flows. */
async function ownOrNone<Data>(
  client: ApiClient,
  path: string,
  signal: AbortSignal,
): Promise<Data | undefined> {
  try {
    return await client.own<Data>(path, { signal });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** How much of the page's window was seen; undefined data while unknown, null where no flows are kept. */
export function useCompleteness() {
  const time = usePageTime();
  const client = useApi();
  return useQuery({
    queryKey: ["completeness", time.text.from, time.text.to],
    queryFn: async ({ signal }): Promise<FlowCompletenessAnswer | null> => {
      const { fromMs, toMs } = time.resolve();
      const path = `/flows/completeness?since=${fromMs / 1000}&until=${toMs / 1000}`;
      return (await ownOrNone<FlowCompletenessAnswer>(client, path, signal)) ?? null;
    },
    refetchInterval: time.isLive ? railEveryMs : false,
    placeholderData: keepPreviousData,
  });
}
