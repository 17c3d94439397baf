/**
 * prompb.Histogram to our histograms: integer where the count is an integer (or absent), else float. A
 * schema finer than what is stored is brought down, as Prometheus' receiver does. O(bytes + buckets).
 */

import type { CounterResetHint, FloatHistogram, Histogram, Span } from "../model/histogram.ts";
import { histogramReasons } from "../model/histogram-validity.ts";
import { type ProtoCursor, wireType, wrongWireType } from "./proto-cursor.ts";

/** The finest schema that is stored; up to `schemaMaxReserved` finer ones are brought down to it. */
const schemaMax = 8;
const schemaMaxReserved = 52;

/** Names of the counter reset hints by their numbers in the message. */
export const resetHints: readonly CounterResetHint[] = ["unknown", "reset", "not_reset", "gauge"];

/** A histogram with its time. */
export interface HistogramSample {
  readonly timestampMs: number;
  readonly histogram: Histogram | FloatHistogram;
  /** Why it cannot be brought to a schema that is stored, in Prometheus' words; undefined where it could. */
  readonly problem: string | undefined;
}

/** What the message says, as it says it. */
interface RawHistogram {
  isFloat: boolean;
  count: number;
  sum: number;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  /** Which of the two forms the zero count has; the other form of the histogram then reads 0. */
  hasFloatZeroCount: boolean;
  readonly negativeSpans: Span[];
  readonly negativeDeltas: number[];
  readonly negativeCounts: number[];
  readonly positiveSpans: Span[];
  readonly positiveDeltas: number[];
  readonly positiveCounts: number[];
  readonly customValues: number[];
  resetHint: number;
  timestampMs: number;
}

type Field = {
  readonly name: string;
  readonly type: number;
  /** A list that may be packed into one field of bytes. */
  readonly isPackable?: boolean;
  read(cursor: ProtoCursor, end: number, into: RawHistogram): void;
};

/** Fields by number. */
const fields: readonly (Field | undefined)[] = [
  undefined,
  varintField("CountInt", "uvarint", (into, value) => {
    into.count = value;
    into.isFloat = false;
  }),
  fixedField("CountFloat", (into, value) => {
    into.count = value;
    into.isFloat = true;
  }),
  fixedField("Sum", (into, value) => {
    into.sum = value;
  }),
  varintField("Schema", "sint32", (into, value) => {
    into.schema = value;
  }),
  fixedField("ZeroThreshold", (into, value) => {
    into.zeroThreshold = value;
  }),
  varintField("ZeroCountInt", "uvarint", (into, value) => {
    into.zeroCount = value;
    into.hasFloatZeroCount = false;
  }),
  fixedField("ZeroCountFloat", (into, value) => {
    into.zeroCount = value;
    into.hasFloatZeroCount = true;
  }),
  spanField("NegativeSpans", (into) => into.negativeSpans),
  deltaField("NegativeDeltas", (into) => into.negativeDeltas),
  doubleField("NegativeCounts", (into) => into.negativeCounts),
  spanField("PositiveSpans", (into) => into.positiveSpans),
  deltaField("PositiveDeltas", (into) => into.positiveDeltas),
  doubleField("PositiveCounts", (into) => into.positiveCounts),
  varintField("ResetHint", "uint32", (into, value) => {
    into.resetHint = value;
  }),
  varintField("Timestamp", "int64", (into, value) => {
    into.timestampMs = value;
  }),
  doubleField("CustomValues", (into) => into.customValues),
];

/** The readers of ProtoCursor that fields use. */
type NumberKind = "uvarint" | "uint32" | "sint32" | "int64" | "sint64" | "double";

function varintField(
  name: string,
  kind: NumberKind,
  assign: (into: RawHistogram, value: number) => void,
): Field {
  return {
    name,
    type: wireType.varint,
    read(cursor, end, into) {
      assign(into, cursor[kind](end));
    },
  };
}

function fixedField(name: string, assign: (into: RawHistogram, value: number) => void): Field {
  return {
    name,
    type: wireType.fixed64,
    read(cursor, end, into) {
      assign(into, cursor.double(end));
    },
  };
}

function spanField(name: string, listOf: (into: RawHistogram) => Span[]): Field {
  return {
    name,
    type: wireType.bytes,
    read(cursor, end, into) {
      const spanEnd = cursor.lengthEnd(end);
      listOf(into).push(readSpan(cursor, spanEnd));
    },
  };
}

function deltaField(name: string, listOf: (into: RawHistogram) => number[]): Field {
  return { ...listField(name, "sint64", listOf), type: wireType.varint };
}

function doubleField(name: string, listOf: (into: RawHistogram) => number[]): Field {
  return { ...listField(name, "double", listOf), type: wireType.fixed64 };
}

function listField(
  name: string,
  kind: NumberKind,
  listOf: (into: RawHistogram) => number[],
): Omit<Field, "type"> {
  return {
    name,
    isPackable: true,
    read(cursor, end, into) {
      listOf(into).push(cursor[kind](end));
    },
  };
}

/** Reads the message at the cursor, which ends at `end`. Throws AppError "parse". */
export function readHistogram(cursor: ProtoCursor, end: number): HistogramSample {
  const raw: RawHistogram = {
    isFloat: false,
    count: 0,
    sum: 0,
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    hasFloatZeroCount: false,
    negativeSpans: [],
    negativeDeltas: [],
    negativeCounts: [],
    positiveSpans: [],
    positiveDeltas: [],
    positiveCounts: [],
    customValues: [],
    resetHint: 0,
    timestampMs: 0,
  };
  while (cursor.at < end) {
    const tag = cursor.tag("Histogram", end);
    const type = tag & 7;
    const field = fields[tag >>> 3];
    if (field === undefined) cursor.skip(type, end);
    else if (type === field.type) field.read(cursor, end, raw);
    else if (field.isPackable === true && type === wireType.bytes) {
      const listEnd = cursor.lengthEnd(end);
      while (cursor.at < listEnd) field.read(cursor, listEnd, raw);
    } else throw wrongWireType(type, field.name);
  }
  const histogram = toHistogram(raw);
  const { timestampMs } = raw;
  if (!isTooFine(histogram)) return { timestampMs, histogram, problem: undefined };
  const problem =
    joiningProblem(histogram.positiveSpans, histogram.positiveBuckets.length) ??
    joiningProblem(histogram.negativeSpans, histogram.negativeBuckets.length);
  if (problem !== undefined) return { timestampMs, histogram, problem };
  return { timestampMs, histogram: coarser(histogram), problem };
}

function readSpan(cursor: ProtoCursor, end: number): Span {
  let offset = 0;
  let length = 0;
  while (cursor.at < end) {
    const tag = cursor.tag("BucketSpan", end);
    const type = tag & 7;
    if (tag >>> 3 > 2) cursor.skip(type, end);
    else if (type !== wireType.varint) {
      throw wrongWireType(type, tag >>> 3 === 1 ? "Offset" : "Length");
    } else if (tag >>> 3 === 1) offset = cursor.sint32(end);
    else length = cursor.uint32(end);
  }
  return { offset, length };
}

function toHistogram(raw: RawHistogram): Histogram | FloatHistogram {
  return {
    kind: raw.isFloat ? "float" : "integer",
    counterResetHint: resetHints[raw.resetHint] ?? "unknown",
    schema: raw.schema,
    zeroThreshold: raw.zeroThreshold,
    zeroCount: raw.isFloat === raw.hasFloatZeroCount ? raw.zeroCount : 0,
    count: raw.count,
    sum: raw.sum,
    positiveSpans: raw.positiveSpans,
    negativeSpans: raw.negativeSpans,
    positiveBuckets: raw.isFloat ? raw.positiveCounts : raw.positiveDeltas,
    negativeBuckets: raw.isFloat ? raw.negativeCounts : raw.negativeDeltas,
    customValues: raw.customValues.length > 0 ? raw.customValues : undefined,
  };
}

function isTooFine({ schema }: Histogram | FloatHistogram): boolean {
  return schema > schemaMax && schema <= schemaMaxReserved;
}

/** Why the buckets of a side cannot be joined: the first thing that Prometheus stumbles over. */
function joiningProblem(spans: readonly Span[], bucketCount: number): string | undefined {
  const { negativeOffset, spansMismatch } = histogramReasons;
  let covered = 0;
  for (const [index, { offset, length }] of spans.entries()) {
    if (index > 0 && offset < 0) {
      return `span number ${index + 1} with offset ${offset}: ${negativeOffset}`;
    }
    covered += length;
    if (covered > bucketCount) {
      return `have ${bucketCount} buckets but spans need more: ${spansMismatch}`;
    }
  }
  return covered === bucketCount
    ? undefined
    : `spans need ${covered} buckets, have ${bucketCount} buckets: ${spansMismatch}`;
}

/** The same in the finest schema that is stored: 2^n buckets become one. */
function coarser(histogram: Histogram | FloatHistogram): Histogram | FloatHistogram {
  const joined = 2 ** (histogram.schema - schemaMax);
  const positive = joinBuckets(histogram, "positive", joined);
  const negative = joinBuckets(histogram, "negative", joined);
  return {
    ...histogram,
    schema: schemaMax,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
  };
}

function joinBuckets(
  histogram: Histogram | FloatHistogram,
  side: "positive" | "negative",
  joined: number,
): { spans: readonly Span[]; buckets: readonly number[] } {
  const spans = side === "positive" ? histogram.positiveSpans : histogram.negativeSpans;
  const buckets = side === "positive" ? histogram.positiveBuckets : histogram.negativeBuckets;
  const counts = absoluteCounts(histogram.kind, buckets);
  const newSpans: { offset: number; length: number }[] = [];
  const newCounts: number[] = [];
  let lastIndex = Number.NaN;
  forEachBucket(spans, (index, position) => {
    // Bucket i ends at its bound, so i = 1..n go into one.
    const newIndex = Math.ceil(index / joined);
    if (newIndex === lastIndex) {
      newCounts[newCounts.length - 1]! += counts[position]!;
      return;
    }
    newCounts.push(counts[position]!);
    const gap = Number.isNaN(lastIndex) ? newIndex : newIndex - lastIndex - 1;
    const last = newSpans.at(-1);
    if (gap === 0 && last !== undefined) last.length++;
    else newSpans.push({ offset: gap, length: 1 });
    lastIndex = newIndex;
  });
  const isInteger = histogram.kind === "integer";
  const stored = isInteger
    ? newCounts.map((count, i) => count - (newCounts[i - 1] ?? 0))
    : newCounts;
  return { spans: newSpans, buckets: stored };
}

function absoluteCounts(
  kind: Histogram["kind"] | FloatHistogram["kind"],
  buckets: readonly number[],
): readonly number[] {
  if (kind === "float") return buckets;
  let count = 0;
  return buckets.map((delta) => {
    count += delta;
    return count;
  });
}

function forEachBucket(
  spans: readonly Span[],
  visit: (index: number, position: number) => void,
): void {
  let index = 0;
  let position = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) visit(index++, position++);
  }
}
