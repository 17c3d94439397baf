/** The native histogram that tests of the storage write: it grows with each round and is valid in either kind. */

import type { FloatHistogram, Histogram } from "../src/model/histogram.ts";

/** Two buckets of schema 2, with 3 × (round + 1) observations. An integer one keeps deltas, a float one counts. */
export function sampleHistogram(
  round: number,
  kind: "integer" | "float" = "integer",
): Histogram | FloatHistogram {
  return {
    kind,
    counterResetHint: "unknown",
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count: round * 3 + 3,
    sum: round * 1.5,
    positiveSpans: [{ offset: 0, length: 2 }],
    negativeSpans: [],
    positiveBuckets: kind === "float" ? [round + 1, round * 2 + 2] : [round + 1, round + 1],
    negativeBuckets: [],
    customValues: undefined,
  };
}
