/**
 * Request parameters of Prometheus' HTTP API: times, durations, limits, selectors, with Prometheus'
 * error texts. Query string and form body are one set, the body first (Go's FormValue).
 */

import { AppError, errorMessage, ParseError, QueryError } from "../base/errors.ts";
import { parseDuration } from "../model/duration.ts";
import { quoteString } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { parseMetricSelector } from "../promql/parser.ts";
import { parseGoFloat } from "../textparse/go-float.ts";

/** Parameters by name; a name may repeat. */
export type Parameters = URLSearchParams;

/** Body size of a form, bytes: what Go's ParseForm reads at most. */
const formBytesMax = 10 * 1024 * 1024;
const int64End = 2 ** 63;
/** Go's time.Duration is an int64 of nanoseconds. */
const durationSecondsEnd = int64End / 1e9;
/** How Prometheus writes its first and last time, which have more digits than RFC 3339 allows. */
const minTimeText = "-292273086-05-16T16:47:06Z";
const maxTimeText = "292277025-08-18T07:12:54.999999999Z";
/** Where "from the beginning" and "to the end" are for storage: representable, beyond any sample. */
export const minTimeMs = -8_640_000_000_000_000;
export const maxTimeMs = 8_640_000_000_000_000;

/** Reads query string and, for POST with a form, the body. Throws QueryError bad_data when the body is too large. */
export async function readParameters(request: Request): Promise<Parameters> {
  const query = new URL(request.url).searchParams;
  const contentType = request.headers.get("content-type") ?? "";
  if (request.method !== "POST" || !contentType.includes("application/x-www-form-urlencoded")) {
    return query;
  }
  const body = await request.text();
  if (body.length > formBytesMax) throw new QueryError("bad_data", "http: POST too large");
  const both = new URLSearchParams(body);
  for (const [name, value] of query) both.append(name, value);
  return both;
}

/** A QueryError bad_data in the words of Prometheus' invalidParamError. */
export function invalidParameter(name: string, why: string): QueryError {
  return new QueryError("bad_data", `invalid parameter "${name}": ${why}`);
}

/**
 * Unix seconds with fraction (any float of Go's) or RFC 3339, as ms; undefined where it is neither.
 * What no int64 holds (NaN, infinities) is 0, which is what Go's conversion comes to.
 */
export function parseTime(text: string): number | undefined {
  const { value: seconds, problem } = parseGoFloat(text);
  if (problem === "") {
    if (!(Math.abs(seconds) < int64End)) return 0;
    const whole = Math.trunc(seconds);
    return whole * 1000 + Math.round((seconds - whole) * 1000);
  }
  if (text === minTimeText) return minTimeMs;
  if (text === maxTimeText) return maxTimeMs;
  return parseRfc3339(text);
}

/** Strict, as Go is: no 24:00, no 30th of February, but a comma before the fraction. Cut to the millisecond. */
function parseRfc3339(text: string): number | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, date = "", , fraction = ""] = match;
  const dayMs = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(dayMs) || !new Date(dayMs).toISOString().startsWith(date)) return undefined;
  const ms = Date.parse(text.replace(fraction, fraction.slice(0, 4).replace(",", ".")));
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time as the engine has it: Go counts nanoseconds in an int64, and begins anew beyond it (about 292 years). */
export function engineTimeMs(ms: number): number {
  return Number(BigInt.asIntN(64, BigInt(Math.trunc(ms)) * 1_000_000n) / 1_000_000n);
}

/** A time that must be there; throws with Prometheus' text. */
export function requiredTime(parameters: Parameters, name: string): number {
  const text = parameters.get(name) ?? "";
  const ms = parseTime(text);
  if (ms === undefined) {
    throw invalidParameter(name, `cannot parse ${quoteString(text)} to a valid timestamp`);
  }
  return ms;
}

/** A time with a default. */
export function optionalTime(parameters: Parameters, name: string, defaultMs: number): number {
  const text = parameters.get(name) ?? "";
  if (text === "") return defaultMs;
  const ms = parseTime(text);
  if (ms === undefined) {
    const why = `cannot parse ${quoteString(text)} to a valid timestamp`;
    throw invalidParameter(name, `invalid time value for '${name}': ${why}`);
  }
  return ms;
}

/** Seconds or a Prometheus duration, as ms. Throws a plain bad_data QueryError without the parameter's name. */
export function parseDurationParameter(text: string): number {
  const { value: seconds, problem } = parseGoFloat(text);
  if (problem === "") {
    if (Math.abs(seconds) > durationSecondsEnd) {
      throw new QueryError(
        "bad_data",
        `cannot parse ${quoteString(text)} to a valid duration. It overflows int64`,
      );
    }
    // Go converts NaN to the most negative duration.
    return Number.isNaN(seconds) ? -durationSecondsEnd * 1000 : seconds * 1000;
  }
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new QueryError("bad_data", `cannot parse ${quoteString(text)} to a valid duration`);
  }
  return ms;
}

/** A duration under its name; undefined where it is absent. */
export function optionalDuration(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name) ?? "";
  if (text === "") return undefined;
  try {
    return parseDurationParameter(text);
  } catch (thrown) {
    throw invalidParameter(name, errorMessage(thrown));
  }
}

/** A count, 0 where absent (no limit). */
export function optionalLimit(parameters: Parameters, name = "limit"): number {
  const text = parameters.get(name) ?? "";
  if (text === "") return 0;
  const limit = parseGoInteger(text);
  if (limit === undefined) {
    const reason = /^[+-]?\d+$/.test(text) ? "value out of range" : "invalid syntax";
    throw invalidParameter(name, `strconv.Atoi: parsing ${quoteString(text)}: ${reason}`);
  }
  if (limit < 0) throw invalidParameter(name, "limit must be non-negative");
  return limit;
}

/** Decimal digits with a sign, within 64 bits, as strconv.Atoi takes them; undefined for others. */
export function parseGoInteger(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}

/** The matchers of each match[] parameter, whatever they select. Throws ParseError. */
export function parseMatcherSets(parameters: Parameters): (readonly Matcher[])[] {
  return parameters.getAll("match[]").map((text) => parseMetricSelector(text));
}

/** The same, of which none may select everything. Throws with Prometheus' texts, without the parameter's name. */
export function matcherSets(parameters: Parameters): (readonly Matcher[])[] {
  const sets = parseMatcherSets(parameters);
  if (sets.some((matchers) => matchers.every((matcher) => matcher.matches("")))) {
    throw new QueryError("bad_data", "match[] must contain at least one non-empty matcher");
  }
  return sets;
}

/** The same with the parameter's name in the text of an error, which some routes want. */
export function namedMatcherSets(parameters: Parameters): (readonly Matcher[])[] {
  try {
    return matcherSets(parameters);
  } catch (thrown) {
    if (thrown instanceof AppError) throw invalidParameter("match[]", thrown.message);
    throw thrown;
  }
}

/** Parses a selector given as a parameter. */
export function parseSelectorParameter(name: string, text: string): readonly Matcher[] {
  try {
    return parseMetricSelector(text);
  } catch (thrown) {
    if (thrown instanceof ParseError) throw invalidParameter(name, thrown.message);
    throw thrown;
  }
}

/** Whatever was thrown, as a QueryError: bad input stays bad input, the rest is internal. */
export function toQueryError(thrown: unknown): QueryError {
  if (thrown instanceof QueryError) return thrown;
  if (thrown instanceof AppError && thrown.code === "parse") {
    return new QueryError("bad_data", thrown.message, { cause: thrown });
  }
  return new QueryError("internal", errorMessage(thrown), { cause: thrown });
}
