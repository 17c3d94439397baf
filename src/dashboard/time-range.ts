/**
 * The time range of a dashboard: two texts resolved to instants, a panel's own `timeFrom` and
 * `timeShift`, and the range in words ("Last 6 hours").
 */

import { dateTimePattern, formatDate, formatDistance } from "./date-format.ts";
import { type DateMathContext, isDateMath, parseDateMath } from "./date-math.ts";
import type { TimeZone } from "./time-zone.ts";

/** A range as written: "now-6h" … "now", ISO dates, or epoch milliseconds as text. */
export interface TimeRangeText {
  readonly from: string;
  readonly to: string;
}

/** A range as instants, ms. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Instants of `text`; undefined where one side is no time. The end of "now/d" is its last millisecond. */
export function resolveTimeRange(
  text: TimeRangeText,
  context: DateMathContext,
): TimeRange | undefined {
  const fromMs = resolveTime(text.from, { ...context, isEnd: false });
  const toMs = resolveTime(text.to, { ...context, isEnd: true });
  return fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs };
}

/** A panel's own range: `timeFrom` "2h" or "1d/d" counts back from now, `timeShift` moves it further back. Undefined where one is not understood. */
export function resolvePanelRange(
  range: TimeRange,
  options: { readonly timeFrom?: string; readonly timeShift?: string },
  context: DateMathContext,
): TimeRange | undefined {
  let panelRange: TimeRange | undefined = range;
  if (options.timeFrom !== undefined && options.timeFrom !== "") {
    const { from, to } = describeTextRange(options.timeFrom);
    panelRange = resolveTimeRange({ from, to }, context);
  }
  if (panelRange === undefined || options.timeShift === undefined || options.timeShift === "") {
    return panelRange;
  }
  const shift = `now-${options.timeShift}`;
  const fromMs = parseDateMath(shift, { ...context, nowMs: panelRange.fromMs, isEnd: false });
  const toMs = parseDateMath(shift, { ...context, nowMs: panelRange.toMs, isEnd: true });
  return fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs };
}

/** True where the range moves with the clock. */
export function isRelativeRange(text: TimeRangeText): boolean {
  return isDateMath(text.from) || isDateMath(text.to);
}

function resolveTime(text: string, context: DateMathContext): number | undefined {
  return /^-?\d{9,}$/.test(text) ? Number(text) : parseDateMath(text, context);
}

const spanNames: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  M: "month",
  y: "year",
};

const namedRanges: Readonly<Record<string, string>> = {
  "now/d to now/d": "Today",
  "now/d to now": "Today so far",
  "now/w to now/w": "This week",
  "now/w to now": "This week so far",
  "now/M to now/M": "This month",
  "now/M to now": "This month so far",
  "now/y to now/y": "This year",
  "now/y to now": "This year so far",
  "now-1d/d to now-1d/d": "Yesterday",
  "now-2d/d to now-2d/d": "Day before yesterday",
  "now-7d/d to now-7d/d": "This day last week",
  "now-1w/w to now-1w/w": "Previous week",
  "now-1M/M to now-1M/M": "Previous month",
  "now-1y/y to now-1y/y": "Previous year",
  "now/fQ to now": "This fiscal quarter so far",
  "now/fQ to now/fQ": "This fiscal quarter",
  "now-1fQ/fQ to now-1fQ/fQ": "Previous fiscal quarter",
  "now/fy to now": "This fiscal year so far",
  "now/fy to now/fy": "This fiscal year",
  "now-1fy/fy to now-1fy/fy": "Previous fiscal year",
};

/** A length or start ("5m", "+1h", "now-1d/d") as a range with its words; `isInvalid` where it is none. */
export interface DescribedRange extends TimeRangeText {
  readonly display: string;
  readonly isInvalid: boolean;
}

export function describeTextRange(text: string): DescribedRange {
  const isPast = !text.startsWith("+");
  const expr = text.includes("now") ? text : (isPast ? "now-" : "now") + text;
  const range = isPast ? { from: expr, to: "now" } : { from: "now", to: expr };
  const known = namedRanges[`${range.from} to ${range.to}`];
  if (known !== undefined) return { ...range, display: known, isInvalid: false };
  const match = /^now[-+](\d+)(\w)/.exec(expr);
  const name = spanNames[match?.[2] ?? ""];
  if (match === null || name === undefined) {
    return { ...range, display: `${range.from} to ${range.to}`, isInvalid: true };
  }
  const plural = Number(match[1]) > 1 ? "s" : "";
  const display = `${isPast ? "Last" : "Next"} ${Number(match[1])} ${name}${plural}`;
  return { ...range, display, isInvalid: false };
}

/** The range in words: "Last 6 hours", "Today", "2026-03-28 08:00:00 to a few seconds ago". */
export function describeTimeRange(text: TimeRangeText, context: DateMathContext): string {
  const known = namedRanges[`${text.from} to ${text.to}`];
  if (known !== undefined) return known;
  const isInstant = (edge: string) => !isDateMath(edge) && resolveTime(edge, context) !== undefined;
  const isFromMath = !isInstant(text.from);
  const isToMath = !isInstant(text.to);
  if (!isFromMath || !isToMath) {
    const from = describeEdge(text.from, isFromMath, { ...context, isEnd: false });
    const to = describeEdge(text.to, isToMath, { ...context, isEnd: true });
    return `${from} to ${to}`;
  }
  if (text.to === "now") return describeTextRange(text.from).display;
  if (text.from === "now" && text.to.startsWith("now+"))
    return describeTextRange(text.to.slice(3)).display;
  return `${text.from} to ${text.to}`;
}

function describeEdge(text: string, isMath: boolean, context: DateMathContext): string {
  const instantMs = resolveTime(text, context);
  if (instantMs === undefined) return text;
  return isMath
    ? formatDistance(instantMs, context.nowMs)
    : formatDate(instantMs, dateTimePattern, context.zone);
}

/** "CET": letters of the zone at the start of the range. */
export function rangeZoneName(
  text: TimeRangeText,
  zone: TimeZone,
  context: DateMathContext,
): string {
  const fromMs = resolveTime(text.from, { ...context, zone, isEnd: true });
  return fromMs === undefined ? "Invalid date" : zone.abbreviation(fromMs);
}
