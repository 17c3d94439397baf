/** Durations, offsets and ranges of a query as ms, duration expressions worked out. */

import { QueryError } from "../../base/errors.ts";
import type { DurationExpr, MatrixSelector, NumberLiteral, SubqueryExpr } from "../ast.ts";

/** What step() and range() stand for. */
export interface DurationContext {
  readonly stepMs: number;
  readonly rangeMs: number;
}

type DurationNode = DurationExpr | NumberLiteral;

/** Go's time.Duration holds so many seconds. */
const secondsMax = 2 ** 63 / 1e9;

/** The offset as written, negative for a negative offset. */
export function resolveOffsetMs(
  written: { readonly offsetMs: number; readonly offsetExpr?: DurationNode },
  context: DurationContext,
): number {
  return written.offsetExpr === undefined
    ? written.offsetMs
    : durationMs(written.offsetExpr, context, true);
}

/** The range of a matrix selector or subquery. */
export function resolveRangeMs(
  node: MatrixSelector | SubqueryExpr,
  context: DurationContext,
): number {
  return node.rangeExpr === undefined ? node.rangeMs : durationMs(node.rangeExpr, context, false);
}

/** The step of a subquery, 0 where none is written. */
export function resolveStepMs(node: SubqueryExpr, context: DurationContext): number {
  return node.stepExpr === undefined ? node.stepMs : durationMs(node.stepExpr, context, false);
}

function durationMs(
  node: DurationNode,
  context: DurationContext,
  isNegativeAllowed: boolean,
): number {
  const seconds = evaluate(node, context);
  if (!Number.isFinite(seconds)) throw durationError(node, "duration is NaN or infinite");
  if (seconds <= 0 && !isNegativeAllowed) {
    throw durationError(node, "duration must be greater than 0");
  }
  if (seconds > secondsMax || seconds < -secondsMax) {
    throw durationError(node, "duration is out of range");
  }
  return Math.trunc(seconds * 1000);
}

/** Seconds. */
function evaluate(node: DurationNode, context: DurationContext): number {
  if (node.kind === "number") return node.value;
  const left = node.left === undefined ? 0 : evaluate(node.left, context);
  const right = node.right === undefined ? 0 : evaluate(node.right, context);
  switch (node.operator) {
    case "step":
      return context.stepMs / 1000;
    case "range":
      return context.rangeMs / 1000;
    case "min":
      return Math.min(left, right);
    case "max":
      return Math.max(left, right);
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      if (right === 0) throw durationError(node, "division by zero");
      return left / right;
    case "%":
      if (right === 0) throw durationError(node, "modulo by zero");
      return left % right;
    case "^":
      return left ** right;
  }
}

function durationError(node: DurationNode, what: string): QueryError {
  return new QueryError("bad_data", `${node.start}:${node.end}: ${what}`);
}
