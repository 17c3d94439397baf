/**
 * Writes transactions to the WAL: series records of the series that the log does not know yet, then
 * samples, then exemplars, handed to the kernel in one write. Label bytes are copied from the shared
 * symbols. About 60 ns a sample with checksum and compression; no allocation.
 */

import { highWord, lowWord } from "../../model/sample.ts";
import { ByteWriter } from "../byte-writer.ts";
import { beginHistograms, encodeHistogram, encodeHistogramBody } from "../wal/histogram-records.ts";
import {
  beginExemplars,
  beginSamples,
  encodeExemplar,
  encodeMetadata,
  encodeSample,
  histogramRecordType,
  metadataTypeNames,
  RunEncoder,
  recordType,
  sampleMaxBytes,
  writeSample,
} from "../wal/wal-records.ts";
import type { WalWriter } from "../wal/wal-writer.ts";
import type { Head } from "./head.ts";
import type { LateSample } from "./late-samples.ts";
import type { PendingHistogram, SampleBatch } from "./sample-batch.ts";
import { seriesField } from "./series-table.ts";
import { byteIndex, wordIndex } from "./shared-arena.ts";

/** Series of one series record; a long list is split, so that a record stays far below a segment. */
const seriesPerRecord = 10_000;

/** Log of one head. */
export class HeadLog {
  readonly #head: Head;
  readonly #wal: WalWriter;
  readonly #record = new ByteWriter(16 * 1024);
  readonly #run = new RunEncoder();
  readonly #bits = new Float64Array(1);
  readonly #bitWords = new Uint32Array(this.#bits.buffer);

  constructor(head: Head, wal: WalWriter) {
    this.#head = head;
    this.#wal = wal;
  }

  /** Logs a batch; when it returns, the kernel has it. Throws AppError "disk". */
  write(batch: SampleBatch): void {
    const { unlogged } = this.#head;
    try {
      for (let from = 0; from < unlogged.length; from += seriesPerRecord) {
        this.#series(unlogged, from, Math.min(unlogged.length, from + seriesPerRecord));
      }
      if (batch.histograms.length === 0) this.#samples(batch, 0, batch.count);
      else {
        batch.forEachRun((floats, histograms) => {
          this.#samples(batch, floats.from, floats.to);
          const own = batch.histograms.slice(histograms.from, histograms.to);
          this.#histograms(own, this.#wal, batch.hasStarts);
        });
      }
      if (batch.exemplars.length > 0) this.#exemplars(batch);
      if (batch.metadata.length > 0) this.#metadata(batch);
      this.#wal.flush();
    } catch (thrown) {
      this.#wal.discard();
      throw thrown;
    }
    if (unlogged.length > 0) this.#markLogged();
  }

  /** Logs late samples to the out-of-order log; their series are in the WAL already. Throws AppError "disk". */
  writeLate(samples: readonly LateSample[], log: WalWriter): void {
    try {
      const hasStarts = samples.some(({ startMs }) => startMs !== 0);
      this.#lateFloats(samples, log, hasStarts);
      const histograms = samples.flatMap(({ histogram, ...rest }) =>
        histogram === undefined ? [] : [{ ...rest, histogram }],
      );
      this.#histograms(histograms, log, hasStarts);
      log.flush();
    } catch (thrown) {
      log.discard();
      throw thrown;
    }
  }

  #lateFloats(samples: readonly LateSample[], log: WalWriter, hasStarts: boolean): void {
    const record = this.#record;
    const { series } = this.#head;
    record.clear();
    let firstId = 0;
    let firstMs = 0;
    for (const { ref, timestampMs, high, low, histogram, startMs } of samples) {
      const slot = series.slotOfRef(ref);
      if (slot === 0 || histogram !== undefined) continue;
      const id = series.logIdOf(slot);
      if (hasStarts) {
        this.#startedSample(id, timestampMs, startMs, high, low);
        continue;
      }
      if (record.length === 0) {
        firstId = id;
        firstMs = timestampMs;
        beginSamples(record, id, timestampMs);
      }
      encodeSample(record, id - firstId, timestampMs - firstMs, high, low);
    }
    if (record.length > 0) log.log(record.bytes, record.length);
  }

  #markLogged(): void {
    const { unlogged, series } = this.#head;
    for (const slot of unlogged) {
      series.wordsOf(slot)[series.wordAt(slot) + seriesField.isUnlogged] = 0;
    }
    unlogged.length = 0;
  }

  #series(slots: readonly number[], from: number, to: number): void {
    const record = this.#record;
    const { series } = this.#head;
    record.clear();
    record.byte(recordType.series);
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      record.int64(series.logIdOf(slot));
      const count = series.labelCount(slot);
      record.uvarint(count);
      for (let k = 0; k < count * 2; k++) this.#symbol(series.labelId(slot, k));
    }
    this.#wal.log(record.bytes, record.length);
  }

  #symbol(id: number): void {
    const { arena, symbols } = this.#head;
    const address = symbols.address(id);
    const length = arena.wordPages[address >>> 16]![wordIndex(address)]!;
    const from = byteIndex(address) + 4;
    this.#record.uvarint(length);
    this.#record.raw(arena.bytePages[address >>> 16]!, from, from + length);
  }

  /** One sample of a v2 record, which it begins if need be. */
  #startedSample(
    id: number,
    timestampMs: number,
    startMs: number,
    high: number,
    low: number,
  ): void {
    const record = this.#record;
    if (record.length === 0) this.#run.begin(record, recordType.samplesV2);
    this.#run.next(record, id, timestampMs, startMs);
    record.word(high);
    record.word(low);
  }

  #startedSamples(batch: SampleBatch, from: number, to: number): void {
    const record = this.#record;
    const { series } = this.#head;
    const { slots, timestampsMs, valueWords, startsMs } = batch;
    record.clear();
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (slot === 0) continue;
      const high = valueWords[i * 2 + highWord]!;
      const low = valueWords[i * 2 + lowWord]!;
      const startMs = startsMs[i] ?? 0;
      this.#startedSample(series.logIdOf(slot), timestampsMs[i]!, startMs, high, low);
    }
    if (record.length > 0) this.#wal.log(record.bytes, record.length);
  }

  #samples(batch: SampleBatch, from: number, to: number): void {
    if (from === to) return;
    if (batch.hasStarts) {
      this.#startedSamples(batch, from, to);
      return;
    }
    const record = this.#record;
    const { series } = this.#head;
    const { slots, timestampsMs, valueWords } = batch;
    let first = from;
    // Truncation may have removed the series since the sample was appended.
    while (first < to && slots[first] === 0) first++;
    if (first === to) return;
    const firstId = series.logIdOf(slots[first]!);
    const firstMs = timestampsMs[first]!;
    record.clear();
    record.reserve(17 + (to - first) * sampleMaxBytes);
    beginSamples(record, firstId, firstMs);
    const { bytes } = record;
    let end = record.length;
    for (let i = first; i < to; i++) {
      const slot = slots[i]!;
      if (slot === 0) continue;
      const high = valueWords[i * 2 + highWord]!;
      const low = valueWords[i * 2 + lowWord]!;
      const refDelta = series.logIdOf(slot) - firstId;
      end = writeSample(bytes, end, refDelta, timestampsMs[i]! - firstMs, high, low);
    }
    record.length = end;
    if (record.length > 0) this.#wal.log(record.bytes, record.length);
  }

  /** One record a kind, as Prometheus writes them. */
  #histograms(pending: readonly PendingHistogram[], log: WalWriter, hasStarts: boolean): void {
    const typeOf = ({ histogram }: PendingHistogram): number =>
      histogramRecordType(histogram, hasStarts);
    const types = new Set(pending.map(typeOf));
    const record = this.#record;
    const { series } = this.#head;
    for (const type of types) {
      record.clear();
      let firstId = 0;
      let firstMs = 0;
      for (const one of pending) {
        const { ref, timestampMs, histogram, isStale, startMs } = one;
        const slot = series.slotOfRef(ref);
        if (slot === 0 || typeOf(one) !== type) continue;
        const id = series.logIdOf(slot);
        if (hasStarts) {
          if (record.length === 0) this.#run.begin(record, type);
          this.#run.next(record, id, timestampMs, startMs);
          encodeHistogramBody(record, histogram, isStale);
          continue;
        }
        if (record.length === 0) {
          firstId = id;
          firstMs = timestampMs;
          beginHistograms(record, type, id, timestampMs);
        }
        encodeHistogram(record, id - firstId, timestampMs - firstMs, histogram, isStale);
      }
      if (record.length > 0) log.log(record.bytes, record.length);
    }
  }

  #metadata(batch: SampleBatch): void {
    const record = this.#record;
    const { series } = this.#head;
    record.clear();
    for (const { ref, metadata } of batch.metadata) {
      const slot = series.slotOfRef(ref);
      if (slot === 0) continue;
      if (record.length === 0) record.byte(recordType.metadata);
      const type = metadataTypeNames.indexOf(metadata.type);
      encodeMetadata(record, series.logIdOf(slot), Math.max(0, type), metadata);
    }
    if (record.length > 0) this.#wal.log(record.bytes, record.length);
  }

  #exemplars(batch: SampleBatch): void {
    const record = this.#record;
    const { series } = this.#head;
    record.clear();
    let firstId = 0;
    let firstMs = 0;
    for (const { ref, exemplar, timestampMs } of batch.exemplars) {
      const slot = series.slotOfRef(ref);
      if (slot === 0) continue;
      const id = series.logIdOf(slot);
      if (record.length === 0) {
        firstId = id;
        firstMs = timestampMs;
        beginExemplars(record, id, timestampMs);
      }
      this.#bits[0] = exemplar.value;
      const bits = [this.#bitWords[highWord]!, this.#bitWords[lowWord]!] as const;
      encodeExemplar(record, id - firstId, timestampMs - firstMs, bits, exemplar.labels.pairs);
    }
    if (record.length > 0) this.#wal.log(record.bytes, record.length);
  }
}
