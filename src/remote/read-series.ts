/**
 * Walks the series of one query of remote read, sorted by labels, with their samples in one buffer that
 * is used again: no more than one series is held, however large the answer. A reader may be slow, so
 * the querier is opened anew from time to time, behind the series that was given last: what a querier
 * reads may move from the head into a block meanwhile, and storage waits only so long for its readers.
 */

import type { Clock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import { compareLabels, type Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import type { Queryable, Series } from "../storage/storage.ts";
import { TimeSlice } from "../tsdb/block/time-slice.ts";

/** A querier is kept so long, ms: less than storage waits for one. */
const querierMsMax = 60_000;
/** A buffer that a long series made larger than this is not kept for the next one, samples. */
const keptSamplesMax = 1 << 20;

/** What is read: samples from `startMs` to `endMs`, both inclusive, of series that satisfy all matchers. */
export interface SeriesQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly Matcher[];
}

/** One series with at least one sample; `samples` is valid until the next one is asked for. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly samples: SampleBuffer;
}

/** What reading needs. */
export interface ReadTools {
  readonly queryable: Queryable;
  readonly clock: Clock;
  /** Aborted: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The series of a query; without matchers there are none, as in Prometheus. Throws QueryError "canceled". */
export async function* readSeries(
  query: SeriesQuery,
  tools: ReadTools,
): AsyncGenerator<ReadSeries, void> {
  if (query.matchers.length === 0 || query.endMs < query.startMs) return;
  const slice = new TimeSlice(tools.clock);
  let last: Labels | undefined;
  let samples = new SampleBuffer();
  for (let isAll = false; !isAll; ) {
    const querier = tools.queryable.querier(query.startMs, query.endMs);
    const openedMs = tools.clock.monotonicMs();
    try {
      const { series } = await querier.select(query.matchers, query);
      isAll = true;
      for (let i = firstAfter(series, last); i < series.length; i++) {
        const { labels } = series[i] as Series;
        if (samples.values.length > keptSamplesMax) samples = new SampleBuffer();
        samples.clear();
        (series[i] as Series).readSamples(samples, query.startMs, query.endMs);
        last = labels;
        if (samples.count > 0) yield { labels, samples };
        await giveWay(slice, tools.signal);
        if (tools.clock.monotonicMs() - openedMs < querierMsMax) continue;
        isAll = false;
        break;
      }
    } finally {
      querier.close();
    }
  }
}

/** Index of the first series behind `last`. O(log series). */
function firstAfter(series: readonly Series[], last: Labels | undefined): number {
  if (last === undefined) return 0;
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareLabels((series[middle] as Series).labels, last) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lets others run where it is time to; throws QueryError "canceled" where nobody waits for the answer any more. */
async function giveWay(slice: TimeSlice, signal: AbortSignal): Promise<void> {
  if (slice.isOver) await slice.pause();
  if (signal.aborted) throw new QueryError("canceled", "the client went away");
}
