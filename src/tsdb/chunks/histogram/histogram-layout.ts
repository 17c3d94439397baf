/**
 * What all samples of a histogram chunk share, as it stands at the chunk's start:
 *
 *   zero threshold  1 byte: 0 = 0, n = 2^(n - 244), 255 = 8 bytes of float64 follow
 *   schema          varbit int
 *   spans           positive, then negative: varbit uint count, per span length (uint) and offset (int)
 *   bounds          only of schema -53: varbit uint count, per bound varbit uint of 1000 × bound + 1,
 *                   or 0 and 64 bits where that is no whole number below 2^25
 */

import {
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  type Span,
} from "../../../model/histogram.ts";
import { highWord, lowWord, normalNanBitsHigh, normalNanBitsLow } from "../../../model/sample.ts";
import { writeBits } from "../bit-stream.ts";
import { type BitCursor, writeVarbitInt, writeVarbitUint } from "../varbit.ts";

/** Encoding bytes of histogram chunks. */
export const histogramEncoding = {
  integer: 2,
  float: 3,
  integerWithStarts: 5,
  floatWithStarts: 6,
} as const;

/** The two bits that tell what a chunk's first sample is to the one before it. */
export const resetHeader = { unknown: 0, reset: 0x80, notReset: 0x40, gauge: 0xc0 } as const;

/** Shape of a chunk's samples. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[] | undefined;
}

/** The layout of a chunk that begins with a stale marker. */
export const emptyLayout: HistogramLayout = {
  schema: 0,
  zeroThreshold: 0,
  positiveSpans: [],
  negativeSpans: [],
  customValues: undefined,
};

const boundMax = 33_554_430;
/** Spans or bounds beyond this are damage: no histogram has so many. */
const listMax = 1 << 20;
const thresholdExponentMin = -243;
const thresholdExponentMax = 10;

/** Bytes that a layout may take at most, rounded up generously. */
export function layoutMaxBytes(layout: HistogramLayout | Histogram | FloatHistogram): number {
  const spans = layout.positiveSpans.length + layout.negativeSpans.length;
  return 64 + spans * 18 + (layout.customValues?.length ?? 0) * 9;
}

/** Writes the layout at `bitAt`; returns the new end. */
export function writeLayout(bytes: Uint8Array, bitAt: number, layout: HistogramLayout): number {
  let end = writeZeroThreshold(bytes, bitAt, layout.zeroThreshold);
  end = writeVarbitInt(bytes, end, layout.schema);
  end = writeSpans(bytes, end, layout.positiveSpans);
  end = writeSpans(bytes, end, layout.negativeSpans);
  if (layout.schema !== customBucketsSchema) return end;
  const bounds = layout.customValues ?? [];
  end = writeVarbitUint(bytes, end, bounds.length);
  for (const bound of bounds) end = writeBound(bytes, end, bound);
  return end;
}

/** Reads what `writeLayout` wrote. */
export function readLayout(cursor: BitCursor): HistogramLayout {
  const zeroThreshold = readZeroThreshold(cursor);
  const schema = cursor.varbitInt();
  const positiveSpans = readSpans(cursor);
  const negativeSpans = readSpans(cursor);
  const bounds = schema === customBucketsSchema ? readBounds(cursor) : [];
  return {
    schema,
    zeroThreshold,
    positiveSpans,
    negativeSpans,
    customValues: bounds.length > 0 ? bounds : undefined,
  };
}

/** Where a double is seen as two words: written before each reading, so it holds no state. */
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Writes a float64; every NaN as Prometheus' ordinary one. */
export function writeDouble(bytes: Uint8Array, bitAt: number, value: number): number {
  const end = writeBits(bytes, bitAt, highBitsOf(value), 32);
  return writeBits(bytes, end, lowBitsOf(value), 32);
}

/** High word of a float64's bits; every NaN becomes Prometheus' ordinary one. O(1), no allocation. */
export function highBitsOf(value: number): number {
  if (Number.isNaN(value)) return normalNanBitsHigh;
  scratch[0] = value;
  return scratchWords[highWord]!;
}

/** The low word. */
export function lowBitsOf(value: number): number {
  if (Number.isNaN(value)) return normalNanBitsLow;
  scratch[0] = value;
  return scratchWords[lowWord]!;
}

/** The float64 of two words. */
export function doubleOf(high: number, low: number): number {
  scratchWords[highWord] = high;
  scratchWords[lowWord] = low;
  return scratch[0]!;
}

function readDouble(cursor: BitCursor): number {
  const high = cursor.bits(32);
  return doubleOf(high, cursor.bits(32));
}

function writeZeroThreshold(bytes: Uint8Array, bitAt: number, threshold: number): number {
  if (threshold === 0) return writeBits(bytes, bitAt, 0, 8);
  const exponent = Math.round(Math.log2(threshold));
  const isShort =
    exponent >= thresholdExponentMin &&
    exponent <= thresholdExponentMax &&
    2 ** exponent === threshold;
  if (isShort) return writeBits(bytes, bitAt, exponent + 244, 8);
  return writeDouble(bytes, writeBits(bytes, bitAt, 255, 8), threshold);
}

function readZeroThreshold(cursor: BitCursor): number {
  const byte = cursor.bits(8);
  if (byte === 0) return 0;
  return byte === 255 ? readDouble(cursor) : 2 ** (byte - 244);
}

function writeSpans(bytes: Uint8Array, bitAt: number, spans: readonly Span[]): number {
  let end = writeVarbitUint(bytes, bitAt, spans.length);
  for (const { offset, length } of spans) {
    end = writeVarbitInt(bytes, writeVarbitUint(bytes, end, length), offset);
  }
  return end;
}

function readSpans(cursor: BitCursor): Span[] {
  const count = Math.min(listMax, cursor.varbitUint());
  const spans: Span[] = [];
  let buckets = 0;
  for (let i = 0; i < count && !cursor.isShort; i++) {
    const length = cursor.varbitUint();
    spans.push({ offset: cursor.varbitInt(), length });
    buckets += length;
    // A damaged length must not make us allocate without end.
    if (buckets > listMax) cursor.isShort = true;
  }
  return spans;
}

function writeBound(bytes: Uint8Array, bitAt: number, bound: number): number {
  const thousands = Math.round(bound * 1000);
  const isShort = bound * 1000 >= 0 && bound * 1000 <= boundMax && thousands / 1000 === bound;
  if (isShort) return writeVarbitUint(bytes, bitAt, thousands + 1);
  return writeDouble(bytes, writeBits(bytes, bitAt, 0, 1), bound);
}

function readBounds(cursor: BitCursor): number[] {
  const count = Math.min(listMax, cursor.varbitUint());
  const bounds: number[] = [];
  for (let i = 0; i < count && !cursor.isShort; i++) {
    const thousands = cursor.varbitUint();
    bounds.push(thousands === 0 ? readDouble(cursor) : (thousands - 1) / 1000);
  }
  return bounds;
}
