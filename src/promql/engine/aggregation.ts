/**
 * Aggregations that give one series a group and read each sample once: sum, avg, count, min, max,
 * group, stddev, stdvar. Accumulators are flat arrays (group × step); rows are added in order, so
 * sums see values in the order in which Prometheus adds them, with the same compensation.
 */

import type { Labels } from "../../model/labels.ts";
import type { AggregateOperator } from "../ast.ts";
import { HistogramFold } from "./aggregate-histograms.ts";
import { histogramIgnoredIn } from "./annotations.ts";
import type { RangeCall, RangeFunction, RowCells } from "./functions/function-call.ts";
import type { AggregateNode, VectorSelectorNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { forEachRow, type WindowSource } from "./range-call.ts";
import { forEachSelectedRow } from "./selectors.ts";
import { groupLabels, groupRows, type SeriesGroups } from "./series-groups.ts";
import {
  cellKind,
  hasEqualRows,
  hasOneMetric,
  metadataLabels,
  StepVector,
  sameLabelsetError,
  withoutMetadata,
} from "./step-vector.ts";

/** Operators of this file. */
export type FoldOperator = Extract<
  AggregateOperator,
  "sum" | "avg" | "count" | "min" | "max" | "group" | "stddev" | "stdvar"
>;

/** Adds one row to the accumulators of its group, whose cells begin at `base`. */
type AddRow = (state: FoldState, input: StepVector, source: number, base: number) => void;

/** The same where it is known whether the row has a float at every step. */
type AddKnownRow = (input: StepVector, source: number, base: number, isFull: boolean) => void;

/** The same for a row that has a float at every step, once such a row stands in the group. */
type AddFullRow = (state: FoldState, inputs: Float64Array, rows: FullRows) => void;

interface FullRows {
  readonly source: number;
  readonly base: number;
  readonly stepCount: number;
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
  /** Per group: 1 where every cell has begun, 2 where rows must be added cell by cell from now on. */
  readonly fullness: Uint8Array;
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

/** Evaluates such an aggregation; `input` is only read. */
export async function foldGroups(
  node: AggregateNode,
  operator: FoldOperator,
  input: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  const groups = groupRows(node, input);
  const state = createState(operator, groups, input.stepCount);
  const add = adder(operator, state);
  const { stepCount } = input;
  for (let row = 0; row < input.rowCount; row++) {
    if ((row & 63) === 0 && run.isPauseDue()) await run.pause();
    const base = groups.groupOfRow[row]! * stepCount;
    if (input.hasHistograms) {
      const { metricName } = input.labels[row] as Labels;
      addHistograms(
        { node, operator, run, state },
        input,
        { base: row * stepCount, metricName },
        base,
      );
    }
    const source = row * stepCount;
    const isFull = !input.hasHistograms && isFullOfFloats(input.kinds, source, stepCount);
    add(input, source, base, isFull);
  }
  finish(operator, state);
  return state.result;
}

/**
 * The same over a range function's rows, added as they come: `sum(rate(x[5m]))` never holds the
 * rates of all series. Not for functions with a `finish`.
 */
export async function foldRangeCall(
  node: AggregateNode,
  operator: FoldOperator,
  applied: RangeFunction,
  call: RangeCall,
  source: WindowSource,
): Promise<StepVector> {
  const dropsNames = applied.keepsName !== true && !call.run.isNameRemovalDelayed;
  const mayMeet = dropsNames && source.facts?.isOneMetric !== true;
  const groups = groupCall(node, applied, call, source);
  const { stepCount } = node.grid;
  const state = createState(operator, groups, stepCount);
  const add = adder(operator, state);
  const scratch = new StepVector(stepCount, 1);
  const { values, kinds } = scratch;
  const cells: RowCells = { vector: scratch, values, kinds, base: 0, present: -1 };
  const nextRow = () => {
    scratch.clearReservedRow();
    cells.present = -1;
    return cells;
  };
  const seen: Labels[] = [];
  await forEachRow(applied, call, source, nextRow, (index, _row, present) => {
    if (mayMeet) seen.push(source.labelsOf(index));
    const base = groups.groupOfRow[index]! * stepCount;
    if (scratch.hasHistograms) {
      const metricName = dropsNames ? "" : source.labelsOf(index).metricName;
      addHistograms(
        { node, operator, run: call.run, state },
        scratch,
        { base: 0, metricName },
        base,
      );
    }
    add(scratch, 0, base, present === stepCount && !scratch.hasHistograms);
  });
  // Series of several metrics may be equal once their names are gone.
  if (mayMeet && !hasOneMetric(seen) && hasEqualRows(seen.map(withoutMetadata)))
    throw sameLabelsetError();
  finish(operator, state);
  return state.result;
}

/** The same over the rows of an instant selector, as they come. */
export async function foldSelector(
  node: AggregateNode,
  operator: FoldOperator,
  selector: VectorSelectorNode,
  run: QueryRun,
): Promise<StepVector> {
  const facts = run.selections.of(selector.source.series);
  const groups = facts.groups(node, false);
  const { stepCount } = node.grid;
  const state = createState(operator, groups, stepCount);
  const add = adder(operator, state);
  const scratch = new StepVector(stepCount, 1);
  await forEachSelectedRow(selector, run, { result: scratch, aspect: "values" }, (index, found) => {
    const base = groups.groupOfRow[index]! * stepCount;
    if (scratch.hasHistograms) {
      const { metricName } = facts.labels[index]!;
      addHistograms({ node, operator, run, state }, scratch, { base: 0, metricName }, base);
    }
    add(scratch, 0, base, found === stepCount && !scratch.hasHistograms);
    scratch.clearReservedRow();
  });
  finish(operator, state);
  return state.result;
}

function groupCall(
  node: AggregateNode,
  applied: RangeFunction,
  call: RangeCall,
  source: WindowSource,
): SeriesGroups {
  const isDelayed = call.run.isNameRemovalDelayed;
  const keepsName = applied.keepsName === true;
  // `by` takes only what it names, so names need not be taken off first.
  const namesMetadata = node.grouping.some((name) => metadataLabels.has(name));
  const mustDrop = !keepsName && !isDelayed && (node.isWithout || namesMetadata);
  if (source.facts !== undefined && !isDelayed) return source.facts.groups(node, mustDrop);
  const labels: Labels[] = [];
  const isPending: boolean[] = [];
  for (let index = 0; index < source.seriesCount; index++) {
    const own = source.labelsOf(index);
    labels.push(mustDrop ? withoutMetadata(own) : own);
    isPending.push(source.isNamePending(index) || (isDelayed && !keepsName));
  }
  return groupLabels(node, labels, isPending);
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

function createState(operator: FoldOperator, groups: SeriesGroups, stepCount: number): FoldState {
  const result = new StepVector(stepCount, groups.labels.length);
  for (const [group, labels] of groups.labels.entries()) {
    result.addRow(labels, groups.isNamePending[group] === true);
  }
  const cells = groups.labels.length * stepCount;
  return {
    result,
    extra: new Float64Array(usesExtra.has(operator) ? cells : 0),
    counts: new Float64Array(usesCounts.has(operator) ? cells : 0),
    isRunningMean: new Uint8Array(operator === "avg" ? cells : 0),
    histograms: undefined,
    fullness: new Uint8Array(groups.labels.length),
  };
}

/** Fast path: rows that hold a float at every step need no looking at kinds. */
function adder(operator: FoldOperator, state: FoldState): AddKnownRow {
  const plain = addRow[operator];
  const full = addFullRow[operator];
  const { fullness } = state;
  return (input, source, base, isRowFull) => {
    if (full === undefined) {
      plain(state, input, source, base);
      return;
    }
    const { stepCount } = input;
    const group = base / stepCount;
    if (isRowFull && fullness[group] === 1 && state.histograms === undefined) {
      full(state, input.values, { source, base, stepCount });
      return;
    }
    plain(state, input, source, base);
    if (isRowFull && fullness[group] === 0) fullness[group] = 1;
  };
}

function isFullOfFloats(kinds: Uint8Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (kinds[i] !== cellKind.float) return false;
  return true;
}

function addFullToSum(
  { result: { values }, extra: lost }: FoldState,
  inputs: Float64Array,
  { source, base, stepCount }: FullRows,
): void {
  for (let step = 0; step < stepCount; step++) {
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
  { source, base, stepCount }: FullRows,
): void {
  const { values } = state.result;
  const { extra: lost, counts } = state;
  for (let step = 0; step < stepCount; step++) {
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
  { base, stepCount }: FullRows,
): void {
  for (let at = base; at < base + stepCount; at++) values[at] = values[at]! + 1;
}

function addFullToMin(
  { result: { values } }: FoldState,
  inputs: Float64Array,
  { source, base, stepCount }: FullRows,
): void {
  for (let step = 0; step < stepCount; step++) {
    const value = inputs[source + step]!;
    const best = values[base + step]!;
    if (value < best || Number.isNaN(best)) values[base + step] = value;
  }
}

function addFullToMax(
  { result: { values } }: FoldState,
  inputs: Float64Array,
  { source, base, stepCount }: FullRows,
): void {
  for (let step = 0; step < stepCount; step++) {
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
  state.fullness[Math.floor(at / stepCount)] = 2;
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
