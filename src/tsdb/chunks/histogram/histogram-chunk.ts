/**
 * Encoder of Prometheus' histogram chunks: integer (encoding byte 2), float (3), and both with start
 * times (5, 6). It writes samples of the chunk's own layout; histogram-append.ts decides whether a
 * histogram fits, needs the chunk rewritten, or begins a new one.
 *
 *   2 bytes  number of samples       1 byte  reset header in the top two bits (resetHeader)
 *            with start times: the header is in the top two bits of the number, and the third byte is
 *            that of start-times.ts
 *   layout   histogram-layout.ts
 *   sample 0 time (varbit int), then integer: count, zero count (varbit uint), sum (64 bits), buckets as
 *            deltas (varbit int); float: count, zero count, sum, buckets (64 bits each)
 *   sample n delta of deltas of the time, then integer: those of count, zero count and each bucket, the
 *            sum as XOR after the counts; float: all as XOR, each against its own last value
 *
 * A stale marker has its bits in the sum and no buckets. About 15 ns a bucket.
 */

import { assert } from "../../../base/assert.ts";
import { staleBitsHigh, staleBitsLow } from "../../../model/sample.ts";
import { writeBits } from "../bit-stream.ts";
import { writeVarbitInt, writeVarbitUint } from "../varbit.ts";
import { writeXorValue } from "../xor/xor-appender.ts";
import { StartTimeEncoder } from "../xor2/start-times.ts";
import { countBuckets } from "./bucket-spans.ts";
import {
  type HistogramLayout,
  highBitsOf,
  histogramEncoding,
  layoutMaxBytes,
  lowBitsOf,
  resetHeader,
  writeLayout,
} from "./histogram-layout.ts";

/** Counts of a sample in the chunk's layout: buckets as deltas in integer chunks, absolute in float ones. */
export interface HistogramCounts {
  readonly timestampMs: number;
  /** Start time; 0 = none. */
  readonly startMs: number;
  readonly isStale: boolean;
  readonly count: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

/** The number shares its two bytes with the reset header where there are start times. */
const countWithStartsMax = 0x3fff;
const countMax = 0xffff;
/** Words of an XOR field: high, low, window. */
const fieldWords = 3;
const noWindow = 0xff;
/** Prefix and number of a varbit, or an XOR field, in bytes. */
const fieldMaxBytes = 10;
const headerBytes = 3;

/** One chunk under construction. */
export class HistogramChunk {
  readonly isFloat: boolean;
  readonly hasStarts: boolean;
  readonly layout: HistogramLayout;
  /** One of `resetHeader`. */
  readonly header: number;
  /** The sample appended last. */
  last: HistogramCounts | undefined;
  lastMs = 0;
  firstMs = 0;
  #bytes: Uint8Array;
  #bitAt = headerBytes * 8;
  #count = 0;
  #deltaMs = 0;
  #countDelta = 0;
  #zeroDelta = 0;
  readonly #starts: StartTimeEncoder | undefined;
  /** Float: count, zero count, sum, buckets; integer: the sum alone. */
  readonly #fields: Uint32Array;
  /** Integer: what each bucket changed by last. */
  readonly #bucketDeltas: Float64Array;

  constructor(
    kind: { readonly isFloat: boolean; readonly hasStarts: boolean },
    layout: HistogramLayout,
    header: number,
  ) {
    this.isFloat = kind.isFloat;
    this.hasStarts = kind.hasStarts;
    this.layout = layout;
    this.header = header;
    const buckets = countBuckets(layout.positiveSpans) + countBuckets(layout.negativeSpans);
    this.#fields = new Uint32Array((this.isFloat ? 3 + buckets : 1) * fieldWords);
    for (let at = 2; at < this.#fields.length; at += fieldWords) this.#fields[at] = noWindow;
    this.#bucketDeltas = new Float64Array(this.isFloat ? 0 : buckets);
    this.#starts = this.hasStarts ? new StartTimeEncoder() : undefined;
    this.#bytes = new Uint8Array(layoutMaxBytes(layout) + 64 + buckets * fieldMaxBytes);
    this.#bitAt = writeLayout(this.#bytes, this.#bitAt, layout);
    this.#writeHeader();
  }

  get sampleCount(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return (this.#bitAt + 7) >>> 3;
  }

  /** The byte that names the encoding in chunk files. */
  get encoding(): number {
    if (this.hasStarts) {
      return this.isFloat ? histogramEncoding.floatWithStarts : histogramEncoding.integerWithStarts;
    }
    return this.isFloat ? histogramEncoding.float : histogramEncoding.integer;
  }

  /** Whether the chunk can number one more sample. */
  get isFull(): boolean {
    return this.#count >= (this.hasStarts ? countWithStartsMax : countMax);
  }

  /** Appends a sample whose buckets are laid out as the chunk's. */
  append(sample: HistogramCounts): void {
    assert(!this.isFull, "a histogram chunk takes no more samples");
    this.#reserve(sample);
    const deltaMs = sample.timestampMs - this.lastMs;
    const time = this.#count === 0 ? sample.timestampMs : deltaMs - this.#deltaMs;
    this.#bitAt = writeVarbitInt(this.#bytes, this.#bitAt, time);
    if (this.isFloat) this.#appendFloat(sample);
    else this.#appendInteger(sample);
    if (this.#starts !== undefined) {
      const { timestampMs, startMs } = sample;
      const timed = { index: this.#count, timestampMs, lastMs: this.lastMs, startMs };
      this.#bitAt = this.#starts.write(this.#bytes, this.#bitAt, 2, timed);
    }
    if (this.#count > 0) this.#deltaMs = deltaMs;
    else this.firstMs = sample.timestampMs;
    this.lastMs = sample.timestampMs;
    this.last = sample;
    this.#count++;
    this.#writeHeader();
  }

  /** A copy of the encoded bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.sizeBytes);
  }

  /** The encoded bytes in place, valid until the next append; `sizeBytes` of them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  #writeHeader(): void {
    const bytes = this.#bytes;
    bytes[1] = this.#count;
    if (this.hasStarts) bytes[0] = (this.#count >>> 8) | this.header;
    else {
      bytes[0] = this.#count >>> 8;
      bytes[2] = this.header;
    }
  }

  #reserve(sample: HistogramCounts): void {
    const fields = 5 + sample.positive.length + sample.negative.length;
    const needed = this.sizeBytes + fields * fieldMaxBytes + 16;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.sizeBytes));
    this.#bytes = grown;
  }

  #appendInteger(sample: HistogramCounts): void {
    const bytes = this.#bytes;
    const { count, zeroCount, isStale } = sample;
    const { last } = this;
    let end = this.#bitAt;
    if (last === undefined) {
      end = writeVarbitUint(bytes, end, count);
      end = writeVarbitUint(bytes, end, zeroCount);
    } else {
      const countDelta = count - last.count;
      const zeroDelta = zeroCount - last.zeroCount;
      end = writeVarbitInt(bytes, end, isStale ? 0 : countDelta - this.#countDelta);
      end = writeVarbitInt(bytes, end, isStale ? 0 : zeroDelta - this.#zeroDelta);
      this.#countDelta = countDelta;
      this.#zeroDelta = zeroDelta;
    }
    this.#bitAt = end;
    this.#field(0, sample.sum, isStale);
    if (isStale) return;
    this.#deltas(sample.positive, last?.positive, 0);
    this.#deltas(sample.negative, last?.negative, sample.positive.length);
  }

  #deltas(buckets: readonly number[], last: readonly number[] | undefined, from: number): void {
    const bytes = this.#bytes;
    const bucketDeltas = this.#bucketDeltas;
    let end = this.#bitAt;
    for (let i = 0; i < buckets.length; i++) {
      if (last === undefined) end = writeVarbitInt(bytes, end, buckets[i]!);
      else {
        const delta = buckets[i]! - last[i]!;
        end = writeVarbitInt(bytes, end, delta - bucketDeltas[from + i]!);
        bucketDeltas[from + i] = delta;
      }
    }
    this.#bitAt = end;
  }

  #appendFloat(sample: HistogramCounts): void {
    this.#field(0, sample.count, false);
    this.#field(1, sample.zeroCount, false);
    this.#field(2, sample.sum, sample.isStale);
    if (sample.isStale) return;
    const { positive, negative } = sample;
    for (let i = 0; i < positive.length; i++) this.#field(3 + i, positive[i]!, false);
    for (let i = 0; i < negative.length; i++) {
      this.#field(3 + positive.length + i, negative[i]!, false);
    }
  }

  /** Writes XOR field number `index`: whole in the first sample. */
  #field(index: number, value: number, isStale: boolean): void {
    const fields = this.#fields;
    const at = index * fieldWords;
    const high = isStale ? staleBitsHigh : highBitsOf(value);
    const low = isStale ? staleBitsLow : lowBitsOf(value);
    if (this.#count === 0) {
      const end = writeBits(this.#bytes, this.#bitAt, high, 32);
      this.#bitAt = writeBits(this.#bytes, end, low, 32);
    } else this.#bitAt = writeXorValue(fields, at, this.#bytes, this.#bitAt, high, low);
    fields[at] = high;
    fields[at + 1] = low;
  }
}

/** Header of a histogram's own hint where no earlier sample can tell more. */
export function headerOfHint(hint: string): number {
  if (hint === "gauge") return resetHeader.gauge;
  return hint === "reset" ? resetHeader.reset : resetHeader.unknown;
}
