/**
 * Samples in parallel typed arrays. A stale marker is the NaN with bits 0x7ff0000000000002; those
 * bits do not reliably survive as a JavaScript number, so they are written and tested through the
 * 32-bit view of the same memory, and code outside asks `isStale`. Browser-safe.
 */

import type { Labels } from "./labels.ts";

/** High and low word of the stale marker's bits. */
export const staleBitsHigh = 0x7ff00000;
export const staleBitsLow = 0x00000002;
/** High and low word of the ordinary NaN that Prometheus writes. */
export const normalNanBitsHigh = 0x7ff80000;
export const normalNanBitsLow = 0x00000001;

/** Index of a double's high word in its two Uint32 words on this machine. */
export const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
/** Index of the low word. */
export const lowWord = 1 - highWord;

/** An exemplar: a trace's labels with the value seen; `timestampMs` absent where the source gave none. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs?: number;
}

/** Metric types as Prometheus' metadata API names them. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** What a target says of a metric family. */
export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** A growable run of (timestampMs, value); 16 bytes a sample. Reuse one per loop: `clear` keeps the memory. */
export class SampleBuffer {
  timestampsMs: Float64Array;
  values: Float64Array;
  /** The values' memory as 32-bit words, two a sample. */
  valueWords: Uint32Array;
  count = 0;

  constructor(capacity = 128) {
    this.timestampsMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
  }

  clear(): void {
    this.count = 0;
  }

  /** Makes room for `more` samples beyond `count`. Arrays may be replaced: read them again afterwards. */
  reserve(more: number): void {
    const wanted = this.count + more;
    if (wanted <= this.values.length) return;
    const capacity = Math.max(wanted, this.values.length * 2);
    const timestampsMs = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const words = new Uint32Array(values.buffer);
    timestampsMs.set(this.timestampsMs.subarray(0, this.count));
    words.set(this.valueWords.subarray(0, this.count * 2));
    this.timestampsMs = timestampsMs;
    this.values = values;
    this.valueWords = words;
  }

  push(timestampMs: number, value: number): void {
    this.reserve(1);
    this.timestampsMs[this.count] = timestampMs;
    this.values[this.count] = value;
    this.count++;
  }

  /** Appends a sample whose value is given by its bits: the way to carry a stale marker. */
  pushBits(timestampMs: number, high: number, low: number): void {
    this.reserve(1);
    this.timestampsMs[this.count] = timestampMs;
    this.valueWords[this.count * 2 + highWord] = high;
    this.valueWords[this.count * 2 + lowWord] = low;
    this.count++;
  }

  pushStale(timestampMs: number): void {
    this.pushBits(timestampMs, staleBitsHigh, staleBitsLow);
  }

  isStale(index: number): boolean {
    return (
      this.valueWords[index * 2 + highWord] === staleBitsHigh &&
      this.valueWords[index * 2 + lowWord] === staleBitsLow
    );
  }
}
