/**
 * What a function is given and gives. Three kinds: range functions see one series at a time, all its
 * windows at once, and fill one row; functions of floats change one row at a time; all others see whole
 * vectors and scalars over all steps.
 */

import { assert } from "../../../base/assert.ts";
import type { CallNode } from "../plan-node.ts";
import type { QueryRun } from "../query-run.ts";
import type { SampleWindows } from "../sample-windows.ts";
import type { StepGrid } from "../step-grid.ts";
import { StepVector } from "../step-vector.ts";

/** A value over all steps: a vector, scalars (one a step), or a string. */
export type StepValue = StepVector | Float64Array | string;

/** A call whose arguments are evaluated. The function owns them. */
export interface ValueCall {
  readonly node: CallNode;
  readonly run: QueryRun;
  readonly grid: StepGrid;
  readonly args: readonly StepValue[];
}

/** A function of vectors, scalars and strings. */
export interface ValueFunction {
  readonly kind: "value";
  /** May throw QueryError execution. What takes long on a big vector gives way to others. */
  readonly evaluate: (call: ValueCall) => StepVector | Float64Array | Promise<StepVector>;
}

/** Changes the cells of a row in place, from `base` on; absent ones may be computed too. */
export type ApplyToFloats = (vector: StepVector, base: number) => void;

/**
 * A function of each float of a vector on its own, the first argument; the others are scalars. It
 * leaves histograms out and drops names.
 */
export interface FloatFunction {
  readonly kind: "floats";
  /** Some floats become absent. */
  readonly mayEmptyCells?: boolean;
  /** What it does to a row, with the scalar arguments given in order, one value a step. */
  readonly prepare: (scalars: readonly Float64Array[]) => ApplyToFloats;
}

/** What a range function may know beside the samples. */
export interface RangeCall {
  readonly node: CallNode;
  readonly run: QueryRun;
  readonly grid: StepGrid;
  /** The scalar arguments in order, one value a step. */
  readonly scalars: readonly Float64Array[];
  /** Byte offset of the range argument, for annotations. */
  readonly rangeStart: number;
}

/** A row that is written or read: cells base … base + steps of a vector, to a range function all absent. */
export interface RowCells {
  /** Whose cells they are; histograms are set through it. */
  readonly vector: StepVector;
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
  base: number;
  /**
   * Floats stand at the steps [from, to) and nothing stands at others, where whoever wrote the row says so;
   * `to` is -1 where nobody does.
   */
  from: number;
  to: number;
}

/** The row of a vector that begins at `base`, nothing known of it. */
export function rowCells(vector: StepVector, base: number): RowCells {
  return { vector, values: vector.values, kinds: vector.kinds, base, from: 0, to: -1 };
}

/** A function of one range vector and scalars. */
export interface RangeFunction {
  readonly kind: "range";
  /** The series keeps its name: the value is one of its own samples. */
  readonly keepsName?: boolean;
  /** Of a series that only rises it reads the first and last sample of each window and no other. */
  readonly readsEndsOnly?: boolean;
  /** A name without a counter's suffix is worth an info. */
  readonly isForCounters?: boolean;
  /** For series of floats only. */
  readonly evaluateRow: (windows: SampleWindows, row: RowCells, call: RangeCall) => void;
  /** For series that hold histograms; without it they are left out, with an info beside floats. */
  readonly evaluateMixedRow?: (windows: SampleWindows, row: RowCells, call: RangeCall) => void;
  /** Makes the result of all rows; absent_over_time turns them round here. */
  readonly finish?: (result: StepVector, call: RangeCall) => StepVector;
}

export type FunctionImplementation = ValueFunction | FloatFunction | RangeFunction;

/** The vector at a position; the parser has checked the type. */
export function vectorArg(call: ValueCall, index: number): StepVector {
  const value = call.args[index];
  assert(
    value instanceof StepVector,
    `argument ${index} of ${call.node.functionName} is no vector`,
  );
  return value;
}

/** The scalars at a position, one a step. */
export function scalarArg(call: ValueCall, index: number): Float64Array {
  const value = call.args[index];
  assert(
    value instanceof Float64Array,
    `argument ${index} of ${call.node.functionName} is no scalar`,
  );
  return value;
}

/** The string at a position. */
export function stringArg(call: ValueCall, index: number): string {
  const value = call.args[index];
  assert(typeof value === "string", `argument ${index} of ${call.node.functionName} is no string`);
  return value;
}
