/**
 * Intervals as Grafana writes them ("30s", "1m", "7d"), the rounding of steps, and what a Prometheus
 * query gets for $__interval, $__rate_interval and $__range (the server's documented formula).
 */

/** A length of time in one unit. */
export interface IntervalParts {
  /** Seconds of one unit. */
  readonly unitSeconds: number;
  readonly unit: string;
  readonly count: number;
}

const unitSeconds: Readonly<Record<string, number>> = {
  y: 31_536_000,
  M: 2_592_000,
  w: 604_800,
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 0.001,
};

/** [below this many ms, the step becomes that many]. */
const roundedSteps: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];
const longestStepMs = 31_536_000_000;
/** Points of one series that Prometheus gives at most in one answer. */
const pointsMax = 11_000;
const scrapeIntervalDefaultMs = 15_000;

/** The step of the fixed ladder next to `ms` (1 ms … 1 y). */
export function roundInterval(ms: number): number {
  return roundedSteps.find(([below]) => ms < below)?.[1] ?? longestStepMs;
}

/** Reads "5m", "500ms", "1M" (30 days) or bare seconds; what follows the unit is not read ("1h30m" is 1h). */
export function describeInterval(text: string): IntervalParts | undefined {
  if (Number(text) !== 0 && !Number.isNaN(Number(text))) {
    return { unitSeconds: 1, unit: "s", count: Number.parseInt(text, 10) };
  }
  const match = /^(-?\d+)(?:\.\d+)?(ms|[Mwdhmsy])/.exec(text);
  if (match === null) return undefined;
  const unit = match[2] ?? "s";
  return { unitSeconds: unitSeconds[unit] ?? 1, unit, count: Number(match[1]) };
}

/** `describeInterval` in ms. */
export function parseInterval(text: string): number | undefined {
  const parts = describeInterval(text);
  return parts === undefined ? undefined : Math.round(parts.unitSeconds * 1000 * parts.count);
}

/** Seconds in their largest unit, the rest cut off: 90 → "1m", 604800 → "7d" (never weeks or months). */
export function formatInterval(seconds: number): string {
  for (const unit of ["y", "d", "h", "m", "s"]) {
    const count = Math.floor(seconds / (unitSeconds[unit] ?? 1));
    if (count > 0) return `${count}${unit}`;
  }
  const milliseconds = Math.floor(seconds * 1000);
  return milliseconds > 0 ? `${milliseconds}ms` : "less than a millisecond";
}

/** The largest unit that `ms` is a whole number of: 90000 → "90s", 120000 → "2m". PromQL reads it back exactly. */
export function formatExactInterval(ms: number): string {
  for (const unit of ["y", "d", "h", "m", "s"]) {
    const size = (unitSeconds[unit] ?? 1) * 1000;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${Math.max(1, Math.round(ms))}ms`;
}

/** The front end's own interval: range over points, rounded, not below `lowLimit`. Undefined where that is no interval. */
export function calculateInterval(
  rangeMs: number,
  resolution: number,
  lowLimit?: string,
): { intervalMs: number; interval: string } | undefined {
  const lowMs = lowLimit === undefined ? 1 : parseInterval(lowLimit);
  if (lowMs === undefined) return undefined;
  const intervalMs = Math.max(roundInterval(rangeMs / resolution), lowMs);
  return { intervalMs, interval: formatInterval(intervalMs / 1000) };
}

/** What a query's step depends on. */
export interface StepRequest {
  readonly rangeMs: number;
  /** Points wanted, usually the panel's width in px. */
  readonly maxDataPoints: number;
  /** The query's or panel's minimum step as written, variables replaced; a leading ">" is passed over. */
  readonly minStep?: string;
  /** The data source's scrape interval, ms; 15 s where absent. */
  readonly scrapeIntervalMs?: number;
  readonly intervalFactor?: number;
}

/** Step of a query and the values of its built-in variables, ms. */
export interface QueryStep {
  /** Before the factor. */
  readonly intervalMs: number;
  readonly stepMs: number;
  readonly rateIntervalMs: number;
}

/** Step as Grafana's server computes it. */
export function calculateStep(request: StepRequest): QueryStep {
  const scrapeMs = request.scrapeIntervalMs || scrapeIntervalDefaultMs;
  const written = request.minStep?.trim().replace(/^>\s*/, "") ?? "";
  const minMs = parseInterval(written) || undefined;
  const safeMs = roundInterval(request.rangeMs / pointsMax);
  const wantedMs = roundInterval(request.rangeMs / Math.max(1, request.maxDataPoints));
  const intervalMs = Math.max(wantedMs, minMs ?? scrapeMs, safeMs);
  const stepMs = intervalMs * (request.intervalFactor || 1);
  const rateScrapeMs = minMs ?? scrapeMs;
  const rateIntervalMs = Math.max(stepMs + rateScrapeMs, 4 * rateScrapeMs);
  // The minimum step may itself be the rate interval.
  const isRateStep = /^\$\{?__rate_interval\}?$/.test(written);
  return { intervalMs, stepMs: isRateStep ? rateIntervalMs : stepMs, rateIntervalMs };
}

/** Start and end moved down to multiples of the step, so that the same points come again at each refresh. */
export function alignRange(
  fromMs: number,
  toMs: number,
  stepMs: number,
): { fromMs: number; toMs: number } {
  const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  return { fromMs: align(fromMs), toMs: align(toMs) };
}

/** Values of the query's own variables, without "$". */
export function stepVariables(step: QueryStep, rangeMs: number): Record<string, string> {
  const interval = formatExactInterval(step.stepMs);
  return {
    __interval: interval,
    __interval_ms: String(step.stepMs),
    __rate_interval: `${step.rateIntervalMs / 1000}s`,
    __rate_interval_ms: String(step.rateIntervalMs),
    ...rangeVariables(rangeMs),
  };
}

/** $__range, $__range_s and $__range_ms of a range. */
export function rangeVariables(
  rangeMs: number,
): Record<"__range" | "__range_s" | "__range_ms", string> {
  const seconds = Math.round(rangeMs / 1000);
  return { __range: `${seconds}s`, __range_s: String(seconds), __range_ms: String(rangeMs) };
}

/** Seconds since the epoch for Prometheus' `start` and `end`: up to the next whole second. */
export function toPrometheusTime(instantMs: number): number {
  return Math.ceil(instantMs / 1000);
}

/** "1min 1sec", "1h", "less than 1sec". */
export function formatRangeLength(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) - hours * 60;
  const parts = [
    hours === 0 ? "" : `${hours}h`,
    minutes === 0 ? "" : `${minutes}min`,
    seconds % 60 === 0 ? "" : `${seconds % 60}sec`,
  ];
  return parts.filter((part) => part !== "").join(" ") || "less than 1sec";
}

/** "1d 1h 1m 1s": every unit that is not 0; months are those of the calendar from 1 January 1970. */
export function formatLength(ms: number, includesSeconds: boolean): string {
  const end = new Date(ms);
  const counts: readonly (readonly [number, string])[] = [
    [end.getUTCFullYear() - 1970, "y"],
    [end.getUTCMonth(), "M"],
    [end.getUTCDate() - 1, "d"],
    [end.getUTCHours(), "h"],
    [end.getUTCMinutes(), "m"],
    [includesSeconds ? end.getUTCSeconds() : 0, "s"],
  ];
  const parts = counts.filter(([count]) => count !== 0).map(([count, unit]) => `${count}${unit}`);
  return parts.join(" ");
}

const durationUnits: readonly (readonly [string, number, readonly string[]])[] = [
  ["years", 31_557_600_000, ["y", "Y", "years"]],
  ["months", 2_629_800_000, ["M", "months"]],
  ["weeks", 604_800_000, ["w", "W", "weeks"]],
  ["days", 86_400_000, ["d", "D", "days"]],
  ["hours", 3_600_000, ["h", "H", "hours"]],
  ["minutes", 60_000, ["m", "minutes"]],
  ["seconds", 1000, ["s", "S", "seconds"]],
];

/** A duration of words apart ("1w 2d"); words that are none are passed over. */
export interface Duration {
  /** "weeks" → 1, "days" → 2. */
  readonly parts: Readonly<Record<string, number>>;
  readonly ms: number;
  /** Every word is understood. */
  readonly isValid: boolean;
  /** Every word is one of Go's (ns … h). */
  readonly isValidGo: boolean;
}

export function parseDuration(text: string): Duration {
  const parts: Record<string, number> = {};
  let ms = 0;
  let isValid = true;
  let isValidGo = true;
  for (const word of text.split(" ")) {
    const match = /^(\d+)(.+)$/.exec(word);
    const unit = durationUnits.find(([, , names]) => names.includes(match?.[2] ?? ""));
    isValidGo &&= /^\d+(?:ns|us|µs|ms|s|m|h)$/.test(word);
    isValid &&= unit !== undefined;
    if (unit === undefined) continue;
    parts[unit[0]] = Number(match?.[1]);
    ms += Number(match?.[1]) * unit[1];
  }
  return { parts, ms, isValid, isValidGo };
}
