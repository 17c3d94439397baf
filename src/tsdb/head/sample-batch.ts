/**
 * What one transaction collected: parallel typed arrays, reused from transaction to transaction.
 */

import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import type { Exemplar, MetricMetadata } from "../../model/sample.ts";
import type { LateSample } from "./late-samples.ts";
import type { SeriesTable } from "./series-table.ts";

/** An exemplar on its way into the ring. */
export interface PendingExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
  readonly timestampMs: number;
}

/** What a series is, on its way into the head. */
export interface PendingMetadata {
  readonly ref: number;
  readonly metadata: MetricMetadata;
}

/** A native histogram on its way into a chunk. */
export interface PendingHistogram {
  readonly ref: number;
  readonly timestampMs: number;
  readonly histogram: Histogram | FloatHistogram;
  readonly isStale: boolean;
  /** When what it counts began; 0 = unknown. */
  startMs: number;
}

/**
 * A place where order matters: a series got a histogram and then a float. All floats before `floats`
 * and all histograms before `histograms` come first.
 */
export interface BatchCut {
  readonly floats: number;
  readonly histograms: number;
}

/** Indexes [from, to). */
export interface BatchRange {
  readonly from: number;
  readonly to: number;
}

/** Samples and exemplars of one transaction. */
export class SampleBatch {
  refs: Float64Array;
  /** Slots of the refs, 0 for a series that is gone; right after `findSlots`, and until a series is removed. */
  slots: Uint32Array;
  /** `SeriesTable.removals` when the batch began. */
  removalsBefore = 0;
  timestampsMs: Float64Array;
  values: Float64Array;
  /** The values' memory as words. */
  valueWords: Uint32Array;
  count = 0;
  /** Whether any sample, of whatever kind, has a start time. */
  hasStarts = false;
  /** Start times of the floats, 0 = none; may be shorter than `count`. */
  startsMs = new Float64Array(0);
  readonly exemplars: PendingExemplar[] = [];
  readonly metadata: PendingMetadata[] = [];
  readonly histograms: PendingHistogram[] = [];
  readonly cuts: BatchCut[] = [];
  /** Samples for the out-of-order log. */
  readonly late: LateSample[] = [];
  /** Refs with a histogram since the last cut. */
  readonly #histogramRefs = new Set<number>();

  constructor(capacity = 256) {
    this.refs = new Float64Array(capacity);
    this.slots = new Uint32Array(capacity);
    this.timestampsMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
  }

  clear(): void {
    this.count = 0;
    this.exemplars.length = 0;
    this.metadata.length = 0;
    this.late.length = 0;
    if (this.hasStarts) this.startsMs.fill(0);
    this.hasStarts = false;
    if (this.histograms.length === 0) return;
    this.histograms.length = 0;
    this.cuts.length = 0;
    this.#histogramRefs.clear();
  }

  addHistogram(pending: PendingHistogram): void {
    this.histograms.push(pending);
    this.#histogramRefs.add(pending.ref);
  }

  /** Makes `slots` right: O(1) unless a series was removed since the batch began. */
  findSlots(series: SeriesTable): void {
    if (series.removals === this.removalsBefore) return;
    for (let i = 0; i < this.count; i++) this.slots[i] = series.slotOfRef(this.refs[i]!);
  }

  /** Notes when what the float at `index` counts began. */
  setStart(index: number, startMs: number): void {
    this.hasStarts = true;
    if (index >= this.startsMs.length) {
      const grown = new Float64Array(this.refs.length);
      grown.set(this.startsMs);
      this.startsMs = grown;
    }
    this.startsMs[index] = startMs;
  }

  /** To be called before a float is counted, where the batch has histograms. */
  noteFloat(ref: number): void {
    if (!this.#histogramRefs.has(ref)) return;
    this.cuts.push({ floats: this.count, histograms: this.histograms.length });
    this.#histogramRefs.clear();
  }

  /** Calls `use` for each run of floats followed by histograms, in the order in which they must go. */
  forEachRun(use: (floats: BatchRange, histograms: BatchRange) => void): void {
    let floats = 0;
    let histograms = 0;
    for (const cut of [...this.cuts, { floats: this.count, histograms: this.histograms.length }]) {
      use({ from: floats, to: cut.floats }, { from: histograms, to: cut.histograms });
      floats = cut.floats;
      histograms = cut.histograms;
    }
  }

  /** Doubles the room. */
  grow(): void {
    const capacity = this.refs.length * 2;
    const refs = new Float64Array(capacity);
    refs.set(this.refs);
    this.refs = refs;
    const slots = new Uint32Array(capacity);
    slots.set(this.slots);
    this.slots = slots;
    const timestampsMs = new Float64Array(capacity);
    timestampsMs.set(this.timestampsMs);
    this.timestampsMs = timestampsMs;
    const values = new Float64Array(capacity);
    const valueWords = new Uint32Array(values.buffer);
    // As words: a copy as doubles might change the bits of a NaN.
    valueWords.set(this.valueWords);
    this.values = values;
    this.valueWords = valueWords;
  }
}
