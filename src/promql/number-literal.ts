/**
 * Numbers as queries and `load` lines write them: Go's integers (decimal, 0x…, 0… and 0o… octal,
 * 0b…, with underscores) and floats, Inf and NaN in any case, and durations in seconds. Browser-safe.
 */

import { durationProblem, parseDuration } from "../model/duration.ts";
import { quoteString } from "../model/labels.ts";

/** A number, or why the text is none, in Go's words. */
export type NumberResult =
  | { readonly value: number; readonly error?: undefined }
  | { readonly error: string };

const octalInteger = /^0(?:_?[0-7])+$/;
/** 63 bits as octal digits. */
const octalDigitsMax = 21;
const hexInteger = /^0[xX](?:_?[0-9a-fA-F])+$/;
/** Underscores stand between digits only. */
const floatPattern =
  /^(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/;

/** The value of a number token. */
export function parseNumber(text: string): NumberResult {
  const digits = text.replaceAll("_", "");
  // Beyond 63 bits Go tries a float, which knows no octal digits.
  if (octalInteger.test(text) && digits.replace(/^0+/, "").length <= octalDigitsMax) {
    return { value: Number(`0o${digits.slice(1)}`) };
  }
  if (hexInteger.test(text)) {
    const value = BigInt(digits);
    // Beyond 63 bits Go tries a float, which in hexadecimal needs an exponent.
    return value < 1n << 63n ? { value: Number(value) } : floatError(text, "invalid syntax");
  }
  const lower = text.toLowerCase();
  if (lower === "inf") return { value: Number.POSITIVE_INFINITY };
  if (lower === "nan") return { value: Number.NaN };
  if (!floatPattern.test(text)) return floatError(text, "invalid syntax");
  const value = Number(digits);
  return Number.isFinite(value) ? { value } : floatError(text, "value out of range");
}

function floatError(text: string, reason: string): NumberResult {
  return {
    error: `error parsing number: strconv.ParseFloat: parsing ${quoteString(text)}: ${reason}`,
  };
}

/** Seconds of a duration token. */
export function parseDurationSeconds(text: string): NumberResult {
  const problem = durationProblem(text);
  return problem === undefined ? { value: (parseDuration(text) ?? 0) / 1000 } : { error: problem };
}
