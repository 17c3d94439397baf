/**
 * Writes a database in the recorded canonical form (shared/conformance/tsdb/README.md): per series a
 * line `# labels`, then a line a sample with all bits. What cannot be read of a series is `! message`.
 */

import type { FloatHistogram, Histogram, Span } from "../src/model/histogram.ts";
import { compareLabels } from "../src/model/labels.ts";
import { highWord, lowWord, SampleBuffer } from "../src/model/sample.ts";
import type { Queryable, Series } from "../src/storage/storage.ts";

const bits = new DataView(new ArrayBuffer(8));
const everything = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
const hintNumbers = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

/** A database's content. */
export interface CanonicalDump {
  /** One text per series, in order. */
  readonly series: readonly string[];
  readonly sampleCount: number;
  readonly warnings: readonly string[];
  /** Series that could be read in part only. */
  readonly faultyCount: number;
}

/** Reads all of `db`. */
export async function canonicalDump(db: Queryable): Promise<CanonicalDump> {
  const querier = db.querier(everything.startMs, everything.endMs);
  const { series, warnings } = await querier.select([], everything);
  const sorted = [...series].sort((a, b) => compareLabels(a.labels, b.labels));
  const texts: string[] = [];
  let sampleCount = 0;
  let faultyCount = 0;
  for (const one of sorted) {
    const { text, count, isFaulty } = seriesText(one);
    texts.push(text);
    sampleCount += count;
    if (isFaulty) faultyCount++;
  }
  querier.close();
  return { series: texts, sampleCount, warnings, faultyCount };
}

function seriesText(series: Series): { text: string; count: number; isFaulty: boolean } {
  const pairs: string[][] = [];
  series.labels.forEach((name, value) => {
    pairs.push([name, value]);
  });
  const lines = [`# ${JSON.stringify(pairs)}`];
  const samples = new SampleBuffer();
  try {
    series.readSamples(samples, everything.startMs, everything.endMs);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { text: `${lines[0]}\n! ${message}\n`, count: 0, isFaulty: true };
  }
  for (let i = 0; i < samples.count; i++) lines.push(sampleLine(samples, i));
  return { text: `${lines.join("\n")}\n`, count: samples.count, isFaulty: false };
}

function sampleLine(samples: SampleBuffer, i: number): string {
  const startMs = samples.startTimestampsMs?.[i] ?? 0;
  return startMs === 0 ? bareLine(samples, i) : `${bareLine(samples, i)} st=${startMs}`;
}

function bareLine(samples: SampleBuffer, i: number): string {
  const t = samples.timestampsMs[i];
  const histogram = samples.histograms?.[i];
  const high = samples.valueWords[i * 2 + highWord] ?? 0;
  const low = samples.valueWords[i * 2 + lowWord] ?? 0;
  if (histogram === undefined) return `F ${t} ${hex(high)}${hex(low)}`;
  const sum = samples.isStale(i) ? `${hex(high)}${hex(low)}` : doubleHex(histogram.sum);
  return histogram.kind === "float"
    ? `FH ${t} ${floatFields(histogram, sum)}`
    : `H ${t} ${integerFields(histogram, sum)}`;
}

function integerFields(histogram: Histogram, sum: string): string {
  const counts = (list: readonly number[]): string => (list.length === 0 ? "-" : list.join(","));
  return fields(histogram, [String(histogram.zeroCount), String(histogram.count), sum], counts);
}

function floatFields(histogram: FloatHistogram, sum: string): string {
  const totals = [doubleHex(histogram.zeroCount), doubleHex(histogram.count), sum];
  return fields(histogram, totals, hexList);
}

function fields(
  histogram: Histogram | FloatHistogram,
  totals: readonly string[],
  counts: (list: readonly number[]) => string,
): string {
  return [
    hintNumbers[histogram.counterResetHint],
    histogram.schema,
    doubleHex(histogram.zeroThreshold),
    ...totals,
    spans(histogram.positiveSpans),
    counts(histogram.positiveBuckets),
    spans(histogram.negativeSpans),
    counts(histogram.negativeBuckets),
    hexList(histogram.customValues ?? []),
  ].join(" ");
}

function spans(list: readonly Span[]): string {
  if (list.length === 0) return "-";
  return list.map(({ offset, length }) => `${offset}:${length}`).join(",");
}

function hexList(list: readonly number[]): string {
  return list.length === 0 ? "-" : list.map(doubleHex).join(",");
}

function doubleHex(value: number): string {
  bits.setFloat64(0, value);
  return hex(bits.getUint32(0)) + hex(bits.getUint32(4));
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
