/** Prometheus durations: `1h30m`, `500ms`, `1y2w3d`. Browser-safe. */

import { quoteString } from "./labels.ts";

const unitMs: readonly (readonly [string, number])[] = [
  ["y", 365 * 24 * 3_600_000],
  ["w", 7 * 24 * 3_600_000],
  ["d", 24 * 3_600_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const durationPattern =
  /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
/** Go's time.Duration holds about 292 years in ns. */
const durationMaxMs = 9_223_372_036_854;
/** A number before a unit has 64 bits. */
const countMax = (1n << 64n) - 1n;

/** Milliseconds of `text`, undefined where it is no duration. "0" is allowed without a unit, as in Prometheus. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (text === "") return undefined;
  const match = durationPattern.exec(text);
  if (match === null) return undefined;
  let totalMs = 0;
  for (const [index, [, factor]] of unitMs.entries()) {
    const count = match[index + 1];
    if (count !== undefined) totalMs += Number(count) * factor;
  }
  return totalMs > durationMaxMs ? undefined : totalMs;
}

/** Why Prometheus does not take `text` for a duration, in its words; undefined where it is one. */
export function durationProblem(text: string): string | undefined {
  if (text === "0") return undefined;
  if (text === "") return "empty duration string";
  const invalid = `not a valid duration string: ${quoteString(text)}`;
  if (!/^[0-9]/.test(text)) return invalid;
  let lastUnit = -1;
  let totalMs = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(/([0-9]+)([^0-9]*)/g)) {
    if (BigInt(digits) > countMax || unit === "") return invalid;
    const index = unitMs.findIndex(([name]) => name === unit);
    if (index < 0) return `unknown unit ${quoteString(unit)} in duration ${quoteString(text)}`;
    if (index <= lastUnit) return invalid;
    lastUnit = index;
    totalMs += Number(digits) * (unitMs[index]?.[1] ?? 0);
    if (totalMs > durationMaxMs) return "duration out of range";
  }
  return undefined;
}

/** The shortest spelling Prometheus prints: `1h30m`, `15s`, `0s`; whole weeks and years only when exact. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = Math.abs(ms);
  let text = ms < 0 ? "-" : "";
  for (const [unit, factor] of unitMs) {
    const isExactOnly = unit === "y" || unit === "w";
    if (isExactOnly && rest % factor !== 0) continue;
    const count = Math.floor(rest / factor);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * factor;
    if (rest === 0) break;
  }
  return text;
}
