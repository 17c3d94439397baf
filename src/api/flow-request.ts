/** Parameters of the flow and map routes: the span, the filter line, counts. */

import { ConfigError, errorMessage, ParseError } from "../base/errors.ts";
import { parseFilterLine } from "../flow/observe/filter-line.ts";
import type { FilterLists, TimeSpan } from "../flow/store/row-filter.ts";
import { parseDuration } from "../model/duration.ts";
import { parseTime } from "./parameters.ts";
import type { FilterErrorAnswer } from "./wire/flows.ts";

/** Reads `name`: RFC 3339, Unix seconds, `now`, `now-1h`, or a duration back from now (`15m`). Throws ConfigError. */
export function readTime(
  text: string | undefined,
  name: string,
  nowMs: number,
): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "now") return nowMs;
  const relative = parseDuration(text.replace(/^now-/, ""));
  if (relative !== undefined && !/^[\d.]+$/.test(text)) return nowMs - relative;
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  throw new ConfigError(
    `${JSON.stringify(text)} is no time: write 2026-01-15T10:00:00Z, 1768471200, now-1h or 15m`,
    { path: name },
  );
}

/** The span of `since` and `until`. Throws ConfigError. */
export function readSpan(query: Readonly<Record<string, string>>, nowMs: number): TimeSpan {
  return {
    sinceMs: readTime(query["since"], "since", nowMs),
    untilMs: readTime(query["until"], "until", nowMs),
  };
}

/**
 * The lists of `q`; flows that a line of `hide` matches are left out, and every line of `and` must let
 * a flow pass too. Throws ParseError with the place in `q`, ConfigError for the other two.
 */
export function readFilter(query: Readonly<Record<string, string>>): FilterLists {
  const { allow, deny } = parseFilterLine(query["q"] ?? "");
  const hidden = readLines(query["hide"], "hide").flatMap((lists) => {
    if (lists.deny.length > 0) {
      throw new ConfigError("a hidden condition cannot have --not", { path: "hide" });
    }
    return lists.allow;
  });
  const also = readLines(query["and"], "and");
  return { allow, deny: [...deny, ...hidden], ...(also.length === 0 ? {} : { also }) };
}

const linesMax = 64;

function readLines(text: string | undefined, name: string): FilterLists[] {
  const lines = (text ?? "").split("\n").filter((line) => line.trim() !== "");
  if (lines.length > linesMax) {
    throw new ConfigError(`there are more than ${linesMax} lines`, { path: name });
  }
  return lines.map((line) => {
    try {
      return parseFilterLine(line);
    } catch (thrown) {
      if (!(thrown instanceof ParseError)) throw thrown;
      throw new ConfigError(`${JSON.stringify(line)}: ${thrown.message}`, { path: name });
    }
  });
}

/** A whole number from 1 to `max`. Throws ConfigError. */
export function readCount(
  text: string | undefined,
  name: string,
  { normal, max }: { readonly normal: number; readonly max: number },
): number {
  if (text === undefined || text === "") return normal;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new ConfigError(`${JSON.stringify(text)} is no number from 1 to ${max}`, { path: name });
}

/** An answer 400 with the place of what is wrong in the filter; other errors are thrown again. */
export function filterError(thrown: unknown, q: string): Response {
  const isParse = thrown instanceof ParseError;
  if (!isParse && !(thrown instanceof ConfigError)) throw thrown;
  const body: FilterErrorAnswer = {
    error: errorMessage(thrown),
    start: isParse ? thrown.start : 0,
    end: isParse ? thrown.end : q.length,
  };
  return Response.json(body, { status: 400 });
}
