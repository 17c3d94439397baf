/**
 * What one transaction collected: parallel typed arrays, reused from transaction to transaction.
 */

import type { Exemplar } from "../../model/sample.ts";

/** An exemplar on its way into the ring. */
export interface PendingExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
  readonly timestampMs: number;
}

/** Samples and exemplars of one transaction. */
export class SampleBatch {
  refs: Float64Array;
  timestampsMs: Float64Array;
  values: Float64Array;
  /** The values' memory as words. */
  valueWords: Uint32Array;
  count = 0;
  readonly exemplars: PendingExemplar[] = [];

  constructor(capacity = 256) {
    this.refs = new Float64Array(capacity);
    this.timestampsMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
  }

  clear(): void {
    this.count = 0;
    this.exemplars.length = 0;
  }

  /** Doubles the room. */
  grow(): void {
    const capacity = this.refs.length * 2;
    const refs = new Float64Array(capacity);
    refs.set(this.refs);
    this.refs = refs;
    const timestampsMs = new Float64Array(capacity);
    timestampsMs.set(this.timestampsMs);
    this.timestampsMs = timestampsMs;
    const values = new Float64Array(capacity);
    const valueWords = new Uint32Array(values.buffer);
    // As words: a copy as doubles might change the bits of a NaN.
    valueWords.set(this.valueWords);
    this.values = values;
    this.valueWords = valueWords;
  }
}
