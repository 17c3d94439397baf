/**
 * Reading storage: all sources of a query are selected once, over the union of the times that their
 * selectors look at; samples are decoded per use into one reused buffer. An instant selector takes,
 * at each step, the newest sample in (step - lookback, step], unless that is a stale marker.
 */

import type { Labels } from "../../model/labels.ts";
import { SampleBuffer } from "../../model/sample.ts";
import type { Querier, Queryable } from "../../storage/storage.ts";
import { sampleWeight } from "./histogram/histogram-value.ts";
import { readHistograms } from "./histogram/read-histograms.ts";
import { arePlaced, type PlacedTimes } from "./placed-times.ts";
import type { SelectorSource, VectorSelectorNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { readWanted, sparseIndices } from "./sample-windows.ts";
import { lastStepMs } from "./step-grid.ts";
import { cellKind, StepVector } from "./step-vector.ts";

/** Selects the series of all sources. The querier must stay open while samples are read; the caller closes it. */
export async function openSources(
  queryable: Queryable,
  sources: readonly SelectorSource[],
  run: QueryRun,
): Promise<Querier | undefined> {
  if (sources.length === 0) return undefined;
  let minMs = Infinity;
  let maxMs = -Infinity;
  for (const source of sources) {
    minMs = Math.min(minMs, source.minMs);
    maxMs = Math.max(maxMs, source.maxMs);
  }
  run.isStorageReached = maxMs >= (queryable.firstMs?.() ?? -Infinity);
  const querier = queryable.querier(minMs, maxMs);
  try {
    for (const source of sources) {
      const hints = { startMs: source.minMs, endMs: source.maxMs, isOrderFree: true };
      const set = await querier.select(source.matchers, hints);
      source.series = set.series;
      for (const text of set.warnings) run.annotations.addStorageWarning(text);
      run.checkAlive();
    }
  } catch (thrown) {
    querier.close();
    throw thrown;
  }
  return querier;
}

/** The time a selector looks at for a step. */
export function referenceMs(node: VectorSelectorNode, step: number): number {
  const { grid, shift } = node;
  return (shift.atMs ?? grid.startMs + step * grid.stepMs) - shift.offsetMs;
}

/** What is taken of a sample: its value, its time in seconds, or when what it counts began (0: unknown). */
export type SampleAspect = "values" | "timestamps" | "starts";

/** Evaluates an instant selector. */
export async function evaluateSelector(
  node: VectorSelectorNode,
  run: QueryRun,
  aspect: SampleAspect = "values",
): Promise<StepVector> {
  const { grid } = node;
  const { series } = node.source;
  const result = new StepVector(grid.stepCount, series.length);
  await forEachSelectedRow(node, run, { result, aspect }, (index) => {
    result.addRow(series[index]!.labels);
    run.holdCells(result.rowCount * grid.stepCount);
  });
  return result;
}

/**
 * Puts the row of one series after the other where `result.reserveRow` says; `sink` is told those that
 * hold anything, with what they weigh, and adds the row or empties it. `stretch` says where their floats
 * stand if they stand at steps in a row and nothing else is there.
 */
export async function forEachSelectedRow(
  node: VectorSelectorNode,
  run: QueryRun,
  into: { readonly result: StepVector; readonly aspect: SampleAspect },
  sink: (index: number, found: number, stretch: Stretch | undefined) => void,
): Promise<void> {
  const { stepCount } = node.grid;
  const { series } = node.source;
  if (stepCount === 0) return;
  const rowInto = { ...into, buffer: new SampleBuffer(1024), picks: createPicks(stepCount) };
  const held = run.samples;
  let present = 0;
  for (let index = 0; index < series.length; index++) {
    if (run.isPauseDueAfter(rowInto.buffer.count + stepCount)) await run.pause();
    const found = selectRow(node, run, series[index]!, rowInto);
    if (found === 0) continue;
    present += found;
    run.tally.addRow(into.result, into.result.reserveRow(), found);
    run.holdSamples(held + present);
    const { picks } = rowInto;
    sink(index, found, picks.isWhole ? picks : undefined);
  }
}

interface ReadableSeries {
  readonly labels: Labels;
  readSamples(into: SampleBuffer, startMs: number, endMs: number): void;
}

/** Fills the row of one series; returns what its samples weigh, 0 where there is none. */
function selectRow(
  node: VectorSelectorNode,
  run: QueryRun,
  series: ReadableSeries,
  into: {
    readonly buffer: SampleBuffer;
    readonly result: StepVector;
    readonly aspect: SampleAspect;
    readonly picks: NewestPicks;
  },
): number {
  const { buffer, result, aspect, picks } = into;
  const { grid, shift } = node;
  const lookbackMs = run.lookbackDeltaMs;
  const firstMs = referenceMs(node, 0);
  const lastMs = shift.atMs === undefined ? lastStepMs(grid) - shift.offsetMs : firstMs;
  buffer.want(aspect === "values" ? picks.wanted : undefined, picks.placedCount);
  readWanted(series, buffer, firstMs - lookbackMs + 1, lastMs);
  if (buffer.count === 0) return 0;
  const base = result.reserveRow();
  const advanceMs = shift.atMs === undefined ? grid.stepMs : 0;
  const window = { firstMs, advanceMs, lookbackMs };
  const source = numbersOf(buffer, aspect);
  if (arePlaced(picks, buffer.timestampsMs, buffer.count, buffer.sameTimesCount)) {
    picks.wanted ??= indicesPicked(picks, buffer.count);
  } else pickNewest(buffer, picks, window);
  const found = takePicks(buffer, source, picks, result, base);
  if (found === 0) return 0;
  if (aspect !== "values" || buffer.histograms === undefined) return found;
  return found + placeHistograms(buffer, result, base, { ...window, node });
}

/** Slow path: puts histograms where `pickNewest` put their places; returns what they weigh beyond a sample each. */
function placeHistograms(
  buffer: SampleBuffer,
  result: StepVector,
  base: number,
  window: PickWindow & { readonly node: VectorSelectorNode },
): number {
  const { timestampsMs } = buffer;
  const { firstMs, advanceMs, node } = window;
  const histograms = readHistograms(buffer, node.isStatisticsOnly);
  let extraWeight = 0;
  let next = 0;
  /** Stale markers are not in the list. */
  let stale = 0;
  for (let step = 0; step < result.stepCount; step++) {
    const atMs = firstMs + step * advanceMs;
    while (next < buffer.count && timestampsMs[next]! <= atMs) if (buffer.isStale(next++)) stale++;
    if (result.kinds[base + step] === cellKind.absent) continue;
    const histogram = histograms[next - 1 - stale];
    if (histogram === undefined) continue;
    result.setHistogram(base + step, histogram);
    extraWeight += sampleWeight(histogram) - 1;
  }
  return extraWeight;
}

/** Where an instant selector looks: at each step, so far back. */
interface PickWindow {
  readonly firstMs: number;
  readonly advanceMs: number;
  readonly lookbackMs: number;
}

/** Steps in a row: [from, to). */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Which sample each step takes, by its index; -1: none. They depend on the times alone. */
interface NewestPicks extends PlacedTimes {
  readonly indices: Int32Array;
  /** The steps that take one, if they are in a row; else `to` is -1. */
  from: number;
  to: number;
  /** Of the row written last: each of those steps took a float. */
  isWhole: boolean;
  /** The samples that any step takes, once a second series had these times. */
  wanted: Int32Array | undefined;
}

function createPicks(stepCount: number): NewestPicks {
  const indices = new Int32Array(stepCount);
  const placedTimesMs = new Float64Array(0);
  const none = { from: 0, to: -1, isWhole: false };
  return { indices, ...none, wanted: undefined, placedTimesMs, placedCount: -1 };
}

function indicesPicked({ indices }: NewestPicks, count: number): Int32Array {
  const isPicked = new Uint8Array(count);
  for (const index of indices) if (index >= 0) isPicked[index] = 1;
  return sparseIndices(isPicked);
}

/** Two pointers: steps and samples. O(steps + samples), no allocation. */
function pickNewest(buffer: SampleBuffer, picks: NewestPicks, window: PickWindow): void {
  const { timestampsMs, count } = buffer;
  const { indices } = picks;
  const { firstMs, advanceMs, lookbackMs } = window;
  let next = 0;
  let begin = -1;
  let after = 0;
  let taken = 0;
  picks.wanted = undefined;
  for (let step = 0; step < indices.length; step++) {
    const atMs = firstMs + step * advanceMs;
    while (next < count && timestampsMs[next]! <= atMs) next++;
    const isFresh = next > 0 && timestampsMs[next - 1]! > atMs - lookbackMs;
    indices[step] = isFresh ? next - 1 : -1;
    if (!isFresh) continue;
    if (begin < 0) begin = step;
    after = step + 1;
    taken++;
  }
  picks.from = Math.max(0, begin);
  picks.to = after - begin === taken ? after : -1;
}

/** Puts the samples picked into the row at `base`, stale markers apart; returns how many. O(steps). */
function takePicks(
  buffer: SampleBuffer,
  source: Float64Array,
  picks: NewestPicks,
  { values, kinds }: StepVector,
  base: number,
): number {
  const { indices, from, to } = picks;
  const steps = indices.length;
  picks.isWhole = to >= 0 && isPlain(buffer);
  // Fast path: no gaps, no NaN.
  if (picks.isWhole) {
    kinds.fill(cellKind.float, base + from, base + to);
    for (let step = from; step < to; step++) values[base + step] = source[indices[step]!]!;
    return to - from;
  }
  let found = 0;
  for (let step = 0; step < steps; step++) {
    const newest = indices[step]!;
    if (newest < 0) continue;
    // Only a NaN can be a stale marker; the bits are asked of the buffer, never of the number.
    if (Number.isNaN(buffer.values[newest]!) && buffer.isStale(newest)) continue;
    values[base + step] = source[newest]!;
    kinds[base + step] = cellKind.float;
    found++;
  }
  return found;
}

/** Whether no sample is NaN; most are known not to be. */
function isPlain({ values, plainCount, count }: SampleBuffer): boolean {
  for (let i = plainCount; i < count; i++) if (Number.isNaN(values[i]!)) return false;
  return true;
}

function numbersOf(buffer: SampleBuffer, aspect: SampleAspect): Float64Array {
  if (aspect === "values") return buffer.values;
  const seconds = new Float64Array(buffer.count);
  const timesMs = aspect === "timestamps" ? buffer.timestampsMs : buffer.startTimestampsMs;
  if (timesMs === undefined) return seconds;
  for (let i = 0; i < buffer.count; i++) seconds[i] = timesMs[i]! / 1000;
  return seconds;
}
