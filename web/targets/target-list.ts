/** Targets as the page lists them: by pool, filtered by state, pool and text. Pure. */

import type { ActiveTarget } from "../api/server-queries.ts";

/** What the address says about the list. */
export interface TargetFilter {
  readonly state: "all" | "up" | "down" | "unknown" | "dropped";
  /** "" for all pools. */
  readonly pool: string;
  readonly text: string;
}

/** One pool with those of its targets that pass. */
export interface TargetPool {
  readonly name: string;
  readonly targets: readonly ActiveTarget[];
  /** Of all its targets, filtered or not. */
  readonly upCount: number;
  readonly totalCount: number;
}

/** Reads the query string. */
export function readTargetFilter(params: URLSearchParams): TargetFilter {
  const state = params.get("state");
  return {
    state:
      state === "up" || state === "down" || state === "unknown" || state === "dropped"
        ? state
        : "all",
    pool: params.get("pool") ?? "",
    text: params.get("q") ?? "",
  };
}

/** Pools by name, targets by address; a pool without a passing target is left out. */
export function groupTargets(
  targets: readonly ActiveTarget[],
  filter: TargetFilter,
): readonly TargetPool[] {
  const pools = [...new Set(targets.map((target) => target.scrapePool))].sort();
  return pools
    .filter((name) => filter.pool === "" || filter.pool === name)
    .map((name) => {
      const all = targets.filter((target) => target.scrapePool === name);
      return {
        name,
        targets: all
          .filter((target) => passes(target, filter))
          .sort((a, b) => a.scrapeUrl.localeCompare(b.scrapeUrl)),
        upCount: all.filter((target) => target.health === "up").length,
        totalCount: all.length,
      };
    })
    .filter((pool) => pool.targets.length > 0);
}

/** Names a target in the address: its pool and URL, and its labels where those are not enough. */
export function targetKey(target: ActiveTarget): string {
  return `${target.scrapePool} ${target.scrapeUrl} ${target.labels["instance"] ?? ""}`;
}

function passes(target: ActiveTarget, filter: TargetFilter): boolean {
  if (filter.state !== "all" && target.health !== filter.state) return false;
  const haystack = [
    target.scrapeUrl,
    target.lastError,
    ...Object.entries(target.labels).map(([name, value]) => `${name}=${value}`),
  ]
    .join(" ")
    .toLowerCase();
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => haystack.includes(word));
}
