/**
 * The notation for series in PromQL test scripts and rule tests: `up{job="a"} 1+2x3 _ stale`, with
 * native histograms as `{{schema:1 sum:3 buckets:[5 10]}}`. Points are expanded; a histogram that
 * grows is kept as base, increment and how often, for whoever can add histograms.
 */

import { ParseError } from "../../base/errors.ts";
import { type Labels, labelsFromEntries } from "../../model/labels.ts";
import { parseNumber } from "../number-literal.ts";
import { parseMetricSelector } from "../parser.ts";

/** Points that one item may stand for. */
const repetitionsMax = 1_000_000;

/** A native histogram as written; absent fields are 0 or empty. */
export interface HistogramLiteral {
  readonly schema?: number;
  readonly sum?: number;
  readonly count?: number;
  readonly zeroCount?: number;
  readonly zeroThreshold?: number;
  readonly customValues?: readonly number[];
  readonly buckets?: readonly number[];
  readonly offset?: number;
  readonly negativeBuckets?: readonly number[];
  readonly negativeOffset?: number;
  readonly counterResetHint?: "unknown" | "reset" | "not_reset" | "gauge";
}

export type SeriesPoint =
  | { readonly kind: "omitted" }
  | { readonly kind: "stale" }
  | { readonly kind: "float"; readonly value: number }
  | HistogramPoint;

/** `base` with `increment` added (or, for "-", taken off) `times` times. */
export interface HistogramPoint {
  readonly kind: "histogram";
  readonly base: HistogramLiteral;
  readonly increment?: HistogramLiteral;
  readonly operator?: "+" | "-";
  readonly times: number;
}

/** One line: a series and its points, one for each step. */
export interface SeriesLine {
  readonly labels: Labels;
  readonly points: readonly SeriesPoint[];
}

const omitted: SeriesPoint = { kind: "omitted" };
const numberText = "(?:(?:\\d[\\d_]*\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?|[iI][nN][fF]|[nN][aA][nN])";
const blankPattern = /_(?:x(\d+))?(?=\s|$)/y;
const stalePattern = /stale(?=\s|$)/y;
const floatPattern = new RegExp(
  `([+-]?${numberText})(?:([+-]${numberText})x(\\d+)|x(\\d+))?(?=\\s|$)`,
  "y",
);
const histogramPattern = /\{\{([^}]*)\}\}(?:([+-])\{\{([^}]*)\}\})?(?:x(\d+))?(?=\s|$)/y;

/** Reads a line; throws ParseError. O(points). */
export function parseSeriesLine(line: string): SeriesLine {
  const metricEnd = endOfMetric(line);
  const labels = parseMetric(line.slice(0, metricEnd));
  const points: SeriesPoint[] = [];
  let position = metricEnd;
  for (;;) {
    position = skipSpaces(line, position);
    if (position >= line.length) return { labels, points };
    position = readItem(line, position, points);
  }
}

/** The labels of `name{a="b"}`; throws ParseError for anything but equalities. */
export function parseMetric(text: string): Labels {
  if (text.trim() === "{}") return labelsFromEntries([]);
  const matchers = parseMetricSelector(text);
  const other = matchers.find((matcher) => matcher.operator !== "=");
  if (other !== undefined) fail(text, 0, `a series cannot have the matcher ${other.name}`);
  return labelsFromEntries(matchers.map(({ name, value }) => [name, value] as const));
}

/** Where the name and the braces end. */
function endOfMetric(line: string): number {
  let position = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0].length ?? 0;
  if (line.charAt(position) !== "{") return position;
  let quote = "";
  for (; position < line.length; position++) {
    const char = line.charAt(position);
    if (quote !== "") {
      if (char === "\\" && quote !== "`") position++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'" || char === "`") quote = char;
    else if (char === "}") return position + 1;
  }
  return fail(line, position, "unexpected end of input inside braces");
}

function skipSpaces(line: string, from: number): number {
  let position = from;
  while (/\s/.test(line.charAt(position))) position++;
  return position;
}

/** Reads one item at `position` and returns where it ends. */
function readItem(line: string, position: number, into: SeriesPoint[]): number {
  for (const [pattern, add] of itemReaders) {
    pattern.lastIndex = position;
    const match = pattern.exec(line);
    if (match === null) continue;
    add(match, into);
    return position + match[0].length;
  }
  return fail(line, position, `unexpected series value ${line.slice(position)}`);
}

type ItemReader = (match: RegExpExecArray, into: SeriesPoint[]) => void;

const itemReaders: readonly (readonly [RegExp, ItemReader])[] = [
  [blankPattern, addBlanks],
  [
    stalePattern,
    (_match, into) => {
      into.push({ kind: "stale" });
    },
  ],
  [floatPattern, addFloats],
  [histogramPattern, addHistograms],
];

function addBlanks(match: RegExpExecArray, into: SeriesPoint[]): void {
  const count = match[1] === undefined ? 1 : repetitions(match[1]);
  for (let i = 0; i < count; i++) into.push(omitted);
}

/** `a+bxn` is n + 1 points: the first one is `a`. */
function addFloats(match: RegExpExecArray, into: SeriesPoint[]): void {
  const [, first = "", stepText, steps, repeats] = match;
  const step = stepText === undefined ? 0 : signedNumber(stepText);
  const count = repetitions(steps ?? repeats ?? "0");
  let value = signedNumber(first);
  for (let i = 0; i <= count; i++) {
    into.push({ kind: "float", value });
    if (stepText !== undefined) value += step;
  }
}

function addHistograms(match: RegExpExecArray, into: SeriesPoint[]): void {
  const [, baseText = "", operator, incrementText, repeats] = match;
  const base = parseHistogram(baseText);
  const count = repetitions(repeats ?? "0");
  if (incrementText === undefined) {
    for (let i = 0; i <= count; i++) into.push({ kind: "histogram", base, times: 0 });
    return;
  }
  const increment = parseHistogram(incrementText);
  const sign = operator === "-" ? "-" : "+";
  for (let times = 0; times <= count; times++) {
    into.push({ kind: "histogram", base, increment, operator: sign, times });
  }
}

function repetitions(text: string): number {
  const count = Number(text);
  if (count > repetitionsMax) fail(text, 0, `more than ${repetitionsMax} repetitions: ${text}`);
  return count;
}

function signedNumber(text: string): number {
  const isNegative = text.startsWith("-");
  const result = parseNumber(text.replace(/^[+-]/, ""));
  if (result.error !== undefined) return fail(text, 0, result.error);
  return isNegative ? -result.value : result.value;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const numberFields: Readonly<Record<string, keyof HistogramLiteral>> = {
  schema: "schema",
  sum: "sum",
  count: "count",
  z_bucket: "zeroCount",
  z_bucket_w: "zeroThreshold",
  offset: "offset",
  n_offset: "negativeOffset",
};
const listFields: Readonly<Record<string, keyof HistogramLiteral>> = {
  custom_values: "customValues",
  buckets: "buckets",
  n_buckets: "negativeBuckets",
};
const resetHints: ReadonlySet<string> = new Set(["unknown", "reset", "not_reset", "gauge"]);

/** What stands between `{{` and `}}`. */
function parseHistogram(text: string): HistogramLiteral {
  const fields = new Map<keyof HistogramLiteral, unknown>();
  const pattern = /\s*([a-z_]+):(\[[^\]]*\]|[^\s\]]+)\s*/gy;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [, name = "", value = ""] = match;
    const [field, parsed] = histogramField(name, value);
    if (fields.has(field)) fail(text, match.index, `duplicate key "${name}" in histogram`);
    fields.set(field, parsed);
  }
  if (text.slice(end).trim() !== "") {
    fail(text, end, `unexpected histogram description ${text.slice(end)}`);
  }
  return Object.fromEntries(fields) as Mutable<HistogramLiteral>;
}

function histogramField(name: string, value: string): [keyof HistogramLiteral, unknown] {
  const numberField = numberFields[name];
  if (numberField !== undefined) return [numberField, signedNumber(value)];
  const listField = listFields[name];
  if (listField !== undefined && value.startsWith("[")) {
    const items = value.slice(1, -1).trim();
    return [listField, items === "" ? [] : items.split(/\s+/).map(signedNumber)];
  }
  if (name === "counter_reset_hint" && resetHints.has(value)) return ["counterResetHint", value];
  return fail(`${name}:${value}`, 0, `unknown histogram description ${name}:${value}`);
}

function fail(input: string, start: number, reason: string): never {
  throw new ParseError(`cannot read series ${input}: ${reason}`, {
    input,
    start,
    end: input.length,
  });
}
