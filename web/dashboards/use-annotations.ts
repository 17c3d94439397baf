/** The events of a dashboard's annotation queries in the page's window; one request a query for all panels. */

import { useQuery } from "@tanstack/react-query";
import { type AnnotationEvent, annotationEvents } from "../../src/dashboard/annotations.ts";
import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import { parseInterval } from "../../src/dashboard/interval.ts";
import type { AnnotationQuery } from "../../src/dashboard/model.ts";
import { formatPrometheus } from "../../src/dashboard/variable-format.ts";
import { runRangeQuery, useApi } from "../api/server-queries.ts";
import { useRoute } from "../router/router-context.tsx";
import { timedKey, usePageTime } from "../time/time-context.tsx";

/** Points of an annotation query over the window: events finer than this are one. */
const pointsMax = 600;
const stepMinMs = 5000;

/** Names switched in the address: `-name` is off though the file has it on, `+name` the other way round. */
export const annotationParam = "ann";

/** Whether a query is drawn, by the file and the address. */
export function isAnnotationOn(query: AnnotationQuery, switched: readonly string[]): boolean {
  if (switched.includes(`-${query.name}`)) return false;
  return query.isEnabled || switched.includes(`+${query.name}`);
}

/** Events of all queries that are on, oldest first; none while the answers are on their way. */
export function useAnnotations(
  queries: readonly AnnotationQuery[],
  scope: VariableScope | undefined,
): readonly AnnotationEvent[] {
  const api = useApi();
  const time = usePageTime();
  const { params } = useRoute();
  const shown = queries.filter((query) => isAnnotationOn(query, params.getAll(annotationParam)));
  const states = scope === undefined ? [] : [...scope.variables.values()];
  const { data } = useQuery<readonly AnnotationEvent[]>({
    queryKey: [
      timedKey,
      "annotations",
      shown,
      states.map((state) => [state.name, state.value]),
      [time.text.from, time.text.to, time.zone],
    ],
    enabled: shown.length > 0 && scope !== undefined,
    staleTime: 1000,
    placeholderData: (before) => before,
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const lists = await Promise.all(
        shown.map(async (query) => {
          const stepMs = stepOf(query, range.toMs - range.fromMs);
          const expr = interpolate(
            query.expr,
            { ...scope, variables: scope?.variables ?? new Map(), range },
            formatPrometheus,
          );
          const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
          const asked = { expr, refId: "annotation", fromMs, toMs: range.toMs, stepMs };
          // A failed annotation must not take the panels away: it is simply not drawn.
          const run = await runRangeQuery(api, asked, signal).catch(() => undefined);
          return run === undefined ? [] : annotationEvents(query, run.series, stepMs);
        }),
      );
      return lists.flat().sort((a, b) => a.timeMs - b.timeMs);
    },
  });
  return data ?? none;
}

const none: readonly AnnotationEvent[] = [];

function stepOf(query: AnnotationQuery, spanMs: number): number {
  const least = Math.max(stepMinMs, Math.ceil(spanMs / pointsMax / 1000) * 1000);
  const wanted = query.step === undefined ? undefined : (parseInterval(query.step) ?? 0) * 1000;
  return Math.max(least, wanted ?? 0);
}
