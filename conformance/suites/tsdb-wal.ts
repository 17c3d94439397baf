/**
 * tsdb/wal-records: contents of records, framing of segments, and what reading and repairing a
 * damaged log gives. Plain logs that we write must equal Prometheus' byte for byte; compressed ones
 * must read back (two encoders need not choose the same copies). What a reader of the live log gives of
 * the damaged segment is compared too.
 */

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { silentLogger } from "../../src/base/logger.ts";
import type { FloatHistogram, Histogram, Span } from "../../src/model/histogram.ts";
import { ByteWriter } from "../../src/tsdb/byte-writer.ts";
import { highBitsOf, lowBitsOf } from "../../src/tsdb/chunks/histogram/histogram-layout.ts";
import {
  beginHistograms,
  encodeHistogram,
  encodeHistogramBody,
  type HistogramRecord,
} from "../../src/tsdb/wal/histogram-records.ts";
import { LiveWalReader } from "../../src/tsdb/wal/live-wal-reader.ts";
import { loadCompression, type WalCompression } from "../../src/tsdb/wal/record-compression.ts";
import { WalReader } from "../../src/tsdb/wal/wal-reader.ts";
import {
  beginExemplars,
  beginSamples,
  encodeExemplar,
  encodeLabels,
  encodeMetadata,
  encodeSample,
  encodeTombstone,
  histogramRecordType,
  metadataTypeNames,
  RecordDecoder,
  type RecordVisitor,
  RunEncoder,
  recordType,
} from "../../src/tsdb/wal/wal-records.ts";
import { repairWal } from "../../src/tsdb/wal/wal-repair.ts";
import { listSegments } from "../../src/tsdb/wal/wal-segments.ts";
import { WalWriter } from "../../src/tsdb/wal/wal-writer.ts";
import { type RecordedHistogram, toHistogram } from "../recorded-histogram.ts";
import { type Reporter, reportCase, type Suite } from "../suite.ts";

type Item = Readonly<Record<string, unknown>>;

interface RecordCase {
  readonly name: string;
  readonly hex: string;
  readonly type: string;
  readonly typeByte?: number;
  readonly decoded?: readonly Item[] | null;
  readonly error?: string;
}

interface Segment {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly gzipBase64: string;
}

interface FramingCase {
  readonly name: string;
  readonly compression: string;
  readonly segmentSize: number;
  readonly readBack: number;
  readonly records: readonly { readonly len: number; readonly sha256: string }[];
  readonly segments: readonly Segment[];
}

interface Mutation {
  readonly op: "truncate" | "xor" | "set" | "append";
  readonly length?: number;
  readonly offset?: number;
  readonly mask?: number;
  readonly hex?: string;
}

interface DamageCase {
  readonly name: string;
  readonly mutation: Mutation;
  readonly readerError: string;
  readonly recordsRead: number;
  readonly recordsArePrefixOfBase: boolean;
  readonly liveReaderRecordsOfSegment0: number;
  readonly liveReaderError: string;
  readonly corruption: { error: string; offset: number; segment: number } | null;
  readonly afterRepair?: { files: readonly string[]; readerError: string; records: number };
}

interface DamageBase {
  readonly base: string;
  readonly segments: readonly Segment[];
  readonly mutationsOfFirstSegment: readonly DamageCase[];
}

async function readJson<T>(dataDir: string, file: string): Promise<T> {
  const text = await readFile(join(dataDir, "tsdb", "wal-records", `${file}.json`), "utf8");
  return JSON.parse(text) as T;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hexBits(high: number, low: number): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

function pairsOf(labels: readonly string[]): string[][] {
  const pairs: string[][] = [];
  for (let i = 0; i < labels.length; i += 2) pairs.push(labels.slice(i, i + 2));
  return pairs;
}

/** Bits of the stale marker. */
const staleBits = "7ff0000000000002";

/** Collects what a record holds in the recorded form. */
class Collector implements RecordVisitor {
  items: Item[] | null = [];
  /** Whether samples of this record type have start times. */
  hasStarts = false;

  series(ref: number, labels: string[]): void {
    this.items?.push({ labels: pairsOf(labels), ref: String(ref) });
  }

  sample(ref: number, timestampMs: number, high: number, low: number, startMs: number): void {
    const sample = { bits: hexBits(high, low), ref: String(ref), t: String(timestampMs) };
    this.items?.push(this.hasStarts ? { ...sample, st: String(startMs) } : sample);
  }

  histogram({ ref, timestampMs, startMs, histogram, isStale }: HistogramRecord): void {
    const text = {
      ...recordedHistogram(histogram),
      ...(isStale ? { sum: { bits: staleBits } } : {}),
    };
    this.items?.push({ h: text, ref: String(ref), st: String(startMs), t: String(timestampMs) });
  }

  unknownSchema(): void {}

  mmapMarker(ref: number, chunkRef: number): void {
    this.items?.push({ mmapRef: String(chunkRef), ref: String(ref) });
  }

  exemplar(ref: number, t: number, high: number, low: number, labels: string[]): void {
    const bits = hexBits(high, low);
    this.items?.push({ bits, labels: pairsOf(labels), ref: String(ref), t: String(t) });
  }

  tombstone(ref: number, fromMs: number, toMs: number): void {
    this.items?.push({ intervals: [[fromMs, toMs].map(timeText)], ref: String(ref) });
  }

  metadata(ref: number, type: number, unit: string, help: string): void {
    const typeName = metadataTypeNames[type];
    this.items?.push({ help, ref: String(ref), type, typeName, unit });
  }

  unread(): void {
    this.items = null;
  }
}

function timeText(ms: number): string {
  if (Number.isFinite(ms)) return String(ms);
  return String(ms > 0 ? 2n ** 63n - 1n : -(2n ** 63n));
}

function timeOf(text: string): number {
  if (Math.abs(Number(text)) < 2 ** 62) return Number(text);
  return Number(text) > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

function doubleBits(value: number): string {
  return hexBits(highBitsOf(value), lowBitsOf(value));
}

/** A histogram as the records tell it, without Go's texts. */
function recordedHistogram(histogram: Histogram | FloatHistogram): Item {
  const isFloat = histogram.kind === "float";
  const hints = {
    unknown: "unknown",
    reset: "counterReset",
    not_reset: "notCounterReset",
    gauge: "gauge",
  };
  const spans = (list: readonly Span[]) => list.map(({ offset, length }) => [offset, length]);
  const count = (value: number) => (isFloat ? { bits: doubleBits(value) } : String(value));
  const buckets = isFloat
    ? {
        negativeBucketsBits: histogram.negativeBuckets.map(doubleBits),
        positiveBucketsBits: histogram.positiveBuckets.map(doubleBits),
      }
    : {
        negativeBuckets: histogram.negativeBuckets.map(String),
        positiveBuckets: histogram.positiveBuckets.map(String),
      };
  return {
    count: count(histogram.count),
    counterResetHint: hints[histogram.counterResetHint],
    customValuesBits: (histogram.customValues ?? []).map(doubleBits),
    ...buckets,
    negativeSpans: spans(histogram.negativeSpans),
    positiveSpans: spans(histogram.positiveSpans),
    schema: histogram.schema,
    sum: { bits: doubleBits(histogram.sum) },
    type: isFloat ? "float" : "int",
    zeroCount: count(histogram.zeroCount),
    zeroThreshold: { bits: doubleBits(histogram.zeroThreshold) },
  };
}

/** What Go's printing added, at any depth, and the order of keys, which says nothing. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "text" && key !== "string")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, bare(inner)]),
  );
}

/** The recorded item without Go's text of its value: the bits are compared. */
function withoutText(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([key]) => key !== "v"));
}

const encoders: Readonly<Record<string, (into: ByteWriter, items: readonly Item[]) => void>> = {
  series(into, items) {
    into.byte(recordType.series);
    for (const item of items) {
      into.int64(Number(item["ref"]));
      encodeLabels(into, (item["labels"] as string[][]).flat());
    }
  },
  samples(into, items) {
    encodeRelative(into, items, recordType.samples);
  },
  exemplars(into, items) {
    encodeRelative(into, items, recordType.exemplars);
  },
  tombstones(into, items) {
    into.byte(recordType.tombstones);
    for (const item of items) {
      const [[from, to]] = item["intervals"] as [[string, string]];
      encodeTombstone(into, Number(item["ref"]), timeOf(from), timeOf(to));
    }
  },
  samples_v2(into, items) {
    const run = new RunEncoder();
    run.begin(into, recordType.samplesV2);
    for (const item of items) {
      run.next(into, Number(item["ref"]), Number(item["t"]), Number(item["st"]));
      into.raw(Buffer.from(String(item["bits"]), "hex"), 0, 8);
    }
  },
  histogram_samples_v2: encodeHistogramsV2,
  float_histogram_samples_v2: encodeHistogramsV2,
  histogram_samples: encodeHistograms,
  custom_buckets_histogram_samples: encodeHistograms,
  float_histogram_samples: encodeHistograms,
  custom_buckets_float_histogram_samples: encodeHistograms,
  metadata(into, items) {
    into.byte(recordType.metadata);
    for (const item of items) {
      const texts = { unit: String(item["unit"]), help: String(item["help"]) };
      encodeMetadata(into, Number(item["ref"]), Number(item["type"]), texts);
    }
  },
};

function encodeHistograms(into: ByteWriter, items: readonly Item[]): void {
  let first: { ref: number; timestampMs: number } | undefined;
  for (const item of items) {
    const recorded = item["h"] as RecordedHistogram;
    const histogram = toHistogram(recorded);
    const ref = Number(item["ref"]);
    const timestampMs = Number(item["t"]);
    if (first === undefined) {
      first = { ref, timestampMs };
      beginHistograms(into, histogramRecordType(histogram), ref, timestampMs);
    }
    const isStale = recorded.sum.bits === staleBits;
    encodeHistogram(into, ref - first.ref, timestampMs - first.timestampMs, histogram, isStale);
  }
}

function encodeHistogramsV2(into: ByteWriter, items: readonly Item[]): void {
  const run = new RunEncoder();
  for (const [i, item] of items.entries()) {
    const recorded = item["h"] as RecordedHistogram;
    const histogram = toHistogram(recorded);
    if (i === 0) run.begin(into, histogramRecordType(histogram, true));
    run.next(into, Number(item["ref"]), Number(item["t"]), Number(item["st"]));
    encodeHistogramBody(into, histogram, recorded.sum.bits === staleBits);
  }
}

function encodeRelative(into: ByteWriter, items: readonly Item[], type: number): void {
  const first = items[0];
  if (first === undefined) {
    into.byte(type);
    return;
  }
  const firstRef = Number(first["ref"]);
  const firstMs = Number(first["t"]);
  if (type === recordType.samples) beginSamples(into, firstRef, firstMs);
  else beginExemplars(into, firstRef, firstMs);
  for (const item of items) {
    const bits = String(item["bits"]);
    const high = Number.parseInt(bits.slice(0, 8), 16);
    const low = Number.parseInt(bits.slice(8), 16);
    const refDelta = Number(item["ref"]) - firstRef;
    const deltaMs = Number(item["t"]) - firstMs;
    if (type === recordType.samples) encodeSample(into, refDelta, deltaMs, high, low);
    else {
      const labels = (item["labels"] as string[][]).flat();
      encodeExemplar(into, refDelta, deltaMs, [high, low], labels);
    }
  }
}

/** Names of cases whose bytes no encoder writes (a later version's field, a record without content). */
const decodeOnly = /unknown extra field|header only|left over|reduced on reading|is skipped/;

function checkRecord(recorded: RecordCase): string | undefined {
  const bytes = Buffer.from(recorded.hex, "hex");
  const collector = new Collector();
  collector.hasStarts = recorded.typeByte === recordType.samplesV2;
  const error = new RecordDecoder().decode(bytes, 0, bytes.length, collector);
  if (recorded.type !== "unknown" && collector.items === null) {
    return `record type ${recorded.typeByte} is not read`;
  }
  if (error !== recorded.error) return `want error ${recorded.error}, have ${error}`;
  if (error !== undefined) return undefined;
  const want = JSON.stringify(bare(recorded.decoded?.map(withoutText) ?? null));
  const have = JSON.stringify(bare(collector.items));
  if (have !== want) return `want ${want}\nhave ${have}`;
  const encode = encoders[recorded.type];
  if (encode === undefined || decodeOnly.test(recorded.name)) return undefined;
  const into = new ByteWriter();
  encode(into, recorded.decoded ?? []);
  const hex = Buffer.from(into.bytes.subarray(0, into.length)).toString("hex");
  return hex === recorded.hex ? undefined : `encoded: want ${recorded.hex}\nhave ${hex}`;
}

function inFolder<T>(use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), "wal-suite-"));
  try {
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeSegments(dir: string, segments: readonly Segment[]): void {
  for (const { name, gzipBase64 } of segments) {
    writeFileSync(join(dir, name), gunzipSync(Buffer.from(gzipBase64, "base64")));
  }
}

function readRecords(dir: string): { records: Buffer[]; reader: WalReader } {
  const reader = new WalReader(fs, listSegments(fs, dir));
  const records: Buffer[] = [];
  while (reader.next()) records.push(Buffer.from(reader.record.slice(reader.from, reader.to)));
  reader.close();
  return { records, reader };
}

async function checkFraming(recorded: FramingCase): Promise<string | undefined> {
  const compression = await loadCompression(recorded.compression as WalCompression);
  const records = inFolder((dir) => {
    writeSegments(dir, recorded.segments);
    return readRecords(dir).records;
  });
  const want = recorded.records.map((record) => `${record.len} ${record.sha256}`);
  const have = records.map((record) => `${record.length} ${sha256(record)}`);
  if (have.join() !== want.join())
    return `read ${have.length} of ${want.length} records, or others`;
  if (recorded.readBack !== have.length) return `want ${recorded.readBack} records`;
  return inFolder((dir) => {
    const writer = new WalWriter({
      dir,
      firstSegment: 0,
      fs,
      logger: silentLogger,
      compression,
      segmentSizeBytes: recorded.segmentSize,
    });
    for (const record of records) writer.log(record, record.length);
    writer.close();
    if (recorded.compression === "none") return compareFiles(dir, recorded.segments);
    const again = readRecords(dir).records.map((record) => `${record.length} ${sha256(record)}`);
    return again.join() === want.join() ? undefined : "what we wrote reads back otherwise";
  });
}

function compareFiles(dir: string, segments: readonly Segment[]): string | undefined {
  const want = segments.map((segment) => `${segment.name} ${segment.size} ${segment.sha256}`);
  const have = listSegments(fs, dir).map(({ path }) => {
    const bytes = readFileSync(path);
    return `${path.slice(-8)} ${bytes.length} ${sha256(bytes)}`;
  });
  return have.join("\n") === want.join("\n")
    ? undefined
    : `want\n${want.join("\n")}\nhave\n${have.join("\n")}`;
}

function mutate(path: string, mutation: Mutation): void {
  const bytes = readFileSync(path);
  const extra = Buffer.from(mutation.hex ?? "", "hex");
  const offset = mutation.offset ?? 0;
  if (mutation.op === "truncate") writeFileSync(path, bytes.subarray(0, mutation.length));
  else if (mutation.op === "append") writeFileSync(path, Buffer.concat([bytes, extra]));
  else {
    if (mutation.op === "xor") bytes[offset] = (bytes[offset] ?? 0) ^ (mutation.mask ?? 0);
    else extra.copy(bytes, offset);
    writeFileSync(path, bytes);
  }
}

function errorText(reader: WalReader): string {
  const { damage } = reader;
  if (damage === undefined) return "";
  return `corruption in segment $DIR/${damage.segment.path.slice(-8)} at ${damage.offset}: ${damage.reason}`;
}

/** What a reader of the live log makes of segment 0 while there is no other. */
function readLive(dir: string): { liveReaderRecordsOfSegment0: number; liveReaderError: string } {
  const alone = join(dir, "alone");
  fs.mkdirSync(alone);
  fs.copyFileSync(join(dir, "00000000"), join(alone, "00000000"));
  const reader = new LiveWalReader(fs, alone, 0);
  let count = 0;
  while (reader.next()) count++;
  reader.close();
  fs.rmSync(alone, { recursive: true });
  return {
    liveReaderRecordsOfSegment0: count,
    liveReaderError: reader.damage?.reason ?? "EOF",
  };
}

function checkDamage(base: DamageBase, recorded: DamageCase): string | undefined {
  return inFolder((dir) => {
    writeSegments(dir, base.segments);
    const whole = readRecords(dir).records.map(sha256);
    mutate(join(dir, base.segments[0]?.name ?? ""), recorded.mutation);
    const { records, reader } = readRecords(dir);
    const damage = reader.damage;
    const have = {
      ...readLive(dir),
      readerError: errorText(reader),
      recordsRead: records.length,
      recordsArePrefixOfBase: records.every((record, i) => sha256(record) === whole[i]),
      corruption:
        damage === undefined
          ? null
          : { error: damage.reason, offset: damage.offset, segment: damage.segment.index },
      afterRepair: damage === undefined ? undefined : repaired(dir, damage),
    };
    const want = {
      liveReaderRecordsOfSegment0: recorded.liveReaderRecordsOfSegment0,
      liveReaderError: recorded.liveReaderError,
      readerError: recorded.readerError,
      recordsRead: recorded.recordsRead,
      recordsArePrefixOfBase: recorded.recordsArePrefixOfBase,
      corruption: recorded.corruption && {
        error: recorded.corruption.error,
        offset: recorded.corruption.offset,
        segment: recorded.corruption.segment,
      },
      afterRepair: recorded.afterRepair && {
        files: recorded.afterRepair.files,
        readerError: recorded.afterRepair.readerError,
        records: recorded.afterRepair.records,
      },
    };
    const [wantText, haveText] = [JSON.stringify(want), JSON.stringify(have)];
    return wantText === haveText ? undefined : `want ${wantText}\nhave ${haveText}`;
  });
}

function repaired(dir: string, damage: NonNullable<WalReader["damage"]>): Item {
  repairWal(fs, silentLogger, listSegments(fs, dir), damage);
  // As at a start: a new, empty segment follows.
  const next = (listSegments(fs, dir).at(-1)?.index ?? -1) + 1;
  new WalWriter({ dir, firstSegment: next, fs, logger: silentLogger }).close();
  const { records, reader } = readRecords(dir);
  const files = readdirSync(dir).map((name) => `${name} ${statSync(join(dir, name)).size}`);
  return { files, readerError: errorText(reader), records: records.length };
}

/** Distinct names: a repeated one gets its number. */
function naming(reporter: Reporter, file: string) {
  const seen = new Map<string, number>();
  type Check = () => Promise<string | undefined> | string | undefined;
  return async (name: string, check: Check): Promise<void> => {
    const base = `${file}, ${name.replaceAll(": ", " - ")}`;
    const repeat = (seen.get(base) ?? 0) + 1;
    seen.set(base, repeat);
    await reportCase(reporter, repeat === 1 ? base : `${base} #${repeat}`, check);
  };
}

/** The suite. */
export const tsdbWalSuite: Suite = {
  name: "tsdb/wal-records",

  async countCases(dataDir) {
    const bases = await readJson<readonly DamageBase[]>(dataDir, "corrupted");
    const damaged = bases.reduce((sum, base) => sum + base.mutationsOfFirstSegment.length, 0);
    const records = await readJson<readonly RecordCase[]>(dataDir, "records");
    const framing = await readJson<readonly FramingCase[]>(dataDir, "framing");
    return records.length + framing.length + damaged;
  },

  async run(dataDir, reporter) {
    const records = naming(reporter, "records");
    for (const recorded of await readJson<readonly RecordCase[]>(dataDir, "records")) {
      await records(recorded.name, () => checkRecord(recorded));
    }
    const framing = naming(reporter, "framing");
    for (const recorded of await readJson<readonly FramingCase[]>(dataDir, "framing")) {
      await framing(recorded.name, () => checkFraming(recorded));
    }
    for (const base of await readJson<readonly DamageBase[]>(dataDir, "corrupted")) {
      const damaged = naming(reporter, `corrupted ${base.base}`);
      for (const recorded of base.mutationsOfFirstSegment) {
        await damaged(recorded.name, () => checkDamage(base, recorded));
      }
    }
  },
};
