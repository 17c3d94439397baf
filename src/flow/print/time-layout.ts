/**
 * Times as `hubble observe` prints and takes them: a few named layouts, always UTC on output; on input
 * the same layouts or a duration back from now ("5m"). Nanoseconds since the epoch as bigint.
 */

import { ConfigError } from "../../base/errors.ts";

/** Writes a time; `undefined` (no time) is "N/A". */
export type TimeFormat = (nanos: bigint | undefined) => string;

/** Names of `--time-format`, with an example each. */
export const timeFormatNames: Readonly<Record<string, string>> = {
  StampMilli: "Jan  2 15:04:05.000",
  YearMonthDay: "2006-01-02",
  YearMonthDayHour: "2006-01-02T15Z",
  YearMonthDayHourMinute: "2006-01-02T15:04Z",
  RFC3339: "2006-01-02T15:04:05Z",
  RFC3339Milli: "2006-01-02T15:04:05.999Z",
  RFC3339Micro: "2006-01-02T15:04:05.999999Z",
  RFC3339Nano: "2006-01-02T15:04:05.999999999Z",
  RFC1123Z: "Mon, 02 Jan 2006 15:04:05 +0000",
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const nanosPerMs = 1_000_000n;
const nanosPerSecond = 1_000_000_000n;

/** The layout called `name`, whatever its case; an unknown name is StampMilli, as in the original. */
export function timeFormat(name: string): TimeFormat {
  const format = layouts[name.toLowerCase()] ?? formatStampMilli;
  return (nanos) => (nanos === undefined ? "N/A" : format(nanos));
}

/** Reads `--since` and `--until`. Throws ConfigError "failed to convert … to time". */
export function parseTime(text: string, nowMs: number): bigint {
  const duration = parseDuration(text);
  if (duration !== undefined) return BigInt(nowMs) * nanosPerMs - duration;
  const nanos = parseIsoTime(text) ?? parseRfc1123(text);
  if (nanos !== undefined) return nanos;
  throw new ConfigError(`failed to convert ${text} to time`, { path: "" });
}

type Format = (nanos: bigint) => string;

const layouts: Readonly<Record<string, Format>> = {
  stampmilli: formatStampMilli,
  yearmonthday: (nanos) => isoText(nanos).slice(0, 10),
  yearmonthdayhour: (nanos) => `${isoText(nanos).slice(0, 13)}Z`,
  yearmonthdayhourminute: (nanos) => `${isoText(nanos).slice(0, 16)}Z`,
  rfc3339: (nanos) => `${isoText(nanos).slice(0, 19)}Z`,
  rfc3339milli: (nanos) => isoWithFraction(nanos, 3),
  rfc3339micro: (nanos) => isoWithFraction(nanos, 6),
  rfc3339nano: (nanos) => isoWithFraction(nanos, 9),
  rfc1123z: formatRfc1123,
};

function toDate(nanos: bigint): Date {
  return new Date(Number(nanos / nanosPerMs));
}

function isoText(nanos: bigint): string {
  return toDate(nanos).toISOString();
}

/** Digits of the second, cut, without zeros at the end. */
function isoWithFraction(nanos: bigint, digits: number): string {
  const fraction = String(nanos % nanosPerSecond)
    .padStart(9, "0")
    .slice(0, digits)
    .replace(/0+$/, "");
  return `${isoText(nanos).slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

function formatStampMilli(nanos: bigint): string {
  const date = toDate(nanos);
  const day = String(date.getUTCDate()).padStart(2, " ");
  return `${months[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 23)}`;
}

function formatRfc1123(nanos: bigint): string {
  const date = toDate(nanos);
  const day = String(date.getUTCDate()).padStart(2, "0");
  const clock = date.toISOString().slice(11, 19);
  return `${weekdays[date.getUTCDay()]}, ${day} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock} +0000`;
}

const unitNanos: Readonly<Record<string, number>> = {
  h: 3_600e9,
  m: 60e9,
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ns: 1,
};

/** A Go duration has 64 bits, a sign among them. */
const durationNanosMax = 2 ** 63;

/** Go's durations: "1h43m", "-1.5s", "0". */
function parseDuration(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  if (!/^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ms|us|µs|μs|ns|h|m|s))+$/.test(text)) return undefined;
  let nanos = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ms|us|µs|μs|ns|h|m|s)/g)) {
    nanos += Number(amount) * (unitNanos[unit as string] ?? 0);
  }
  if (nanos > durationNanosMax) return undefined;
  return BigInt(Math.round(text.startsWith("-") ? -nanos : nanos));
}

/** A date, down to the hour, the minute, the second or a fraction of it; with a zone unless it is a date. */
function parseIsoTime(text: string): bigint | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(Z|[-+]\d\d:\d\d))?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, date = "", hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match;
  const [year, month, day] = date.split("-").map(Number);
  return nanosOf({ year, month, day, hour, minute, second, fraction, zone });
}

function parseRfc1123(text: string): bigint | undefined {
  const match =
    /^([A-Z][a-z]{2}), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)(?:[.,](\d+))? ([-+]\d\d)(\d\d)$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [
    ,
    weekday = "",
    day,
    monthName = "",
    year,
    hour,
    minute,
    second,
    fraction,
    hours,
    minutes,
  ] = match;
  const month = months.indexOf(monthName) + 1;
  // The day of the week must be one, but not the date's.
  if (month === 0 || !weekdays.includes(weekday)) return undefined;
  const zone = `${hours}:${minutes}`;
  return nanosOf({
    ...{ year: Number(year), month, day: Number(day) },
    ...{ hour, minute, second, fraction, zone },
  });
}

/** The parts of a time as they were written; `zone` is "Z" or "+hh:mm". */
interface TimeParts {
  readonly year: number | undefined;
  readonly month: number | undefined;
  readonly day: number | undefined;
  readonly hour: string | undefined;
  readonly minute: string | undefined;
  readonly second: string | undefined;
  readonly fraction: string | undefined;
  readonly zone: string;
}

/** undefined where the calendar or the clock has no such time. */
function nanosOf(parts: TimeParts): bigint | undefined {
  const { year = 0, month = 0, day = 0, fraction = "", zone } = parts;
  const [hour, minute, second] = [parts.hour, parts.minute, parts.second].map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const [zoneHours = 0, zoneMinutes = 0] = zone === "Z" ? [] : zone.slice(1).split(":").map(Number);
  const isClock = (hour ?? 0) <= 23 && (minute ?? 0) <= 59 && (second ?? 0) <= 59;
  if (!isDate || !isClock || zoneHours > 24 || zoneMinutes > 60) return undefined;
  date.setUTCHours(hour ?? 0, minute, second, 0);
  const offsetMs = (zoneHours * 60 + zoneMinutes) * 60_000 * (zone.startsWith("-") ? -1 : 1);
  const below = BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return BigInt(date.getTime() - offsetMs) * nanosPerMs + below;
}
