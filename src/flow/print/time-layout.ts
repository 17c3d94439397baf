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
  const mend = `; use a duration (5m), or one of ${Object.keys(timeFormatNames).join(", ")}`;
  throw new ConfigError(`failed to convert ${text} to time${mend}`, { path: "" });
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

/** Go's durations: "1h43m", "-1.5s", "0". */
function parseDuration(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  if (!/^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ms|us|µs|μs|ns|h|m|s))+$/.test(text)) return undefined;
  let nanos = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ms|us|µs|μs|ns|h|m|s)/g)) {
    nanos += Number(amount) * (unitNanos[unit as string] ?? 0);
  }
  return BigInt(Math.round(text.startsWith("-") ? -nanos : nanos));
}

/** A date, down to the hour, the minute, the second or a fraction of it; with a zone unless it is a date. */
function parseIsoTime(text: string): bigint | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(Z|[-+]\d\d:\d\d))?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, date, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match;
  return nanosOf(Date.parse(`${date}T${hour}:${minute}:${second}${zone}`), fraction);
}

function parseRfc1123(text: string): bigint | undefined {
  const match = /^[A-Z][a-z]{2}, (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d) ([-+]\d{4})$/.exec(text);
  return match === null ? undefined : nanosOf(Date.parse(`${match[1]} ${match[2]}`), "");
}

function nanosOf(timestampMs: number, fraction: string): bigint | undefined {
  if (Number.isNaN(timestampMs)) return undefined;
  return BigInt(timestampMs) * nanosPerMs + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}
