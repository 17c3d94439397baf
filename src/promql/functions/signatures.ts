/**
 * Every function of PromQL as of Prometheus 3.14: argument types, result, whether it is
 * experimental, one sentence, and the release that brought it. The parser checks calls against this
 * table; completion, hover help, docs and the engine's table of implementations derive from it.
 * Browser-safe.
 */

import type { ValueType } from "../ast.ts";

/** What a call to one function looks like. */
export interface FunctionSignature {
  /** Types of the arguments; with `variadic` the last one repeats or may be left out. */
  readonly argTypes: readonly ValueType[];
  /** 0: exactly argTypes; n > 0: the last argument 0 to n times; -1: any number of times, none included. */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Behind `--enable-feature=promql-experimental-functions`. */
  readonly isExperimental: boolean;
  /** One sentence for help texts. */
  readonly doc: string;
  /** Prometheus release that introduced it; "1.0" stands for that and everything earlier. */
  readonly since: string;
}

interface Details {
  readonly doc: string;
  readonly since?: string;
  readonly variadic?: number;
  readonly isExperimental?: boolean;
}

function define(
  argTypes: readonly ValueType[],
  returnType: ValueType,
  details: Details,
): FunctionSignature {
  return {
    argTypes,
    returnType,
    variadic: details.variadic ?? 0,
    isExperimental: details.isExperimental ?? false,
    doc: details.doc,
    since: details.since ?? "1.0",
  };
}

function ofVector(doc: string, since = "1.0"): FunctionSignature {
  return define(["vector"], "vector", { doc, since });
}

function ofRange(doc: string, since = "1.0"): FunctionSignature {
  return define(["matrix"], "vector", { doc, since });
}

function ofRangeExperimental(doc: string, since: string): FunctionSignature {
  return define(["matrix"], "vector", { doc, since, isExperimental: true });
}

/** Date parts take the current time where no vector is given. */
function ofOptionalVector(doc: string, since: string): FunctionSignature {
  return define(["vector"], "vector", { doc, since, variadic: 1 });
}

function ofQuery(doc: string): FunctionSignature {
  return define([], "scalar", { doc, since: "3.12", isExperimental: true });
}

const table = {
  abs: ofVector("Absolute value of each sample."),
  absent: ofVector("1 where the vector is empty, nothing where it has elements."),
  absent_over_time: ofRange("1 where the range vector is empty, nothing otherwise.", "2.16"),
  acos: ofVector("Arccosine of each sample.", "2.31"),
  acosh: ofVector("Inverse hyperbolic cosine of each sample.", "2.31"),
  asin: ofVector("Arcsine of each sample.", "2.31"),
  asinh: ofVector("Inverse hyperbolic sine of each sample.", "2.31"),
  atan: ofVector("Arctangent of each sample.", "2.31"),
  atanh: ofVector("Inverse hyperbolic tangent of each sample.", "2.31"),
  avg_over_time: ofRange("Average of the samples in the range."),
  ceil: ofVector("Each sample rounded up to an integer."),
  changes: ofRange("How many times the value changed within the range."),
  clamp: define(["vector", "scalar", "scalar"], "vector", {
    doc: "Samples limited to between a minimum and a maximum.",
    since: "2.26",
  }),
  clamp_max: define(["vector", "scalar"], "vector", { doc: "Samples limited to a maximum." }),
  clamp_min: define(["vector", "scalar"], "vector", { doc: "Samples limited to a minimum." }),
  cos: ofVector("Cosine of each sample, in radians.", "2.31"),
  cosh: ofVector("Hyperbolic cosine of each sample.", "2.31"),
  count_over_time: ofRange("How many samples lie in the range."),
  day_of_month: ofOptionalVector("Day of the month in UTC, 1 to 31.", "1.1"),
  day_of_week: ofOptionalVector("Day of the week in UTC, 0 for Sunday.", "1.1"),
  day_of_year: ofOptionalVector("Day of the year in UTC, 1 to 366.", "2.38"),
  days_in_month: ofOptionalVector("How many days the month in UTC has.", "1.1"),
  deg: ofVector("Radians as degrees.", "2.31"),
  delta: ofRange("Difference between first and last value of a gauge, extrapolated to the range."),
  deriv: ofRange("Slope per second of a gauge, by linear regression."),
  double_exponential_smoothing: define(["matrix", "scalar", "scalar"], "vector", {
    doc: "Smoothed value of a gauge from a smoothing and a trend factor (Holt linear).",
    since: "3.0",
    isExperimental: true,
  }),
  end: ofQuery("Unix time of the query's end."),
  exp: ofVector("e to the power of each sample."),
  first_over_time: ofRange("Oldest sample in the range.", "3.7"),
  floor: ofVector("Each sample rounded down to an integer."),
  histogram_avg: ofVector("Average of the observations in a native histogram.", "2.51"),
  histogram_count: ofVector("How many observations a native histogram holds.", "2.40"),
  histogram_fraction: define(["scalar", "scalar", "vector"], "vector", {
    doc: "Share of the observations of a histogram between two values.",
    since: "2.40",
  }),
  histogram_quantile: define(["scalar", "vector"], "vector", {
    doc: "Quantile estimated from the buckets of a histogram.",
  }),
  histogram_quantiles: define(["vector", "string", "scalar", "scalar"], "vector", {
    doc: "Several quantiles of a histogram at once, told apart by the label named.",
    since: "3.11",
    variadic: 9,
    isExperimental: true,
  }),
  histogram_stddev: ofVector("Standard deviation estimated from a native histogram.", "2.47"),
  histogram_stdvar: ofVector("Variance estimated from a native histogram.", "2.47"),
  histogram_sum: ofVector("Sum of the observations in a native histogram.", "2.40"),
  hour: ofOptionalVector("Hour of the day in UTC, 0 to 23.", "1.1"),
  idelta: ofRange("Difference between the last two samples of a gauge.", "1.1"),
  increase: ofRange("Increase of a counter over the range, resets allowed for, extrapolated."),
  info: define(["vector", "vector"], "vector", {
    doc: "Each series with the data labels of the info metrics it belongs to.",
    since: "2.55",
    variadic: 1,
    isExperimental: true,
  }),
  irate: ofRange("Rate per second of a counter from its last two samples."),
  label_join: define(["vector", "string", "string", "string"], "vector", {
    doc: "Joins the values of source labels with a separator into a target label.",
    since: "2.0",
    variadic: -1,
  }),
  label_replace: define(["vector", "string", "string", "string", "string"], "vector", {
    doc: "Sets a label from a source label where a regular expression matches it.",
  }),
  last_over_time: ofRange("Newest sample in the range.", "2.26"),
  ln: ofVector("Natural logarithm of each sample."),
  log10: ofVector("Decimal logarithm of each sample."),
  log2: ofVector("Binary logarithm of each sample."),
  mad_over_time: ofRangeExperimental("Median absolute deviation of the samples.", "2.49"),
  max_of: define(["scalar", "scalar"], "scalar", {
    doc: "The larger of two scalars.",
    since: "3.13",
    isExperimental: true,
  }),
  max_over_time: ofRange("Largest sample in the range."),
  min_of: define(["scalar", "scalar"], "scalar", {
    doc: "The smaller of two scalars.",
    since: "3.13",
    isExperimental: true,
  }),
  min_over_time: ofRange("Smallest sample in the range."),
  minute: ofOptionalVector("Minute of the hour in UTC, 0 to 59.", "1.2"),
  month: ofOptionalVector("Month of the year in UTC, 1 to 12.", "1.1"),
  pi: define([], "scalar", { doc: "The number pi.", since: "2.31" }),
  predict_linear: define(["matrix", "scalar"], "vector", {
    doc: "Value a gauge will have in so many seconds, by linear regression.",
  }),
  present_over_time: ofRange("1 for each series with a sample in the range.", "2.29"),
  quantile_over_time: define(["scalar", "matrix"], "vector", {
    doc: "Quantile of the samples in the range.",
  }),
  rad: ofVector("Degrees as radians.", "2.31"),
  range: ofQuery("Seconds between the query's start and end."),
  rate: ofRange("Rate per second of a counter over the range, resets allowed for, extrapolated."),
  resets: ofRange("How many times a counter was reset within the range."),
  round: define(["vector", "scalar"], "vector", {
    doc: "Each sample rounded to the nearest multiple, of 1 where none is given.",
    variadic: 1,
  }),
  scalar: define(["vector"], "scalar", {
    doc: "The sample of a vector with one element, NaN otherwise.",
  }),
  sgn: ofVector("Sign of each sample: 1, 0 or -1.", "2.26"),
  sin: ofVector("Sine of each sample, in radians.", "2.31"),
  sinh: ofVector("Hyperbolic sine of each sample.", "2.31"),
  sort: ofVector("Elements in order of their values, smallest first."),
  sort_by_label: define(["vector", "string"], "vector", {
    doc: "Elements in natural order of the labels named.",
    since: "2.49",
    variadic: -1,
    isExperimental: true,
  }),
  sort_by_label_desc: define(["vector", "string"], "vector", {
    doc: "Elements in reverse natural order of the labels named.",
    since: "2.49",
    variadic: -1,
    isExperimental: true,
  }),
  sort_desc: ofVector("Elements in order of their values, largest first."),
  sqrt: ofVector("Square root of each sample."),
  start: ofQuery("Unix time of the query's start."),
  start_timestamp: define(["vector"], "vector", {
    doc: "Start timestamp of each sample, in seconds.",
    since: "3.14",
    isExperimental: true,
  }),
  stddev_over_time: ofRange("Population standard deviation of the samples in the range."),
  stdvar_over_time: ofRange("Population variance of the samples in the range."),
  step: ofQuery("Seconds between the points of the query."),
  sum_over_time: ofRange("Sum of the samples in the range."),
  tan: ofVector("Tangent of each sample, in radians.", "2.31"),
  tanh: ofVector("Hyperbolic tangent of each sample.", "2.31"),
  time: define([], "scalar", { doc: "Unix time at which the expression is evaluated." }),
  timestamp: ofVector("Unix time of each sample.", "2.0"),
  ts_of_first_over_time: ofRangeExperimental("Unix time of the oldest sample.", "3.7"),
  ts_of_last_over_time: ofRangeExperimental("Unix time of the newest sample.", "3.5"),
  ts_of_max_over_time: ofRangeExperimental("Unix time of the last largest sample.", "3.5"),
  ts_of_min_over_time: ofRangeExperimental("Unix time of the last smallest sample.", "3.5"),
  vector: define(["scalar"], "vector", { doc: "A scalar as a vector without labels." }),
  year: ofOptionalVector("Year in UTC.", "1.1"),
} satisfies Record<string, FunctionSignature>;

/** The names of all functions. */
export type FunctionName = keyof typeof table;

/** Signatures by name. */
export const functionSignatures: Readonly<Record<FunctionName, FunctionSignature>> = table;

/** The signature of a function, undefined where there is none of that name (names are case-sensitive). */
export function findFunctionSignature(name: string): FunctionSignature | undefined {
  return Object.hasOwn(table, name) ? table[name as FunctionName] : undefined;
}
