/**
 * Aggregations that give one series a group and read each sample once: sum, avg, count, min, max,
 * group, stddev, stdvar. Accumulators are flat arrays (group × step); rows are added in order, so
 * sums see values in the order in which Prometheus adds them, with the same compensation.
 */

import type { AggregateOperator } from "../ast.ts";
import { HistogramFold } from "./aggregate-histograms.ts";
import { histogramIgnoredIn } from "./annotations.ts";
import type { CellMemory } from "./cell-memory.ts";
import type { RowCells } from "./functions/function-call.ts";
import type { AggregateNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import type { RowSource } from "./row-source.ts";
import type { SeriesGroups } from "./series-groups.ts";
import { cellKind, StepVector } from "./step-vector.ts";

/** Operators of this file. */
export type FoldOperator = Extract<
  AggregateOperator,
  "sum" | "avg" | "count" | "min" | "max" | "group" | "stddev" | "stdvar"
>;

/** Adds one row to the accumulators of its group, whose cells begin at `base`. */
type AddRow = (state: FoldState, input: StepVector, source: number, base: number) => void;

/** The same where it may be known at which steps the row has floats. */
type AddKnownRow = (row: RowCells, group: number) => void;

/** Adds floats to cells that have all begun. */
type AddFullRow = (state: FoldState, inputs: Float64Array, run: FullRun) => void;

/** So many floats from `source` on, for the accumulators from `base` on. */
interface FullRun {
  readonly source: number;
  readonly base: number;
  readonly count: number;
}

/** Accumulators; `result.kinds` says which cells have begun. */
interface FoldState {
  readonly result: StepVector;
  /** Compensation of sums; mean of stddev. */
  readonly extra: Float64Array;
  /** Samples so far. */
  readonly counts: Float64Array;
  /** avg only: 1 where the sum overflowed and `values` holds the mean. */
  readonly isRunningMean: Uint8Array;
  /** sum and avg only, once a row holds histograms. */
  histograms: HistogramFold | undefined;
  /**
   * Per group: the cells of the steps [from, to) have begun, perhaps others; from -1: rows must be added
   * cell by cell from now on.
   */
  readonly begunFrom: Int32Array;
  readonly begunTo: Int32Array;
}

const addFullRow: Partial<Record<FoldOperator, AddFullRow>> = {
  sum: addFullToSum,
  avg: addFullToMean,
  count: addFullToCount,
  min: addFullToMin,
  max: addFullToMax,
};

const addRow: Readonly<Record<FoldOperator, AddRow>> = {
  sum: addToSum,
  avg: addToMean,
  count: addToCount,
  min: addToMin,
  max: addToMax,
  group: addToGroup,
  stddev: addToVariance,
  stdvar: addToVariance,
};

const usesExtra: ReadonlySet<string> = new Set(["sum", "avg", "stddev", "stdvar"]);
const usesCounts: ReadonlySet<string> = new Set(["avg", "stddev", "stdvar"]);

/** Whether the operator is one of this file. */
export function isFold(operator: AggregateOperator): operator is FoldOperator {
  return Object.hasOwn(addRow, operator);
}

/** Evaluates such an aggregation over rows. */
export async function foldRows(
  node: AggregateNode,
  operator: FoldOperator,
  rows: RowSource,
  run: QueryRun,
): Promise<StepVector> {
  const groups = rows.groups(node);
  const { stepCount } = rows;
  const state = createState(operator, groups, stepCount, run.memory);
  const context: FoldContext = { node, operator, run, state };
  const add = adder(operator, state);
  await rows.forEach((index, row) => {
    const group = groups.groupOfRow[index]!;
    if (row.vector.hasHistograms) {
      const metricName = rows.metricNameOf(index);
      addHistograms(context, row.vector, { base: row.base, metricName }, group * stepCount);
    }
    add(row, group);
  });
  finish(operator, state);
  run.memory.give(state.extra);
  run.memory.give(state.counts);
  return state.result;
}

interface FoldContext {
  readonly node: AggregateNode;
  readonly operator: FoldOperator;
  readonly run: QueryRun;
  readonly state: FoldState;
}

/** The histograms of a row: sum and avg add them, count and group count them, the others leave them out. */
function addHistograms(
  { node, operator, run, state }: FoldContext,
  input: StepVector,
  source: { readonly base: number; readonly metricName: string },
  base: number,
): void {
  if (operator === "count" || operator === "group") return;
  const { start } = node.inner;
  if (operator === "sum" || operator === "avg") {
    state.histograms ??= new HistogramFold(operator === "avg", run, start);
    state.histograms.addRow(input, source, state.result, base);
    return;
  }
  const end = source.base + input.stepCount;
  if (input.kinds.subarray(source.base, end).includes(cellKind.histogram)) {
    run.annotations.add(histogramIgnoredIn(operator), start);
  }
}

function createState(
  operator: FoldOperator,
  groups: SeriesGroups,
  stepCount: number,
  memory: CellMemory,
): FoldState {
  const result = new StepVector(stepCount, groups.labels.length, memory);
  for (const [group, labels] of groups.labels.entries()) {
    result.addRow(labels, groups.isNamePending[group] === true);
  }
  const cells = groups.labels.length * stepCount;
  return {
    result,
    extra: memory.take(usesExtra.has(operator) ? cells : 0),
    counts: memory.take(usesCounts.has(operator) ? cells : 0),
    isRunningMean: new Uint8Array(operator === "avg" ? cells : 0),
    histograms: undefined,
    begunFrom: new Int32Array(groups.labels.length),
    begunTo: new Int32Array(groups.labels.length),
  };
}

/** Fast path: where a row's floats stand in a row, and its group's cells there have begun, nobody looks at kinds. */
function adder(operator: FoldOperator, state: FoldState): AddKnownRow {
  const plain = addRow[operator];
  const full = addFullRow[operator];
  const { begunFrom, begunTo } = state;
  const { stepCount } = state.result;
  return (row, group) => {
    const { vector, base: source, from, to } = row;
    const base = group * stepCount;
    if (full === undefined || to < 0) {
      plain(state, vector, source, base);
      return;
    }
    const begun = begunFrom[group]!;
    const isBegun = begun >= 0 && begun <= from && to <= begunTo[group]!;
    if (isBegun && state.histograms === undefined) {
      full(state, row.values, { source: source + from, base: base + from, count: to - from });
      return;
    }
    plain(state, vector, source, base);
    if (begunFrom[group]! >= 0) noteBegun(state, group, from, to);
  };
}

/** The cells of the steps [from, to) of a group have begun. Of two stretches that do not touch the longer is kept. */
function noteBegun({ begunFrom, begunTo }: FoldState, group: number, from: number, to: number) {
  const knownFrom = begunFrom[group]!;
  const knownTo = begunTo[group]!;
  if (from <= knownTo && knownFrom <= to && knownFrom < knownTo) {
    begunFrom[group] = Math.min(knownFrom, from);
    begunTo[group] = Math.max(knownTo, to);
  } else if (to - from > knownTo - knownFrom) {
    begunFrom[group] = from;
    begunTo[group] = to;
  }
}

function addFullToSum(
  { result: { values }, extra: lost }: FoldState,
  inputs: Float64Array,
  { source, base, count }: FullRun,
): void {
  for (let step = 0; step < count; step++) {
    const value = inputs[source + step]!;
    const sum = values[base + step]!;
    const next = sum + value;
    const shift = next - sum;
    lost[base + step] = lost[base + step]! + (sum - (next - shift) + (value - shift));
    values[base + step] = next;
  }
}

/** As `addFullToSum`, until a sum overflows: no cell of the group holds a running mean before. */
function addFullToMean(
  state: FoldState,
  inputs: Float64Array,
  { source, base, count }: FullRun,
): void {
  const { values } = state.result;
  const { extra: lost, counts } = state;
  for (let step = 0; step < count; step++) {
    const value = inputs[source + step]!;
    const at = base + step;
    counts[at] = counts[at]! + 1;
    const sum = values[at]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) {
      addToRunningMean(state, at, value);
      continue;
    }
    const shift = next - sum;
    lost[at] = lost[at]! + (sum - (next - shift) + (value - shift));
    values[at] = next;
  }
}

function addFullToCount(
  { result: { values } }: FoldState,
  _inputs: Float64Array,
  { base, count }: FullRun,
): void {
  for (let at = base; at < base + count; at++) values[at] = values[at]! + 1;
}

function addFullToMin(
  { result: { values } }: FoldState,
  inputs: Float64Array,
  { source, base, count }: FullRun,
): void {
  for (let step = 0; step < count; step++) {
    const value = inputs[source + step]!;
    const best = values[base + step]!;
    if (value < best || Number.isNaN(best)) values[base + step] = value;
  }
}

function addFullToMax(
  { result: { values } }: FoldState,
  inputs: Float64Array,
  { source, base, count }: FullRun,
): void {
  for (let step = 0; step < count; step++) {
    const value = inputs[source + step]!;
    const best = values[base + step]!;
    if (value > best || Number.isNaN(best)) values[base + step] = value;
  }
}

function addToSum(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const lost = state.extra;
  const { values: inputs, kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] !== cellKind.float) continue;
    const value = inputs[source + step]!;
    const at = base + step;
    if (kinds[at] === cellKind.absent) {
      kinds[at] = cellKind.float;
      values[at] = value;
      continue;
    }
    const sum = values[at]!;
    const next = sum + value;
    // Knuth's two-sum: Neumaier's error without asking which is larger. Of no use once not finite.
    const shift = next - sum;
    lost[at]! += sum - (next - shift) + (value - shift);
    values[at] = next;
  }
}

function addToMean(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { extra: lost, counts, isRunningMean } = state;
  const { values: inputs, kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] !== cellKind.float) continue;
    const value = inputs[source + step]!;
    const at = base + step;
    counts[at]!++;
    if (kinds[at] === cellKind.absent) {
      kinds[at] = cellKind.float;
      values[at] = value;
      continue;
    }
    const sum = values[at]!;
    const next = sum + value;
    if (isRunningMean[at] === 1 || next === Infinity || next === -Infinity) {
      addToRunningMean(state, at, value);
      continue;
    }
    const shift = next - sum;
    lost[at]! += sum - (next - shift) + (value - shift);
    values[at] = next;
  }
}

/** Slow path: a sum that overflows goes on as a mean, and its group cell by cell. */
function addToRunningMean(state: FoldState, at: number, value: number): void {
  const { values, stepCount } = state.result;
  state.begunFrom[Math.floor(at / stepCount)] = -1;
  const { extra: lost, counts, isRunningMean } = state;
  const count = counts[at]!;
  if (isRunningMean[at] === 0) {
    isRunningMean[at] = 1;
    values[at]! /= count - 1;
    lost[at]! /= count - 1;
  }
  const share = (count - 1) / count;
  const base = share * values[at]!;
  const added = value / count;
  const next = base + added;
  const compensation = share * lost[at]!;
  if (next === Infinity || next === -Infinity) lost[at] = 0;
  else if (Math.abs(base) >= Math.abs(added)) lost[at] = compensation + (base - next + added);
  else lost[at] = compensation + (added - next + base);
  values[at] = next;
}

function addToCount(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] === cellKind.absent) continue;
    kinds[base + step] = cellKind.float;
    values[base + step]!++;
  }
}

function addToGroup(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] === cellKind.absent) continue;
    kinds[base + step] = cellKind.float;
    values[base + step] = 1;
  }
}

function addToMin(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { values: inputs, kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] !== cellKind.float) continue;
    const at = base + step;
    const value = inputs[source + step]!;
    const best = values[at]!;
    if (kinds[at] === cellKind.absent || value < best || Number.isNaN(best)) values[at] = value;
    kinds[at] = cellKind.float;
  }
}

function addToMax(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { values: inputs, kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] !== cellKind.float) continue;
    const at = base + step;
    const value = inputs[source + step]!;
    const best = values[at]!;
    if (kinds[at] === cellKind.absent || value > best || Number.isNaN(best)) values[at] = value;
    kinds[at] = cellKind.float;
  }
}

/** Welford without compensation, as Prometheus aggregates; NaN and infinities make it NaN. */
function addToVariance(state: FoldState, input: StepVector, source: number, base: number): void {
  const { values, kinds } = state.result;
  const { extra: means, counts } = state;
  const { values: inputs, kinds: inputKinds, stepCount } = input;
  for (let step = 0; step < stepCount; step++) {
    if (inputKinds[source + step] !== cellKind.float) continue;
    const at = base + step;
    const value = inputs[source + step]!;
    counts[at]!++;
    if (kinds[at] === cellKind.absent) {
      kinds[at] = cellKind.float;
      means[at] = value;
      values[at] = Number.isFinite(value) ? 0 : Number.NaN;
      continue;
    }
    const delta = value - means[at]!;
    means[at]! += delta / counts[at]!;
    values[at]! += delta * (value - means[at]!);
  }
}

function finish(operator: FoldOperator, state: FoldState): void {
  const { values } = state.result;
  const { extra, counts, isRunningMean } = state;
  const cells = state.result.rowCount * state.result.stepCount;
  if (operator === "sum") {
    for (let i = 0; i < cells; i++) if (Number.isFinite(values[i]!)) values[i]! += extra[i]!;
  } else if (operator === "avg") {
    for (let i = 0; i < cells; i++) {
      values[i] =
        isRunningMean[i] === 1
          ? values[i]! + extra[i]!
          : values[i]! / counts[i]! + extra[i]! / counts[i]!;
    }
  } else if (operator === "stdvar") {
    for (let i = 0; i < cells; i++) values[i]! /= counts[i]!;
  } else if (operator === "stddev") {
    for (let i = 0; i < cells; i++) values[i] = Math.sqrt(values[i]! / counts[i]!);
  }
  state.histograms?.finish(state.result);
}
