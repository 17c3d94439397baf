/**
 * Contents of WAL records (FORMAT.md): encoders append to a ByteWriter, `decodeRecord` feeds a
 * visitor, so that neither makes an object a sample. Types we do not read yet are counted by
 * `unread`, never taken for damage: a log of a newer Prometheus stays readable.
 */

import { ByteReader } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";

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

/** Takes what a record holds. `ref` is the series' number in the log; labels are [name, value, …]. */
export interface RecordVisitor {
  series(ref: number, labels: string[]): void;
  sample(ref: number, timestampMs: number, high: number, low: number): void;
  exemplar(ref: number, timestampMs: number, high: number, low: number, labels: string[]): void;
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
  into.varint(fromMs);
  into.varint(toMs);
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
      default:
        visitor.unread(type);
        return undefined;
    }
  }

  #series(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uint64();
      const labels = readLabels(reader);
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
    while (reader.left > 0) {
      const ref = firstRef + reader.varint();
      const timestampMs = firstMs + reader.varint();
      const high = reader.word();
      const low = reader.word();
      // As Prometheus counts: the one that is cut short too.
      count++;
      if (reader.isShort) break;
      visitor.sample(ref, timestampMs, high, low);
    }
    return reader.isShort ? `decode error after ${count} samples: invalid size` : undefined;
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
      const labels = readLabels(reader);
      count++;
      if (reader.isShort) break;
      visitor.exemplar(ref, timestampMs, high, low, labels);
    }
    return reader.isShort ? `decode error after ${count} exemplars: invalid size` : undefined;
  }

  #tombstones(reader: ByteReader, visitor: RecordVisitor): string | undefined {
    while (reader.left > 0) {
      const ref = reader.uint64();
      const fromMs = reader.varint();
      const toMs = reader.varint();
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

function readLabels(reader: ByteReader): string[] {
  const count = reader.uvarint();
  const labels: string[] = [];
  for (let i = 0; i < count && !reader.isShort; i++) labels.push(reader.string(), reader.string());
  return labels;
}
