/** Runs Explore's queries: a range for the graph, an instant for the table; each on its own, so one error hides nothing. */

import { useQueries } from "@tanstack/react-query";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { type RunQuery, runInstantQuery, runRangeQuery, useApi } from "../api/server-queries.ts";
import { chosenStepMs } from "../time/step.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { type ExploreState, refIdOf } from "./explore-state.ts";

/** The answer of one row, with the window it was asked for. */
export interface ExploreAnswer extends RunQuery {
  readonly range: TimeRange;
  readonly stepMs: number;
}

/** One row's state. */
export interface ExploreRow {
  readonly refId: string;
  readonly expr: string;
  readonly answer: ExploreAnswer | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

/** The rows of `state`, in order; empty texts are not run. */
export function useExploreQueries(state: ExploreState): readonly ExploreRow[] {
  const client = useApi();
  const time = usePageTime();
  const { text, zone } = time;
  // Graph, raw and tree show the same answers.
  const isInstant = state.view === "table";
  return useQueries({
    queries: state.queries.map((expr, index) => ({
      queryKey: [timedKey, "explore", isInstant, expr, index, text.from, text.to, zone, state.step],
      enabled: expr.trim() !== "",
      staleTime: 1000,
      // The last answer stays while a new window loads, but never that of another query.
      placeholderData: (
        before: ExploreAnswer | undefined,
        old: { queryKey: readonly unknown[] } | undefined,
      ) => (old?.queryKey[3] === expr && old.queryKey[2] === isInstant ? before : undefined),
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<ExploreAnswer> => {
        const range = time.resolve();
        const stepMs = chosenStepMs(state.step, range.toMs - range.fromMs);
        const refId = refIdOf(index);
        if (isInstant) {
          const run = await runInstantQuery(client, { expr, refId, atMs: range.toMs }, signal);
          return { ...run, range, stepMs };
        }
        // On the grid of the step, so that samples keep their place from refresh to refresh.
        const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
        const toMs = Math.floor(range.toMs / stepMs) * stepMs;
        const run = await runRangeQuery(client, { expr, refId, fromMs, toMs, stepMs }, signal);
        return { ...run, range, stepMs };
      },
    })),
    combine: (results) =>
      results.map((result, index) => ({
        refId: refIdOf(index),
        expr: state.queries[index] ?? "",
        answer: result.data,
        error: result.error,
        isLoading: result.isFetching && (result.data === undefined || result.isPlaceholderData),
      })),
  });
}
