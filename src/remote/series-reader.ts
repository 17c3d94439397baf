/**
 * Reads prompb.TimeSeries messages one after another: where the label bytes lie, the samples into
 * typed arrays, and where exemplars and histograms lie. Labels are not decoded here.
 *
 *   TimeSeries  1 labels*   2 samples*   3 exemplars*   4 histograms*
 *   Sample      12 length  09 float64, little end first  10 varint ms
 *
 * About 8 ns a sample, no allocation. What is read is valid until the next `read`.
 */

import { highWord, lowWord } from "../model/sample.ts";
import { type ProtoCursor, unexpectedEnd, wireType, wrongWireType } from "./proto-cursor.ts";

const fieldNames = ["", "Labels", "Samples", "Exemplars", "Histograms"] as const;
const labelTag = 0x0a;
const sampleTag = 0x12;
/** Bytes of a sample message with value and a time between 2004 and 3084, and of one whose value is 0. */
const usualSampleBytes = 16;
const zeroSampleBytes = 7;

/** One series as sent. */
export class SeriesReader {
  readonly cursor: ProtoCursor;
  timestampsMs = new Float64Array(16);
  values = new Float64Array(16);
  /** The values' memory as words: the bits of a stale marker do not survive as a number. */
  valueWords = new Uint32Array(this.values.buffer);
  sampleCount = 0;
  /** Label messages with their tags: [from, to) of the body. */
  labelsFrom = 0;
  labelsTo = 0;
  /** Labels also lie behind other fields: then the range above is not all of them. */
  areLabelsScattered = false;
  /** Begin and end of each exemplar message, alternating; histograms likewise. */
  readonly exemplars: number[] = [];
  readonly histograms: number[] = [];

  constructor(cursor: ProtoCursor) {
    this.cursor = cursor;
  }

  /**
   * Reads the message at the cursor, which ends at `end`; the first `knownLabelBytes` are labels, as the
   * caller has seen. Throws AppError "parse".
   */
  read(end: number, knownLabelBytes: number): void {
    const { cursor } = this;
    this.sampleCount = 0;
    this.areLabelsScattered = false;
    if (this.exemplars.length > 0) this.exemplars.length = 0;
    if (this.histograms.length > 0) this.histograms.length = 0;
    this.labelsFrom = cursor.at;
    cursor.at += knownLabelBytes;
    const { bytes } = cursor;
    while (cursor.at < end && bytes[cursor.at] === labelTag) {
      cursor.at++;
      cursor.at = cursor.lengthEnd(end);
    }
    this.labelsTo = cursor.at;
    while (cursor.at < end) {
      if (bytes[cursor.at] === sampleTag) this.#samples(end);
      else this.#field(end);
    }
  }

  /** Fast path: a run of samples as every sender writes them; leaves the cursor at what is none. */
  #samples(end: number): void {
    const { cursor } = this;
    const { bytes, view } = cursor;
    let { at } = cursor;
    let count = this.sampleCount;
    let { timestampsMs, valueWords } = this;
    while (at + 2 < end && bytes[at] === sampleTag) {
      const timeAt = usualTimeAt(bytes, at);
      if (timeAt < 0 || timeAt + 6 > end) break;
      const low = view.getInt32(timeAt, true);
      const middle = bytes[timeAt + 4]!;
      const high = bytes[timeAt + 5]!;
      if ((low & 0x80808080) !== (0x80808080 | 0) || middle < 0x80 || high >= 0x80) break;
      if (count === timestampsMs.length) {
        this.#grow();
        timestampsMs = this.timestampsMs;
        valueWords = this.valueWords;
      }
      timestampsMs[count] =
        ((low & 0x7f) |
          ((low >>> 1) & 0x3f80) |
          ((low >>> 2) & 0x1fc000) |
          ((low >>> 3) & 0xfe00000)) +
        ((middle & 0x7f) | (high << 7)) * 0x10000000;
      const isZero = timeAt === at + 3;
      valueWords[count * 2 + lowWord] = isZero ? 0 : view.getInt32(at + 3, true);
      valueWords[count * 2 + highWord] = isZero ? 0 : view.getInt32(at + 7, true);
      count++;
      at = timeAt + 6;
    }
    this.sampleCount = count;
    const isStuck = at === cursor.at;
    cursor.at = at;
    if (isStuck) this.#field(end);
  }

  #field(end: number): void {
    const { cursor } = this;
    const tag = cursor.tag("TimeSeries", end);
    const type = tag & 7;
    const number = tag >>> 3;
    const name = fieldNames[number];
    if (name === undefined) {
      cursor.skip(type, end);
      return;
    }
    if (type !== wireType.bytes) throw wrongWireType(type, name);
    const fieldEnd = cursor.lengthEnd(end);
    if (number === 1) this.areLabelsScattered = true;
    else if (number === 2) this.#anySample(fieldEnd);
    else (number === 3 ? this.exemplars : this.histograms).push(cursor.at, fieldEnd);
    cursor.at = fieldEnd;
  }

  /** Slow path: a sample with fields in another order, missing, repeated or unknown. */
  #anySample(end: number): void {
    const { cursor } = this;
    let timestampMs = 0;
    let low = 0;
    let high = 0;
    while (cursor.at < end) {
      const tag = cursor.tag("Sample", end);
      const type = tag & 7;
      if (tag >>> 3 === 1) {
        if (type !== wireType.fixed64) throw wrongWireType(type, "Value");
        if (cursor.at + 8 > end) throw unexpectedEnd();
        low = cursor.view.getUint32(cursor.at, true);
        high = cursor.view.getUint32(cursor.at + 4, true);
        cursor.at += 8;
      } else if (tag >>> 3 === 2) {
        if (type !== wireType.varint) throw wrongWireType(type, "Timestamp");
        timestampMs = cursor.int64(end);
      } else cursor.skip(type, end);
    }
    if (this.sampleCount === this.timestampsMs.length) this.#grow();
    const at = this.sampleCount++;
    this.timestampsMs[at] = timestampMs;
    this.valueWords[at * 2 + lowWord] = low;
    this.valueWords[at * 2 + highWord] = high;
  }

  #grow(): void {
    const size = this.timestampsMs.length * 2;
    const timestampsMs = new Float64Array(size);
    timestampsMs.set(this.timestampsMs);
    const values = new Float64Array(size);
    const words = new Uint32Array(values.buffer);
    words.set(this.valueWords);
    this.timestampsMs = timestampsMs;
    this.values = values;
    this.valueWords = words;
  }
}

/** Where the time of a sample lies whose tag is at `at`, if the sample is written in one of the usual two ways; else -1. */
function usualTimeAt(bytes: Uint8Array, at: number): number {
  const size = bytes[at + 1];
  if (size === usualSampleBytes && bytes[at + 2] === 0x09 && bytes[at + 11] === 0x10)
    return at + 12;
  return size === zeroSampleBytes && bytes[at + 2] === 0x10 ? at + 3 : -1;
}
