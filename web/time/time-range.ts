/**
 * Time ranges as a page carries them: two texts (`now-1h`, `now/d`, milliseconds, ISO dates), so that
 * a relative range stays relative in a link, resolved to instants when a query runs. What a text means
 * is the dashboard model's to say; here are the words that people type and read. Pure.
 */

import {
  describeTimeRange,
  resolveTimeRange,
  type TimeRange,
  type TimeRangeText,
} from "../../src/dashboard/time-range.ts";
import { openTimeZone, toLocal } from "../../src/dashboard/time-zone.ts";

/** The zone times are shown and rounded in. */
export type TimeZone = "browser" | "utc";

/** An entry of the time picker. */
export interface QuickRange {
  readonly label: string;
  readonly range: TimeRangeText;
}

/** Shown in the picker, in this order. */
export const quickRanges: readonly QuickRange[] = [
  ["Last 5 minutes", "now-5m"],
  ["Last 15 minutes", "now-15m"],
  ["Last 30 minutes", "now-30m"],
  ["Last 1 hour", "now-1h"],
  ["Last 3 hours", "now-3h"],
  ["Last 6 hours", "now-6h"],
  ["Last 12 hours", "now-12h"],
  ["Last 24 hours", "now-24h"],
  ["Last 2 days", "now-2d"],
  ["Last 7 days", "now-7d"],
  ["Last 30 days", "now-30d"],
].map(([label = "", from = ""]) => ({ label, range: { from, to: "now" } }));

/** Instants beyond this (ms) are no dates. */
const instantMax = 8.64e15;

/** The instant a text means, undefined where it is no time. `isEnd` rounds `now/d` up instead of down. */
export function parseTime(
  text: string,
  nowMs: number,
  options: { isEnd?: boolean; zone?: TimeZone } = {},
): number | undefined {
  const trimmed = text.trim();
  const range = readRange({ from: trimmed, to: trimmed }, nowMs, options.zone ?? "browser");
  return options.isEnd === true ? range?.toMs : range?.fromMs;
}

/** The instants of `text`, undefined where one side is no time or the range is empty. */
export function resolveRange(
  text: TimeRangeText,
  nowMs: number,
  zone: TimeZone = "browser",
): TimeRange | undefined {
  const range = readRange({ from: text.from.trim(), to: text.to.trim() }, nowMs, zone);
  return range === undefined || range.fromMs >= range.toMs ? undefined : range;
}

/** A date without a zone is one of the page's zone, as all the page's times are. */
function readRange(text: TimeRangeText, nowMs: number, zone: TimeZone): TimeRange | undefined {
  const opened = openTimeZone(zone);
  const range = resolveTimeRange(text, { nowMs, zone: opened, absoluteZone: opened });
  if (range === undefined) return undefined;
  return Math.abs(range.fromMs) <= instantMax && Math.abs(range.toMs) <= instantMax
    ? range
    : undefined;
}

/** True where the range moves with the clock. */
export function isRelative(text: TimeRangeText): boolean {
  return text.to.startsWith("now");
}

/** The range in words: "Last 1 hour", "15 Jan 17:00 to 18:30". */
export function rangeLabel(text: TimeRangeText, nowMs: number, zone: TimeZone): string {
  const quick = quickRanges.find(
    (entry) => entry.range.from === text.from && entry.range.to === text.to,
  );
  if (quick !== undefined) return quick.label;
  const named = namedRange(text, nowMs, zone);
  if (named !== undefined) return named;
  const range = resolveRange(text, nowMs, zone);
  if (range === undefined) return `${text.from} to ${text.to}`;
  const from = formatInstant(range.fromMs, zone, range.toMs - range.fromMs);
  const to = formatInstant(range.toMs, zone, range.toMs - range.fromMs);
  const isSameDay = from.slice(0, -5).trim() === to.slice(0, -5).trim() && from.length > 6;
  return `${from} to ${isSameDay ? to.slice(to.indexOf(" ", 3) + 1) : to}`;
}

/** "Last 90 minutes", "Yesterday", "This week"; undefined where instants say more. */
function namedRange(text: TimeRangeText, nowMs: number, zone: TimeZone): string | undefined {
  if (!text.from.startsWith("now") || !text.to.startsWith("now")) return undefined;
  const words = describeTimeRange(text, { nowMs, zone: openTimeZone(zone) });
  // "now-1d/d" to "now" is more than the "Last 1 day" that Grafana calls it.
  const isRounded = words.startsWith("Last") && text.from.includes("/");
  return isRounded || words.includes(" to ") ? undefined : words;
}

/** Words a user may type: "yesterday 9-10", "last 3 hours", "15m", "2026-01-15 17:00 to 18:00". Undefined: not understood. */
export function parseRangeWords(
  words: string,
  nowMs: number,
  zone: TimeZone,
): TimeRangeText | undefined {
  const text = words.trim().toLowerCase().replace(/\s+/g, " ");
  if (text === "today") return { from: "now/d", to: "now" };
  if (text === "yesterday") return { from: "now-1d/d", to: "now-1d/d" };
  const length = /^(?:last )?(\d+) ?(s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)$/.exec(text);
  if (length !== null) return { from: `now-${length[1]}${(length[2] ?? "m")[0]}`, to: "now" };
  const clock = /^(today|yesterday) (\d{1,2})(?::(\d\d))? ?(?:-|to) ?(\d{1,2})(?::(\d\d))?$/.exec(
    text,
  );
  if (clock !== null) return clockRange(clock, nowMs, zone);
  return fixedRange(words.trim(), nowMs, zone);
}

/** `instant` as a date and time to the minute, with seconds below 10 minutes of `spanMs`. */
export function formatInstant(instant: number, zone: TimeZone, spanMs = 3_600_000): string {
  const part = dateParts(instant, zone);
  const time = `${pad(part.hour)}:${pad(part.minute)}`;
  const seconds = spanMs < 600_000 ? `:${pad(part.second)}` : "";
  return `${part.day} ${monthNames[part.month]} ${time}${seconds}`;
}

/** Three letters each, January first. */
export const monthNames: readonly string[] =
  "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The calendar fields of an instant in `zone`; `month` from 0. */
export function dateParts(instant: number, zone: TimeZone) {
  const date = new Date(toLocal(instant, openTimeZone(zone)));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function clockRange(match: RegExpExecArray, nowMs: number, zone: TimeZone): TimeRangeText {
  const day = parseTime(match[1] === "today" ? "now/d" : "now-1d/d", nowMs, { zone }) ?? nowMs;
  const at = (hour = "0", minute = "0") => day + (Number(hour) * 60 + Number(minute)) * 60_000;
  return { from: String(at(match[2], match[3])), to: String(at(match[4], match[5])) };
}

function fixedRange(words: string, nowMs: number, zone: TimeZone): TimeRangeText | undefined {
  const [from = "", to = "now"] = words.split(/ (?:to|until) | – /);
  // "2026-01-15 17:00 to 18:00": the second time is on the day of the first.
  const toText = /^\d{1,2}:\d\d/.test(to) ? `${from.slice(0, 10)} ${to.padStart(5, "0")}` : to;
  const range = resolveRange({ from, to: toText }, nowMs, zone);
  if (range === undefined) return undefined;
  const keep = (text: string, instant: number) => (text.startsWith("now") ? text : String(instant));
  return { from: keep(from, range.fromMs), to: keep(toText, range.toMs) };
}
