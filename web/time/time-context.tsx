/**
 * The page's time: range, refresh and zone, all in the address, with the page's own defaults behind
 * them. While refresh is on, every query whose key starts with "timed" is run again at each tick,
 * unless its last run is still under way.
 */

import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { assert } from "../../src/base/assert.ts";
import { type CancelTimer, systemClock } from "../../src/base/clock.ts";
import type { TimeRange, TimeRangeText } from "../../src/dashboard/time-range.ts";
import { parseDuration } from "../../src/model/duration.ts";
import { usePreferences } from "../app/preferences.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { isRelative, resolveRange, type TimeZone } from "./time-range.ts";

/** First part of the key of every query that follows the page's time. */
export const timedKey = "timed";

/** What a page starts with when its address says nothing. */
export interface TimeDefaults {
  readonly range: TimeRangeText;
  /** A duration, or "" for no refresh. */
  readonly refresh: string;
}

/** The page's time and its controls. */
export interface PageTime {
  readonly text: TimeRangeText;
  readonly zone: TimeZone;
  /** As in the address: "2s", "off". */
  readonly refresh: string;
  readonly isLive: boolean;
  /** The instants meant now; the same for all who ask within a second, so that panels agree. */
  readonly resolve: () => TimeRange;
  readonly setRange: (text: TimeRangeText, options?: { replace?: boolean }) => void;
  readonly setRefresh: (refresh: string) => void;
  readonly setZone: (zone: TimeZone) => void;
}

const TimeContext = createContext<PageTime | null>(null);
/** Shorter would only keep the server busy with one page. */
const refreshMinMs = 1000;

/** The page's time; throws outside of a TimeProvider. */
export function usePageTime(): PageTime {
  const time = useContext(TimeContext);
  assert(time !== null, "a component stands outside of TimeProvider");
  return time;
}

/** Gives its children the time of the address, or `defaults`. */
export function TimeProvider({
  defaults,
  children,
}: {
  readonly defaults: TimeDefaults;
  readonly children: ReactNode;
}) {
  const { params } = useRoute();
  const router = useRouter();
  const from = params.get("from") ?? defaults.range.from;
  const to = params.get("to") ?? defaults.range.to;
  const refresh = params.get("refresh") ?? (defaults.refresh === "" ? "off" : defaults.refresh);
  const preferred = usePreferences().zone;
  const zone = readZone(params.get("tz")) ?? preferred;
  const time = useMemo<PageTime>(() => {
    const isValid = resolveRange({ from, to }, systemClock.nowMs(), zone) !== undefined;
    const text = isValid ? { from, to } : defaults.range;
    return {
      text,
      zone,
      refresh,
      isLive: refresh !== "off" && isRelative(text),
      resolve: () => resolveNow(text, zone),
      setRange: (next, options = {}) => router.setParams({ from: next.from, to: next.to }, options),
      setRefresh: (next) => router.setParams({ refresh: next }, { replace: true }),
      setZone: (next) =>
        router.setParams({ tz: next === preferred ? null : next }, { replace: true }),
    };
  }, [from, to, refresh, zone, preferred, router, defaults.range]);
  useRefreshLoop(time.isLive ? (parseDuration(refresh) ?? 0) : 0);
  return <TimeContext.Provider value={time}>{children}</TimeContext.Provider>;
}

function readZone(text: string | null): TimeZone | undefined {
  return text === "utc" || text === "browser" ? text : undefined;
}

function resolveNow(text: TimeRangeText, zone: TimeZone): TimeRange {
  const nowMs = Math.floor(systemClock.nowMs() / 1000) * 1000;
  return resolveRange(text, nowMs, zone) ?? { fromMs: nowMs - 300_000, toMs: nowMs };
}

/** Marks the timed queries old at each tick; those on screen are fetched again. Sleeps in a hidden tab. */
function useRefreshLoop(intervalMs: number): void {
  const client = useQueryClient();
  useEffect(() => {
    if (intervalMs <= 0) return;
    let cancel: CancelTimer = () => {};
    const plan = () => {
      cancel = systemClock.after(Math.max(refreshMinMs, intervalMs), () => {
        if (!document.hidden) {
          void client.invalidateQueries({ queryKey: [timedKey] }, { cancelRefetch: false });
        }
        plan();
      });
    };
    plan();
    return () => cancel();
  }, [client, intervalMs]);
}
