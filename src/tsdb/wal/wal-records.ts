/**
 * Contents of WAL records (FORMAT.md): encoders append to a ByteWriter, `decodeRecord` feeds a
 * visitor, so that neither makes an object a float sample. Types that nobody knows yet are counted by
 * `unread`, never taken for damage: a log of a newer Prometheus stays readable.
 */

import { customBucketsSchema, type FloatHistogram, type Histogram } from "../../model/histogram.ts";
import { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { type HistogramVisitor, readHistogramRecord } from "./histogram-records.ts";
import { TextCache } from "./text-cache.ts";

/** First byte of a record. */
export const recordType = {
  series: 1,
  samples: 2,
  tombstones: 3,
  exemplars: 4,
  mmapMarkers: 5,
  metadata: 6,
  histograms: 7,
  floatHistograms: 8,
  customBucketHistograms: 9,
  customBucketFloatHistograms: 10,
  samplesV2: 11,
  histogramsV2: 12,
  floatHistogramsV2: 13,
} as const;

/**
 * The record type that holds this histogram: custom buckets have their own, which older readers skip;
 * those with start times hold all kinds.
 */
export function histogramRecordType(
  histogram: Histogram | FloatHistogram,
  hasStarts = false,
): number {
  const isFloat = histogram.kind === "float";
  if (hasStarts) return isFloat ? recordType.floatHistogramsV2 : recordType.histogramsV2;
  if (histogram.schema !== customBucketsSchema) {
    return isFloat ? recordType.floatHistograms : recordType.histograms;
  }
  return isFloat ? recordType.customBucketFloatHistograms : recordType.customBucketHistograms;
}

/** Prometheus' numbers of metric types in metadata records. */
export const metadataTypeNames = [
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
] as const;

/** The longest sample of a samples record: two varints and the value. */
export const sampleMaxBytes = 28;
/** Beyond every int64. */
const int64Span = 2 ** 63;

/** Takes what a record holds. `ref` is the series' number in the log; labels are [name, value, …]. */
export interface RecordVisitor extends HistogramVisitor {
  series(ref: number, labels: string[]): void;
  /** `startMs` 0 = no start time. */
  sample(ref: number, timestampMs: number, high: number, low: number, startMs: number): void;
  /** The series' out-of-order samples up to here are in chunk `chunkRef` (file << 32 | offset) of chunks_head. */
  mmapMarker(ref: number, chunkRef: number): void;
  exemplar(ref: number, timestampMs: number, high: number, low: number, labels: string[]): void;
  /** Both inclusive; infinite where the record has the end of int64. */
  tombstone(ref: number, fromMs: number, toMs: number): void;
  metadata(ref: number, type: number, unit: string, help: string): void;
  /** A record of a type that is not read. */
  unread(type: number): void;
}

/** Begins a samples record whose first sample has this ref and time; then `encodeSample` each, this one too. */
export function beginSamples(into: ByteWriter, ref: number, timestampMs: number): void {
  into.byte(recordType.samples);
  into.int64(ref);
  into.int64(timestampMs);
}

/**
 * One sample, relative to the record's first, at `at` of `bytes`, which must have `sampleMaxBytes` free;
 * returns the new end. For loops over many samples: no call and no check but one varint's.
 */
export function writeSample(
  bytes: Uint8Array,
  at: number,
  refDelta: number,
  timeDeltaMs: number,
  high: number,
  low: number,
): number {
  let end = writeVarint(bytes, at, refDelta);
  // Fast path: the samples of a scrape have one time.
  if (timeDeltaMs === 0) bytes[end++] = 0;
  else end = writeVarint(bytes, end, timeDeltaMs);
  bytes[end] = high >>> 24;
  bytes[end + 1] = high >>> 16;
  bytes[end + 2] = high >>> 8;
  bytes[end + 3] = high;
  bytes[end + 4] = low >>> 24;
  bytes[end + 5] = low >>> 16;
  bytes[end + 6] = low >>> 8;
  bytes[end + 7] = low;
  return end + 8;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  // Slow path: above 31 bits shifts do not reach.
  while (rest > 0x7fffffff) {
    bytes[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end] = rest;
  return end + 1;
}

/** One sample, relative to the record's first. */
export function encodeSample(
  into: ByteWriter,
  refDelta: number,
  timeDeltaMs: number,
  high: number,
  low: number,
): void {
  into.varint(refDelta);
  into.varint(timeDeltaMs);
  into.word(high);
  into.word(low);
}

/**
 * Writes the identities and times of one v2 record (layout: RunCursor): `begin`, then `next` for each
 * sample, followed by its value.
 */
export class RunEncoder {
  #ref = 0;
  #firstMs = 0;
  #firstStartMs = 0;
  #startMs = 0;
  #isBegun = false;

  /** A record of this type, samples or histograms. */
  begin(into: ByteWriter, type: number): void {
    into.byte(type);
    this.#isBegun = false;
  }

  /** `startMs` 0 = no start time. */
  next(into: ByteWriter, ref: number, timestampMs: number, startMs: number): void {
    if (!this.#isBegun) {
      into.varint(ref);
      into.varint(timestampMs);
      into.varint(startMs);
      this.#firstMs = timestampMs;
      this.#firstStartMs = startMs;
      this.#isBegun = true;
    } else {
      into.varint(ref - this.#ref);
      into.varint(timestampMs - this.#firstMs);
      if (startMs === 0) into.byte(0);
      else if (startMs === this.#startMs) into.byte(1);
      else {
        into.byte(2);
        into.varint(startMs - this.#firstStartMs);
      }
    }
    this.#ref = ref;
    this.#startMs = startMs;
  }
}

/** Begins an exemplars record; then `encodeExemplar` each. */
export function beginExemplars(into: ByteWriter, ref: number, timestampMs: number): void {
  into.byte(recordType.exemplars);
  into.int64(ref);
  into.int64(timestampMs);
}

/** One exemplar, relative to the record's first. */
export function encodeExemplar(
  into: ByteWriter,
  refDelta: number,
  timeDeltaMs: number,
  bits: readonly [high: number, low: number],
  labels: readonly string[],
): void {
  encodeSample(into, refDelta, timeDeltaMs, bits[0], bits[1]);
  encodeLabels(into, labels);
}

/** Count of labels, then each name and value. */
export function encodeLabels(into: ByteWriter, labels: readonly string[]): void {
  into.uvarint(labels.length / 2);
  for (const text of labels) into.string(text);
}

/** One tombstone: samples of `ref` from `fromMs` to `toMs` are deleted. */
export function encodeTombstone(into: ByteWriter, ref: number, fromMs: number, toMs: number): void {
  into.int64(ref);
  encodeTime(into, fromMs);
  encodeTime(into, toMs);
}

function encodeTime(into: ByteWriter, timeMs: number): void {
  if (Number.isFinite(timeMs)) into.varint(timeMs);
  else into.uvarint64(0xffffffff, timeMs > 0 ? 0xfffffffe : 0xffffffff);
}

/** Times at the ends of int64 mean "for ever". */
function unboundedTime(timeMs: number): number {
  if (timeMs >= int64Span) return Number.POSITIVE_INFINITY;
  return timeMs <= -int64Span ? Number.NEGATIVE_INFINITY : timeMs;
}

/** One metadata entry. */
export function encodeMetadata(
  into: ByteWriter,
  ref: number,
  type: number,
  texts: { readonly unit: string; readonly help: string },
): void {
  into.uvarint(ref);
  into.byte(type);
  into.uvarint(2);
  into.string("UNIT");
  into.string(texts.unit);
  into.string("HELP");
  into.string(texts.help);
}

/** Decodes records; reuses its cursor. */
export class RecordDecoder {
  readonly #reader = new ByteReader();
  readonly #texts = new TextCache();

  /** Feeds `bytes[from, to)` to `visitor`; returns what is wrong with it, undefined if nothing. */
  decode(bytes: Uint8Array, from: number, to: number, visitor: RecordVisitor): string | undefined {
    if (from === to) {
      visitor.unread(0);
      return undefined;
    }
    const reader = this.#reader.reset(bytes, from + 1, to);
    const type = bytes[from]!;
    switch (type) {
      case recordType.series:
        return this.#series(reader, visitor);
      case recordType.samples:
        return this.#samples(reader, visitor);
      case recordType.exemplars:
        return this.#exemplars(reader, visitor);
      case recordType.tombstones:
        return this.#tombstones(reader, visitor);
      case recordType.metadata:
        return this.#metadata(reader, visitor);
      case recordType.mmapMarkers:
        return this.#mmapMarkers(reader, visitor);
      case recordType.samplesV2:
        return this.#samplesV2(reader, visitor);
      case recordType.histograms:
      case recordType.customBucketHistograms:
        return this.#histograms(reader, visitor, false);
      case recordType.floatHistograms:
      case recordType.customBucketFloatHistograms:
        return this.#histograms(reader, visitor, true);
      case recordType.histogramsV2:
        return this.#histogramsV2(reader, visitor, false);
      case recordType.floatHistogramsV2:
        return this.#histogramsV2(reader, visitor, true);
      default:
        visitor.unread(type);
        return undefined;
    }
  }

  /** Exemplars behind any type byte, as a snapshot of the head has them. */
  decodeExemplars(
    bytes: Uint8Array,
    from: number,
    to: number,
    visitor: RecordVisitor,
  ): string | undefined {
    return this.#exemplars(this.#reader.reset(bytes, from + 1, to), visitor);
  }

  /** A label set at the reader's place. */
  readLabels(reader: ByteReader): string[] {
    return readLabels(reader, this.#texts);
  }

  #series(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uint64();
      const labels = readLabels(reader, this.#texts);
      if (reader.isShort) return "invalid size";
      visitor.series(ref, labels);
    }
    return undefined;
  }

  #samples(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    if (reader.left === 0) return undefined;
    const firstRef = reader.uint64();
    const firstMs = reader.int64();
    let count = 0;
    const { bytes, end } = reader;
    // Fast path: most of a log are these, so values are read here; the last ones may be cut short.
    while (reader.at + sampleMaxBytes <= end) {
      const ref = firstRef + reader.varint();
      const timestampMs = firstMs + reader.varint();
      const at = reader.at;
      const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8);
      const low = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8);
      reader.at = at + 8;
      if (reader.isShort) break;
      count++;
      visitor.sample(
        ref,
        timestampMs,
        (high | bytes[at + 3]!) >>> 0,
        (low | bytes[at + 7]!) >>> 0,
        0,
      );
    }
    while (reader.left > 0) {
      const ref = firstRef + reader.varint();
      const timestampMs = firstMs + reader.varint();
      const high = reader.word();
      const low = reader.word();
      // As Prometheus counts: the one that is cut short too.
      count++;
      if (reader.isShort) break;
      visitor.sample(ref, timestampMs, high, low, 0);
    }
    return reader.isShort ? `decode error after ${count} samples: invalid size` : undefined;
  }

  #samplesV2(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    const cursor = new RunCursor();
    let count = 0;
    while (reader.left > 0) {
      cursor.next(reader);
      const high = reader.word();
      const low = reader.word();
      count++;
      if (reader.isShort) break;
      visitor.sample(cursor.ref, cursor.timestampMs, high, low, cursor.startMs);
    }
    return reader.isShort ? `decode error after ${count} samples: invalid size` : undefined;
  }

  #histograms(reader: ByteReader, visitor: RecordVisitor, isFloat: boolean): string | undefined {
    if (reader.left === 0) return undefined;
    const firstRef = reader.uint64();
    const firstMs = reader.int64();
    let count = 0;
    while (reader.left > 0) {
      const ref = firstRef + reader.varint();
      const timestampMs = firstMs + reader.varint();
      count++;
      readHistogramRecord(reader, { ref, timestampMs, startMs: 0 }, isFloat, visitor);
    }
    return reader.isShort ? `decode error after ${count} histograms: invalid size` : undefined;
  }

  #histogramsV2(reader: ByteReader, visitor: RecordVisitor, isFloat: boolean): string | undefined {
    const cursor = new RunCursor();
    let count = 0;
    while (reader.left > 0) {
      cursor.next(reader);
      const { ref, timestampMs, startMs } = cursor;
      count++;
      readHistogramRecord(reader, { ref, timestampMs, startMs }, isFloat, visitor);
    }
    return reader.isShort ? `decode error after ${count} histograms: invalid size` : undefined;
  }

  #mmapMarkers(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uint64();
      const chunkRef = reader.uint64();
      if (reader.isShort) return "invalid size";
      visitor.mmapMarker(ref, chunkRef);
    }
    return undefined;
  }

  #exemplars(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    if (reader.left === 0) return undefined;
    const firstRef = reader.uint64();
    const firstMs = reader.int64();
    let count = 0;
    while (reader.left > 0) {
      const ref = firstRef + reader.varint();
      const timestampMs = firstMs + reader.varint();
      const high = reader.word();
      const low = reader.word();
      const labels = readLabels(reader, this.#texts);
      count++;
      if (reader.isShort) break;
      visitor.exemplar(ref, timestampMs, high, low, labels);
    }
    return reader.isShort ? `decode error after ${count} exemplars: invalid size` : undefined;
  }

  #tombstones(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uint64();
      const fromMs = unboundedTime(reader.varint());
      const toMs = unboundedTime(reader.varint());
      if (reader.isShort) return "invalid size";
      visitor.tombstone(ref, fromMs, toMs);
    }
    return undefined;
  }

  #metadata(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uvarint();
      const type = reader.byte();
      const fieldCount = reader.uvarint();
      let unit = "";
      let help = "";
      for (let i = 0; i < fieldCount && !reader.isShort; i++) {
        const name = reader.string();
        const value = reader.string();
        // Fields of a later version are passed over.
        if (name === "UNIT") unit = value;
        else if (name === "HELP") help = value;
      }
      if (reader.isShort) return "invalid size";
      visitor.metadata(ref, type, unit, help);
    }
    return undefined;
  }
}

/**
 * Identity and times of the samples of a v2 record: the first as signed varints; then refs against the
 * one before, times against the first, and a marker of the start time (0 none, 1 as before, else a
 * varint against the first's).
 */
class RunCursor {
  ref = 0;
  timestampMs = 0;
  startMs = 0;
  #firstMs = 0;
  #firstStartMs = 0;
  #isBegun = false;

  next(reader: ByteReader): void {
    if (!this.#isBegun) {
      this.ref = reader.varint();
      this.timestampMs = reader.varint();
      this.startMs = reader.varint();
      this.#firstMs = this.timestampMs;
      this.#firstStartMs = this.startMs;
      this.#isBegun = true;
      return;
    }
    this.ref += reader.varint();
    this.timestampMs = this.#firstMs + reader.varint();
    const marker = reader.byte();
    if (marker === 0) this.startMs = 0;
    else if (marker !== 1) this.startMs = this.#firstStartMs + reader.varint();
  }
}

function readLabels(reader: ByteReader, texts: TextCache): string[] {
  const count = reader.uvarint();
  const labels: string[] = [];
  for (let i = 0; i < count * 2 && !reader.isShort; i++) {
    const length = reader.uvarint();
    const from = reader.at;
    if (!reader.has(length)) break;
    reader.at = from + length;
    labels.push(texts.textOf(reader.bytes, from, reader.at));
  }
  return labels;
}
