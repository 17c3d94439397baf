/**
 * The part of the database in memory: series table, postings, chunks, exemplars, and the time range
 * they span. Owns no files; the log is handed what it must keep (head-log.ts).
 *
 * Memory per series: 128 bytes of record, 8 a label, 4 a posting, and its chunks.
 */

import type { Labels } from "../../model/labels.ts";
import type { MetricMetadata } from "../../model/sample.ts";
import { ExemplarRing } from "./exemplar-ring.ts";
import type { HeadChunkFiles } from "./head-chunk-files.ts";
import { HeadChunks } from "./head-chunks.ts";
import { HeadDeletions } from "./head-deletions.ts";
import { LateSamples } from "./late-samples.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { Postings } from "./postings.ts";
import { SeriesOrder } from "./series-order.ts";
import { SeriesTable, seriesField } from "./series-table.ts";
import { byteIndex, SharedArena } from "./shared-arena.ts";
import { SymbolTable } from "./symbol-table.ts";

/** Distinct texts of metadata that are shared; beyond them sharing begins anew. */
const metadataTextsMax = 20_000;

export interface HeadOptions {
  /** Exemplars kept; 0 switches them off. */
  readonly exemplarsMax: number;
  /** Series beyond this are refused; 0 means no limit. */
  readonly seriesMax: number;
  /** Above this estimate of its memory the head refuses new series; 0 means no limit. */
  readonly memoryBudgetBytes?: number;
}

/** Counters of what became of samples. */
export interface HeadCounts {
  samplesAppended: number;
  histogramsAppended: number;
  outOfOrder: number;
  outOfBounds: number;
  /** Behind the window for late samples. */
  tooOld: number;
  duplicates: number;
  seriesCreated: number;
  seriesRemoved: number;
  seriesRefused: number;
}

/** The head. */
export class Head {
  readonly arena = new SharedArena();
  readonly symbols = new SymbolTable(this.arena);
  readonly series = new SeriesTable(this.arena, this.symbols);
  readonly postings = new Postings(this.arena);
  readonly order = new SeriesOrder(this.series);
  readonly chunks = new HeadChunks(this.series);
  /** Samples that were deleted but lie here still. */
  readonly deletions = new HeadDeletions();
  /** Samples that came out of order. */
  readonly late = new LateSamples();
  /** How far behind the newest sample a late one may be, ms; 0: none is taken. */
  lateWindowMs = 0;
  /** Whether start times of samples are kept, new ones and those of the log; those in chunks always are. */
  keepsStarts = false;
  readonly exemplars: ExemplarRing;
  /** What series are, by slot, where somebody said so. */
  readonly metadata = new Map<number, MetricMetadata>();
  readonly counts: HeadCounts = {
    samplesAppended: 0,
    histogramsAppended: 0,
    outOfOrder: 0,
    outOfBounds: 0,
    tooOld: 0,
    duplicates: 0,
    seriesCreated: 0,
    seriesRemoved: 0,
    seriesRefused: 0,
  };
  /** Slots whose series record the log does not have yet. */
  readonly unlogged: number[] = [];
  /** First and last sample; +Infinity and -Infinity while empty. */
  minMs = Number.POSITIVE_INFINITY;
  maxMs = Number.NEGATIVE_INFINITY;
  /** Older samples are refused: what truncation removed must not come back. */
  minValidMs = Number.NEGATIVE_INFINITY;

  readonly budget: MemoryBudget;
  readonly #seriesMax: number;
  readonly #metadataTexts = new Map<string, MetricMetadata>();
  #lastLogId = 0;

  constructor(options: HeadOptions) {
    this.#seriesMax = options.seriesMax;
    this.exemplars = new ExemplarRing(options.exemplarsMax);
    this.budget = new MemoryBudget(this, options.memoryBudgetBytes ?? 0);
  }

  /** The highest number given to a series in the log. */
  get lastLogId(): number {
    return this.#lastLogId;
  }

  /** Slot of the series with these labels, made if need be; 0 where the limit refuses it. */
  findOrCreate(labels: Labels): number {
    const known = this.series.find(labels.pairs);
    if (known !== 0) return known;
    const isFull = this.#seriesMax > 0 && this.series.count >= this.#seriesMax;
    if (isFull || this.budget.refusesSeries) {
      this.counts.seriesRefused++;
      return 0;
    }
    const slot = this.#create(labels.pairs, this.#lastLogId + 1);
    const words = this.series.wordsOf(slot);
    words[this.series.wordAt(slot) + seriesField.isUnlogged] = 1;
    this.unlogged.push(slot);
    return slot;
  }

  /** For replay: the series with these labels, with the number that the log gave it if it is new here. */
  restore(labels: readonly string[], logId: number): number {
    const known = this.series.find(labels);
    if (logId > this.#lastLogId) this.#lastLogId = logId;
    return known !== 0 ? known : this.#create(labels, logId);
  }

  /** No series may get a log number up to this one. */
  reserveLogIds(upTo: number): void {
    if (upTo > this.#lastLogId) this.#lastLogId = upTo;
  }

  /** Widens the time range. */
  noteTime(timestampMs: number): void {
    if (timestampMs < this.minMs) this.minMs = timestampMs;
    if (timestampMs > this.maxMs) this.maxMs = timestampMs;
  }

  /**
   * Frees the chunks that end before `cutoffMs` and the series left without any; calls `onRemoved`
   * with each one's log id. O(series).
   */
  truncate(cutoffMs: number, onRemoved: (logId: number) => void): void {
    const gone: number[] = [];
    let minMs = Number.POSITIVE_INFINITY;
    for (let slot = 1; slot < this.series.slotEnd; slot++) {
      if (!this.series.isAlive(slot)) continue;
      const words = this.series.wordsOf(slot);
      // A series that waits for its first commit has no chunks yet and stays.
      if (words[this.series.wordAt(slot) + seriesField.isUnlogged] === 1) continue;
      if (this.chunks.dropBefore(slot, cutoffMs)) {
        if (!this.late.hasSeries(slot)) gone.push(slot);
        continue;
      }
      minMs = Math.min(minMs, this.chunks.firstMs(slot));
    }
    this.removeSeries(gone, onRemoved);
    this.deletions.truncate(cutoffMs);
    this.minMs = minMs;
    this.minValidMs = Math.max(this.minValidMs, cutoffMs);
    if (minMs === Number.POSITIVE_INFINITY) this.maxMs = Number.NEGATIVE_INFINITY;
  }

  /** Frees series with all their chunks; calls `onRemoved` with each one's log id. */
  removeSeries(slots: readonly number[], onRemoved: (logId: number) => void): void {
    const pairs = new Map<number, Set<number>>();
    for (const slot of slots) {
      this.chunks.dropBefore(slot, Number.POSITIVE_INFINITY);
      onRemoved(this.series.logIdOf(slot));
      const count = this.series.labelCount(slot) * 2;
      for (let i = 0; i < count; i += 2) {
        const nameId = this.series.labelId(slot, i);
        const values = pairs.get(nameId) ?? new Set();
        pairs.set(nameId, values.add(this.series.labelId(slot, i + 1)));
      }
    }
    this.postings.removeAll(pairs, new Set(slots));
    for (const slot of slots) {
      this.metadata.delete(slot);
      this.order.noteRemoved(slot);
      this.series.remove(slot);
      this.counts.seriesRemoved++;
    }
  }

  #create(labels: readonly string[], logId: number): number {
    if (logId > this.#lastLogId) this.#lastLogId = logId;
    const slot = this.series.add(labels, logId);
    for (let i = 0; i < labels.length; i += 2) {
      this.postings.add(this.series.labelId(slot, i), this.series.labelId(slot, i + 1), slot);
    }
    this.order.noteAdded(slot);
    this.counts.seriesCreated++;
    return slot;
  }

  /** Keeps what a series is; one object for all series of which the same is said. */
  keepMetadata(slot: number, { type, unit, help }: MetricMetadata): void {
    const key = `${type} ${unit} ${help}`;
    let known = this.#metadataTexts.get(key);
    if (known === undefined) {
      if (this.#metadataTexts.size >= metadataTextsMax) this.#metadataTexts.clear();
      known = { type, unit, help };
      this.#metadataTexts.set(key, known);
    }
    this.metadata.set(slot, known);
  }
}

/** Lets every chunk that is finished from now on go into `files` too. */
export function keepFinishedChunks(head: Head, files: HeadChunkFiles): void {
  const { arena, chunks, series } = head;
  chunks.onSeal = (slot, { firstMs, lastMs, encoding, address, length }) => {
    files.add({
      logId: series.logIdOf(slot),
      firstMs,
      lastMs,
      encoding,
      isLate: false,
      bytes: arena.bytePages[address >>> 16]!,
      from: byteIndex(address),
      length,
    });
  };
}
