/**
 * Operators where one side or both are native histograms: they can be added, subtracted and compared
 * for equality with each other, and multiplied, divided and trimmed with floats. All else gives
 * nothing but a remark.
 */

import type { BinaryOperator } from "../ast.ts";
import {
  type Annotations,
  boundsReconciled,
  conflictingResets,
  incompatibleLayouts,
  incompatibleTypes,
} from "./annotations.ts";
import { compare, compute, isArithmetic, isComparison } from "./binary-scalar.ts";
import {
  addFinding,
  divideHistogram,
  HistogramSum,
  scaleHistogram,
} from "./histogram/histogram-sum.ts";
import { trimHistogram } from "./histogram/histogram-trim.ts";
import {
  compactHistogram,
  type HistogramValue,
  isSameHistogram,
  withHint,
} from "./histogram/histogram-value.ts";
import type { BinaryNode } from "./plan-node.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** One side of an operator at one step. */
export type Operand = number | HistogramValue;

/** What an operator gives. */
export interface OperatorResult {
  /** Undefined where the operands do not go together; a comparison gives its left side. */
  readonly value: Operand | undefined;
  /** Of comparisons: whether they hold. */
  readonly isTrue: boolean;
  /** A text of annotations.ts. */
  readonly remark: string | undefined;
}

/** Any operator but the set operators, on anything. */
export function applyOperator(
  operator: BinaryOperator,
  left: Operand,
  right: Operand,
): OperatorResult {
  if (typeof left === "number" && typeof right === "number") {
    if (isArithmetic(operator)) return given(compute(operator, left, right));
    if (isComparison(operator)) {
      return { value: left, isTrue: compare(operator, left, right), remark: undefined };
    }
  } else if (typeof left !== "number" && typeof right !== "number") {
    if (operator === "+" || operator === "-") return combine(operator, left, right);
    if (operator === "==" || operator === "!=") {
      const isTrue = isSameHistogram(left, right) === (operator === "==");
      return { value: left, isTrue, remark: undefined };
    }
  } else if (typeof left !== "number" && typeof right === "number") {
    const value = withFloat(operator, left, right);
    if (value !== undefined) return given(value);
  } else if (operator === "*" && typeof right !== "number") {
    return given(compactHistogram(scaleHistogram(right, left as number)));
  }
  return refused(incompatibleTypes(typeName(left), operator, typeName(right)));
}

function given(value: Operand): OperatorResult {
  return { value, isTrue: true, remark: undefined };
}

function refused(remark: string): OperatorResult {
  return { value: undefined, isTrue: false, remark };
}

function typeName(operand: Operand): string {
  return typeof operand === "number" ? "float" : "histogram";
}

function withFloat(
  operator: BinaryOperator,
  left: HistogramValue,
  right: number,
): HistogramValue | undefined {
  switch (operator) {
    case "*":
      return compactHistogram(scaleHistogram(left, right));
    case "/":
      return compactHistogram(divideHistogram(left, right));
    case "</":
      return trimHistogram(left, right, true);
    case ">/":
      return trimHistogram(left, right, false);
    default:
      return undefined;
  }
}

function combine(operator: "+" | "-", left: HistogramValue, right: HistogramValue): OperatorResult {
  const sum = new HistogramSum(left, false);
  const findings = operator === "+" ? sum.add(right) : sum.subtract(right);
  const operation = operator === "+" ? "addition" : "subtraction";
  if ((findings & addFinding.incompatible) !== 0) return refused(incompatibleLayouts(operator));
  if ((findings & addFinding.collision) !== 0) return refused(conflictingResets(operation));
  const total = compactHistogram(sum.total());
  const remark = (findings & addFinding.reconciled) !== 0 ? boundsReconciled(operation) : undefined;
  return { value: operator === "-" ? withHint(total, "gauge") : total, isTrue: true, remark };
}

/**
 * What an operator does to the cells of a vector with a scalar that need this file: histograms, and floats
 * too where it trims. The other floats are dealt with already.
 */
export class HistogramOperation {
  /** Floats are dealt with here, too. */
  readonly isForFloats: boolean;
  readonly #node: BinaryNode;
  readonly #scalar: Float64Array;
  /** Of each step only what the last row has to say is told, as in Prometheus. */
  readonly #remarks = new Map<number, string>();

  /** `scalar` holds one value a step. */
  constructor(node: BinaryNode, scalar: Float64Array) {
    this.#node = node;
    this.#scalar = scalar;
    this.isForFloats = node.operator === "</" || node.operator === ">/";
  }

  /** Changes the cells of a row, from `base` on. */
  applyTo(vector: StepVector, base: number): void {
    for (let step = 0; step < vector.stepCount; step++) {
      const at = base + step;
      const isOwn = vector.kinds[at] === cellKind.histogram;
      if (!isOwn && !(this.isForFloats && vector.kinds[at] === cellKind.float)) continue;
      const remark = applyToCell(this.#node, vector, at, this.#scalar[step]!);
      if (remark !== undefined) this.#remarks.set(step, remark);
    }
  }

  /** Adds the remarks, once all rows are done. */
  report(annotations: Annotations): void {
    for (const remark of this.#remarks.values()) annotations.add(remark, this.#node.start);
  }
}

/** Changes one cell; returns what is to be said of it. */
function applyToCell(
  node: BinaryNode,
  vector: StepVector,
  at: number,
  scalar: number,
): string | undefined {
  const cell: Operand = vector.histogramAt(at) ?? vector.values[at]!;
  const { value, remark } =
    node.left.type === "scalar"
      ? applyOperator(node.operator, scalar, cell)
      : applyOperator(node.operator, cell, scalar);
  if (typeof value === "object") vector.setHistogram(at, value);
  else vector.kinds[at] = cellKind.absent;
  return remark;
}
