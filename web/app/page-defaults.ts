/** What pages without a range of their own start with: a laboratory is minutes old, a server hours. */

import { useServerStatus } from "../api/server-queries.ts";
import type { TimeDefaults } from "../time/time-context.tsx";

const serverDefaults: TimeDefaults = { range: { from: "now-1h", to: "now" }, refresh: "15s" };
const demoDefaults: TimeDefaults = { range: { from: "now-5m", to: "now" }, refresh: "5s" };

/** The same object until the mode is known or changes. */
export function usePageDefaults(): TimeDefaults {
  return useServerStatus().data?.mode === "demo" ? demoDefaults : serverDefaults;
}
