/**
 * Samples of the head that were deleted but lie there still: spans of time by series, left out when
 * read and when a block is cut. Kept by labels, since they must outlive neither more nor less than
 * the samples. Costs nothing while nothing is deleted.
 */

import type { Labels } from "../../model/labels.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import type { Querier, Series } from "../../storage/storage.ts";
import {
  addInterval,
  noIntervals,
  remainingTime,
  type TimeIntervals,
} from "../block/time-intervals.ts";

/** Deleted spans of one head. */
export class HeadDeletions {
  readonly #byKey = new Map<string, TimeIntervals>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** Marks [fromMs, toMs] of a series as deleted. */
  add(labels: Labels, fromMs: number, toMs: number): void {
    const known = this.#byKey.get(labels.key) ?? noIntervals;
    this.#byKey.set(labels.key, addInterval(known, fromMs, toMs));
  }

  of(labels: Labels): TimeIntervals {
    return this.#byKey.size === 0 ? noIntervals : (this.#byKey.get(labels.key) ?? noIntervals);
  }

  /** Forgets what lies before `cutoffMs`: the samples are gone. */
  truncate(cutoffMs: number): void {
    for (const [key, intervals] of this.#byKey) {
      const left: number[] = [];
      for (let i = 0; i < intervals.length; i += 2) {
        if (intervals[i + 1]! >= cutoffMs) left.push(intervals[i]!, intervals[i + 1]!);
      }
      if (left.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    }
  }

  /** The series without its deleted samples. */
  hide(series: Series): Series {
    const deleted = this.of(series.labels);
    return deleted.length === 0 ? series : new PartlyDeletedSeries(series, deleted);
  }
}

class PartlyDeletedSeries implements Series {
  readonly labels: Labels;
  readonly #series: Series;
  readonly #deleted: TimeIntervals;

  constructor(series: Series, deleted: TimeIntervals) {
    this.labels = series.labels;
    this.#series = series;
    this.#deleted = deleted;
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    const left = remainingTime(this.#deleted, startMs, endMs);
    for (let i = 0; i < left.length; i += 2) {
      this.#series.readSamples(into, left[i]!, left[i + 1]!);
    }
  }
}

/** The querier's answers without deleted samples. */
export function hideDeleted(querier: Querier, deletions: HeadDeletions): Querier {
  if (deletions.isEmpty) return querier;
  return {
    async select(matchers, hints) {
      const { series, warnings } = await querier.select(matchers, hints);
      return { series: series.map((one) => deletions.hide(one)), warnings };
    },
    labelNames: (matchers, limit) => querier.labelNames(matchers, limit),
    labelValues: (name, matchers, limit) => querier.labelValues(name, matchers, limit),
    close: () => querier.close(),
  };
}
