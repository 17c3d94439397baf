/**
 * Decoder of histogram chunks (layout: histogram-chunk.ts), with and without start times. Makes one
 * object a sample when asked for it; counts are exact up to 2^53.
 */

import type { CounterResetHint, FloatHistogram, Histogram } from "../../../model/histogram.ts";
import { type SampleBuffer, staleBitsHigh, staleBitsLow } from "../../../model/sample.ts";
import { BitCursor } from "../varbit.ts";
import { readXorValue } from "../xor/xor-reader.ts";
import { keepStart, StartTimeDecoder } from "../xor2/start-times.ts";
import type { ChunkWindow } from "../xor2/xor2-reader.ts";
import { countBuckets, isKnownSchema, withKnownSchema } from "./bucket-spans.ts";
import type { HistogramCounts } from "./histogram-chunk.ts";
import {
  doubleOf,
  emptyLayout,
  type HistogramLayout,
  histogramEncoding,
  readLayout,
  resetHeader,
} from "./histogram-layout.ts";

/** Words of a running XOR value: high, low, leading, trailing. */
const fieldWords = 4;

/** Walks the samples of one chunk: `while (reader.next()) use(reader.histogram())`, then look at `fault`. */
export class HistogramChunkReader {
  readonly sampleCount: number;
  /** One of `resetHeader`. */
  readonly header: number;
  readonly isFloat: boolean;
  layout: HistogramLayout = emptyLayout;
  timestampMs = 0;
  isStale = false;
  fault: string | undefined;
  readonly #cursor: BitCursor;
  readonly #base: number;
  readonly #starts: StartTimeDecoder | undefined;
  #index = 0;
  #deltaMs = 0;
  #count = 0;
  #countDelta = 0;
  #zeroCount = 0;
  #zeroDelta = 0;
  /** Float: count, zero count, sum, buckets; integer: the sum alone. */
  #fields = new Uint32Array(fieldWords);
  #positive = new Float64Array(0);
  #negative = new Float64Array(0);
  #deltas = new Float64Array(0);

  /** Over `length` bytes at `base`, with `bitSlackBytes` behind them. */
  constructor(bytes: Uint8Array, base: number, length: number, encoding: number) {
    this.#base = base;
    this.#cursor = new BitCursor(bytes, base, length);
    const hasStarts =
      encoding === histogramEncoding.integerWithStarts ||
      encoding === histogramEncoding.floatWithStarts;
    this.isFloat =
      encoding === histogramEncoding.float || encoding === histogramEncoding.floatWithStarts;
    const number = this.#cursor.bits(16);
    const third = this.#cursor.bits(8);
    this.sampleCount = hasStarts ? number & 0x3fff : number;
    this.header = hasStarts ? (number >>> 8) & 0xc0 : third & 0xc0;
    this.#starts = hasStarts ? new StartTimeDecoder(third) : undefined;
  }

  /** Start time of the current sample; 0 = none. */
  get startMs(): number {
    return this.#starts?.startMs ?? 0;
  }

  /** Bytes read so far, the one begun included. */
  get usedBytes(): number {
    return ((this.#cursor.bitAt + 7) >>> 3) - this.#base;
  }

  next(): boolean {
    if (this.fault !== undefined || this.#index >= this.sampleCount) return false;
    if (this.#index === 0) this.#begin();
    if (this.fault !== undefined) return false;
    const cursor = this.#cursor;
    const lastMs = this.timestampMs;
    if (this.#index === 0) this.timestampMs = cursor.varbitInt();
    else {
      this.#deltaMs += cursor.varbitInt();
      this.timestampMs += this.#deltaMs;
    }
    if (this.isFloat) this.#readFloat();
    else this.#readInteger();
    this.#starts?.read(cursor, this.#index, this.timestampMs, lastMs);
    if (cursor.isShort) {
      this.fault = "chunk ends within a sample";
      return false;
    }
    this.#index++;
    return true;
  }

  /** The current sample in the chunk's own layout. */
  counts(): HistogramCounts {
    return {
      timestampMs: this.timestampMs,
      startMs: this.startMs,
      isStale: this.isStale,
      count: this.isStale ? 0 : this.#count,
      zeroCount: this.isStale ? 0 : this.#zeroCount,
      sum: this.isStale ? Number.NaN : this.#sum,
      positive: this.isStale ? [] : Array.from(this.#positive),
      negative: this.isStale ? [] : Array.from(this.#negative),
    };
  }

  /** The current sample; a stale marker is an empty histogram with a sum that is no number. */
  histogram(): Histogram | FloatHistogram {
    const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = this.isStale
      ? emptyLayout
      : this.layout;
    const { count, zeroCount, sum, positive, negative } = this.counts();
    return withKnownSchema({
      kind: this.isFloat ? "float" : "integer",
      counterResetHint: this.#hint(),
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum,
      positiveSpans,
      negativeSpans,
      positiveBuckets: positive,
      negativeBuckets: negative,
      customValues,
    });
  }

  get #sum(): number {
    const at = this.isFloat ? 2 * fieldWords : 0;
    return doubleOf(this.#fields[at]!, this.#fields[at + 1]!);
  }

  #hint(): CounterResetHint {
    if (this.isStale) return "unknown";
    if (this.header === resetHeader.gauge) return "gauge";
    return this.#index > 1 ? "not_reset" : "unknown";
  }

  #begin(): void {
    this.layout = readLayout(this.#cursor);
    if (this.#cursor.isShort) this.fault = "chunk ends within its layout";
    else if (!isKnownSchema(this.layout.schema)) {
      this.fault = `unknown histogram schema ${this.layout.schema}`;
    }
    if (this.fault !== undefined) return;
    this.#positive = new Float64Array(countBuckets(this.layout.positiveSpans));
    this.#negative = new Float64Array(countBuckets(this.layout.negativeSpans));
    const buckets = this.#positive.length + this.#negative.length;
    if (this.isFloat) this.#fields = new Uint32Array((3 + buckets) * fieldWords);
    else this.#deltas = new Float64Array(buckets);
  }

  #readInteger(): void {
    const cursor = this.#cursor;
    if (this.#index === 0) {
      this.#count = cursor.varbitUint();
      this.#zeroCount = cursor.varbitUint();
    } else {
      this.#countDelta += cursor.varbitInt();
      this.#count += this.#countDelta;
      this.#zeroDelta += cursor.varbitInt();
      this.#zeroCount += this.#zeroDelta;
    }
    this.#field(0);
    this.#noteStale(0);
    if (this.isStale && this.#index > 0) return;
    this.#readDeltas(this.#positive, 0);
    this.#readDeltas(this.#negative, this.#positive.length);
  }

  #readDeltas(buckets: Float64Array, from: number): void {
    const deltas = this.#deltas;
    for (let i = 0; i < buckets.length; i++) {
      const read = this.#cursor.varbitInt();
      if (this.#index === 0) buckets[i] = read;
      else {
        deltas[from + i] = deltas[from + i]! + read;
        buckets[i] = buckets[i]! + deltas[from + i]!;
      }
    }
  }

  #readFloat(): void {
    for (let index = 0; index < 3; index++) this.#field(index);
    this.#count = this.#double(0);
    this.#zeroCount = this.#double(1);
    this.#noteStale(2 * fieldWords);
    if (this.isStale && this.#index > 0) return;
    const positive = this.#positive;
    const negative = this.#negative;
    for (let i = 0; i < positive.length; i++) {
      this.#field(3 + i);
      positive[i] = this.#double(3 + i);
    }
    for (let i = 0; i < negative.length; i++) {
      this.#field(3 + positive.length + i);
      negative[i] = this.#double(3 + positive.length + i);
    }
  }

  #noteStale(at: number): void {
    this.isStale = this.#fields[at] === staleBitsHigh && this.#fields[at + 1] === staleBitsLow;
  }

  #double(index: number): number {
    return doubleOf(this.#fields[index * fieldWords]!, this.#fields[index * fieldWords + 1]!);
  }

  #field(index: number): void {
    const cursor = this.#cursor;
    const at = index * fieldWords;
    if (this.#index === 0) {
      this.#fields[at] = cursor.bits(32);
      this.#fields[at + 1] = cursor.bits(32);
      return;
    }
    if (cursor.isShort) return;
    cursor.moveTo(readXorValue(cursor.bytes, cursor.bitAt, this.#fields, at));
  }
}

/**
 * Appends the histograms of the window to `into`. `bytes` must carry `bitSlackBytes` behind the chunk.
 * Returns the bytes used, -1 where the chunk is damaged.
 */
export function readHistogramSamples(
  reader: HistogramChunkReader,
  into: SampleBuffer,
  window: ChunkWindow,
): number {
  while (reader.next()) {
    const { timestampMs } = reader;
    if (timestampMs < window.startMs || timestampMs > window.endMs) continue;
    if (reader.isStale) into.pushStaleHistogram(timestampMs, reader.histogram());
    else into.pushHistogram(timestampMs, reader.histogram());
    keepStart(into, reader.startMs);
  }
  return reader.fault === undefined ? reader.usedBytes : -1;
}
