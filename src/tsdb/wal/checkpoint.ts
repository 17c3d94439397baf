/**
 * A checkpoint replaces the oldest segments by a folder that holds only what is still needed: the
 * series that live, and samples not older than the cut. Written to `checkpoint.N.tmp`, synced and
 * renamed; only then the segments 0..N and older checkpoints go, so a crash loses nothing.
 *
 * Works in slices and lets other work run in between. Cost: one read and one write of the segments.
 */

import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { CorruptionError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { ByteWriter } from "../byte-writer.ts";
import type { FileSystem } from "../file-system.ts";
import {
  beginHistograms,
  encodeHistogram,
  encodeHistogramBody,
  type HistogramRecord,
} from "./histogram-records.ts";
import type { RecordCompression } from "./record-compression.ts";
import { WalReader } from "./wal-reader.ts";
import {
  beginExemplars,
  beginSamples,
  encodeExemplar,
  encodeLabels,
  encodeMetadata,
  encodeSample,
  encodeTombstone,
  histogramRecordType,
  RecordDecoder,
  type RecordVisitor,
  RunEncoder,
  recordType,
} from "./wal-records.ts";
import { listCheckpoints, listSegments, listUnfinishedCheckpoints } from "./wal-segments.ts";
import { WalWriter } from "./wal-writer.ts";

/** Series of one metadata record. */
const metadataPerRecord = 1000;
/** How long a slice may hold the event loop, ms. */
const sliceMs = 10;

export interface CheckpointOptions {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The last segment to replace; it must be finished. */
  readonly lastSegment: number;
  /** Samples and exemplars before this are dropped. */
  readonly minMs: number;
  /** Whether series and metadata records of this log id are kept. */
  keepsSeries(logId: number): boolean;
  readonly compression: RecordCompression;
  /** Asked between slices: once it is true the work is given up. */
  isAbandoned?(): boolean;
}

/**
 * Writes `checkpoint.lastSegment` and removes what it replaces; false where that was abandoned, having
 * changed nothing. Throws CorruptionError on damage, having changed nothing.
 */
export async function writeCheckpoint(options: CheckpointOptions): Promise<boolean> {
  const { dir, fs, lastSegment } = options;
  const before = listCheckpoints(fs, dir);
  const previous = before.at(-1);
  const sources = [
    ...(previous === undefined ? [] : listSegments(fs, previous.path)),
    ...listSegments(fs, dir).filter(
      ({ index }) => index <= lastSegment && index > (previous?.index ?? -1),
    ),
  ];
  const path = join(dir, `checkpoint.${String(lastSegment).padStart(8, "0")}`);
  const temporary = `${path}.tmp`;
  for (const folder of listUnfinishedCheckpoints(fs, dir)) {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  fs.mkdirSync(temporary, { recursive: true });
  const writer = new WalWriter({
    dir: temporary,
    firstSegment: 0,
    fs,
    logger: options.logger,
    compression: options.compression,
  });
  const reader = new WalReader(fs, sources);
  try {
    if (!(await copyRecords(reader, writer, options))) {
      writer.abort();
      fs.rmSync(temporary, { recursive: true, force: true });
      return false;
    }
    writer.close();
    await writer.synced();
  } catch (thrown) {
    // The disk may be full: half a checkpoint is of no use and takes room.
    writer.abort();
    fs.rmSync(temporary, { recursive: true, force: true });
    throw thrown;
  } finally {
    reader.close();
  }
  const { damage } = reader;
  if (damage !== undefined) {
    fs.rmSync(temporary, { recursive: true, force: true });
    throw new CorruptionError(`cannot write a checkpoint: ${damage.reason}`, {
      file: damage.segment.path,
      offset: damage.offset,
    });
  }
  syncFolder(fs, temporary);
  fs.renameSync(temporary, path);
  syncFolder(fs, dir);
  for (const segment of listSegments(fs, dir)) {
    if (segment.index <= lastSegment) fs.unlinkSync(segment.path);
  }
  for (const checkpoint of before) {
    if (checkpoint.path !== path) fs.rmSync(checkpoint.path, { recursive: true, force: true });
  }
  return true;
}

/** False where it was abandoned. */
async function copyRecords(
  reader: WalReader,
  writer: WalWriter,
  options: CheckpointOptions,
): Promise<boolean> {
  const filter = new RecordFilter(options);
  const decoder = new RecordDecoder();
  let sliceStartMs = options.clock.monotonicMs();
  while (reader.next()) {
    filter.begin(reader.from < reader.to ? reader.record[reader.from]! : 0);
    const fault = decoder.decode(reader.record, reader.from, reader.to, filter);
    if (filter.isRaw)
      writer.log(reader.record.slice(reader.from, reader.to), reader.to - reader.from);
    else if (fault === undefined && filter.out.length > 0) {
      writer.log(filter.out.bytes, filter.out.length);
    }
    if (options.clock.monotonicMs() - sliceStartMs < sliceMs) continue;
    writer.flush();
    await new Promise((resume) => setImmediate(resume));
    if (options.isAbandoned?.() === true) return false;
    sliceStartMs = options.clock.monotonicMs();
  }
  while (filter.nextMetadata()) writer.log(filter.out.bytes, filter.out.length);
  return true;
}

function syncFolder(fs: FileSystem, dir: string): void {
  const fd = fs.openSync(dir, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Builds the shortened copy of one record. */
class RecordFilter implements RecordVisitor {
  readonly out = new ByteWriter();
  readonly #run = new RunEncoder();
  #isUnread = false;
  /** Type of a v2 record, 0 for others. */
  #runType = 0;
  #isMixed = false;
  #histogramType = 0;
  readonly #options: CheckpointOptions;
  readonly #metadata = new Map<number, { type: number; unit: string; help: string }>();
  #firstRef = 0;
  #firstMs = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  /** A record of this type. */
  begin(type: number): void {
    this.out.clear();
    this.#isUnread = false;
    this.#runType = type >= recordType.samplesV2 && type <= recordType.floatHistogramsV2 ? type : 0;
    this.#isMixed = false;
  }

  /** The record holds what our own form of it does not (unknown types), so it goes over whole. */
  get isRaw(): boolean {
    return this.#isUnread || (this.out.length > 0 && this.#isMixed);
  }

  series(ref: number, labels: string[]): void {
    if (!this.#options.keepsSeries(ref)) return;
    if (this.out.length === 0) this.out.byte(recordType.series);
    this.out.int64(ref);
    encodeLabels(this.out, labels);
  }

  sample(ref: number, timestampMs: number, high: number, low: number, startMs: number): void {
    if (timestampMs < this.#options.minMs) return;
    if (this.#runType !== 0) {
      this.#nextOfRun(ref, timestampMs, startMs);
      this.out.word(high);
      this.out.word(low);
      return;
    }
    if (this.out.length === 0) {
      beginSamples(this.out, ref, timestampMs);
      this.#firstRef = ref;
      this.#firstMs = timestampMs;
    }
    encodeSample(this.out, ref - this.#firstRef, timestampMs - this.#firstMs, high, low);
  }

  exemplar(ref: number, timestampMs: number, high: number, low: number, labels: string[]): void {
    if (timestampMs < this.#options.minMs) return;
    if (this.out.length === 0) {
      beginExemplars(this.out, ref, timestampMs);
      this.#firstRef = ref;
      this.#firstMs = timestampMs;
    }
    const bits = [high, low] as const;
    encodeExemplar(this.out, ref - this.#firstRef, timestampMs - this.#firstMs, bits, labels);
  }

  histogram({ ref, timestampMs, startMs, histogram, isStale }: HistogramRecord): void {
    if (timestampMs < this.#options.minMs) return;
    if (this.#runType !== 0) {
      this.#nextOfRun(ref, timestampMs, startMs);
      encodeHistogramBody(this.out, histogram, isStale);
      return;
    }
    const type = histogramRecordType(histogram);
    if (this.out.length === 0) {
      beginHistograms(this.out, type, ref, timestampMs);
      this.#firstRef = ref;
      this.#firstMs = timestampMs;
      this.#histogramType = type;
    }
    // A record of a later version may mix what we write apart.
    if (type !== this.#histogramType) this.#isMixed = true;
    const deltas = [ref - this.#firstRef, timestampMs - this.#firstMs] as const;
    encodeHistogram(this.out, deltas[0], deltas[1], histogram, isStale);
  }

  #nextOfRun(ref: number, timestampMs: number, startMs: number): void {
    if (this.out.length === 0) this.#run.begin(this.out, this.#runType);
    this.#run.next(this.out, ref, timestampMs, startMs);
  }

  unknownSchema(): void {
    this.#isUnread = true;
  }

  mmapMarker(): void {
    this.#isUnread = true;
  }

  tombstone(ref: number, fromMs: number, toMs: number): void {
    if (toMs < this.#options.minMs) return;
    if (this.out.length === 0) this.out.byte(recordType.tombstones);
    encodeTombstone(this.out, ref, fromMs, toMs);
  }

  metadata(ref: number, type: number, unit: string, help: string): void {
    // The newest of each series is enough.
    if (this.#options.keepsSeries(ref)) this.#metadata.set(ref, { type, unit, help });
  }

  /** Puts the metadata of all records into `out`, some series at a time; false at the end. */
  nextMetadata(): boolean {
    this.out.clear();
    let count = 0;
    for (const [ref, { type, unit, help }] of this.#metadata) {
      if (this.out.length === 0) this.out.byte(recordType.metadata);
      encodeMetadata(this.out, ref, type, { unit, help });
      this.#metadata.delete(ref);
      if (++count === metadataPerRecord) break;
    }
    return count > 0;
  }

  unread(type: number): void {
    this.#isUnread = type !== 0;
  }
}
