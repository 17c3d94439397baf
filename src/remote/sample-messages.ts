/**
 * Labels, samples and native histograms as prompb messages, byte for byte as Prometheus writes them:
 *
 *   TimeSeries  1 Label*  2 Sample*  4 Histogram*       Label  1 name  2 value       Sample  1 value  2 time
 *
 * Values go by their bits, so that stale markers arrive as such.
 */

import type { FloatHistogram, Histogram, Span } from "../model/histogram.ts";
import type { Labels } from "../model/labels.ts";
import {
  highWord,
  lowWord,
  type SampleBuffer,
  staleBitsHigh,
  staleBitsLow,
} from "../model/sample.ts";
import { resetHints } from "./histogram-message.ts";
import { wireType } from "./proto-cursor.ts";
import type { ProtoWriter } from "./proto-writer.ts";

/** Writes the labels as field 1, which they are in every message; returns the bytes of the messages alone. */
export function writeLabels(writer: ProtoWriter, labels: Labels): number {
  let size = 0;
  labels.forEach((name, value) => {
    const start = writer.open(1);
    writer.textField(1, name);
    writer.textField(2, value);
    size += writer.close(start);
  });
  return size;
}

/** Writes the samples as fields of a TimeSeries: floats first, then histograms. */
export function writeSamples(writer: ProtoWriter, samples: SampleBuffer): void {
  const { timestampsMs, valueWords, histograms, count } = samples;
  for (let i = 0; i < count; i++) {
    if (histograms?.[i] !== undefined) continue;
    writeFloat(
      writer,
      timestampsMs[i]!,
      valueWords[i * 2 + highWord]!,
      valueWords[i * 2 + lowWord]!,
    );
  }
  if (histograms === undefined) return;
  for (let i = 0; i < count; i++) {
    const histogram = histograms[i];
    if (histogram === undefined) continue;
    const start = writer.open(4);
    if (samples.isStale(i)) writeStaleHistogram(writer, histogram);
    else writeHistogram(writer, histogram);
    writer.int64Field(15, timestampsMs[i]!);
    // Behind the time by its number.
    if (!samples.isStale(i)) writeDoubles(writer, 16, histogram.customValues ?? []);
    writer.close(start);
  }
}

/** Hot: about 30 ns, no allocation. */
function writeFloat(writer: ProtoWriter, timestampMs: number, high: number, low: number): void {
  const start = writer.open(2);
  if (high !== 0 || low !== 0) {
    writer.tag(1, wireType.fixed64);
    writer.words(high, low);
  }
  writer.int64Field(2, timestampMs);
  writer.close(start);
}

/** All but time and bounds. */
function writeHistogram(writer: ProtoWriter, histogram: Histogram | FloatHistogram): void {
  const isFloat = histogram.kind === "float";
  writeCount(writer, isFloat ? 2 : 1, histogram.count, isFloat);
  writer.doubleField(3, histogram.sum);
  writer.zigzagField(4, histogram.schema);
  writer.doubleField(5, histogram.zeroThreshold);
  writeCount(writer, isFloat ? 7 : 6, histogram.zeroCount, isFloat);
  writeSpans(writer, 8, histogram.negativeSpans);
  if (isFloat) writeDoubles(writer, 10, histogram.negativeBuckets);
  else writeDeltas(writer, 9, histogram.negativeBuckets);
  writeSpans(writer, 11, histogram.positiveSpans);
  if (isFloat) writeDoubles(writer, 13, histogram.positiveBuckets);
  else writeDeltas(writer, 12, histogram.positiveBuckets);
  writer.uvarintField(14, resetHints.indexOf(histogram.counterResetHint));
}

/** A stale marker among histograms: the marker in the sum, and nothing else. */
function writeStaleHistogram(writer: ProtoWriter, histogram: Histogram | FloatHistogram): void {
  const isFloat = histogram.kind === "float";
  writeCount(writer, isFloat ? 2 : 1, 0, isFloat);
  writer.tag(3, wireType.fixed64);
  writer.words(staleBitsHigh, staleBitsLow);
  writeCount(writer, isFloat ? 7 : 6, 0, isFloat);
}

/** One of two forms, so it is written even where it is 0. */
function writeCount(writer: ProtoWriter, field: number, count: number, isFloat: boolean): void {
  writer.tag(field, isFloat ? wireType.fixed64 : wireType.varint);
  if (isFloat) writer.double(count);
  else writer.uvarint(count);
}

function writeSpans(writer: ProtoWriter, field: number, spans: readonly Span[]): void {
  for (const { offset, length } of spans) {
    const start = writer.open(field);
    writer.zigzagField(1, offset);
    writer.uvarintField(2, length);
    writer.close(start);
  }
}

function writeDeltas(writer: ProtoWriter, field: number, deltas: readonly number[]): void {
  if (deltas.length === 0) return;
  const start = writer.open(field);
  for (const delta of deltas) writer.zigzag(delta);
  writer.close(start);
}

function writeDoubles(writer: ProtoWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const start = writer.open(field);
  for (const value of values) writer.double(value);
  writer.close(start);
}
