/**
 * Aggregations with a parameter that look at all members of a group at a step: topk, bottomk,
 * limitk, limit_ratio and quantile. The first four keep the series' own labels; topk and bottomk
 * keep k elements in a heap that breaks ties as Prometheus' does.
 */

import { QueryError } from "../../base/errors.ts";
import type { Labels } from "../../model/labels.ts";
import { formatGoFloat } from "../../model/value-format.ts";
import type { AggregateOperator } from "../ast.ts";
import { histogramIgnoredIn, invalidQuantile, invalidRatio } from "./annotations.ts";
import { hashFraction } from "./labels-hash.ts";
import type { AggregateNode } from "./plan-node.ts";
import { quantileOf } from "./quantile.ts";
import type { QueryRun } from "./query-run.ts";
import { groupRows, rowsByGroup } from "./series-groups.ts";
import { cellKind, StepVector } from "./step-vector.ts";

/** Operators of this file. */
export type SelectionOperator = Extract<
  AggregateOperator,
  "topk" | "bottomk" | "limitk" | "limit_ratio"
>;

const selections: ReadonlySet<string> = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);

/** Whether the operator keeps some of the series rather than computing new ones. */
export function isSelection(operator: AggregateOperator): operator is SelectionOperator {
  return selections.has(operator);
}

/** The φ-quantile of each group at each step. */
export async function quantileGroups(
  node: AggregateNode,
  param: Float64Array,
  input: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  warnOfQuantiles(node, param, run);
  noteHistograms(input, "quantile", node.inner.start, run);
  const groups = groupRows(node, input);
  const members = rowsByGroup(groups);
  const result = new StepVector(input.stepCount, members.length);
  const scratch = new Float64Array(input.rowCount);
  for (const [group, rows] of members.entries()) {
    const base = result.addRow(groups.labels[group] as Labels, groups.isNamePending[group]);
    for (let step = 0; step < input.stepCount; step++) {
      if ((step & 15) === 0 && run.isPauseDue()) await run.pause();
      const count = gatherFloats(input, rows, step, scratch);
      if (count === 0) continue;
      result.values[base + step] = quantileOf(param[step]!, scratch, count);
      result.kinds[base + step] = cellKind.float;
    }
  }
  return result;
}

function warnOfQuantiles(node: AggregateNode, param: Float64Array, run: QueryRun): void {
  const { low, high, hasNan } = extentOf(param);
  const start = node.param?.start ?? node.start;
  if (hasNan) run.annotations.add(invalidQuantile(Number.NaN), start);
  if (high > 1) run.annotations.add(invalidQuantile(high), start);
  if (low < 0) run.annotations.add(invalidQuantile(low), start);
}

function gatherFloats(
  input: StepVector,
  rows: Int32Array,
  step: number,
  scratch: Float64Array,
): number {
  const { kinds, values, stepCount } = input;
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * stepCount + step;
    if (kinds[at] === cellKind.float) scratch[count++] = values[at]!;
  }
  return count;
}

/** Keeps some series of each group at each step; in place, but for the order of an instant query. */
export async function selectFromGroups(
  node: AggregateNode,
  operator: SelectionOperator,
  param: Float64Array,
  input: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  if (!checkParam(node, operator, param, run)) return new StepVector(input.stepCount);
  const members = rowsByGroup(groupRows(node, input));
  if (operator === "topk" || operator === "bottomk") {
    noteHistograms(input, operator, node.start, run);
  }
  const kept = new Uint8Array(input.rowCount * input.stepCount);
  const order: number[] = [];
  const choose = chooserOf(operator, input);
  for (let step = 0; step < input.stepCount; step++) {
    if ((step & 7) === 0 && run.isPauseDue()) await run.pause();
    for (const rows of members) {
      for (const row of choose(rows, step, param[step]!)) {
        const at = row * input.stepCount + step;
        kept[at] = input.kinds[at]!;
        if (node.grid.isInstant) order.push(row);
      }
    }
  }
  input.kinds = kept;
  return node.grid.isInstant ? inOrder(input, order) : input;
}

/** Histograms that the operator leaves out. */
function noteHistograms(input: StepVector, operator: string, start: number, run: QueryRun): void {
  if (!input.hasHistograms) return;
  const cells = input.rowCount * input.stepCount;
  if (input.kinds.subarray(0, cells).includes(cellKind.histogram)) {
    run.annotations.add(histogramIgnoredIn(operator), start);
  }
}

/** Whether anything can come out; throws and warns as Prometheus does. */
function checkParam(
  node: AggregateNode,
  operator: SelectionOperator,
  param: Float64Array,
  run: QueryRun,
): boolean {
  const { low, high, hasNan } = extentOf(param);
  if (operator === "limit_ratio") {
    if (high === 0 && low === 0) return false;
    if (hasNan) throw new QueryError("execution", "Ratio value is NaN");
    const start = node.param?.start ?? node.start;
    if (high > 1) run.annotations.add(invalidRatio(high, 1), start);
    if (low < -1) run.annotations.add(invalidRatio(low, -1), start);
    return true;
  }
  if (high < 1) return false;
  if (hasNan) throw new QueryError("execution", "Parameter value is NaN");
  if (low <= -(2 ** 63)) {
    throw new QueryError("execution", `Scalar value ${formatGoFloat(low)} underflows int64`);
  }
  if (high >= 2 ** 63) {
    throw new QueryError("execution", `Scalar value ${formatGoFloat(high)} overflows int64`);
  }
  return true;
}

function extentOf(param: Float64Array): { low: number; high: number; hasNan: boolean } {
  if (param.length === 1) {
    const only = param[0]!;
    return { low: only, high: only, hasNan: Number.isNaN(only) };
  }
  let low = Number.MAX_VALUE;
  let high = -Number.MAX_VALUE;
  let hasNan = false;
  for (const value of param) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (Number.isNaN(value)) hasNan = true;
  }
  return { low, high, hasNan };
}

/** Gives the rows of a group that stay at a step, in the order of an instant query's answer. */
type Chooser = (rows: Int32Array, step: number, param: number) => readonly number[];

function chooserOf(operator: SelectionOperator, input: StepVector): Chooser {
  if (operator === "limitk") return (rows, step, param) => chooseFirst(input, rows, step, param);
  if (operator === "limit_ratio") {
    const fractions = input.labels.map(hashFraction);
    return (rows, step, param) => chooseByHash(input, rows, step, { param, fractions });
  }
  const heap = new RowHeap(input, operator === "topk" ? 1 : -1);
  return (rows, step, param) => heap.choose(rows, step, Math.trunc(param));
}

function chooseFirst(
  input: StepVector,
  rows: Int32Array,
  step: number,
  param: number,
): readonly number[] {
  const limit = Math.trunc(param);
  const chosen: number[] = [];
  for (let i = 0; i < rows.length && chosen.length < limit; i++) {
    const row = rows[i]!;
    if (input.kinds[row * input.stepCount + step] !== cellKind.absent) chosen.push(row);
  }
  return chosen;
}

function chooseByHash(
  input: StepVector,
  rows: Int32Array,
  step: number,
  by: { readonly param: number; readonly fractions: readonly number[] },
): readonly number[] {
  const ratio = Math.max(-1, Math.min(1, by.param));
  const chosen: number[] = [];
  if (ratio === 0) return chosen;
  for (const row of rows) {
    if (input.kinds[row * input.stepCount + step] === cellKind.absent) continue;
    const fraction = by.fractions[row]!;
    if (ratio > 0 ? fraction < ratio : fraction >= 1 + ratio) chosen.push(row);
  }
  return chosen;
}

/**
 * A binary heap of at most k rows with the least wanted on top. It moves elements exactly as Go's
 * container/heap does, since that decides which of equal values stay. NaN is the least wanted.
 */
class RowHeap {
  readonly #input: StepVector;
  /** 1: the largest are wanted; -1: the smallest. */
  readonly #direction: 1 | -1;
  #rows: number[] = [];
  #values: number[] = [];

  constructor(input: StepVector, direction: 1 | -1) {
    this.#input = input;
    this.#direction = direction;
  }

  /** The k most wanted rows that hold a float, most wanted first. */
  choose(rows: Int32Array, step: number, k: number): readonly number[] {
    const { kinds, values, stepCount } = this.#input;
    this.#rows = [];
    this.#values = [];
    if (k < 1) return this.#rows;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const at = row * stepCount + step;
      if (kinds[at] !== cellKind.float) continue;
      const value = values[at]! * this.#direction;
      if (this.#rows.length < k) this.#push(row, value);
      else if (this.#values[0]! < value || (Number.isNaN(this.#values[0]!) && !Number.isNaN(value)))
        this.#replaceTop(row, value);
    }
    return this.#sorted();
  }

  #push(row: number, value: number): void {
    this.#rows.push(row);
    this.#values.push(value);
    let child = this.#rows.length - 1;
    for (;;) {
      const parent = (child - 1) >> 1;
      if (child === 0 || !this.#isLess(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #replaceTop(row: number, value: number): void {
    this.#rows[0] = row;
    this.#values[0] = value;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.#rows.length) return;
      if (child + 1 < this.#rows.length && this.#isLess(child + 1, child)) child++;
      if (!this.#isLess(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #isLess(a: number, b: number): boolean {
    const value = this.#values[a]!;
    return Number.isNaN(value) || value < this.#values[b]!;
  }

  #swap(a: number, b: number): void {
    const row = this.#rows[a]!;
    this.#rows[a] = this.#rows[b]!;
    this.#rows[b] = row;
    const value = this.#values[a]!;
    this.#values[a] = this.#values[b]!;
    this.#values[b] = value;
  }

  #sorted(): readonly number[] {
    const positions = this.#rows.map((_, position) => position);
    positions.sort((a, b) => {
      const x = this.#values[a]!;
      const y = this.#values[b]!;
      const nanOrder = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      if (nanOrder !== 0) return nanOrder;
      return x > y ? -1 : x < y ? 1 : 0;
    });
    return positions.map((position) => this.#rows[position]!);
  }
}

/** The rows chosen, in that order. */
function inOrder(input: StepVector, rows: readonly number[]): StepVector {
  const result = new StepVector(input.stepCount, rows.length);
  result.isOrdered = true;
  for (const row of rows) result.copyRow(input, row);
  return result;
}
