/**
 * An instant vector over all steps of a grid. One row a series; row r, step s lies at
 * r * stepCount + s of two flat arrays:
 *
 *   values  Float64Array   the float, 0 where absent
 *   kinds   Uint8Array     cellKind: absent, float or histogram
 *
 * Histograms stand in lists by row, which only vectors that hold any have; their cells' values mean
 * nothing. NaN is an ordinary value and never means absence. No two rows have equal labels, except where
 * delayed name removal is on and names are still to be dropped. The receiver of a vector owns it and
 * may change it in place.
 */

import { QueryError } from "../../base/errors.ts";
import { Labels } from "../../model/labels.ts";
import type { CellMemory } from "./cell-memory.ts";
import { type HistogramValue, sampleWeight } from "./histogram/histogram-value.ts";

/** What a cell holds. */
export const cellKind = { absent: 0, float: 1, histogram: 2 } as const;

/**
 * Cells reserved at once for a vector of known size; 144 MB that the system hands out only as rows
 * are written. Beyond that a vector grows, so that the limit on samples acts before memory is gone.
 */
const firstCellsMax = 1 << 24;

/** Labels that describe the metric and go when its value changes meaning. */
export const metadataLabels: ReadonlySet<string> = new Set(["__name__", "__type__", "__unit__"]);

/** See the head comment. */
export class StepVector {
  readonly stepCount: number;
  readonly labels: Labels[] = [];
  /** Per row: the name is to be dropped at the end of the query (delayed name removal only). */
  readonly isNamePending: boolean[] = [];
  values: Float64Array;
  kinds: Uint8Array;
  /** Rows are in an order that means something (sort, topk); an instant query keeps it. */
  isOrdered = false;
  /** By row, by step; rows without a histogram may have no list. */
  #histograms: (HistogramValue | undefined)[][] | undefined;

  /** Values come from `memory` where it is given: for a vector that will be released. */
  constructor(stepCount: number, rowCapacity = 0, memory?: CellMemory) {
    this.stepCount = stepCount;
    const cells = Math.min(rowCapacity * stepCount, Math.max(firstCellsMax, stepCount));
    this.values = memory?.take(cells) ?? new Float64Array(cells);
    this.kinds = new Uint8Array(cells);
  }

  get rowCount(): number {
    return this.labels.length;
  }

  /** Offset of the cells of the row that `addRow` would make; they are zero (absent). Amortised O(stepCount). */
  reserveRow(): number {
    const base = this.labels.length * this.stepCount;
    const wanted = base + this.stepCount;
    if (wanted > this.values.length) {
      const capacity = Math.max(wanted, this.values.length * 2);
      const values = new Float64Array(capacity);
      const kinds = new Uint8Array(capacity);
      values.set(this.values.subarray(0, base));
      kinds.set(this.kinds.subarray(0, base));
      this.values = values;
      this.kinds = kinds;
    }
    return base;
  }

  /** Whether any cell may be a histogram. Where not, kinds are absent and float only. */
  get hasHistograms(): boolean {
    return this.#histograms !== undefined;
  }

  /** The histogram of a cell (its offset in the flat arrays), undefined where it is none. */
  histogramAt(at: number): HistogramValue | undefined {
    if (this.#histograms === undefined || this.kinds[at] !== cellKind.histogram) return undefined;
    const row = Math.floor(at / this.stepCount);
    return this.#histograms[row]?.[at - row * this.stepCount];
  }

  /** Makes a cell a histogram; it may lie in the row that `reserveRow` gave. */
  setHistogram(at: number, histogram: HistogramValue): void {
    const row = Math.floor(at / this.stepCount);
    this.#histograms ??= [];
    while (this.#histograms.length <= row) this.#histograms.push([]);
    const list = this.#histograms[row]!;
    if (list.length === 0) list.length = this.stepCount;
    list[at - row * this.stepCount] = histogram;
    this.kinds[at] = cellKind.histogram;
    this.values[at] = Number.NaN;
  }

  /** Makes histograms absent. O(1) where there are none, else O(cells). */
  dropHistograms(): void {
    if (this.#histograms === undefined) return;
    this.#emptyHistograms(0, this.rowCount * this.stepCount);
    this.#histograms = undefined;
  }

  /** The same in the row that `reserveRow` gave. */
  dropReservedHistograms(): void {
    if (this.#histograms === undefined) return;
    const base = this.labels.length * this.stepCount;
    this.#emptyHistograms(base, base + this.stepCount);
    this.#forgetReserved();
  }

  #emptyHistograms(from: number, to: number): void {
    const { kinds } = this;
    for (let i = from; i < to; i++) {
      if (kinds[i] === cellKind.histogram) kinds[i] = cellKind.absent;
    }
  }

  /** Empties the cells of the row that `reserveRow` gave, for use again. */
  clearReservedRow(): void {
    const base = this.labels.length * this.stepCount;
    this.kinds.fill(cellKind.absent, base, base + this.stepCount);
    this.#forgetReserved();
  }

  #forgetReserved(): void {
    const { length } = this.labels;
    if (length === 0) this.#histograms = undefined;
    else if (this.#histograms !== undefined && this.#histograms.length > length) {
      this.#histograms.length = length;
    }
  }

  /** Adds a row whose cells are those of `reserveRow`; returns its offset. */
  addRow(labels: Labels, isNamePending = false): number {
    const base = this.reserveRow();
    this.labels.push(labels);
    this.isNamePending.push(isNamePending);
    return base;
  }

  /** Appends a row of another vector with the same steps. */
  copyRow(from: StepVector, row: number): void {
    const base = this.addRow(from.labels[row] as Labels, from.isNamePending[row] as boolean);
    const source = row * from.stepCount;
    this.values.set(from.values.subarray(source, source + from.stepCount), base);
    this.kinds.set(from.kinds.subarray(source, source + from.stepCount), base);
    const histograms = from.#histograms?.[row];
    if (histograms === undefined || histograms.length === 0) return;
    this.#histograms ??= [];
    while (this.#histograms.length < this.rowCount) this.#histograms.push([]);
    this.#histograms[this.rowCount - 1] = histograms.slice();
  }

  /** Gives its memory back. To be called by the owner once nobody reads the vector any more. */
  release(memory: CellMemory): void {
    memory.give(this.values);
    this.values = new Float64Array(0);
    this.kinds = new Uint8Array(0);
    this.labels.length = 0;
    this.isNamePending.length = 0;
    this.#histograms = undefined;
  }

  /** A copy that shares nothing. */
  clone(): StepVector {
    const copy = new StepVector(this.stepCount);
    copy.labels.push(...this.labels);
    copy.isNamePending.push(...this.isNamePending);
    const cells = this.rowCount * this.stepCount;
    copy.values = this.values.slice(0, cells);
    copy.kinds = this.kinds.slice(0, cells);
    copy.isOrdered = this.isOrdered;
    copy.#histograms = this.#histograms?.map((list) => list.slice());
    return copy;
  }

  /** How many cells of a row hold something. O(stepCount). */
  presentInRow(row: number): number {
    const { kinds, stepCount } = this;
    let present = 0;
    for (let i = row * stepCount, end = i + stepCount; i < end; i++) {
      if (kinds[i] !== cellKind.absent) present++;
    }
    return present;
  }

  /** How many samples the cells hold; a histogram weighs as its size. O(cells). */
  presentCount(): number {
    const cells = this.rowCount * this.stepCount;
    if (this.#histograms === undefined) return countFloats(this.kinds, cells);
    const { kinds } = this;
    let present = 0;
    for (let i = 0; i < cells; i++) if (kinds[i] !== cellKind.absent) present++;
    return present + this.#extraWeight();
  }

  /** What histograms weigh beyond one sample each. */
  #extraWeight(): number {
    let weight = 0;
    for (let at = 0, end = this.rowCount * this.stepCount; at < end; at++) {
      const histogram = this.histogramAt(at);
      if (histogram !== undefined) weight += sampleWeight(histogram) - 1;
    }
    return weight;
  }
}

/** How many of the first `count` kinds are floats; none is a histogram. Four at a time. */
function countFloats(kinds: Uint8Array, count: number): number {
  const words = new Uint32Array(kinds.buffer, kinds.byteOffset, count >> 2);
  let found = 0;
  // Each byte of a word is 0 or 1: their sum is the highest byte of the product.
  for (let i = 0; i < words.length; i++) found += Math.imul(words[i]!, 0x01010101) >>> 24;
  for (let i = words.length * 4; i < count; i++) found += kinds[i]!;
  return found;
}

/** Labels without name, type and unit. */
export function withoutMetadata(labels: Labels): Labels {
  const { pairs } = labels;
  for (let i = 0; i < pairs.length; i += 2) {
    if (metadataLabels.has(pairs[i] as string)) return labels.without(metadataLabels);
  }
  return labels;
}

/** The error of two series with equal labels at one step. */
export function sameLabelsetError(): QueryError {
  return new QueryError("execution", "vector cannot contain metrics with the same labelset");
}

/**
 * Takes the name off all rows (or marks them, where name removal is delayed) and joins rows that
 * became equal; they may not both hold a value at one step. In place where no rows join.
 */
export function dropMetricNames(vector: StepVector, isDelayed: boolean): StepVector {
  if (isDelayed) {
    vector.isNamePending.fill(true);
    return vector;
  }
  const { labels } = vector;
  const isOneMetric = hasOneMetric(labels);
  for (let row = 0; row < labels.length; row++)
    labels[row] = withoutMetadata(labels[row] as Labels);
  return isOneMetric ? vector : mergeEqualRows(vector);
}

/** Whether all label sets share name, type and unit, so that they stay distinct without. */
export function hasOneMetric(labels: readonly Labels[]): boolean {
  const first = labels[0];
  if (first === undefined) return true;
  const name = first.get("__name__");
  const type = first.get("__type__");
  const unit = first.get("__unit__");
  for (const other of labels) {
    if (other.get("__name__") !== name) return false;
    if (other.get("__type__") !== type || other.get("__unit__") !== unit) return false;
  }
  return true;
}

/**
 * Joins rows with equal labels; throws where two hold a value at one step. Whether the name is still to
 * be dropped, the first sample says. O(rows), more only where rows join.
 */
export function mergeEqualRows(vector: StepVector): StepVector {
  const { labels } = vector;
  const rowByKey = new Map<string, number>();
  for (let row = 0; row < labels.length; row++) rowByKey.set((labels[row] as Labels).key, row);
  if (rowByKey.size === labels.length) return vector;
  rowByKey.clear();
  const merged = new StepVector(vector.stepCount, labels.length);
  merged.isOrdered = vector.isOrdered;
  for (let row = 0; row < labels.length; row++) {
    const { key } = labels[row] as Labels;
    const target = rowByKey.get(key);
    if (target === undefined) {
      rowByKey.set(key, merged.rowCount);
      merged.copyRow(vector, row);
    } else {
      overlayRow(merged, target, vector, row);
    }
  }
  return merged;
}

/** Whether two rows have equal labels. */
export function hasEqualRows(labels: readonly Labels[]): boolean {
  const keys = new Set<string>();
  for (const set of labels) keys.add(set.key);
  return keys.size !== labels.length;
}

function overlayRow(target: StepVector, targetRow: number, from: StepVector, row: number): void {
  const { stepCount } = target;
  const base = targetRow * stepCount;
  const source = row * stepCount;
  const isEarlier = firstPresent(from, source) < firstPresent(target, base);
  if (isEarlier) target.isNamePending[targetRow] = from.isNamePending[row]!;
  for (let step = 0; step < stepCount; step++) {
    const kind = from.kinds[source + step]!;
    if (kind === cellKind.absent) continue;
    if (target.kinds[base + step] !== cellKind.absent) throw sameLabelsetError();
    target.kinds[base + step] = kind;
    target.values[base + step] = from.values[source + step]!;
    const histogram = from.histogramAt(source + step);
    if (histogram !== undefined) target.setHistogram(base + step, histogram);
  }
}

/** The first step with a sample of the row that begins at `base`, stepCount where there is none. */
function firstPresent({ kinds, stepCount }: StepVector, base: number): number {
  let step = 0;
  while (step < stepCount && kinds[base + step] === cellKind.absent) step++;
  return step;
}

/** Replaces each histogram of a vector. */
export function mapHistograms(
  vector: StepVector,
  apply: (histogram: HistogramValue) => HistogramValue,
): void {
  if (!vector.hasHistograms) return;
  for (let at = 0, end = vector.rowCount * vector.stepCount; at < end; at++) {
    const histogram = vector.histogramAt(at);
    if (histogram !== undefined) vector.setHistogram(at, apply(histogram));
  }
}

/** One row without labels that holds `values` at every step. */
export function vectorOfScalar(values: Float64Array): StepVector {
  const vector = new StepVector(values.length, 1);
  const base = vector.addRow(Labels.empty);
  vector.values.set(values, base);
  vector.kinds.fill(cellKind.float, base, base + values.length);
  return vector;
}
