/** Runs a panel's queries while it is on screen, and keeps the last answer while the next one is on its way. */

import { useQuery } from "@tanstack/react-query";
import type { Frame } from "../../src/dashboard/frame.ts";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { framesFromSeries } from "../../src/dashboard/prometheus-frames.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { resolvePanelRange } from "../../src/dashboard/time-range.ts";
import { openTimeZone } from "../../src/dashboard/time-zone.ts";
import { parseDuration } from "../../src/model/duration.ts";
import { runInstantQuery, runRangeQuery, type TargetsData, useApi } from "../api/server-queries.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { type PanelQuery, panelQueries, roundWidth } from "./panel-queries.ts";

/** A panel's answer, before overrides and transformations. */
export interface PanelAnswer {
  readonly frames: readonly Frame[];
  readonly range: TimeRange;
  readonly stepMs: number;
  /** The queries as they were sent. */
  readonly queries: readonly PanelQuery[];
  readonly seriesCount: number;
  readonly sampleCount: number;
  readonly durationMs: number;
  /** What each query gave and how long it took, in their order. */
  readonly runs: readonly QueryRun[];
  readonly notes: readonly string[];
}

/** One query's answer in figures. */
export interface QueryRun {
  readonly seriesCount: number;
  readonly sampleCount: number;
  readonly durationMs: number;
}

interface PanelDataOptions {
  readonly scope: VariableScope;
  readonly widthPx: number;
  readonly isVisible: boolean;
}

/** The targets' intervals change only with the configuration. */
const intervalFreshMs = 60_000;

/** Shortest scrape interval of the targets, ms; what `$__rate_interval` rests on. Undefined while not known. */
export function useScrapeInterval(): number | undefined {
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["scrape-interval"],
    queryFn: async ({ signal }) => {
      const answer = await api.prometheus<TargetsData>("targets", { state: "active" }, { signal });
      return shortestInterval(answer.data.activeTargets) ?? null;
    },
    staleTime: intervalFreshMs,
  });
  return data ?? undefined;
}

function shortestInterval(targets: TargetsData["activeTargets"]): number | undefined {
  let shortest: number | undefined;
  for (const target of targets) {
    const interval = parseDuration(target.scrapeInterval);
    if (interval !== undefined && interval > 0) {
      shortest = shortest === undefined ? interval : Math.min(shortest, interval);
    }
  }
  return shortest;
}

/** The panel's answer; asks only while `isVisible` and once its width is known. */
export function usePanelData(panel: Panel, options: PanelDataOptions) {
  const api = useApi();
  const time = usePageTime();
  const scrapeIntervalMs = useScrapeInterval();
  const { scope, isVisible } = options;
  const widthPx = roundWidth(options.widthPx);
  const hasQueries = panel.targets.some((target) => !target.isHidden && target.expr.trim() !== "");
  return useQuery<PanelAnswer>({
    queryKey: [
      timedKey,
      "panel",
      panel.targets.map((target) => [target.expr, target.isInstant, target.isHidden]),
      panelIdentity(panel),
      [...scope.variables.values()].map((state) => [state.name, state.value]),
      scope.scoped,
      scope.filters,
      [time.text.from, time.text.to, time.zone],
      widthPx,
      scrapeIntervalMs,
    ],
    enabled: isVisible && hasQueries && options.widthPx > 0,
    staleTime: 1000,
    placeholderData: (before) => before,
    queryFn: async ({ signal }): Promise<PanelAnswer> => {
      const page = time.resolve();
      const zone = openTimeZone(time.zone);
      const range = resolvePanelRange(page, panel, { nowMs: page.toMs, zone }) ?? page;
      const queries = panelQueries(panel, { scope, range, widthPx, scrapeIntervalMs });
      const runs = await Promise.all(
        queries.map((query) => {
          const { expr, fromMs, toMs, stepMs } = query;
          const refId = query.target.refId;
          return query.isInstant
            ? runInstantQuery(api, { expr, refId, atMs: toMs }, signal)
            : runRangeQuery(api, { expr, refId, fromMs, toMs, stepMs }, signal);
        }),
      );
      const tableCount = queries.filter((query) => query.target.format === "table").length;
      return {
        queries,
        range,
        stepMs: Math.min(...queries.map((query) => query.stepMs)),
        frames: runs.flatMap((run, index) => {
          const query = queries[index] as PanelQuery;
          return framesFromSeries(
            run.series,
            { ...query.target, expr: query.expr },
            {
              tableCount,
              drawsBuckets: panel.type === "heatmap" || panel.type === "histogram",
              ...(query.isInstant ? {} : { stepMs: query.stepMs }),
            },
          );
        }),
        seriesCount: runs.reduce((sum, run) => sum + run.series.length, 0),
        sampleCount: runs.reduce((sum, run) => sum + run.sampleCount, 0),
        runs: runs.map(({ series, sampleCount, durationMs }) => ({
          seriesCount: series.length,
          sampleCount,
          durationMs,
        })),
        durationMs: Math.max(0, ...runs.map((run) => run.durationMs)),
        notes: [...new Set(runs.flatMap((run) => run.notes))],
      };
    },
  });
}

/** Options of a panel that its answer depends on beside its expressions. */
function panelIdentity(panel: Panel): readonly unknown[] {
  return [panel.id, panel.interval, panel.maxDataPoints, panel.timeFrom, panel.timeShift];
}
