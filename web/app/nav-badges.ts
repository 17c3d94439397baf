/** What the navigation says beside a page's name: firing alerts, targets that are down. One entry a page. */

import { useQuery } from "@tanstack/react-query";
import type { AlertAnswer } from "../../src/api/wire/rules.ts";
import { systemClock } from "../../src/base/clock.ts";
import { runInstantQuery, useApi } from "../api/server-queries.ts";

/** A count with what it counts. */
export interface NavBadge {
  readonly count: number;
  /** "3 alerts fire". */
  readonly label: string;
}

/** Badges are read this often, on any page. */
const badgesEveryMs = 15_000;

/** Badges by the path of page-entries.ts; pages without anything to say are absent. */
export function useNavBadges(): Readonly<Record<string, NavBadge>> {
  const down = useTargetsUp(badgesEveryMs).data?.down ?? 0;
  const firing = (useAlerts().data ?? []).filter(({ state }) => state === "firing").length;
  return {
    ...(down > 0 ? { "/targets": { count: down, label: `${down} down` } } : {}),
    ...(firing > 0 ? { "/alerts": { count: firing, label: `${firing} firing` } } : {}),
  };
}

/** Pending and firing alerts, as the server knows them. */
export function useAlerts() {
  const client = useApi();
  return useQuery({
    queryKey: ["alerts"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<{ alerts?: readonly AlertAnswer[] }>("alerts", {}, { signal })).data
        .alerts ?? [],
    refetchInterval: badgesEveryMs,
  });
}

/** Targets by the value of `up`. */
export function useTargetsUp(refetchInterval: number | false) {
  const client = useApi();
  return useQuery({
    queryKey: ["targets-up"],
    queryFn: async ({ signal }) => {
      const run = await runInstantQuery(
        client,
        { expr: 'count_values("state", up)', refId: "", atMs: systemClock.nowMs() },
        signal,
      );
      const count = (state: string) =>
        run.series.find((one) => one.labels["state"] === state)?.values[0] ?? 0;
      return { up: count("1"), down: count("0") };
    },
    refetchInterval,
  });
}
