/**
 * google.protobuf.Timestamp as protobuf's JSON takes it: RFC 3339 with any zone, any time of the years
 * 1 to 9999, up to 9 digits of a second. Read into the one form in which it is written: UTC with 0, 3,
 * 6 or 9 digits. What has that form already (as all that Cilium writes) costs one regular expression.
 */

import { formatTimestamp } from "./flow.ts";

/** The written form, for days that every month has. */
const writtenPattern =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?:\d{3}){0,2}(?!000)\d{3})?Z$/;
const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([-+])(\d\d):(\d\d))$/;

/** Times of the years 1 to 9999, in ms. */
const leastMs = -62_135_596_800_000;
const mostMs = 253_402_300_799_999;
/** A point before more digits than these is refused; after a comma they are cut off. */
const digitsMax = 9;

/** The written form of a time, or what is wrong with the text: no time at all, or none that protobuf has. */
export function readTimestamp(
  text: string,
): { readonly text: string } | "invalid" | "out of range" {
  if (writtenPattern.test(text)) return { text };
  const match = timePattern.exec(text);
  if (match === null) return "invalid";
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const [fraction = "", sign, zoneHours = 0, zoneMinutes = 0] = match.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isZone = Number(zoneHours) <= 24 && Number(zoneMinutes) <= 60;
  if (!isDate || !isZone || hour > 23 || minute > 59 || second > 59) return "invalid";
  const isLong = fraction.length > digitsMax && text.includes(".");
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000;
  const nanos = Number(fraction.slice(0, digitsMax).padEnd(digitsMax, "0"));
  const ms =
    date.setUTCHours(hour, minute, second, Math.floor(nanos / 1e6)) +
    (sign === "-" ? offset : -offset);
  if (ms < leastMs || ms > mostMs) return "out of range";
  return isLong ? "invalid" : { text: formatTimestamp(ms, nanos % 1e6) };
}
