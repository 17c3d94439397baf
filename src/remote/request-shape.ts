/**
 * The messages of prompb.WriteRequest as a table, and a check of bytes against it in the order in which
 * they come. Slow and plain: it runs only for requests that are refused, so that the reason is the
 * first one, as Prometheus tells it; the readers proper look at parts in another order or not at all.
 */

import { AppError } from "../base/errors.ts";
import { ProtoCursor, wireType, wrongWireType } from "./proto-cursor.ts";

interface FieldShape {
  readonly name: string;
  readonly type: number;
  readonly message?: MessageShape;
  /** Repeated numbers, which may come packed. */
  readonly isPackable?: boolean;
}

interface MessageShape {
  readonly name: string;
  readonly fields: Readonly<Record<number, FieldShape>>;
}

const int = (name: string): FieldShape => ({ name, type: wireType.varint });
const double = (name: string): FieldShape => ({ name, type: wireType.fixed64 });
const text = (name: string): FieldShape => ({ name, type: wireType.bytes });
const list = (shape: FieldShape): FieldShape => ({ ...shape, isPackable: true });
const inner = (name: string, message: MessageShape): FieldShape => ({
  name,
  type: wireType.bytes,
  message,
});

const label: MessageShape = { name: "Label", fields: { 1: text("Name"), 2: text("Value") } };
const sample: MessageShape = {
  name: "Sample",
  fields: { 1: double("Value"), 2: int("Timestamp") },
};
const exemplar: MessageShape = {
  name: "Exemplar",
  fields: { 1: inner("Labels", label), 2: double("Value"), 3: int("Timestamp") },
};
const span: MessageShape = { name: "BucketSpan", fields: { 1: int("Offset"), 2: int("Length") } };
const histogram: MessageShape = {
  name: "Histogram",
  fields: {
    1: int("CountInt"),
    2: double("CountFloat"),
    3: double("Sum"),
    4: int("Schema"),
    5: double("ZeroThreshold"),
    6: int("ZeroCountInt"),
    7: double("ZeroCountFloat"),
    8: inner("NegativeSpans", span),
    9: list(int("NegativeDeltas")),
    10: list(double("NegativeCounts")),
    11: inner("PositiveSpans", span),
    12: list(int("PositiveDeltas")),
    13: list(double("PositiveCounts")),
    14: int("ResetHint"),
    15: int("Timestamp"),
    16: list(double("CustomValues")),
  },
};
const series: MessageShape = {
  name: "TimeSeries",
  fields: {
    1: inner("Labels", label),
    2: inner("Samples", sample),
    3: inner("Exemplars", exemplar),
    4: inner("Histograms", histogram),
  },
};
const metadata: MessageShape = {
  name: "MetricMetadata",
  fields: { 1: int("Type"), 2: text("MetricFamilyName"), 4: text("Help"), 5: text("Unit") },
};
const writeRequest: MessageShape = {
  name: "WriteRequest",
  fields: { 1: inner("Timeseries", series), 3: inner("Metadata", metadata) },
};

/** Why the bytes are no prompb.WriteRequest, in Prometheus' words; undefined where they are one. O(bytes). */
export function firstWireProblem(plain: Uint8Array): string | undefined {
  const cursor = new ProtoCursor();
  cursor.reset(plain);
  try {
    check(cursor, plain.length, writeRequest);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "parse") return thrown.message;
    throw thrown;
  }
}

function check(cursor: ProtoCursor, end: number, { name, fields }: MessageShape): void {
  while (cursor.at < end) {
    const tag = cursor.tag(name, end);
    const type = tag & 7;
    const field = fields[tag >>> 3];
    if (field === undefined) {
      cursor.skip(type, end);
      continue;
    }
    const isPacked = field.isPackable === true && type === wireType.bytes;
    if (type !== field.type && !isPacked) throw wrongWireType(type, field.name);
    if (type !== wireType.bytes) {
      cursor.skip(type, end);
      continue;
    }
    const fieldEnd = cursor.lengthEnd(end);
    if (field.message !== undefined) check(cursor, fieldEnd, field.message);
    while (isPacked && cursor.at < fieldEnd) cursor.skip(field.type, fieldEnd);
    cursor.at = fieldEnd;
  }
}
