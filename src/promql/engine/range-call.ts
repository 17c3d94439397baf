/**
 * Calls of range functions: series by series, the windows of all steps at once, into one row each.
 * Also range vectors as results of their own (an instant query `x[5m]`).
 */

import type { Labels } from "../../model/labels.ts";
import { possibleNonCounter, possibleNonCounterLabel } from "./annotations.ts";
import { extendWindow, extensionWidth, type RangeExtension } from "./extended-range.ts";
import { isNotCounterName } from "./functions/counter.ts";
import {
  type RangeCall,
  type RangeFunction,
  type RowCells,
  rowCells,
} from "./functions/function-call.ts";
import { evaluateFloats, weighWindows } from "./mixed-windows.ts";
import type { MatrixSelectorNode, SubqueryNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import {
  copyFirstWindow,
  createReadBuffer,
  createWindows,
  loadRow,
  loadSeries,
  type RangeSeries,
  type SampleWindows,
} from "./sample-windows.ts";
import type { SelectionFacts } from "./selection-facts.ts";
import {
  cellKind,
  hasEqualRows,
  hasOneMetric,
  StepVector,
  sameLabelsetError,
  withoutMetadata,
} from "./step-vector.ts";

/** Gives the windows of one series after the other. */
export interface WindowSource {
  readonly seriesCount: number;
  /** What is known of the series, where they are a list of storage's. */
  readonly facts?: SelectionFacts;
  /** Whether the samples are storage's, not values of a subquery. */
  readonly isStored: boolean;
  labelsOf(index: number): Labels;
  isNamePending(index: number): boolean;
  /** Loads series `index`; the windows are valid until the next call. */
  load(index: number): SampleWindows;
}

/** Windows of a stored selector; `readsEndsOnly` as a function says of itself. */
export function storedWindows(
  node: MatrixSelectorNode,
  run: QueryRun,
  readsEndsOnly: boolean,
): WindowSource {
  const windows = createWindows(node);
  windows.readsEndsOnly = readsEndsOnly && node.extension === undefined;
  const width = extensionWidth(node.extension, run.lookbackDeltaMs);
  const buffer = createReadBuffer();
  const { series } = node.source;
  const facts = run.selections.of(series);
  const { labels } = facts;
  return {
    seriesCount: series.length,
    facts,
    isStored: true,
    labelsOf: (index) => labels[index]!,
    isNamePending: () => false,
    load(index) {
      loadSeries(windows, series[index]!, node, buffer, width);
      return windows;
    },
  };
}

/** Windows of a subquery whose inner expression is evaluated. */
export function subqueryWindows(node: SubqueryNode, inner: StepVector): WindowSource {
  const windows = createWindows(node);
  const buffer = createReadBuffer();
  return {
    seriesCount: inner.rowCount,
    isStored: false,
    labelsOf: (index) => inner.labels[index] as Labels,
    isNamePending: (index) => inner.isNamePending[index] === true,
    load(index) {
      loadRow(windows, inner, index, node, buffer);
      return windows;
    },
  };
}

/** Takes each row as it is done; the cells are valid during the call. */
export type RowSink = (index: number, row: RowCells, present: number) => void;

/** Calls `implementation` for each series and collects the rows. */
export async function callRangeFunction(
  implementation: RangeFunction,
  call: RangeCall,
  source: WindowSource,
): Promise<StepVector> {
  const { run, grid } = call;
  const result = new StepVector(grid.stepCount, source.seriesCount);
  const held = run.samples;
  let samples = 0;
  const nextRow = (): RowCells => {
    const base = result.reserveRow();
    return rowCells(result, base);
  };
  await forEachRow(implementation, call, source, nextRow, (index, _row, present) => {
    samples += present;
    run.holdSamples(held + samples);
    result.addRow(source.labelsOf(index), source.isNamePending(index));
    run.holdCells(result.rowCount * grid.stepCount);
  });
  if (implementation.keepsName !== true) dropNames(result, run, source.facts?.isOneMetric);
  return implementation.finish?.(result, call) ?? result;
}

/** Evaluates series by series; `nextRow` gives empty cells, `sink` gets the rows that hold anything. */
export async function forEachRow(
  implementation: RangeFunction,
  call: RangeCall,
  source: WindowSource,
  nextRow: () => RowCells,
  sink: RowSink,
): Promise<void> {
  const { run, grid } = call;
  const warnsOfNames = implementation.isForCounters === true && !areCounters(source, run);
  let samples = 0;
  for (let index = 0; index < source.seriesCount; index++) {
    if (run.isPauseDueAfter(samples + grid.stepCount)) await run.pause();
    const windows = source.load(index);
    samples = windows.count;
    if (windows.total === 0) continue;
    const weight = weighWindows(windows);
    run.tally.addWindows(windows, weight, source.isStored);
    const held = run.samples;
    run.holdSamples(held + weight.fullest);
    run.holdSamples(held);
    const row = nextRow();
    evaluateAnyRow(implementation, windows, row, call);
    const present =
      row.to >= 0 ? row.to - row.from : countPresent(row.kinds, row.base, grid.stepCount);
    if (present === 0) continue;
    if (warnsOfNames && hasFloat(row, grid.stepCount)) {
      warnOfNonCounter(source.labelsOf(index), call);
    }
    sink(index, row, present);
  }
}

function evaluateAnyRow(
  implementation: RangeFunction,
  windows: SampleWindows,
  row: RowCells,
  call: RangeCall,
): void {
  if (windows.histograms === undefined) {
    implementation.evaluateRow(windows, row, call);
    return;
  }
  if (implementation.evaluateMixedRow !== undefined) {
    implementation.evaluateMixedRow(windows, row, call);
  } else evaluateFloats(implementation, windows, row, call);
  // What was said of the floats does not hold for the row.
  row.to = -1;
}

/** Whether no series can be worth a remark on its name: all have the same, which is a counter's. */
function areCounters({ facts }: WindowSource, run: QueryRun): boolean {
  if (facts?.isOneMetric !== true || run.hasTypeAndUnitLabels) return false;
  return !isNotCounterName(facts.labels[0]?.metricName ?? "");
}

/** Series left with equal labels are an error here even where they do not overlap in time. */
function dropNames(result: StepVector, run: QueryRun, isOneList: boolean | undefined): void {
  if (run.isNameRemovalDelayed) {
    result.isNamePending.fill(true);
    return;
  }
  const { labels } = result;
  const isOneMetric = isOneList === true || hasOneMetric(labels);
  for (let row = 0; row < labels.length; row++)
    labels[row] = withoutMetadata(labels[row] as Labels);
  if (!isOneMetric && hasEqualRows(labels)) throw sameLabelsetError();
}

function hasFloat({ kinds, base }: RowCells, stepCount: number): boolean {
  for (let i = base; i < base + stepCount; i++) if (kinds[i] === cellKind.float) return true;
  return false;
}

function countPresent(kinds: Uint8Array, base: number, stepCount: number): number {
  let found = 0;
  for (let i = base; i < base + stepCount; i++) if (kinds[i] !== cellKind.absent) found++;
  return found;
}

function warnOfNonCounter(labels: Labels, call: RangeCall): void {
  const name = labels.metricName;
  if (name === "") return;
  const { annotations, hasTypeAndUnitLabels } = call.run;
  if (hasTypeAndUnitLabels) {
    const type = labels.get("__type__");
    if (type !== "counter" && type !== "histogram") {
      annotations.add(possibleNonCounterLabel(name, type), call.rangeStart);
    }
  } else if (isNotCounterName(name)) {
    annotations.add(possibleNonCounter(name), call.rangeStart);
  }
}

/** The samples of a range selector or subquery at the first step, for a result; what a subquery was given counts apart. */
export async function collectRange(
  source: WindowSource,
  run: QueryRun,
  extension?: RangeExtension,
): Promise<readonly RangeSeries[]> {
  const collected: RangeSeries[] = [];
  const held = run.samples;
  let samples = 0;
  for (let index = 0; index < source.seriesCount; index++) {
    if (run.isPauseDue()) await run.pause();
    const windows = source.load(index);
    if (windows.total === 0) continue;
    const weight = weighWindows(windows);
    if (source.isStored) run.tally.addWindows(windows, weight, true);
    samples += weight.fullest;
    run.holdSamples(held + samples);
    const labels = source.labelsOf(index);
    const found =
      extension === undefined
        ? copyFirstWindow(windows, labels)
        : extendWindow(windows, extension, labels);
    if (found !== undefined) collected.push(found);
  }
  return collected;
}
