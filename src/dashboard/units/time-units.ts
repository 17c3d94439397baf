/** Lengths of time: "18.2 hours" in the unit that fits, "1 hour, 2 minutes", "01:02:03" and clocks. */

import { formatDate } from "../date-format.ts";
import { type Decimals, type FormattedValue, toFixed } from "./number-text.ts";

/** [below this many, one of the unit is so many, its name]; the last has no end. */
type Ladder = readonly (readonly [number, number, string])[];

const ladders: Readonly<Record<string, Ladder>> = {
  ns: [
    [1000, 1, "ns"],
    [1e6, 1000, "µs"],
    [1e9, 1e6, "ms"],
    [6e10, 1e9, "s"],
    [3.6e12, 6e10, "min"],
    [8.64e13, 3.6e12, "hour"],
    [Number.POSITIVE_INFINITY, 8.64e13, "day"],
  ],
  µs: [
    [1000, 1, "µs"],
    [1e6, 1000, "ms"],
    [Number.POSITIVE_INFINITY, 1e6, "s"],
  ],
  ms: [
    [1000, 1, "ms"],
    [60_000, 1000, "s"],
    [3_600_000, 60_000, "min"],
    [86_400_000, 3_600_000, "hour"],
    [31_536_000_000, 86_400_000, "day"],
    [Number.POSITIVE_INFINITY, 31_536_000_000, "year"],
  ],
  s: [
    [1e-6, 1e-9, "ns"],
    [1e-3, 1e-6, "µs"],
    [1, 1e-3, "ms"],
    [60, 1, "s"],
    [3600, 60, "min"],
    [86_400, 3600, "hour"],
    [604_800, 86_400, "day"],
    [31_536_000, 604_800, "week"],
    [Number.POSITIVE_INFINITY, 3.15569e7, "year"],
  ],
  m: [
    [60, 1, "min"],
    [1440, 60, "hour"],
    [10_080, 1440, "day"],
    [604_800, 10_080, "week"],
    [Number.POSITIVE_INFINITY, 525_948, "year"],
  ],
  h: [
    [24, 1, "hour"],
    [168, 24, "day"],
    [8760, 168, "week"],
    [Number.POSITIVE_INFINITY, 8760, "year"],
  ],
  d: [
    [7, 1, "day"],
    [365, 7, "week"],
    [Number.POSITIVE_INFINITY, 365, "year"],
  ],
};
const pluralUnits = new Set(["min", "hour", "day", "week", "year"]);

/** True for the ids that `formatTimeUnit` knows: ns, µs, ms, s, m, h, d. */
export function isTimeUnit(id: string): boolean {
  return Object.hasOwn(ladders, id);
}

/** A length counted in `id` in the unit that fits. */
export function formatTimeUnit(
  value: number | null,
  id: string,
  decimals: Decimals,
): FormattedValue {
  if (value === null) return { text: "" };
  if (value === 0 && id === "s") return { text: "0", suffix: " s" };
  const ladder = ladders[id] ?? [];
  const size = Math.abs(value);
  const step = ladder.find(([below]) => size < below) ?? ladder.at(-1);
  if (step === undefined) return { text: toFixed(value, decimals) };
  const [, one, name] = step;
  // Parts of a second are multiplied: 0.0123 * 1e3 is exact where 0.0123 / 1e-3 is not.
  const scaled = one < 1 ? value * Math.round(1 / one) : value / one;
  // Grafana leaves minutes and hours counted as such in the singular.
  const isCountedAsIs = one === 1 && id !== "d";
  const isPlural = pluralUnits.has(name) && Math.abs(scaled) > 1 && !isCountedAsIs;
  const plural = isPlural ? "s" : "";
  return { text: toFixed(scaled, decimals), suffix: ` ${name}${plural}` };
}

const durationUnits: readonly (readonly [string, number])[] = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1],
];

/** "2 weeks, 1 day": the largest unit and `decimals` more. */
export function formatDurationWords(
  value: number | null,
  unit: "second" | "millisecond",
  decimals: Decimals,
): FormattedValue {
  if (value === null) return { text: "" };
  if (value === 0) return { text: "0", suffix: ` ${unit}s` };
  if (value < 0) return ago(formatDurationWords(-value, unit, decimals));
  let restMs = unit === "second" ? value * 1000 : value;
  let places = decimals ?? 0;
  const parts: string[] = [];
  for (const [name, sizeMs] of durationUnits) {
    if (places < 0) break;
    if (restMs / sizeMs < 1 && parts.length === 0) continue;
    // NaN has no unit at all.
    if (Number.isNaN(restMs / sizeMs) && parts.length === 0) continue;
    const count = Math.floor(restMs / sizeMs);
    parts.push(`${count} ${name}${count === 1 ? "" : "s"}`);
    restMs %= sizeMs;
    places--;
  }
  return { text: parts.join(", ") };
}

/** "hh:mm:ss" of seconds. */
export function formatHms(value: number | null): FormattedValue {
  const seconds = value ?? 0;
  if (seconds < 0) return ago(formatHms(-seconds));
  const parts = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    Math.floor((seconds % 3600) % 60),
  ];
  return { text: parts.map((part) => (part > 9 ? String(part) : `0${part}`)).join(":") };
}

/** "1 d 02:03:04" of seconds. */
export function formatDhms(value: number | null): FormattedValue {
  const seconds = value ?? 0;
  if (seconds < 0) return ago(formatDhms(-seconds));
  const days = Math.floor(seconds / 86_400);
  const { text } = formatHms(seconds - days * 86_400);
  return { text: days > 0 ? `${days} d ${text}` : text };
}

/** "1h:02m:03s:004ms"; `decimals` 0, 1, 2 leaves out what is finer than hours, minutes, seconds. */
export function formatClock(valueMs: number | null, decimals: Decimals): FormattedValue {
  if (valueMs === null) return { text: "" };
  const write = (pattern: string) => formatDate(valueMs, pattern);
  if (valueMs < 1000) return { text: write("SSS[ms]") };
  if (valueMs < 60_000) return { text: write(decimals === 0 ? "ss[s]" : "ss[s]:SSS[ms]") };
  const patterns = ["mm[m]", "mm[m]:ss[s]", "mm[m]:ss[s]:SSS[ms]"];
  if (valueMs < 3_600_000) return { text: write(patterns[decimals ?? 2] ?? patterns[2] ?? "") };
  const hours = `${Math.floor(valueMs / 3_600_000)}h`;
  if (decimals === 0) return { text: hours };
  return { text: `${hours}:${write(patterns[(decimals ?? 3) - 1] ?? patterns[2] ?? "")}` };
}

function ago({ text, suffix = "" }: FormattedValue): FormattedValue {
  return { text, suffix: `${suffix} ago` };
}
