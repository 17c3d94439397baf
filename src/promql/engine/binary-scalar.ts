/**
 * Operators on floats, on scalars and between a vector and a scalar. Row-wise loops without a call
 * per sample for the common operators.
 */

import type { BinaryOperator } from "../ast.ts";
import { goPow } from "./go-math.ts";
import type { BinaryNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** An operator that computes rather than compares or combines sets. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";

const arithmetic: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "^", "atan2"]);
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

export function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return arithmetic.has(operator);
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return comparisons.has(operator);
}

/** One arithmetic operation on floats. */
export function compute(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return goPow(left, right);
    case "atan2":
      return Math.atan2(left, right);
  }
}

/** One comparison of floats. */
export function compare(operator: ComparisonOperator, left: number, right: number): boolean {
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** An operation on two scalars; comparisons give 0 or 1. */
export function scalarBinary(operator: BinaryOperator, left: number, right: number): number {
  if (isArithmetic(operator)) return compute(operator, left, right);
  if (isComparison(operator)) return compare(operator, left, right) ? 1 : 0;
  return Number.NaN;
}

/** Scalars over all steps; the result takes the place of `left`. */
export function scalarsBinary(
  operator: BinaryOperator,
  left: Float64Array,
  right: Float64Array,
): Float64Array {
  for (let step = 0; step < left.length; step++) {
    left[step] = scalarBinary(operator, left[step]!, right[step]!);
  }
  return left;
}

/**
 * The floats of a vector with a scalar, in place; the scalar stands on the side where the node has it.
 * Other operators than arithmetic and comparisons leave all as it is.
 */
export async function vectorScalarFloats(
  node: BinaryNode,
  vector: StepVector,
  scalar: Float64Array,
  run: QueryRun,
): Promise<void> {
  const { operator } = node;
  if (!isArithmetic(operator) && !isComparison(operator)) return;
  const applyToRow = rowOperation(operator, vector, scalar, node);
  for (let row = 0; row < vector.rowCount; row++) {
    if ((row & 63) === 0 && run.isPauseDue()) await run.pause();
    applyToRow(row);
  }
}

function rowOperation(
  operator: ArithmeticOperator | ComparisonOperator,
  vector: StepVector,
  scalar: Float64Array,
  node: BinaryNode,
): (row: number) => void {
  const isScalarLeft = node.left.type === "scalar";
  if (isArithmetic(operator)) {
    return (row) =>
      computeRow(operator, vector.values, row * vector.stepCount, scalar, isScalarLeft);
  }
  const how = { isTrue: comparisonOf(operator, isScalarLeft), isBool: node.isBool };
  return (row) => compareRow(vector, row, scalar, how);
}

/** Cells that are absent are computed too: cheaper than asking. */
function computeRow(
  operator: ArithmeticOperator,
  values: Float64Array,
  base: number,
  scalar: Float64Array,
  isScalarLeft: boolean,
): void {
  const steps = scalar.length;
  if (operator === "*" || operator === "+") {
    if (operator === "*") for (let i = 0; i < steps; i++) values[base + i]! *= scalar[i]!;
    else for (let i = 0; i < steps; i++) values[base + i]! += scalar[i]!;
  } else if (isScalarLeft) {
    for (let i = 0; i < steps; i++) {
      values[base + i] = compute(operator, scalar[i]!, values[base + i]!);
    }
  } else if (operator === "/") {
    for (let i = 0; i < steps; i++) values[base + i]! /= scalar[i]!;
  } else {
    for (let i = 0; i < steps; i++) {
      values[base + i] = compute(operator, values[base + i]!, scalar[i]!);
    }
  }
}

function comparisonOf(operator: ComparisonOperator, isScalarLeft: boolean) {
  return isScalarLeft
    ? (value: number, scalar: number) => compare(operator, scalar, value)
    : (value: number, scalar: number) => compare(operator, value, scalar);
}

/** The vector's value stays, whichever side it stood on. */
function compareRow(
  vector: StepVector,
  row: number,
  scalar: Float64Array,
  how: {
    readonly isTrue: (value: number, scalar: number) => boolean;
    readonly isBool: boolean;
  },
): void {
  const { values, kinds, stepCount } = vector;
  const base = row * stepCount;
  for (let step = 0; step < stepCount; step++) {
    const at = base + step;
    if (kinds[at] !== cellKind.float) continue;
    const isTrue = how.isTrue(values[at]!, scalar[step]!);
    if (how.isBool) values[at] = isTrue ? 1 : 0;
    else if (!isTrue) kinds[at] = cellKind.absent;
  }
}
