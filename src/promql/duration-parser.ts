/**
 * Reads ranges, steps and offsets: a number of seconds, a duration, or arithmetic on
 * them with step(), range(), min_of() and max_of(). Browser-safe.
 */

import type { DurationExpr, NumberLiteral, PositionRange } from "./ast.ts";
import { parseDurationSeconds, parseNumber } from "./number-literal.ts";
import type { Token } from "./token.ts";
import type { TokenReader } from "./token-reader.ts";

/** A duration before or after it is known how long it is. */
export type Duration = DurationExpr | NumberLiteral;

/** Go's time.Duration holds 2^63 ns. */
const durationMaxSeconds = 2 ** 63 / 1e9;

const precedences: ReadonlyMap<string, number> = new Map([
  ["+", 1],
  ["-", 1],
  ["*", 2],
  ["/", 2],
  ["%", 2],
  ["^", 3],
]);
/** A sign binds as a multiplication does: -5m ^ 2 is -(5m ^ 2). */
const signPrecedence = 2;
const powerPrecedence = 3;

/** `5m`, `300`, as a literal. */
export function readNumberLiteral(reader: TokenReader): NumberLiteral {
  const token = reader.take();
  const isDuration = token.kind === "duration";
  const result = isDuration ? parseDurationSeconds(token.text) : parseNumber(token.text);
  if (result.error !== undefined) reader.fail(token, result.error);
  return { kind: "number", value: result.value, isDuration, start: token.start, end: token.end };
}

/** Whether a number or a duration is next. */
export function isNumberNext(reader: TokenReader): boolean {
  return reader.isNext("number") || reader.isNext("duration");
}

/** A range or a step; `context` and `expected` name what is missing where none begins. */
export function readPositiveDuration(
  reader: TokenReader,
  context: string,
  expected: string,
): Duration {
  const duration = readDuration(reader, 0, { context, expected });
  if (duration.kind === "number" && duration.value <= 0) {
    reader.fail(duration, "duration must be greater than 0");
  }
  return duration;
}

interface Missing {
  readonly context: string;
  readonly expected: string;
}

const missingOffset: Missing = {
  context: "offset",
  expected: "number, duration, step(), or range()",
};

/**
 * What follows `offset`. A number, step(), range(), min_of(), max_of() and a signed one of these end
 * it (`offset 5m + 2` adds to the result); only what begins with a bracket goes on.
 */
export function readOffset(reader: TokenReader): Duration {
  const sign = reader.peek();
  if (sign.kind !== "+" && sign.kind !== "-") return readUnsignedOffset(reader);
  reader.take();
  if (isNumberNext(reader)) return applySign(reader, sign, readNumberLiteral(reader));
  if (reader.isNext("(")) {
    reader.take();
    const inner = readDuration(reader, 0, missingOffset);
    reader.expect(")", missingOffset.context, missingOffset.expected);
    return applySign(reader, sign, wrap(inner, inner.start));
  }
  if (isCallNext(reader)) {
    const right = readCall(reader, missingOffset, sign);
    return {
      kind: "duration",
      operator: sign.kind,
      right,
      isWrapped: false,
      start: sign.start,
      end: right.end,
    };
  }
  const operand = readDuration(reader, powerPrecedence, missingOffset);
  return continueDuration(reader, applySign(reader, sign, operand), 0, missingOffset);
}

function readUnsignedOffset(reader: TokenReader): Duration {
  if (isNumberNext(reader)) return checkRange(reader, reader.peek());
  if (isCallNext(reader)) return readCall(reader, missingOffset);
  return readDuration(reader, 0, missingOffset);
}

/** Precedence climbing over duration expressions. */
function readDuration(reader: TokenReader, minPrecedence: number, missing: Missing): Duration {
  return continueDuration(reader, readOperand(reader, missing), minPrecedence, missing);
}

function continueDuration(
  reader: TokenReader,
  first: Duration,
  minPrecedence: number,
  missing: Missing,
): Duration {
  let left = first;
  for (;;) {
    const operator = reader.peek();
    const precedence = precedences.get(operator.kind);
    if (precedence === undefined || precedence < minPrecedence) return left;
    reader.take();
    const isRightAssociative = operator.kind === "^";
    const right = readDuration(reader, isRightAssociative ? precedence : precedence + 1, missing);
    left = combine(reader, operator, left, right);
  }
}

function combine(
  reader: TokenReader,
  operator: Token,
  left: Duration,
  right: Duration,
): DurationExpr {
  requireDurationExpressions(reader, left);
  if (right.kind === "number" && right.value === 0) {
    if (operator.kind === "/") reader.fail(operator, "division by zero");
    if (operator.kind === "%") reader.fail(operator, "modulo by zero");
  }
  return {
    kind: "duration",
    operator: operator.kind as DurationExpr["operator"],
    left,
    right,
    isWrapped: false,
    start: left.start,
    end: right.end,
  };
}

function readOperand(reader: TokenReader, missing: Missing): Duration {
  const token = reader.peek();
  switch (token.kind) {
    case "number":
    case "duration":
      return checkRange(reader, token);
    case "+":
    case "-": {
      reader.take();
      return applySign(reader, token, readDuration(reader, signPrecedence + 1, missing));
    }
    case "(": {
      reader.take();
      const inner = readDuration(reader, 0, missing);
      reader.expect(")", missing.context, missing.expected);
      requireDurationExpressions(reader, inner);
      return wrap(inner, token.start);
    }
    default:
      if (isCallNext(reader)) return readCall(reader, missing);
      return reader.unexpected(missing.context, missing.expected);
  }
}

function checkRange(reader: TokenReader, at: Token): NumberLiteral {
  const literal = readNumberLiteral(reader);
  if (isOutOfRange(literal.value)) reader.fail(at, "duration out of range");
  return literal;
}

function isOutOfRange(seconds: number): boolean {
  return seconds > durationMaxSeconds || seconds < -durationMaxSeconds;
}

/** A bracketed number becomes an expression, so that the printer shows the brackets again. */
function wrap(inner: Duration, start: number): DurationExpr {
  if (inner.kind === "duration") return { ...inner, isWrapped: true };
  const { end } = inner;
  return { kind: "duration", operator: "+", right: inner, isWrapped: true, start, end };
}

function applySign(reader: TokenReader, sign: Token, operand: Duration): Duration {
  if (operand.kind === "duration") {
    if (sign.kind !== "-") return operand;
    return {
      kind: "duration",
      operator: "-",
      right: operand,
      isWrapped: false,
      start: sign.start,
      end: operand.end,
    };
  }
  const value = sign.kind === "-" ? -operand.value : operand.value;
  if (isOutOfRange(value)) reader.fail(sign, "duration out of range");
  return { ...operand, value, start: sign.start };
}

function isCallNext(reader: TokenReader): boolean {
  const { kind } = reader.peek();
  return kind === "step" || kind === "range" || kind === "min_of" || kind === "max_of";
}

/**
 * min_of() and max_of() lie, as for Prometheus, from their first operand to the last. `errorAt` is where
 * Prometheus complains of the missing feature flag, where that is not the call.
 */
function readCall(reader: TokenReader, missing: Missing, errorAt?: Token): DurationExpr {
  const { context, expected } = missing;
  const name = reader.take();
  reader.expect("(", context, expected);
  let operands: { left?: Duration; right?: Duration } = {};
  if (name.kind === "min_of" || name.kind === "max_of") {
    const left = readDuration(reader, 0, missing);
    reader.expect(",", context, expected);
    operands = { left, right: readDuration(reader, 0, missing) };
  }
  const close = reader.expect(")", context, expected);
  const { left = name, right = close } = operands;
  const operator = name.kind.replace("_of", "") as DurationExpr["operator"];
  const call: DurationExpr = {
    kind: "duration",
    operator,
    ...operands,
    isWrapped: false,
    start: left.start,
    end: right.end,
  };
  requireDurationExpressions(reader, errorAt ?? call);
  return call;
}

function requireDurationExpressions(reader: TokenReader, at: PositionRange): void {
  if (reader.options.enableDurationExpressions !== false) return;
  reader.fail(at, "experimental duration expression is not enabled");
}

/** Milliseconds of a duration in seconds, rounded to nanoseconds first as Go does, which makes of NaN the least. */
export function durationToMs(seconds: number): number {
  if (Number.isNaN(seconds)) return -Math.trunc(durationMaxSeconds * 1000);
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}
