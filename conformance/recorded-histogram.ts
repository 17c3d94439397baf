/** Native histograms as the recorded data tells them: integers as decimal strings, floats as bits. */

import type { CounterResetHint, FloatHistogram, Histogram } from "../src/model/histogram.ts";

/** A float64 as 16 hex digits, big end first. */
export interface Bits {
  readonly bits: string;
}

/** One histogram; integer buckets are deltas, float ones absolute. */
export interface RecordedHistogram {
  readonly type: "int" | "float";
  readonly count: string | Bits;
  readonly zeroCount: string | Bits;
  readonly sum: Bits;
  readonly zeroThreshold: Bits;
  readonly schema: number;
  readonly counterResetHint: string;
  readonly positiveSpans: readonly (readonly [number, number])[];
  readonly negativeSpans: readonly (readonly [number, number])[];
  readonly positiveBuckets?: readonly string[];
  readonly negativeBuckets?: readonly string[];
  readonly positiveBucketsBits?: readonly string[];
  readonly negativeBucketsBits?: readonly string[];
  readonly customValuesBits: readonly string[];
}

const hints: Readonly<Record<string, CounterResetHint>> = {
  unknown: "unknown",
  counterReset: "reset",
  notCounterReset: "not_reset",
  gauge: "gauge",
};
/** The number that a decimal string says; throws where JavaScript numbers do not hold it. */
export function exactNumber(text: string): number {
  if (String(BigInt(Number(text))) !== text) throw new Error(`${text} does not fit a number`);
  return Number(text);
}

function doubleOfBits(bits: string): number {
  return Buffer.from(bits, "hex").readDoubleBE();
}

/** The histogram in our form. */
export function toHistogram(recorded: RecordedHistogram): Histogram | FloatHistogram {
  const isFloat = recorded.type === "float";
  const count = (value: string | Bits): number =>
    typeof value === "string" ? exactNumber(value) : doubleOfBits(value.bits);
  const spans = (list: readonly (readonly [number, number])[]) =>
    list.map(([offset, length]) => ({ offset, length }));
  const bounds = recorded.customValuesBits.map(doubleOfBits);
  return {
    kind: isFloat ? "float" : "integer",
    counterResetHint: hints[recorded.counterResetHint] ?? "unknown",
    schema: recorded.schema,
    zeroThreshold: doubleOfBits(recorded.zeroThreshold.bits),
    zeroCount: count(recorded.zeroCount),
    count: count(recorded.count),
    sum: doubleOfBits(recorded.sum.bits),
    positiveSpans: spans(recorded.positiveSpans),
    negativeSpans: spans(recorded.negativeSpans),
    positiveBuckets: isFloat
      ? (recorded.positiveBucketsBits ?? []).map(doubleOfBits)
      : (recorded.positiveBuckets ?? []).map(exactNumber),
    negativeBuckets: isFloat
      ? (recorded.negativeBucketsBits ?? []).map(doubleOfBits)
      : (recorded.negativeBuckets ?? []).map(exactNumber),
    customValues: bounds.length > 0 ? bounds : undefined,
  };
}
