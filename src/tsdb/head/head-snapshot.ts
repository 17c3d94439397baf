/**
 * The head on disk, written at a clean end so that the next start need not read the log before it
 * (`--enable-feature=memory-snapshot-on-shutdown`; layout in FORMAT.md, Prometheus' own):
 *
 *   chunk_snapshot.SEGMENT.OFFSET/   a log of records; the WAL behind that place is not in it
 *     1 series: number, labels, its open chunk      2 deletions      3 exemplars
 *
 * Finished chunks lie in chunks_head, late samples in wbl. It is taken only where that adds up to all
 * that the log has, which we note in a field that Prometheus does not use; else the log is read. Cost: one pass over the series, about 1 µs each.
 */

import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Exemplar } from "../../model/sample.ts";
import { highWord, lowWord, SampleBuffer } from "../../model/sample.ts";
import { type EncodedChunk, readChunkSamples } from "../block/chunk-samples.ts";
import { renameDir, syncDir } from "../block/durable-files.ts";
import { ByteReader } from "../byte-reader.ts";
import { ByteWriter } from "../byte-writer.ts";
import { xorEncoding } from "../chunks/xor/xor-appender.ts";
import type { FileSystem } from "../file-system.ts";
import { encodeHistogramBody } from "../wal/histogram-records.ts";
import type { RecordCompression } from "../wal/record-compression.ts";
import { WalReader } from "../wal/wal-reader.ts";
import {
  beginExemplars,
  encodeExemplar,
  encodeLabels,
  RecordDecoder,
  type RecordVisitor,
} from "../wal/wal-records.ts";
import { listSegments } from "../wal/wal-segments.ts";
import { WalWriter } from "../wal/wal-writer.ts";
import type { Head } from "./head.ts";
import type { HeadChunkFiles } from "./head-chunk-files.ts";
import { seriesField } from "./series-table.ts";

const snapshotRecord = { series: 1, tombstones: 2, exemplars: 3 } as const;
const tombstonesVersion = 1;
const exemplarsPerRecord = 10_000;
/** How long a slice of reading may hold the event loop, ms. */
const sliceMs = 50;
const allTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** A snapshot that is there. */
export interface SnapshotFolder {
  readonly path: string;
  /** The place in the WAL that it goes up to. */
  readonly segment: number;
  readonly offset: number;
}

/** Snapshots of a data directory, oldest first. */
export function listSnapshots(fs: FileSystem, dir: string): SnapshotFolder[] {
  const found: SnapshotFolder[] = [];
  for (const name of fs.readdirSync(dir)) {
    const match = /^chunk_snapshot\.(\d{1,15})\.(\d{1,15})$/.exec(name);
    if (match === null) continue;
    found.push({ path: join(dir, name), segment: Number(match[1]), offset: Number(match[2]) });
  }
  return found.sort((a, b) => a.segment - b.segment || a.offset - b.offset);
}

export interface SnapshotOptions {
  /** The data directory. */
  readonly dir: string;
  readonly fs: FileSystem;
  readonly logger: Logger;
  readonly compression: RecordCompression;
  readonly segment: number;
  readonly offset: number;
}

/**
 * Writes a snapshot after log and chunk files were closed, where the next start could rest on it; else,
 * and where the disk does not take it, there is none and the log is read.
 */
export async function saveHeadSnapshot(
  head: Head,
  chunkFiles: HeadChunkFiles,
  options: SnapshotOptions,
): Promise<void> {
  if (!head.late.isEmpty || !chunkFiles.isComplete) return;
  const { dir, logger } = options;
  try {
    chunkFiles.sync();
    await writeHeadSnapshot(head, options);
  } catch (thrown) {
    logger.warn({ dir, error: errorMessage(thrown) }, "cannot write a snapshot of the head");
  }
}

/** Writes the snapshot durably and removes earlier ones. */
async function writeHeadSnapshot(head: Head, options: SnapshotOptions): Promise<void> {
  const { dir, fs, segment, offset } = options;
  const before = listSnapshots(fs, dir);
  const places = [String(segment).padStart(6, "0"), String(offset).padStart(10, "0")];
  const path = join(dir, `chunk_snapshot.${places.join(".")}`);
  const temporary = `${path}.tmp`;
  fs.rmSync(temporary, { recursive: true, force: true });
  fs.mkdirSync(temporary);
  const writer = new WalWriter({ ...options, dir: temporary, firstSegment: 0 });
  try {
    const highestLogId = writeSeries(head, writer);
    writeDeletions(head, highestLogId, writer);
    writeExemplars(head, writer);
    writer.close();
    await writer.synced();
  } catch (thrown) {
    writer.abort();
    fs.rmSync(temporary, { recursive: true, force: true });
    throw thrown;
  }
  syncDir(fs, temporary);
  fs.rmSync(path, { recursive: true, force: true });
  renameDir(fs, temporary, path);
  for (const old of before) {
    if (old.path !== path) fs.rmSync(old.path, { recursive: true, force: true });
  }
}

/** Returns the highest number of a series. */
function writeSeries(head: Head, writer: WalWriter): number {
  const { series, chunks } = head;
  const record = new ByteWriter();
  const samples = new SampleBuffer();
  let highestLogId = 0;
  for (let slot = 1; slot < series.slotEnd; slot++) {
    if (!series.isAlive(slot)) continue;
    // Without a commit the log does not know it either.
    if (series.wordsOf(slot)[series.wordAt(slot) + seriesField.isUnlogged] === 1) continue;
    const logId = series.logIdOf(slot);
    highestLogId = Math.max(highestLogId, logId);
    record.clear();
    record.byte(snapshotRecord.series);
    record.int64(logId);
    encodeLabels(record, series.labels(slot).pairs);
    // Unused in Prometheus, which writes 0: finished chunks + 1, to know whether they are all there.
    record.int64(chunks.sealedCountOf(slot) + 1);
    const open = chunks.openChunk(slot);
    record.uvarint(open === undefined ? 0 : 1);
    if (open !== undefined) {
      record.int64(open.firstMs);
      record.int64(open.lastMs);
      record.byte(open.encoding);
      record.uvarint(open.length);
      record.raw(open.bytes, open.at, open.at + open.length);
      samples.clear();
      readChunkSamples(open, samples, allTime);
      writeLastValue(record, samples, open.encoding);
    }
    writer.log(record.bytes, record.length);
  }
  return highestLogId;
}

/** Prometheus looks there for the newest value; once there were the last four with their times. */
function writeLastValue(record: ByteWriter, samples: SampleBuffer, encoding: number): void {
  const last = samples.count - 1;
  const histogram = samples.histograms?.[last];
  if (histogram !== undefined) encodeHistogramBody(record, histogram, samples.isStale(last));
  if (histogram !== undefined || encoding !== xorEncoding) return;
  for (let i = 0; i < 14; i++) record.word(0);
  record.word(samples.valueWords[last * 2 + highWord]!);
  record.word(samples.valueWords[last * 2 + lowWord]!);
}

function writeDeletions(head: Head, highestLogId: number, writer: WalWriter): void {
  const { series, deletions } = head;
  const spans = new ByteWriter();
  spans.byte(tombstonesVersion);
  for (let slot = 1; slot < series.slotEnd && !deletions.isEmpty; slot++) {
    if (!series.isAlive(slot)) continue;
    const intervals = deletions.of(series.labels(slot));
    for (let i = 0; i < intervals.length; i += 2) {
      spans.uvarint(series.logIdOf(slot));
      spans.varint(boundedMs(intervals[i]!));
      spans.varint(boundedMs(intervals[i + 1]!));
    }
  }
  // Numbers of series that left must not be given again: the highest one is named, with nothing to delete.
  if (head.lastLogId > highestLogId) {
    spans.uvarint(head.lastLogId);
    spans.varint(0);
    spans.varint(0);
  }
  const record = new ByteWriter();
  record.byte(snapshotRecord.tombstones);
  record.uvarint(spans.length);
  record.raw(spans.bytes, 0, spans.length);
  writer.log(record.bytes, record.length);
}

/** Whole numbers that a varint holds; no sample lies beyond them. */
function boundedMs(timeMs: number): number {
  return Math.min(2 ** 51, Math.max(-(2 ** 51), timeMs));
}

function writeExemplars(head: Head, writer: WalWriter): void {
  const { series, exemplars } = head;
  const all: { readonly logId: number; readonly timestampMs: number; readonly one: Exemplar }[] =
    [];
  for (const ref of exemplars.refs()) {
    const slot = series.slotOfRef(ref);
    if (slot === 0) continue;
    for (const one of exemplars.select(ref, allTime.startMs, allTime.endMs)) {
      all.push({ logId: series.logIdOf(slot), timestampMs: one.timestampMs ?? 0, one });
    }
  }
  all.sort((a, b) => a.timestampMs - b.timestampMs);
  const record = new ByteWriter();
  const bits = new Float64Array(1);
  const words = new Uint32Array(bits.buffer);
  for (let from = 0; from < all.length; from += exemplarsPerRecord) {
    const part = all.slice(from, from + exemplarsPerRecord);
    const first = part[0]!;
    record.clear();
    beginExemplars(record, first.logId, first.timestampMs);
    record.bytes[0] = snapshotRecord.exemplars;
    for (const { logId, timestampMs, one } of part) {
      bits[0] = one.value;
      const value = [words[highWord]!, words[lowWord]!] as const;
      const timeDelta = timestampMs - first.timestampMs;
      encodeExemplar(record, logId - first.logId, timeDelta, value, one.labels.pairs);
    }
    writer.log(record.bytes, record.length);
  }
}

/** Takes what a snapshot holds. */
export interface SnapshotVisitor extends RecordVisitor {
  /** Finished chunks of a series that was just named. */
  sealedCountOf(ref: number): number;
  /** The open chunk of a series that was just named; valid during the call. */
  openChunk(ref: number, chunk: EncodedChunk): void;
}

/**
 * Hands the snapshot's content to `visitor`, series first; what is wrong with it, undefined where it is
 * whole. What was handed over before a fault is right all the same.
 */
export async function readHeadSnapshot(
  folder: SnapshotFolder,
  fs: FileSystem,
  clock: Clock,
  visitor: SnapshotVisitor,
): Promise<string | undefined> {
  const reader = new WalReader(fs, listSegments(fs, folder.path));
  const decoder = new SnapshotDecoder();
  let sliceStartMs = clock.monotonicMs();
  try {
    while (reader.next()) {
      const fault = decoder.decode(reader.record, reader.from, reader.to, visitor);
      if (fault !== undefined) return fault;
      if (clock.monotonicMs() - sliceStartMs < sliceMs) continue;
      await new Promise((resume) => setImmediate(resume));
      sliceStartMs = clock.monotonicMs();
    }
  } catch (thrown) {
    return errorMessage(thrown);
  } finally {
    reader.close();
  }
  if (reader.damage !== undefined) return reader.damage.reason;
  return decoder.isWhole ? undefined : "it ends before the deletions";
}

class SnapshotDecoder {
  /** Whether what follows the series was there. */
  isWhole = false;
  readonly #reader = new ByteReader();
  readonly #records = new RecordDecoder();

  decode(
    bytes: Uint8Array,
    from: number,
    to: number,
    visitor: SnapshotVisitor,
  ): string | undefined {
    const type = bytes[from];
    if (type === snapshotRecord.series) return this.#series(bytes, from, to, visitor);
    if (type === snapshotRecord.tombstones) return this.#tombstones(bytes, from, to, visitor);
    if (type !== snapshotRecord.exemplars) return `record type ${type} is not known`;
    return this.#records.decodeExemplars(bytes, from, to, visitor);
  }

  #series(
    bytes: Uint8Array,
    from: number,
    to: number,
    visitor: SnapshotVisitor,
  ): string | undefined {
    const reader = this.#reader.reset(bytes, from + 1, to);
    const ref = reader.uint64();
    const labels = this.#records.readLabels(reader);
    const sealedCount = reader.uint64() - 1;
    const chunkCount = reader.uvarint();
    if (reader.isShort) return "a series is cut short";
    if (sealedCount < 0)
      return "Prometheus wrote it: nothing tells whether all finished chunks are there";
    visitor.series(ref, labels);
    if (visitor.sealedCountOf(ref) !== sealedCount) return "finished chunks are missing";
    if (chunkCount === 0) return undefined;
    reader.int64();
    reader.int64();
    const encoding = reader.byte();
    const length = reader.uvarint();
    if (!reader.has(length)) return "a chunk is cut short";
    visitor.openChunk(ref, { encoding, bytes, at: reader.at, length });
    return undefined;
  }

  #tombstones(
    bytes: Uint8Array,
    from: number,
    to: number,
    visitor: SnapshotVisitor,
  ): string | undefined {
    const reader = this.#reader.reset(bytes, from + 1, to);
    const length = reader.uvarint();
    if (!reader.has(length) || reader.byte() !== tombstonesVersion) return "deletions are damaged";
    while (reader.left > 0) {
      const ref = reader.uvarint();
      const fromMs = reader.varint();
      const toMs = reader.varint();
      if (reader.isShort) return "deletions are damaged";
      visitor.tombstone(ref, fromMs, toMs);
    }
    this.isWhole = true;
    return undefined;
  }
}
