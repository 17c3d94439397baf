/** Samples of each target's last scrape, from the synthetic series that the scrape leaves. */

import { useQuery } from "@tanstack/react-query";
import { systemClock } from "../../src/base/clock.ts";
import { type ActiveTarget, runInstantQuery, useApi } from "../api/server-queries.ts";
import { timedKey } from "../time/time-context.tsx";

/** A lookup by target; undefined while unknown. */
export function useTargetSamples(): (target: ActiveTarget) => number | undefined {
  const client = useApi();
  const { data } = useQuery({
    queryKey: [timedKey, "target-samples"],
    queryFn: async ({ signal }) => {
      const run = await runInstantQuery(
        client,
        { expr: "scrape_samples_scraped", refId: "", atMs: systemClock.nowMs() },
        signal,
      );
      return new Map(
        run.series.map((one) => [
          `${one.labels["job"]} ${one.labels["instance"]}`,
          one.values[0] ?? 0,
        ]),
      );
    },
    staleTime: 1000,
  });
  return (target) => data?.get(`${target.labels["job"]} ${target.labels["instance"]}`);
}
