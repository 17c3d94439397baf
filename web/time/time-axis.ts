/** Ticks of a time axis: round instants in the chosen zone, and their labels (the date only at midnight). Pure. */

import { dateParts, monthNames, type TimeZone } from "./time-range.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Distances between ticks, ms. Beyond the last, whole multiples of 30 days. */
const steps: readonly number[] = [
  second,
  2 * second,
  5 * second,
  10 * second,
  15 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  30 * day,
];
/** A label needs about this many pixels. */
const labelSpacePx = 74;

/** Distance between ticks for `spanMs` drawn on `widthPx` pixels. */
export function timeTickStep(spanMs: number, widthPx: number): number {
  const wanted = (spanMs * labelSpacePx) / Math.max(labelSpacePx, widthPx);
  return (
    steps.find((step) => step >= wanted) ?? Math.max(1, Math.ceil(wanted / (30 * day))) * 30 * day
  );
}

/** The instants of the ticks within the range, ascending, aligned to the zone's clock. */
export function timeTicks(
  fromMs: number,
  toMs: number,
  options: { widthPx: number; zone: TimeZone },
): readonly number[] {
  const step = timeTickStep(toMs - fromMs, options.widthPx);
  const offset = options.zone === "utc" ? 0 : new Date(fromMs).getTimezoneOffset() * minute;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs - offset) / step) * step + offset; at <= toMs; at += step) {
    ticks.push(at);
  }
  return ticks;
}

/** Label of one tick: `17:05`, `17:05:30` below a minute's step, `Thu 15` at midnight, `15 Jan` from a day's step on. */
export function timeTickLabel(instant: number, stepMs: number, zone: TimeZone): string {
  const part = dateParts(instant, zone);
  if (stepMs >= day) return `${part.day} ${monthNames[part.month]}`;
  const isMidnight = part.hour === 0 && part.minute === 0 && part.second === 0;
  if (isMidnight && stepMs >= 5 * minute) return `${weekdayNames[part.weekday]} ${part.day}`;
  const time = `${two(part.hour)}:${two(part.minute)}`;
  return stepMs < minute ? `${time}:${two(part.second)}` : time;
}

/** A full timestamp for tooltips and tables: `Thu 15 Jan 17:13:30`, with ms below a second's resolution. */
export function timestampLabel(instant: number, zone: TimeZone): string {
  const part = dateParts(instant, zone);
  const time = `${two(part.hour)}:${two(part.minute)}:${two(part.second)}`;
  const ms = Math.round(instant) % 1000;
  const fraction = ms === 0 ? "" : `.${String(ms).padStart(3, "0")}`;
  return `${weekdayNames[part.weekday]} ${part.day} ${monthNames[part.month]} ${time}${fraction}`;
}

/** The clock time only, `17:13:30`. */
export function clockLabel(instant: number, zone: TimeZone): string {
  const part = dateParts(instant, zone);
  return `${two(part.hour)}:${two(part.minute)}:${two(part.second)}`;
}

const weekdayNames = "Sun Mon Tue Wed Thu Fri Sat".split(" ");

function two(value: number): string {
  return String(value).padStart(2, "0");
}
