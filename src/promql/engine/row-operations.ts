/**
 * Operations on each row of a vector on its own: unary minus, an operator with a scalar, a function of
 * one float at a time. They change cells in place, so they are done to the rows of a whole vector or
 * to each row as it comes (row-source.ts), by the same code.
 */

import { HistogramOperation } from "./binary-histogram.ts";
import { floatOperation, isArithmetic, isComparison } from "./binary-scalar.ts";
import type { FloatFunction } from "./functions/function-call.ts";
import { implementationOf } from "./functions/registry.ts";
import { scaleHistogram } from "./histogram/histogram-sum.ts";
import type { BinaryNode, PlanNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { dropMetricNames, type StepVector } from "./step-vector.ts";

/** See the head comment. One for each evaluation of its node. */
export interface RowOperation {
  /** Histograms are absent before it is done. */
  readonly leavesOutHistograms: boolean;
  /** Cells that hold something may hold nothing afterwards. */
  readonly mayEmptyCells: boolean;
  /** The value is another one than the metric's. */
  readonly dropsNames: boolean;
  /** Changes the cells of one row, from `base` on; absent ones may be computed too. O(steps). */
  applyTo(vector: StepVector, base: number): void;
  /** Says what is to be said once all rows are done. */
  report?(run: QueryRun): void;
}

/** An operation with the node whose rows it is done to, its scalars still to be evaluated. */
export interface RowwiseNode {
  readonly operand: PlanNode;
  readonly scalars: readonly PlanNode[];
  /** `values` are those of `scalars`, one a step each. */
  open(values: readonly Float64Array[]): RowOperation;
}

/**
 * What a node does to each row of another; undefined where it is no such node, or where one of its
 * scalars reads series: those are read in the order in which they are written.
 */
export function rowwise(node: PlanNode): RowwiseNode | undefined {
  if (node.type !== "vector") return undefined;
  if (node.kind === "negate") return { operand: node.inner, scalars: [], open: () => negation };
  if (node.kind === "binary") return rowwiseBinary(node);
  if (node.kind !== "call") return undefined;
  const implementation = implementationOf(node.functionName);
  const [operand, ...scalars] = node.args;
  if (implementation?.kind !== "floats" || operand === undefined) return undefined;
  if (!scalars.every(readsNoSeries)) return undefined;
  return { operand, scalars, open: (values) => functionOperation(implementation, values) };
}

function rowwiseBinary(node: BinaryNode): RowwiseNode | undefined {
  const isScalarLeft = node.left.type === "scalar";
  const operand = isScalarLeft ? node.right : node.left;
  const scalar = isScalarLeft ? node.left : node.right;
  if (operand.type !== "vector" || scalar.type !== "scalar" || !readsNoSeries(scalar)) {
    return undefined;
  }
  // The trimming operators go by cells of both kinds and say so at the end: too seldom to matter.
  if (!isArithmetic(node.operator) && !isComparison(node.operator)) return undefined;
  return {
    operand,
    scalars: [scalar],
    open: ([values = new Float64Array(0)]) => scalarOperation(node, values),
  };
}

function readsNoSeries(node: PlanNode): boolean {
  switch (node.kind) {
    case "number":
      return true;
    case "negate":
    case "stepInvariant":
      return readsNoSeries(node.inner);
    case "binary":
      return readsNoSeries(node.left) && readsNoSeries(node.right);
    case "call":
      return node.type === "scalar" && node.args.every(readsNoSeries);
    default:
      return false;
  }
}

/** Unary minus. */
export const negation: RowOperation = {
  leavesOutHistograms: false,
  mayEmptyCells: false,
  dropsNames: true,
  applyTo(vector, base) {
    const { values, stepCount } = vector;
    for (let at = base; at < base + stepCount; at++) values[at] = -values[at]!;
    if (!vector.hasHistograms) return;
    for (let at = base; at < base + stepCount; at++) {
      const histogram = vector.histogramAt(at);
      if (histogram !== undefined) vector.setHistogram(at, scaleHistogram(histogram, -1));
    }
  },
};

/** A vector with a scalar: the node's operator, the scalar on the side where the node has it. */
export function scalarOperation(node: BinaryNode, scalar: Float64Array): RowOperation {
  const { operator } = node;
  const floats = floatOperation(node, scalar);
  const histograms = new HistogramOperation(node, scalar);
  return {
    leavesOutHistograms: false,
    mayEmptyCells: !isArithmetic(operator) && !node.isBool,
    dropsNames: isArithmetic(operator) || node.isBool,
    applyTo(vector, base) {
      floats?.(vector, base);
      if (vector.hasHistograms || histograms.isForFloats) histograms.applyTo(vector, base);
    },
    report: (run) => histograms.report(run.annotations),
  };
}

/** A function of one float at a time, its scalar arguments evaluated. */
export function functionOperation(
  implementation: FloatFunction,
  scalars: readonly Float64Array[],
): RowOperation {
  return {
    leavesOutHistograms: true,
    mayEmptyCells: implementation.mayEmptyCells === true,
    dropsNames: true,
    applyTo: implementation.prepare(scalars),
  };
}

/** Does it to all rows of a vector, in place; joins rows that become equal. */
export async function operateOnRows(
  operation: RowOperation,
  vector: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  if (operation.leavesOutHistograms) vector.dropHistograms();
  // Histograms take long.
  const rowsBetweenLooks = vector.hasHistograms ? 1 : 64;
  for (let row = 0; row < vector.rowCount; row++) {
    if (row % rowsBetweenLooks === 0 && run.isPauseDue()) await run.pause();
    operation.applyTo(vector, row * vector.stepCount);
  }
  operation.report?.(run);
  return operation.dropsNames ? dropMetricNames(vector, run.isNameRemovalDelayed) : vector;
}
