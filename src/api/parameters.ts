/**
 * Request parameters of Prometheus' HTTP API: times, durations, limits, selectors, with Prometheus'
 * error texts. Query string and form body are one set, the body first (Go's FormValue).
 */

import { AppError, errorMessage, ParseError, QueryError } from "../base/errors.ts";
import { parseDuration } from "../model/duration.ts";
import type { Matcher } from "../model/matcher.ts";
import { parseMetricSelector } from "../promql/parser.ts";

/** Parameters by name; a name may repeat. */
export type Parameters = URLSearchParams;

/** Body size of a form, bytes: what Go's ParseForm reads at most. */
const formBytesMax = 10 * 1024 * 1024;
/** Seconds that fit Go's time.Duration (int64 ns). */
const durationSecondsMax = 9_223_372_036.85;
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

/** Unix seconds with fraction or RFC 3339, as ms; undefined where it is neither. */
export function parseTime(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const seconds = Number(text);
    const whole = Math.trunc(seconds);
    return whole * 1000 + Math.round((seconds - whole) * 1000);
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time that must be there; throws with Prometheus' text. */
export function requiredTime(parameters: Parameters, name: string): number {
  const text = parameters.get(name) ?? "";
  const ms = parseTime(text);
  if (ms === undefined) {
    throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  }
  return ms;
}

/** A time with a default. */
export function optionalTime(parameters: Parameters, name: string, defaultMs: number): number {
  const text = parameters.get(name) ?? "";
  if (text === "") return defaultMs;
  const ms = parseTime(text);
  if (ms === undefined) {
    const why = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
    throw invalidParameter(name, `invalid time value for '${name}': ${why}`);
  }
  return ms;
}

/** Seconds or a Prometheus duration, as ms. Throws a plain bad_data QueryError without the parameter's name. */
export function parseDurationParameter(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const seconds = Number(text);
    if (Math.abs(seconds) > durationSecondsMax) {
      throw new QueryError(
        "bad_data",
        `cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`,
      );
    }
    return Math.round(seconds * 1000);
  }
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new QueryError("bad_data", `cannot parse ${JSON.stringify(text)} to a valid duration`);
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
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalidParameter(name, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const limit = Number(text);
  if (limit < 0) throw invalidParameter(name, "limit must be non-negative");
  return limit;
}

/** The matchers of each match[] parameter. Throws for a selector that does not parse or selects everything. */
export function matcherSets(parameters: Parameters): (readonly Matcher[])[] {
  return parameters.getAll("match[]").map((text) => {
    const matchers = parseSelectorParameter("match[]", text);
    if (matchers.every((matcher) => matcher.matches(""))) {
      throw invalidParameter("match[]", "match[] must contain at least one non-empty matcher");
    }
    return matchers;
  });
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
