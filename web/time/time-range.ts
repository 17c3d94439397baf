/**
 * Time ranges as a page carries them: two texts (`now-1h`, `now/d`, milliseconds, ISO dates), so that
 * a relative range stays relative in a link, resolved to instants when a query runs. Pure.
 */

/** A range as written in the address. */
export interface TimeRangeText {
  readonly from: string;
  readonly to: string;
}

/** A range as instants, ms since the epoch; `fromMs < toMs`. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

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

const unitNames: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  M: "month",
  y: "year",
};
const fixedUnitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** The instant a text means, undefined where it is no time. `isEnd` rounds `now/d` up instead of down. */
export function parseTime(
  text: string,
  nowMs: number,
  options: { isEnd?: boolean; zone?: TimeZone } = {},
): number | undefined {
  const trimmed = text.trim();
  if (/^\d{9,16}$/.test(trimmed)) return Number(trimmed);
  const match = /^now((?:[+-]\d+[smhdwMy])*)(?:\/([smhdwMy]))?$/.exec(trimmed);
  if (match !== null) {
    let instant = nowMs;
    for (const [, sign, count, unit] of (match[1] ?? "").matchAll(/([+-])(\d+)([smhdwMy])/g)) {
      instant = shift(instant, Number(`${sign}${count}`), unit ?? "s");
    }
    return match[2] === undefined ? instant : roundTo(instant, match[2], options);
  }
  if (!/^\d{4}-\d\d-\d\d/.test(trimmed)) return undefined;
  return parseDate(trimmed, options.zone ?? "browser");
}

/** The instants of `text`, undefined where one side is no time or the range is empty. */
export function resolveRange(
  text: TimeRangeText,
  nowMs: number,
  zone: TimeZone = "browser",
): TimeRange | undefined {
  const fromMs = parseTime(text.from, nowMs, { zone });
  const toMs = parseTime(text.to, nowMs, { isEnd: true, zone });
  if (fromMs === undefined || toMs === undefined || fromMs >= toMs) return undefined;
  return { fromMs, toMs };
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
  const last = /^now-(\d+)([smhdwMy])$/.exec(text.from);
  if (last !== null && text.to === "now") {
    const unit = unitNames[last[2] ?? ""] ?? "";
    return `Last ${last[1]} ${unit}${last[1] === "1" ? "" : "s"}`;
  }
  if (text.from === "now/d" && text.to === "now/d") return "Today";
  if (text.from === "now/d" && text.to === "now") return "Today so far";
  if (text.from === "now-1d/d" && text.to === "now-1d/d") return "Yesterday";
  const range = resolveRange(text, nowMs, zone);
  if (range === undefined) return `${text.from} to ${text.to}`;
  const from = formatInstant(range.fromMs, zone, range.toMs - range.fromMs);
  const to = formatInstant(range.toMs, zone, range.toMs - range.fromMs);
  const isSameDay = from.slice(0, -5).trim() === to.slice(0, -5).trim() && from.length > 6;
  return `${from} to ${isSameDay ? to.slice(to.indexOf(" ", 3) + 1) : to}`;
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
  const date = new Date(zone === "utc" ? instant : instant - offsetMs(instant));
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

/** Zone behind UTC in ms, as Date gives it: local = UTC - offset. */
function offsetMs(instant: number): number {
  return new Date(instant).getTimezoneOffset() * 60_000;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function shift(instant: number, count: number, unit: string): number {
  const fixed = fixedUnitMs[unit];
  if (fixed !== undefined) return instant + count * fixed;
  const date = new Date(instant);
  if (unit === "M") date.setUTCMonth(date.getUTCMonth() + count);
  else date.setUTCFullYear(date.getUTCFullYear() + count);
  return date.getTime();
}

/** Start of the unit that holds `instant`, or its last millisecond where `isEnd`. Weeks begin on Monday. */
function roundTo(
  instant: number,
  unit: string,
  options: { isEnd?: boolean; zone?: TimeZone },
): number {
  const offset = options.zone === "utc" ? 0 : offsetMs(instant);
  const date = new Date(instant - offset);
  const isLong = unit === "M" || unit === "y";
  if (isLong) {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCDate(1);
    if (unit === "y") date.setUTCMonth(0);
  } else if (unit === "w") {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  } else {
    const step = fixedUnitMs[unit] ?? 1000;
    date.setTime(Math.floor(date.getTime() / step) * step);
  }
  const start = date.getTime() + offset;
  return options.isEnd === true ? shift(start, 1, unit) - 1 : start;
}

function parseDate(text: string, zone: TimeZone): number | undefined {
  const isoText = text.replace(" ", "T");
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(isoText) && isoText.includes("T");
  const dateTime = isoText.includes("T") ? isoText : `${isoText}T00:00`;
  const instant = Date.parse(hasZone || zone === "browser" ? dateTime : `${dateTime}Z`);
  return Number.isNaN(instant) ? undefined : instant;
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
