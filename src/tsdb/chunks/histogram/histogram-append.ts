/**
 * Whether a histogram goes into a chunk, and how: as it is, after rewriting the chunk for buckets it
 * does not have, or into a new chunk. The rules are Prometheus': a counter that fell, other bounds or
 * another schema begin a new chunk, whose header then tells why; a bucket that is gone but was empty
 * is filled in; gauges may come and go within one layout.
 */

import {
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  isEqualSpans,
  type Span,
} from "../../../model/histogram.ts";
import {
  absoluteCounts,
  bucketIndexes,
  deltasOf,
  spansOf,
  spreadCounts,
  uniteIndexes,
} from "./bucket-spans.ts";
import { HistogramChunk, type HistogramCounts, headerOfHint } from "./histogram-chunk.ts";
import { emptyLayout, type HistogramLayout, resetHeader } from "./histogram-layout.ts";
import { HistogramChunkReader } from "./histogram-reader.ts";

/** A histogram on its way into a chunk. */
export interface HistogramSample {
  readonly timestampMs: number;
  readonly startMs: number;
  readonly histogram: Histogram | FloatHistogram;
  /** The sample is a stale marker; the histogram then only tells its kind. */
  readonly isStale: boolean;
}

/** Where the sample went: `chunk` replaces the old one in the series. */
export interface HistogramAppendResult {
  readonly chunk: HistogramChunk;
  /** "recoded": the chunk was rewritten with more buckets; "new": the old chunk is finished. */
  readonly outcome: "appended" | "recoded" | "new";
}

/** How one side of the histogram relates to the chunk's. */
interface SideChange {
  /** The histogram has buckets that the chunk lacks. */
  readonly isWider: boolean;
  /** It lacks buckets that the chunk has. */
  readonly isNarrower: boolean;
  /** Buckets of both; undefined where they are the same. */
  readonly united: readonly number[] | undefined;
}

interface Verdict {
  readonly header: number;
  /** Undefined: it does not fit. */
  readonly sides: { readonly positive: SideChange; readonly negative: SideChange } | undefined;
}

const sameSide: SideChange = { isWider: false, isNarrower: false, united: undefined };
const sameSides = { positive: sameSide, negative: sameSide };

/**
 * Begins a chunk with a sample. `previous` is the chunk that the series had before, if it was cut
 * for its size: it decides what the header can say.
 */
export function beginHistogramChunk(
  sample: HistogramSample,
  hasStarts: boolean,
  previous?: HistogramChunk,
): HistogramChunk {
  const { histogram } = sample;
  let header = headerOfHint(histogram.counterResetHint);
  const isFloat = histogram.kind === "float";
  if (header === resetHeader.unknown && previous !== undefined && previous.isFloat === isFloat) {
    header = judgeCounter(previous, sample).header;
    if (isFloat && header !== resetHeader.reset) header = resetHeader.notReset;
  }
  return beginWith(sample, hasStarts, header);
}

/** Appends a sample of the chunk's own kind to it. */
export function appendHistogram(
  chunk: HistogramChunk,
  sample: HistogramSample,
): HistogramAppendResult {
  const isGauge = sample.histogram.counterResetHint === "gauge";
  const { header, sides } = isGauge ? judgeGauge(chunk, sample) : judgeCounter(chunk, sample);
  if (sides === undefined) {
    const isUnknown = chunk.isFloat && header === resetHeader.notReset;
    const told = isUnknown ? resetHeader.unknown : header;
    return { chunk: beginWith(sample, chunk.hasStarts, told), outcome: "new" };
  }
  const { positive, negative } = sides;
  if (positive.isWider || negative.isWider) {
    const recoded = recode(chunk, layoutFor(sample.histogram, sides, isGauge));
    recoded.append(countsFor(sample, recoded.layout));
    return { chunk: recoded, outcome: "recoded" };
  }
  const isMoved = positive.isNarrower || negative.isNarrower;
  chunk.append(isMoved ? countsFor(sample, chunk.layout) : countsOf(sample));
  return { chunk, outcome: "appended" };
}

function beginWith(sample: HistogramSample, hasStarts: boolean, header: number): HistogramChunk {
  const { histogram, isStale } = sample;
  const layout = isStale ? emptyLayout : layoutOf(histogram);
  const chunk = new HistogramChunk(
    { isFloat: histogram.kind === "float", hasStarts },
    layout,
    header,
  );
  chunk.append(countsOf(sample));
  return chunk;
}

function layoutOf(histogram: Histogram | FloatHistogram): HistogramLayout {
  const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = histogram;
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

function countsOf({ timestampMs, startMs, histogram, isStale }: HistogramSample): HistogramCounts {
  return {
    timestampMs,
    startMs,
    isStale,
    count: isStale ? 0 : histogram.count,
    zeroCount: isStale ? 0 : histogram.zeroCount,
    sum: histogram.sum,
    positive: isStale ? [] : histogram.positiveBuckets,
    negative: isStale ? [] : histogram.negativeBuckets,
  };
}

/** The sample's counts in a layout that has all its buckets. */
function countsFor(sample: HistogramSample, layout: HistogramLayout): HistogramCounts {
  const counts = countsOf(sample);
  const { histogram } = sample;
  const isFloat = histogram.kind === "float";
  return {
    ...counts,
    positive: moveCounts(counts.positive, histogram.positiveSpans, layout.positiveSpans, isFloat),
    negative: moveCounts(counts.negative, histogram.negativeSpans, layout.negativeSpans, isFloat),
  };
}

function moveCounts(
  counts: readonly number[],
  from: readonly Span[],
  to: readonly Span[],
  isFloat: boolean,
): readonly number[] {
  if (isEqualSpans(from, to)) return counts;
  const absolute = isFloat ? counts : absoluteCounts(counts);
  const moved = spreadCounts(absolute, bucketIndexes(from), bucketIndexes(to));
  return isFloat ? moved : deltasOf(moved);
}

/** The layout that holds the chunk's samples and the new one. */
function layoutFor(
  histogram: Histogram | FloatHistogram,
  sides: NonNullable<Verdict["sides"]>,
  isGauge: boolean,
): HistogramLayout {
  const isAnyNarrower = sides.positive.isNarrower || sides.negative.isNarrower;
  const spansFor = (side: SideChange, own: readonly Span[]): readonly Span[] => {
    const isRebuilt = isGauge ? isAnyNarrower : side.isNarrower;
    return isRebuilt ? spansOf(side.united ?? bucketIndexes(own)) : own;
  };
  return {
    ...layoutOf(histogram),
    positiveSpans: spansFor(sides.positive, histogram.positiveSpans),
    negativeSpans: spansFor(sides.negative, histogram.negativeSpans),
  };
}

/** The chunk's samples in a wider layout. O(samples × buckets). */
function recode(chunk: HistogramChunk, layout: HistogramLayout): HistogramChunk {
  const wider = new HistogramChunk(chunk, layout, chunk.header);
  const reader = new HistogramChunkReader(chunk.bytes, 0, chunk.sizeBytes, chunk.encoding);
  while (reader.next()) {
    const counts = reader.counts();
    wider.append({
      ...counts,
      positive: counts.isStale
        ? []
        : moveCounts(
            counts.positive,
            chunk.layout.positiveSpans,
            layout.positiveSpans,
            chunk.isFloat,
          ),
      negative: counts.isStale
        ? []
        : moveCounts(
            counts.negative,
            chunk.layout.negativeSpans,
            layout.negativeSpans,
            chunk.isFloat,
          ),
    });
  }
  return wider;
}

function misfit(header: number): Verdict {
  return { header, sides: undefined };
}

function judgeCounter(chunk: HistogramChunk, sample: HistogramSample): Verdict {
  const { histogram, isStale } = sample;
  const { last, layout } = chunk;
  if (last === undefined || chunk.header === resetHeader.gauge) return misfit(resetHeader.notReset);
  if (histogram.counterResetHint === "reset") return misfit(resetHeader.reset);
  if (isStale) return { header: resetHeader.notReset, sides: sameSides };
  if (last.isStale) return misfit(resetHeader.unknown);
  if (histogram.count < last.count) return misfit(resetHeader.reset);
  const isOtherShape =
    histogram.schema !== layout.schema || histogram.zeroThreshold !== layout.zeroThreshold;
  if (isOtherShape) return misfit(resetHeader.unknown);
  if (!hasSameBounds(histogram, layout)) return misfit(resetHeader.reset);
  if (histogram.zeroCount < last.zeroCount) return misfit(resetHeader.reset);
  const isFloat = chunk.isFloat;
  const positive = compareCounter(
    { spans: layout.positiveSpans, counts: last.positive },
    { spans: histogram.positiveSpans, counts: histogram.positiveBuckets },
    isFloat,
  );
  const negative = compareCounter(
    { spans: layout.negativeSpans, counts: last.negative },
    { spans: histogram.negativeSpans, counts: histogram.negativeBuckets },
    isFloat,
  );
  if (positive === undefined || negative === undefined) return misfit(resetHeader.reset);
  return { header: resetHeader.notReset, sides: { positive, negative } };
}

function judgeGauge(chunk: HistogramChunk, sample: HistogramSample): Verdict {
  const { histogram, isStale } = sample;
  const { last, layout } = chunk;
  const no = misfit(resetHeader.gauge);
  if (last === undefined || chunk.header !== resetHeader.gauge) return no;
  if (isStale) return { header: resetHeader.gauge, sides: sameSides };
  const isOtherShape =
    last.isStale ||
    histogram.schema !== layout.schema ||
    histogram.zeroThreshold !== layout.zeroThreshold ||
    !hasSameBounds(histogram, layout);
  if (isOtherShape) return no;
  return {
    header: resetHeader.gauge,
    sides: {
      positive: compareSpans(layout.positiveSpans, histogram.positiveSpans),
      negative: compareSpans(layout.negativeSpans, histogram.negativeSpans),
    },
  };
}

function hasSameBounds(histogram: Histogram | FloatHistogram, layout: HistogramLayout): boolean {
  if (histogram.schema !== customBucketsSchema) return true;
  const own = histogram.customValues ?? [];
  const known = layout.customValues ?? [];
  return own.length === known.length && own.every((bound, i) => bound === known[i]);
}

function compareSpans(known: readonly Span[], own: readonly Span[]): SideChange {
  if (isEqualSpans(known, own)) return sameSide;
  const knownIndexes = bucketIndexes(known);
  const ownIndexes = bucketIndexes(own);
  const united = uniteIndexes(knownIndexes, ownIndexes);
  return {
    isWider: united.length > knownIndexes.length,
    isNarrower: united.length > ownIndexes.length,
    united,
  };
}

interface Side {
  readonly spans: readonly Span[];
  readonly counts: readonly number[];
}

/** As `compareSpans`; undefined where a bucket fell or a filled one is gone: a counter reset. */
function compareCounter(known: Side, own: Side, isFloat: boolean): SideChange | undefined {
  if (isEqualSpans(known.spans, own.spans)) {
    return hasFallen(known.counts, own.counts, isFloat) ? undefined : sameSide;
  }
  const change = compareSpans(known.spans, own.spans);
  const united = change.united ?? [];
  const knownCounts = isFloat ? known.counts : absoluteCounts(known.counts);
  const ownCounts = isFloat ? own.counts : absoluteCounts(own.counts);
  const before = spreadCounts(knownCounts, bucketIndexes(known.spans), united);
  const after = spreadCounts(ownCounts, bucketIndexes(own.spans), united);
  return before.some((count, i) => count > (after[i] ?? 0)) ? undefined : change;
}

/** Fast path of the same layout: no allocation. */
function hasFallen(before: readonly number[], after: readonly number[], isFloat: boolean): boolean {
  let low = 0;
  let high = 0;
  for (let i = 0; i < before.length; i++) {
    low = isFloat ? before[i]! : low + before[i]!;
    high = isFloat ? after[i]! : high + after[i]!;
    if (low > high) return true;
  }
  return false;
}
