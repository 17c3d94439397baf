/**
 * Native histograms inside WAL records (FORMAT.md): encoder and decoder of one histogram. Integer
 * buckets are deltas as varints, float ones 8 bytes each; the stale marker has its bits in the sum.
 */

import {
  type CounterResetHint,
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  type Span,
} from "../../model/histogram.ts";
import { staleBitsHigh, staleBitsLow } from "../../model/sample.ts";
import type { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { isKnownSchema, withKnownSchema } from "../chunks/histogram/bucket-spans.ts";
import { doubleOf, highBitsOf, lowBitsOf } from "../chunks/histogram/histogram-layout.ts";

/** Prometheus' numbers of the hints. */
const hintNames: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** A native histogram of a record. */
export interface HistogramRecord {
  /** The series' number in the log. */
  readonly ref: number;
  readonly timestampMs: number;
  /** Start time; 0 = none. */
  readonly startMs: number;
  readonly histogram: Histogram | FloatHistogram;
  /** The sum has the stale marker's bits. */
  readonly isStale: boolean;
}

/** Takes histograms. */
export interface HistogramVisitor {
  histogram(record: HistogramRecord): void;
  /** A histogram of a schema that nobody knows: it is passed over. */
  unknownSchema(schema: number): void;
}

/** Begins a histogram record whose first sample has this ref and time; then `encodeHistogram` each, this one too. */
export function beginHistograms(
  into: ByteWriter,
  type: number,
  ref: number,
  timestampMs: number,
): void {
  into.byte(type);
  into.int64(ref);
  into.int64(timestampMs);
}

/** One histogram, its ref and time relative to the record's first. */
export function encodeHistogram(
  into: ByteWriter,
  refDelta: number,
  timeDeltaMs: number,
  histogram: Histogram | FloatHistogram,
  isStale: boolean,
): void {
  into.varint(refDelta);
  into.varint(timeDeltaMs);
  encodeHistogramBody(into, histogram, isStale);
}

/** One histogram without its ref and times. */
export function encodeHistogramBody(
  into: ByteWriter,
  histogram: Histogram | FloatHistogram,
  isStale: boolean,
): void {
  const isFloat = histogram.kind === "float";
  into.byte(Math.max(0, hintNames.indexOf(histogram.counterResetHint)));
  into.varint(histogram.schema);
  double(into, histogram.zeroThreshold);
  if (isFloat) {
    double(into, histogram.zeroCount);
    double(into, histogram.count);
  } else {
    into.uvarint(histogram.zeroCount);
    into.uvarint(histogram.count);
  }
  if (isStale) {
    into.word(staleBitsHigh);
    into.word(staleBitsLow);
  } else double(into, histogram.sum);
  encodeSpans(into, histogram.positiveSpans);
  encodeSpans(into, histogram.negativeSpans);
  encodeBuckets(into, histogram.positiveBuckets, isFloat);
  encodeBuckets(into, histogram.negativeBuckets, isFloat);
  if (histogram.schema !== customBucketsSchema) return;
  encodeBuckets(into, histogram.customValues ?? [], true);
}

/** Reads one histogram and hands it to the visitor, unless the record ends within it. */
export function readHistogramRecord(
  reader: ByteReader,
  place: Pick<HistogramRecord, "ref" | "timestampMs" | "startMs">,
  isFloat: boolean,
  visitor: HistogramVisitor,
): void {
  const counterResetHint = hintNames[reader.byte()] ?? "unknown";
  const schema = reader.varint();
  const zeroThreshold = readDouble(reader);
  const zeroCount = isFloat ? readDouble(reader) : reader.uvarint();
  const count = isFloat ? readDouble(reader) : reader.uvarint();
  const sumHigh = reader.word();
  const sumLow = reader.word();
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const positiveBuckets = readBuckets(reader, isFloat);
  const negativeBuckets = readBuckets(reader, isFloat);
  const bounds = schema === customBucketsSchema ? readBuckets(reader, true) : [];
  if (reader.isShort) return;
  if (!isKnownSchema(schema)) {
    visitor.unknownSchema(schema);
    return;
  }
  const histogram: Histogram | FloatHistogram = {
    kind: isFloat ? "float" : "integer",
    counterResetHint,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum: doubleOf(sumHigh, sumLow),
    positiveSpans,
    negativeSpans,
    positiveBuckets,
    negativeBuckets,
    customValues: bounds.length > 0 ? bounds : undefined,
  };
  const isStale = sumHigh === staleBitsHigh && sumLow === staleBitsLow;
  visitor.histogram({ ...place, histogram: withKnownSchema(histogram), isStale });
}

function double(into: ByteWriter, value: number): void {
  into.word(highBitsOf(value));
  into.word(lowBitsOf(value));
}

function readDouble(reader: ByteReader): number {
  const high = reader.word();
  return doubleOf(high, reader.word());
}

function encodeSpans(into: ByteWriter, spans: readonly Span[]): void {
  into.uvarint(spans.length);
  for (const { offset, length } of spans) {
    into.varint(offset);
    into.uvarint(length);
  }
}

function readSpans(reader: ByteReader): Span[] {
  const count = reader.uvarint();
  const spans: Span[] = [];
  for (let i = 0; i < count && !reader.isShort; i++) {
    spans.push({ offset: reader.varint(), length: reader.uvarint() });
  }
  return spans;
}

function encodeBuckets(into: ByteWriter, buckets: readonly number[], isFloat: boolean): void {
  into.uvarint(buckets.length);
  for (const bucket of buckets) {
    if (isFloat) double(into, bucket);
    else into.varint(bucket);
  }
}

function readBuckets(reader: ByteReader, isFloat: boolean): number[] {
  const count = reader.uvarint();
  const buckets: number[] = [];
  for (let i = 0; i < count && !reader.isShort; i++) {
    buckets.push(isFloat ? readDouble(reader) : reader.varint());
  }
  return buckets;
}
