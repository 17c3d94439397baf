/** Asks for the exemplars of Explore's queries over the page's window, and holds the address for traces. */

import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../api/server-queries.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { keepTraceTemplate, readTraceTemplate } from "./exemplar-control.tsx";
import { type Exemplar, type ExemplarData, readExemplars } from "./exemplars.ts";
import type { ExploreRow } from "./use-explore-queries.ts";

/** Exemplars of all rows; a query that fails has none. Asks nothing unless `isWanted`. */
export function useExemplars(
  rows: readonly ExploreRow[],
  isWanted: boolean,
): readonly Exemplar[] | undefined {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQueries({
    queries: rows.map(({ expr, refId }) => ({
      queryKey: [timedKey, "exemplars", expr, refId, from, to],
      enabled: isWanted && expr.trim() !== "",
      staleTime: 1000,
      placeholderData: (before: readonly Exemplar[] | undefined) => before,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { fromMs, toMs } = time.resolve();
        const params = { query: expr, start: fromMs / 1000, end: toMs / 1000 };
        const answer = await client.prometheus<ExemplarData>("query_exemplars", params, { signal });
        return readExemplars(answer.data, refId);
      },
    })),
    combine: (results) => (isWanted ? results.flatMap(({ data }) => data ?? []) : undefined),
  });
}

/** The address for traces: that of the link, else that of this browser; a new one is kept. */
export function useTraceTemplate(
  fromLink: string | undefined,
  storage: Storage | undefined,
): readonly [string, (template: string) => void] {
  const [kept, setKept] = useState(() => readTraceTemplate(storage));
  return [
    fromLink ?? kept,
    (template) => {
      setKept(template);
      keepTraceTemplate(storage, template);
    },
  ];
}
