/** Writes prompb.ReadRequest and reads both kinds of answers, for tests. */

import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import { crc32c } from "../../tsdb/crc32c.ts";
import { readHistogram } from "../histogram-message.ts";
import { ProtoCursor } from "../proto-cursor.ts";
import { decodeSnappyBlock, snappyPlainLength } from "../snappy-block.ts";
import { field, snappyBlock, varint } from "./write-request.ts";

const matcherTypes = ["=", "!=", "=~", "!~"] as const;

/** A matcher of a query; another `type` than the four by its number. */
export function matcher(
  name: string,
  type: (typeof matcherTypes)[number] | number,
  value: string,
): number[] {
  const number = typeof type === "number" ? type : matcherTypes.indexOf(type);
  const texts = [...field(2, ...Buffer.from(name)), ...field(3, ...Buffer.from(value))];
  return field(3, 0x08, ...varint(number), ...texts);
}

/** What a client says beside a query. */
export function hints(startMs: number, endMs: number, func = ""): number[] {
  const times = [0x18, ...varint(startMs), 0x20, ...varint(endMs)];
  return field(4, ...field(2, ...Buffer.from(func)), ...times);
}

/** A query with its matchers and hints. */
export function query(startMs: number, endMs: number, ...parts: readonly number[][]): number[] {
  return field(1, 0x08, ...varint(startMs), 0x10, ...varint(endMs), ...parts.flat());
}

/** Ends a request: the answer may be chunks. */
export const wantsChunks: readonly number[] = [0x10, 1];

/** The body of a request. */
export function readBody(...parts: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return snappyBlock(parts.flat());
}

/** A sample as it came: its time, and a float by its bits or a histogram. */
export interface CameSample {
  readonly timestampMs: number;
  readonly bits: string;
  readonly histogram: Histogram | FloatHistogram | undefined;
}

/** A series of an answer of samples. */
export interface CameSeries {
  /** name=value, in the order of the message. */
  readonly labels: readonly string[];
  readonly samples: readonly CameSample[];
}

/** The series of each query of an answer of samples. */
export function decodeSampled(block: Uint8Array): CameSeries[][] {
  const plain = new Uint8Array(snappyPlainLength(block));
  decodeSnappyBlock(block, plain);
  return fieldsOf(plain).map(({ bytes }) => fieldsOf(bytes).map((one) => seriesOf(one.bytes)));
}

/** One frame of a stream. */
export interface CameFrame {
  readonly queryIndex: number;
  readonly labels: readonly string[];
  readonly chunks: readonly CameChunk[];
  readonly sizeBytes: number;
}

/** One chunk of a frame. */
export interface CameChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

/** The frames of a stream; throws where a checksum is wrong. */
export function decodeFrames(stream: Uint8Array): CameFrame[] {
  const frames: CameFrame[] = [];
  const cursor = new ProtoCursor();
  cursor.reset(stream);
  while (cursor.at < stream.length) {
    const length = cursor.uvarint(stream.length);
    const checksum = cursor.view.getUint32(cursor.at, false);
    const from = cursor.at + 4;
    const message = stream.subarray(from, from + length);
    if (message.length !== length) throw new Error(`a frame ends after ${message.length} bytes`);
    if (crc32c(message, 0, length) !== checksum) throw new Error("a checksum is wrong");
    cursor.at = from + length;
    frames.push(frameOf(message));
  }
  return frames;
}

interface CameField {
  readonly number: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

function fieldsOf(message: Uint8Array): CameField[] {
  const cursor = new ProtoCursor();
  cursor.reset(message);
  const fields: CameField[] = [];
  const end = message.length;
  while (cursor.at < end) {
    const tag = cursor.tag("message", end);
    const type = tag & 7;
    const from = cursor.at;
    if (type === 2) {
      const to = cursor.lengthEnd(end);
      fields.push({ number: tag >>> 3, value: 0, bytes: message.subarray(cursor.at, to) });
      cursor.at = to;
    } else {
      const value = type === 0 ? cursor.int64(end) : 0;
      if (type !== 0) cursor.skip(type, end);
      fields.push({ number: tag >>> 3, value, bytes: message.subarray(from, cursor.at) });
    }
  }
  return fields;
}

function labelOf(message: Uint8Array): string {
  const texts = new Map(
    fieldsOf(message).map(({ number, bytes }) => [number, Buffer.from(bytes).toString()]),
  );
  return `${texts.get(1) ?? ""}=${texts.get(2) ?? ""}`;
}

function seriesOf(message: Uint8Array): CameSeries {
  const fields = fieldsOf(message);
  const of = (number: number) => fields.filter((one) => one.number === number);
  const floats = of(2).map(({ bytes }) => floatOf(bytes));
  const histograms = of(4).map(({ bytes }) => histogramOf(bytes));
  return {
    labels: of(1).map(({ bytes }) => labelOf(bytes)),
    samples: [...floats, ...histograms].sort((a, b) => a.timestampMs - b.timestampMs),
  };
}

function floatOf(message: Uint8Array): CameSample {
  const fields = fieldsOf(message);
  const bits = fields.find(({ number }) => number === 1)?.bytes ?? new Uint8Array(8);
  const timestampMs = fields.find(({ number }) => number === 2)?.value ?? 0;
  return { timestampMs, bits: Buffer.from(bits).toString("hex"), histogram: undefined };
}

function histogramOf(message: Uint8Array): CameSample {
  const cursor = new ProtoCursor();
  cursor.reset(message);
  const sum = fieldsOf(message).find(({ number }) => number === 3)?.bytes ?? new Uint8Array(8);
  const { timestampMs, histogram } = readHistogram(cursor, message.length);
  return { timestampMs, bits: Buffer.from(sum).toString("hex"), histogram };
}

function frameOf(message: Uint8Array): CameFrame {
  const fields = fieldsOf(message);
  const series = fieldsOf(fields.find(({ number }) => number === 1)?.bytes ?? new Uint8Array(0));
  const of = (number: number) => series.filter((one) => one.number === number);
  return {
    queryIndex: fields.find(({ number }) => number === 2)?.value ?? 0,
    labels: of(1).map(({ bytes }) => labelOf(bytes)),
    chunks: of(2).map(({ bytes }) => chunkOf(bytes)),
    sizeBytes: message.length,
  };
}

function chunkOf(message: Uint8Array): CameChunk {
  const fields = fieldsOf(message);
  const number = (wanted: number) => fields.find((one) => one.number === wanted)?.value ?? 0;
  const bytes = fields.find((one) => one.number === 4)?.bytes ?? new Uint8Array(0);
  return { minMs: number(1), maxMs: number(2), encoding: number(3), bytes };
}
