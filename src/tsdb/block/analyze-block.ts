/** What makes a block large: counts by label pair, name and metric, and who churns (promtool's figures). */

import type { Block } from "./block.ts";
import { labelsOf } from "./block-querier.ts";
import type { TimeSlice } from "./time-slice.ts";

/** A name, pair or value with its figure, largest first. */
export type Ranking = readonly (readonly [name: string, figure: number])[];

export interface BlockAnalysis {
  readonly ulid: string;
  readonly durationMs: number;
  readonly seriesCount: number;
  readonly labelNameCount: number;
  readonly labelPairCount: number;
  /** Label pairs of all series, counted for each. */
  readonly postingCount: number;
  /** Series' worth of time that the series with the pair were not there. */
  readonly churningPairs: Ranking;
  readonly churningNames: Ranking;
  readonly commonPairs: Ranking;
  readonly longestNames: Ranking;
  readonly largestNames: Ranking;
  readonly largestMetrics: Ranking;
}

/** Counts through the index of a block; each ranking has at most `limit` entries. O(index). */
export async function analyzeBlock(
  block: Block,
  limit: number,
  slice: TimeSlice,
): Promise<BlockAnalysis> {
  const { index, meta } = block;
  const durationMs = meta.maxTimeMs - meta.minTimeMs;
  const [churningPairs, churningNames] = [new Map<string, number>(), new Map<string, number>()];
  const refs = index.postings("", "");
  for (const ref of refs) {
    if (slice.isOver) await slice.pause();
    const entry = index.series(ref);
    let missingMs = durationMs;
    for (const [i, minMs] of entry.chunkMinMs.entries()) {
      missingMs -= (entry.chunkMaxMs[i] as number) - minMs;
    }
    labelsOf(index, entry).forEach((name, value) => {
      add(churningPairs, `${name}=${value}`, missingMs / durationMs);
      add(churningNames, name, missingMs / durationMs);
    });
  }
  const commonPairs = new Map<string, number>();
  const [longest, largest] = [new Map<string, number>(), new Map<string, number>()];
  const metrics = new Map<string, number>();
  let postingCount = 0;
  for (const name of index.labelNames()) {
    index.forEachValue(name, (value, postings) => {
      const count = postings().length;
      postingCount += count;
      add(commonPairs, `${name}=${value}`, count);
      add(longest, name, Buffer.byteLength(value));
      add(largest, name, 1);
      if (name === "__name__") add(metrics, value, count);
    });
    if (slice.isOver) await slice.pause();
  }
  return {
    ulid: meta.ulid,
    durationMs,
    seriesCount: refs.length,
    labelNameCount: index.labelNames().length,
    labelPairCount: commonPairs.size,
    postingCount,
    churningPairs: rank(churningPairs, limit, Math.floor),
    churningNames: rank(churningNames, limit, Math.floor),
    commonPairs: rank(commonPairs, limit),
    longestNames: rank(longest, limit),
    largestNames: rank(largest, limit),
    largestMetrics: rank(metrics, limit),
  };
}

function add(figures: Map<string, number>, name: string, figure: number): void {
  figures.set(name, (figures.get(name) ?? 0) + figure);
}

function rank(
  figures: ReadonlyMap<string, number>,
  limit: number,
  round: (figure: number) => number = (figure) => figure,
): Ranking {
  return [...figures]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, limit)
    .map(([name, figure]) => [name, round(figure)]);
}
