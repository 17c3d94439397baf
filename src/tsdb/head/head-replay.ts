/**
 * Fills an empty head from the newest checkpoint and the segments after it. A torn or damaged log is
 * cut (wal-repair.ts); a damaged checkpoint stops the start, with nothing deleted. Works in slices,
 * so that a server can answer "starting" meanwhile. About 3 M samples a second.
 */

import type { Clock } from "../../base/clock.ts";
import { CorruptionError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { Labels } from "../../model/labels.ts";
import { highWord, lowWord, SampleBuffer } from "../../model/sample.ts";
import {
  chunkSampleCount,
  type EncodedChunk,
  isKnownEncoding,
  readChunkSamples,
} from "../block/chunk-samples.ts";
import { syncPath } from "../block/durable-files.ts";
import type { FileSystem } from "../file-system.ts";
import type { HistogramRecord } from "../wal/histogram-records.ts";
import { WalReader } from "../wal/wal-reader.ts";
import { metadataTypeNames, RecordDecoder, type RecordVisitor } from "../wal/wal-records.ts";
import { repairWal } from "../wal/wal-repair.ts";
import { listCheckpoints, listSegments, pageSize, type SegmentFile } from "../wal/wal-segments.ts";
import type { Head } from "./head.ts";
import type { HeadChunkFiles, StoredChunk } from "./head-chunk-files.ts";
import {
  listSnapshots,
  readHeadSnapshot,
  type SnapshotFolder,
  type SnapshotVisitor,
} from "./head-snapshot.ts";
import type { LateSample } from "./late-samples.ts";

/** How long a slice may hold the event loop, ms. */
const sliceMs = 50;
/** Log ids below this are looked up in an array, the others in a map. */
const denseIdsMax = 1 << 22;
const allTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

export interface ReplayOptions {
  readonly dir: string;
  /** The out-of-order log; read where it is there, whether or not late samples are taken today. */
  readonly lateDir: string;
  /** The data directory, where a snapshot of the head may be taken instead of the log before it. */
  readonly snapshotDir?: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Older samples lie in blocks and are passed over, unless they are late ones; -Infinity: there are none. */
  readonly minMs: number;
  /** Finished chunks that need not be made from samples again. */
  readonly chunkFiles: HeadChunkFiles;
  /** Told after each slice: the share of the segments done, 0..1. */
  onProgress?(share: number): void;
}

/** What replay found. */
export interface ReplayResult {
  readonly samples: number;
  readonly series: number;
  readonly exemplars: number;
  /** Samples of series that no record names. */
  readonly unknownSeries: number;
  readonly seconds: number;
  /** Samples of the out-of-order log, not counted in `samples`. */
  readonly lateSamples: number;
  /** Late samples that their damaged log lacks; it must get them again. */
  readonly recovered: readonly LateSample[];
  /** Index for the next new segment. */
  readonly nextSegment: number;
  /** The same for the out-of-order log. */
  readonly nextLateSegment: number;
  readonly wasRepaired: boolean;
  /** Numbers in the log, beside its own, of series that left the head and came back. */
  readonly otherLogIds: ReadonlySet<number>;
}

/** Replays the log at `dir` into `head`. Throws CorruptionError where it cannot go on without losing more than a tail. */
export async function replayLog(head: Head, options: ReplayOptions): Promise<ReplayResult> {
  const { fs, dir, clock, logger } = options;
  const startMs = clock.monotonicMs();
  const visitor = new ReplayVisitor(head, options.minMs);
  const hasAllChunks = options.chunkFiles.load((chunk) => visitor.chunk(chunk));
  const from = hasAllChunks ? await takeSnapshot(visitor, options) : undefined;
  const checkpoint = listCheckpoints(fs, dir).at(-1);
  if (checkpoint !== undefined && from === undefined) {
    const reader = await readAll(listSegments(fs, checkpoint.path), visitor, options);
    if (reader.damage !== undefined) {
      throw new CorruptionError(
        `cannot read WAL checkpoint: ${reader.damage.reason}; nothing was changed: move the folder away to start with what the segments hold`,
        { file: reader.damage.segment.path, offset: reader.damage.offset },
      );
    }
  }
  const all = listSegments(fs, dir);
  const before = from === undefined ? (checkpoint?.index ?? -1) : from.segment - 1;
  const segments = all.filter(({ index }) => index > before);
  warnOfGap(segments, before, logger);
  const wasRepaired = await readRepairing(segments, visitor, options, from?.offset);
  visitor.isLate = true;
  const late = listSegments(fs, options.lateDir);
  const wasLateRepaired = await readRepairing(late, visitor, options);
  if (wasLateRepaired) {
    visitor.recovered = [];
    // Prometheus has late samples in chunks and in the WAL too: what their own log lost stands there.
    visitor.recoverLate();
    const checkpointed = checkpoint === undefined ? [] : listSegments(fs, checkpoint.path);
    await readAll([...checkpointed, ...segments], new LateRecovery(visitor), options);
  }
  visitor.report(logger);
  // A killed process left them to the kernel: what later segments promise rests on them.
  for (const log of [dir, options.lateDir]) {
    for (const { path } of listSegments(fs, log)) syncPath(fs, path);
  }
  const last = listSegments(fs, dir).at(-1)?.index ?? checkpoint?.index ?? -1;
  return {
    samples: visitor.samples,
    series: head.series.count,
    exemplars: visitor.exemplars,
    unknownSeries: visitor.unknownSeries,
    seconds: (clock.monotonicMs() - startMs) / 1000,
    lateSamples: visitor.lateSamples,
    recovered: visitor.recovered ?? [],
    nextSegment: last + 1,
    nextLateSegment: (listSegments(fs, options.lateDir).at(-1)?.index ?? -1) + 1,
    wasRepaired: wasRepaired || wasLateRepaired,
    otherLogIds: visitor.otherLogIds,
  };
}

/**
 * Fills the head from the newest snapshot, if there is one that, with chunk files and the log behind it,
 * is all there is; returns where the log goes on, undefined where it must be read whole.
 */
async function takeSnapshot(
  visitor: ReplayVisitor,
  options: ReplayOptions,
): Promise<SnapshotFolder | undefined> {
  const { fs, dir, lateDir, snapshotDir, clock, logger } = options;
  const folder = snapshotDir === undefined ? undefined : listSnapshots(fs, snapshotDir).at(-1);
  if (folder === undefined) return undefined;
  const { path, segment, offset } = folder;
  const ignore = (why: string): undefined => {
    logger.warn({ path, why }, "left a snapshot of the head alone and read the whole log");
  };
  const place = listSegments(fs, dir).find(({ index }) => index === segment);
  // Its segment may be in a checkpoint by now, or power loss may have taken what it rests on.
  if (place === undefined) return ignore("its segment of the WAL is not there");
  if (fs.statSync(place.path).size < offset) return ignore("its segment of the WAL is shorter");
  // Their log may name series by numbers that only the WAL before the snapshot explains.
  const late = listSegments(fs, lateDir).some((file) => fs.statSync(file.path).size > 0);
  if (late) return ignore("there are late samples");
  const fault = await readHeadSnapshot(folder, fs, clock, visitor);
  if (fault !== undefined) return ignore(fault);
  logger.info({ path, series: visitor.seriesCount }, "read a snapshot of the head");
  // Reading begins at a page; what was read already is known by its time.
  return { path, segment, offset: offset % pageSize === 0 ? offset : 0 };
}

/** Reads segments, cutting the log where it is damaged; true where it was. */
async function readRepairing(
  all: readonly SegmentFile[],
  visitor: ReplayVisitor,
  options: ReplayOptions,
  firstOffset = 0,
): Promise<boolean> {
  let segments = all;
  let wasRepaired = false;
  for (;;) {
    const isFirst = segments.length === all.length;
    const { damage } = await readAll(segments, visitor, options, isFirst ? firstOffset : 0);
    if (damage === undefined) return wasRepaired;
    wasRepaired = true;
    const isTorn = damage.reason === "last record is torn";
    // Nothing stands behind a torn end of a segment, so the later segments are sound and stay.
    const cut = isTorn ? segments.slice(0, damage.segmentAt + 1) : segments;
    repairWal(options.fs, options.logger, cut, damage);
    if (!isTorn) return true;
    segments = segments.slice(damage.segmentAt + 1);
  }
}

function warnOfGap(segments: readonly SegmentFile[], before: number, logger: Logger): void {
  let wanted = before + 1;
  for (const { index } of segments) {
    if (index !== wanted && (wanted > 0 || index > 0)) {
      logger.warn(
        { wanted, found: index },
        "the WAL has a gap; samples of the missing segments are not there",
      );
    }
    wanted = index + 1;
  }
}

async function readAll(
  segments: readonly SegmentFile[],
  visitor: RecordVisitor & { faults: number },
  options: ReplayOptions,
  firstOffset = 0,
): Promise<WalReader> {
  const reader = new WalReader(options.fs, segments, firstOffset);
  const decoder = new RecordDecoder();
  let sliceStartMs = options.clock.monotonicMs();
  try {
    while (reader.next()) {
      const fault = decoder.decode(reader.record, reader.from, reader.to, visitor);
      if (fault !== undefined) visitor.faults++;
      if (options.clock.monotonicMs() - sliceStartMs < sliceMs) continue;
      options.onProgress?.((reader.segment - (segments[0]?.index ?? 0)) / segments.length);
      await new Promise((resume) => setImmediate(resume));
      sliceStartMs = options.clock.monotonicMs();
    }
  } finally {
    reader.close();
  }
  return reader;
}

/** Applies records to the head. */
class ReplayVisitor implements SnapshotVisitor {
  samples = 0;
  exemplars = 0;
  unknownSeries = 0;
  /** Whether the records come from the out-of-order log. */
  isLate = false;
  lateSamples = 0;
  /** Set while late samples are sought elsewhere than in their log. */
  recovered: LateSample[] | undefined;
  /** Records that end within an item: a fault of who wrote them, since their checksum is right. */
  faults = 0;
  readonly otherLogIds = new Set<number>();
  readonly #head: Head;
  readonly #minMs: number;
  #unknownSchemas = 0;
  readonly #unread = new Map<number, number>();
  readonly #chunks = new Map<number, StoredChunk[]>();
  readonly #lateChunks = new Map<number, StoredChunk[]>();
  #denseSlots = new Uint32Array(4096);
  readonly #otherSlots = new Map<number, number>();
  readonly #samples = new SampleBuffer();
  readonly #bits = new Float64Array(1);
  readonly #bitWords = new Uint32Array(this.#bits.buffer);

  constructor(head: Head, minMs: number) {
    this.#head = head;
    this.#minMs = minMs;
  }

  /** Keeps a stored chunk until the log names its series. */
  chunk(chunk: StoredChunk): void {
    // Its series may be in no record any more; a new one must not get its number, and so its chunk.
    this.#head.reserveLogIds(chunk.logId);
    if (!isKnownEncoding(chunk.encoding)) return;
    const byLogId = chunk.isLate ? this.#lateChunks : this.#chunks;
    const known = byLogId.get(chunk.logId);
    if (known === undefined) byLogId.set(chunk.logId, [chunk]);
    else known.push(chunk);
  }

  get seriesCount(): number {
    return this.#head.series.count;
  }

  sealedCountOf(ref: number): number {
    return this.#head.chunks.sealedCountOf(this.#slotOf(ref));
  }

  openChunk(ref: number, chunk: EncodedChunk): void {
    const slot = this.#slotOf(ref);
    const { chunks } = this.#head;
    const samples = this.#samples;
    samples.clear();
    readChunkSamples(chunk, samples, allTime);
    for (let i = 0; i < samples.count; i++) {
      const timestampMs = samples.timestampsMs[i]!;
      if (timestampMs < this.#minMs) continue;
      const startMs = samples.startTimestampsMs?.[i] ?? 0;
      const histogram = samples.histograms?.[i];
      const high = samples.valueWords[i * 2 + highWord]!;
      const low = samples.valueWords[i * 2 + lowWord]!;
      const isTaken =
        histogram === undefined
          ? chunks.append(slot, timestampMs, high, low, startMs)
          : chunks.appendHistogram(slot, timestampMs, histogram, samples.isStale(i), startMs);
      if (!isTaken) continue;
      this.samples++;
      this.#head.noteTime(timestampMs);
    }
  }

  /** Adds the late samples of stored chunks; those that are there already are passed over. */
  recoverLate(): void {
    const samples = new SampleBuffer();
    for (const [ref, chunks] of this.#lateChunks) {
      for (const chunk of chunks) {
        samples.clear();
        const { bytes, from: at, length, encoding } = chunk;
        readChunkSamples({ bytes, at, length, encoding }, samples, allTime);
        for (let i = 0; i < samples.count; i++) {
          this.addLate(ref, {
            timestampMs: samples.timestampsMs[i]!,
            high: samples.valueWords[i * 2 + highWord]!,
            low: samples.valueWords[i * 2 + lowWord]!,
            histogram: samples.histograms?.[i],
            isStale: samples.isStale(i),
            startMs: samples.startTimestampsMs?.[i] ?? 0,
          });
        }
      }
    }
  }

  #restoreChunks(ref: number, slot: number): void {
    const chunks = this.#chunks.get(ref);
    if (chunks === undefined) return;
    // Once: a checkpoint and a segment may both name the series.
    this.#chunks.delete(ref);
    for (const chunk of chunks) {
      if (chunk.lastMs < this.#minMs) continue;
      if (!this.#head.chunks.restore(slot, chunk)) continue;
      const { bytes, from, length, encoding } = chunk;
      this.samples += chunkSampleCount({ bytes, at: from, length, encoding });
      this.#head.noteTime(chunk.firstMs);
      this.#head.noteTime(chunk.lastMs);
    }
  }

  series(ref: number, labels: string[]): void {
    const slot = this.#head.restore(labels, ref);
    if (this.#head.series.logIdOf(slot) !== ref) this.otherLogIds.add(ref);
    this.#restoreChunks(ref, slot);
    if (ref >= denseIdsMax) {
      this.#otherSlots.set(ref, slot);
      return;
    }
    if (ref >= this.#denseSlots.length) {
      const grown = new Uint32Array(Math.min(denseIdsMax, 2 ** Math.ceil(Math.log2(ref + 1))));
      grown.set(this.#denseSlots);
      this.#denseSlots = grown;
    }
    this.#denseSlots[ref] = slot;
  }

  sample(ref: number, timestampMs: number, high: number, low: number, loggedMs: number): void {
    // Without the feature start times stay in the log, as with Prometheus.
    const startMs = this.#head.keepsStarts ? loggedMs : 0;
    const slot = this.#slotOf(ref);
    if (slot === 0) {
      this.unknownSeries++;
      return;
    }
    const head = this.#head;
    if (this.isLate) {
      const histogram = undefined;
      this.addLate(ref, { timestampMs, high, low, histogram, isStale: false, startMs });
      return;
    }
    if (timestampMs < this.#minMs) return;
    if (!head.chunks.append(slot, timestampMs, high, low, startMs)) return;
    this.samples++;
    if (timestampMs < head.minMs) head.minMs = timestampMs;
    if (timestampMs > head.maxMs) head.maxMs = timestampMs;
  }

  exemplar(ref: number, timestampMs: number, high: number, low: number, labels: string[]): void {
    const slot = this.#slotOf(ref);
    if (slot === 0) return;
    this.#bitWords[highWord] = high;
    this.#bitWords[lowWord] = low;
    const exemplar = { labels: new Labels(labels), value: this.#bits[0]!, timestampMs };
    const seriesRef = this.#head.series.refOf(slot);
    if (!this.#head.exemplars.accepts(seriesRef, exemplar, timestampMs)) return;
    this.#head.exemplars.add(seriesRef, exemplar, timestampMs);
    this.exemplars++;
  }

  histogram({ ref, timestampMs, histogram, isStale, startMs: loggedMs }: HistogramRecord): void {
    const startMs = this.#head.keepsStarts ? loggedMs : 0;
    const slot = this.#slotOf(ref);
    if (slot === 0) {
      this.unknownSeries++;
      return;
    }
    if (this.isLate) {
      this.addLate(ref, { timestampMs, high: 0, low: 0, histogram, isStale, startMs });
      return;
    }
    if (timestampMs < this.#minMs) return;
    const { chunks } = this.#head;
    if (!chunks.appendHistogram(slot, timestampMs, histogram, isStale, startMs)) return;
    this.samples++;
    this.#head.noteTime(timestampMs);
  }

  unknownSchema(): void {
    this.#unknownSchemas++;
  }

  mmapMarker(): void {}

  tombstone(ref: number, fromMs: number, toMs: number): void {
    const slot = this.#slotOf(ref);
    if (slot !== 0) this.#head.deletions.add(this.#head.series.labels(slot), fromMs, toMs);
  }

  metadata(ref: number, type: number, unit: string, help: string): void {
    const slot = this.#slotOf(ref);
    if (slot === 0) return;
    this.#head.keepMetadata(slot, { type: metadataTypeNames[type] ?? "unknown", unit, help });
  }

  unread(type: number): void {
    if (type === 0) return;
    this.#unread.set(type, (this.#unread.get(type) ?? 0) + 1);
  }

  /** Says once what the log holds that was not taken. */
  report(logger: Logger): void {
    if (this.faults > 0) logger.warn({ records: this.faults }, "WAL records end within an item");
    if (this.unknownSeries > 0) {
      logger.warn(
        { samples: this.unknownSeries },
        "the WAL has samples of series that it does not name",
      );
    }
    if (this.#unknownSchemas > 0) {
      logger.warn(
        { samples: this.#unknownSchemas },
        "histograms of an unknown schema were skipped",
      );
    }
    for (const [type, records] of this.#unread) {
      logger.warn({ type, records }, "WAL records of a type that is not read yet were left alone");
    }
  }

  /** Adds a late sample of the series with this number in the log, if it is known. */
  addLate(ref: number, sample: Omit<LateSample, "ref">): void {
    const slot = this.#slotOf(ref);
    if (slot === 0 || !this.#head.late.add(slot, sample)) return;
    this.lateSamples++;
    this.recovered?.push({ ...sample, ref: this.#head.series.refOf(slot) });
  }

  #slotOf(ref: number): number {
    const isDense = ref < this.#denseSlots.length;
    const slot = (isDense ? this.#denseSlots[ref] : this.#otherSlots.get(ref)) ?? 0;
    // As with chunks: what stands in the log without a name must not become a new series'.
    if (slot === 0) this.#head.reserveLogIds(ref);
    return slot;
  }
}

/**
 * Finds the late samples in the WAL: those that are older than one of their series before them. Slow,
 * and only used where their own log was damaged.
 */
class LateRecovery implements RecordVisitor {
  faults = 0;
  readonly #into: ReplayVisitor;
  readonly #newestMs = new Map<number, number>();

  constructor(into: ReplayVisitor) {
    this.#into = into;
  }

  sample(ref: number, timestampMs: number, high: number, low: number, startMs: number): void {
    if (!this.#isLate(ref, timestampMs)) return;
    const histogram = undefined;
    this.#into.addLate(ref, { timestampMs, high, low, histogram, isStale: false, startMs });
  }

  histogram({ ref, timestampMs, histogram, isStale, startMs }: HistogramRecord): void {
    if (!this.#isLate(ref, timestampMs)) return;
    this.#into.addLate(ref, { timestampMs, high: 0, low: 0, histogram, isStale, startMs });
  }

  series(): void {}
  exemplar(): void {}
  tombstone(): void {}
  metadata(): void {}
  mmapMarker(): void {}
  unknownSchema(): void {}
  unread(): void {}

  #isLate(ref: number, timestampMs: number): boolean {
    const newestMs = this.#newestMs.get(ref) ?? Number.NEGATIVE_INFINITY;
    if (timestampMs > newestMs) this.#newestMs.set(ref, timestampMs);
    return timestampMs < newestMs;
  }
}
