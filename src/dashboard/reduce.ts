/**
 * Reducers of Grafana: a column to one value ("lastNotNull", "mean", "p95"…), with its treatment of
 * null and NaN. Asked for one or for many ids; the common ones share one pass. O(values).
 */

import type { Field, FieldType, FieldValues } from "./frame.ts";

/** How a column is reduced. */
export interface ReduceOptions {
  /** Only numbers and times are counted with; "number" where absent. */
  readonly type?: FieldType;
  /** What null means; "connected" (as if it were not there) where absent. */
  readonly nullValueMode?: "connected" | "null" | "null as zero" | undefined;
}

/** A reducer as the user sees it. */
export interface Reducer {
  readonly id: string;
  readonly name: string;
}

/** Every reducer but the percentiles p1…p99, in Grafana's order. */
export const reducers: readonly Reducer[] = [
  ["lastNotNull", "Last *"],
  ["last", "Last"],
  ["firstNotNull", "First *"],
  ["first", "First"],
  ["min", "Min"],
  ["max", "Max"],
  ["mean", "Mean"],
  ["median", "Median"],
  ["variance", "Variance"],
  ["stdDev", "StdDev"],
  ["sum", "Total"],
  ["count", "Count"],
  ["countAll", "Count all"],
  ["range", "Range"],
  ["delta", "Delta"],
  ["step", "Step"],
  ["diff", "Difference"],
  ["logmin", "Min (above zero)"],
  ["allIsZero", "All Zeros"],
  ["allIsNull", "All Nulls"],
  ["changeCount", "Change Count"],
  ["distinctCount", "Distinct Count"],
  ["diffperc", "Difference percent"],
  ["allValues", "All values"],
  ["uniqueValues", "All unique values"],
].map(([id = "", name = ""]) => ({ id, name }));

const aliases: ReadonlyMap<string, string> = new Map([
  ["current", "lastNotNull"],
  ["avg", "mean"],
  ["total", "sum"],
]);

/** Ids as Grafana names them today ("current" → "lastNotNull"); undefined for one it does not have. */
export function findReducer(id: string): Reducer | undefined {
  const ownId = aliases.get(id) ?? id;
  const percentile = readPercentile(ownId);
  if (percentile !== undefined) return { id: ownId, name: `${ordinal(percentile)} %` };
  return reducers.find((reducer) => reducer.id === ownId);
}

/** `ids` of a column; ids that are not known are left out. */
export function reduceValues(
  values: FieldValues,
  ids: readonly string[],
  options: ReduceOptions = {},
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const isAlone = ids.length === 1;
  let standard: StandardResults | undefined;
  for (const id of ids) {
    const ownId = aliases.get(id) ?? id;
    if (values.length === 0) {
      result[id] = emptyResults[ownId];
      continue;
    }
    const alone = isAlone ? reduceAlone(ownId, values) : undefined;
    const special = alone ?? reduceSpecial(ownId, values, options);
    if (special !== undefined) {
      result[id] = special.value;
      continue;
    }
    standard ??= reduceStandard(values, options);
    if (Object.hasOwn(standard, ownId)) result[id] = standard[ownId as keyof StandardResults];
  }
  return result;
}

/** One reducer of a column. */
export function reduceValue(values: FieldValues, id: string, options: ReduceOptions = {}): unknown {
  return reduceValues(values, [id], options)[id];
}

/** Reducers of a field, by its own type and settings. */
export function reduceField(field: Field, ids: readonly string[]): Record<string, unknown> {
  const { nullValueMode } = field.config;
  return reduceValues(field.values, ids, { type: field.type, nullValueMode });
}

const emptyResults: Readonly<Record<string, unknown>> = {
  sum: 0,
  count: 0,
  countAll: 0,
  allIsZero: false,
  allIsNull: true,
};

interface StandardResults {
  sum: number;
  max: number | null;
  min: number | null;
  logmin: number;
  mean: number | null;
  last: unknown;
  first: unknown;
  lastNotNull: unknown;
  firstNotNull: unknown;
  count: number;
  countAll: number;
  allIsNull: boolean;
  allIsZero: boolean;
  range: number | null;
  diff: number | null;
  delta: number;
  step: number | null;
  diffperc: number;
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Asked alone, the first and last value that is not null never become the zero of "null as zero". */
function reduceAlone(id: string, values: FieldValues): { value: unknown } | undefined {
  if (id !== "lastNotNull" && id !== "firstNotNull") return undefined;
  const isLast = id === "lastNotNull";
  for (let offset = 0; offset < values.length; offset++) {
    const value = values[isLast ? values.length - 1 - offset : offset];
    if (!isNothing(value) && !Number.isNaN(value)) return { value };
  }
  return { value: null };
}

/** Running results over the numbers of a column. */
class NumberPass {
  sum = 0;
  count = 0;
  min = Number.MAX_VALUE;
  max = -Number.MAX_VALUE;
  logmin = Number.MAX_VALUE;
  step = Number.MAX_VALUE;
  delta = 0;
  first = 0;
  last = 0;
  #wasRising = true;

  add(value: number): void {
    if (this.count > 0) this.#addStep(value);
    else this.first = value;
    this.sum += value;
    this.count++;
    if (value > this.max) this.max = value;
    if (value < this.min) this.min = value;
    if (value < this.logmin && value > 0) this.logmin = value;
    this.last = value;
  }

  /** The first rise after a fall is not counted: Grafana takes it for the counter's new start. */
  #addStep(value: number): void {
    const step = value - this.last;
    if (step < this.step) this.step = step;
    if (this.last > value) {
      this.#wasRising = false;
    } else {
      if (this.#wasRising) this.delta += step;
      this.#wasRising = true;
    }
  }
}

function reduceStandard(values: FieldValues, options: ReduceOptions): StandardResults {
  const isNumeric = isNumericType(options.type);
  const { nullValueMode } = options;
  const zeroForNull = nullValueMode === "null as zero" ? 0 : null;
  const pass = new NumberPass();
  let [firstNotNull, lastNotNull]: [unknown, unknown] = [null, null];
  let nullCount = 0;
  let allIsZero = true;
  for (let index = 0; index < values.length; index++) {
    const isNull = isNothing(values[index]);
    const value = isNull ? zeroForNull : values[index];
    nullCount += Number(isNull);
    if (value === null || Number.isNaN(value)) continue;
    firstNotNull ??= value;
    lastNotNull = value;
    if (value !== 0) allIsZero = false;
    if (isNumeric) pass.add(value as number);
  }
  const ignoresNulls = nullValueMode === undefined || nullValueMode === "connected";
  const hasNumbers = pass.count > 0;
  const [max, min] = [unless(pass.max, -Number.MAX_VALUE), unless(pass.min, Number.MAX_VALUE)];
  const diff = differenceOf(firstNotNull, lastNotNull);
  return {
    sum: pass.sum,
    max,
    min,
    logmin: pass.logmin,
    mean: hasNumbers ? pass.sum / pass.count : null,
    last: values[values.length - 1],
    first: values[0],
    lastNotNull,
    firstNotNull,
    count: ignoresNulls ? values.length - nullCount : values.length,
    countAll: values.length,
    allIsNull: !hasNumbers,
    allIsZero: hasNumbers && allIsZero,
    range: max === null || min === null ? null : max - min,
    diff,
    delta: pass.delta,
    step: unless(pass.step, Number.MAX_VALUE),
    diffperc: diff === null ? 0 : (diff / (firstNotNull as number)) * 100,
  };
}

/** Of columns of any type, where both ends are numbers. */
function differenceOf(first: unknown, last: unknown): number | null {
  return typeof first === "number" && typeof last === "number" ? last - first : null;
}

/** null where the value is still the one the search began with. */
function unless(value: number, start: number): number | null {
  return value === start ? null : value;
}

function isNumericType(type: FieldType | undefined): boolean {
  return type === undefined || type === "number" || type === "time";
}

function reduceSpecial(
  id: string,
  values: FieldValues,
  options: ReduceOptions,
): { value: unknown } | undefined {
  switch (id) {
    case "allValues":
      return { value: [...values] };
    case "uniqueValues":
      return { value: [...new Set<unknown>(values)] };
    case "variance":
      return { value: variance(values, options) };
    case "stdDev":
      return { value: Math.sqrt(variance(values, options)) };
    case "median":
      return { value: median(values, options) };
    case "changeCount":
      return { value: countChanges(keptValues(values, options)) };
    case "distinctCount":
      return { value: new Set(keptValues(values, options)).size };
    default: {
      const percentile = readPercentile(id);
      if (percentile === undefined) return undefined;
      const sorted = keptValues(values, options).sort(byDifference);
      return { value: sorted[Math.round((sorted.length - 1) * (percentile / 100))] };
    }
  }
}

/** Of the population, over values that are not null, in one pass that cannot overflow. */
function variance(values: FieldValues, options: ReduceOptions): number {
  if (!isNumericType(options.type)) return 0;
  let [squares, mean, count] = [0, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number | null | undefined;
    if (isNothing(value)) continue;
    count++;
    const distance = value - mean;
    mean += distance / count;
    squares += distance * (value - mean);
  }
  return count === 0 ? 0 : squares / count;
}

/** The values that count: null left out, kept or 0; what is missing altogether counts where it is no null. */
function keptValues(values: FieldValues, { nullValueMode }: ReduceOptions): unknown[] {
  const all: unknown[] = [...values];
  if (nullValueMode === "null") return all;
  if (nullValueMode === "null as zero") return all.map((value) => (value === null ? 0 : value));
  return all.filter((value) => value !== null);
}

/** In the order of `a - b`: what is no number stays where it is. */
function byDifference(a: unknown, b: unknown): number {
  return (a as number) - (b as number);
}

function median(values: FieldValues, options: ReduceOptions): unknown {
  const isKept = options.nullValueMode === "null";
  const given = [...values].map((value: unknown) =>
    value === undefined && !isKept ? null : value,
  );
  const sorted = keptValues(given, options).sort(byDifference) as number[];
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle];
  // Texts add up to a text, whose half is NaN, as in Grafana.
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function countChanges(values: readonly unknown[]): number {
  let count = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] !== values[index - 1]) count++;
  }
  return count;
}

function readPercentile(id: string): number | undefined {
  const match = /^p([1-9]\d?)$/.exec(id);
  return match === null ? undefined : Number(match[1]);
}

function ordinal(count: number): string {
  const isTeen = Math.floor(count / 10) === 1;
  return `${count}${isTeen ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th")}`;
}
