/**
 * Operators on floats, on scalars and between a vector and a scalar. Row-wise loops without a call
 * per sample for the common operators.
 */

import type { BinaryOperator } from "../ast.ts";
import { goPow } from "./go-math.ts";
import type { BinaryNode } from "./plan-node.ts";
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

/** Changes the floats of a row in place, from `base` on; absent cells are computed too: cheaper than asking. */
export type FloatOperation = (vector: StepVector, base: number) => void;

/**
 * What an operator with a scalar does to floats; the scalar (one value a step) stands on the side where
 * the node has it. Undefined for operators other than arithmetic and comparisons.
 */
export function floatOperation(node: BinaryNode, scalar: Float64Array): FloatOperation | undefined {
  const { operator, isBool } = node;
  const isScalarLeft = node.left.type === "scalar";
  if (isArithmetic(operator)) {
    return ({ values }, base) => computeRow(operator, values, base, scalar, isScalarLeft);
  }
  if (!isComparison(operator)) return undefined;
  const { mark, isMirrored } = markers[operator];
  const isScalarFirst = isScalarLeft !== isMirrored;
  const isTrue = new Uint8Array(scalar.length);
  return ({ values, kinds }, base) => {
    if (isScalarFirst) mark(scalar, 0, values, base, isTrue);
    else mark(values, base, scalar, 0, isTrue);
    if (isBool) values.set(isTrue, base);
    else keepTrue(kinds, base, isTrue);
  };
}

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

/** Writes 1 at each step where `left`, from `leftBase` on, compares so with `right`, else 0. */
type MarkTrue = (
  left: Float64Array,
  leftBase: number,
  right: Float64Array,
  rightBase: number,
  isTrue: Uint8Array,
) => void;

const markEqual: MarkTrue = (left, leftBase, right, rightBase, isTrue) => {
  for (let i = 0; i < isTrue.length; i++) {
    isTrue[i] = Number(left[leftBase + i]! === right[rightBase + i]!);
  }
};

const markUnequal: MarkTrue = (left, leftBase, right, rightBase, isTrue) => {
  for (let i = 0; i < isTrue.length; i++) {
    isTrue[i] = Number(left[leftBase + i]! !== right[rightBase + i]!);
  }
};

const markLess: MarkTrue = (left, leftBase, right, rightBase, isTrue) => {
  for (let i = 0; i < isTrue.length; i++) {
    isTrue[i] = Number(left[leftBase + i]! < right[rightBase + i]!);
  }
};

const markLessOrEqual: MarkTrue = (left, leftBase, right, rightBase, isTrue) => {
  for (let i = 0; i < isTrue.length; i++) {
    isTrue[i] = Number(left[leftBase + i]! <= right[rightBase + i]!);
  }
};

/** A loop for each comparison; those that are another with its sides swapped have that one's. */
const markers: Readonly<
  Record<ComparisonOperator, { readonly mark: MarkTrue; readonly isMirrored: boolean }>
> = {
  "==": { mark: markEqual, isMirrored: false },
  "!=": { mark: markUnequal, isMirrored: false },
  "<": { mark: markLess, isMirrored: false },
  "<=": { mark: markLessOrEqual, isMirrored: false },
  ">": { mark: markLess, isMirrored: true },
  ">=": { mark: markLessOrEqual, isMirrored: true },
};

/** Floats for which the comparison does not hold become absent; what is absent or a histogram stays. */
function keepTrue(kinds: Uint8Array, base: number, isTrue: Uint8Array): void {
  const keepsOthers = ~cellKind.float;
  for (let i = 0; i < isTrue.length; i++) {
    kinds[base + i] = kinds[base + i]! & (isTrue[i]! | keepsOthers);
  }
}
