/**
 * Reads all of a block and says what is wrong with it: checksums, order of series, lists against
 * series, samples against what index and meta tell. Goes on after a fault, up to a number of them.
 */

import { errorMessage } from "../../base/errors.ts";
import { compareLabels, type Labels } from "../../model/labels.ts";
import { SampleBuffer } from "../../model/sample.ts";
import type { Block } from "./block.ts";
import { labelsOf } from "./block-querier.ts";
import { readChunkSamples } from "./chunk-samples.ts";
import type { IndexSeries } from "./index-reader.ts";
import type { TimeSlice } from "./time-slice.ts";

const faultsMax = 20;
const wholeTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** What was found. */
export interface BlockCheck {
  readonly ulid: string;
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly sampleCount: number;
  /** Empty: sound. At most 20. */
  readonly faults: readonly string[];
}

/** Reads every series, list and chunk. O(block). */
export async function checkBlock(block: Block, slice: TimeSlice): Promise<BlockCheck> {
  const checker = new Checker(block);
  const refs = checker.run(() => block.index.postings("", "")) ?? new Uint32Array(0);
  for (const ref of refs) {
    if (slice.isOver) await slice.pause();
    if (checker.faults.length >= faultsMax) break;
    checker.run(() => checker.series(ref));
  }
  if (checker.faults.length === 0) {
    checker.run(() => checker.lists());
    checker.figures();
  }
  const { ulid } = block.meta;
  const { seriesCount, chunkCount, sampleCount, faults } = checker;
  return { ulid, seriesCount, chunkCount, sampleCount, faults };
}

class Checker {
  seriesCount = 0;
  chunkCount = 0;
  sampleCount = 0;
  readonly faults: string[] = [];
  readonly #block: Block;
  readonly #samples = new SampleBuffer();
  readonly #pairCounts = new Map<string, number>();
  #lastLabels: Labels | undefined;

  constructor(block: Block) {
    this.#block = block;
  }

  run<Result>(work: () => Result): Result | undefined {
    try {
      return work();
    } catch (thrown) {
      this.faults.push(errorMessage(thrown));
      return undefined;
    }
  }

  series(ref: number): void {
    const { index } = this.#block;
    const entry = index.series(ref);
    const labels = labelsOf(index, entry);
    if (this.#lastLabels !== undefined && compareLabels(this.#lastLabels, labels) >= 0) {
      this.faults.push(`series ${labels} is out of order`);
    }
    this.#lastLabels = labels;
    labels.forEach((name, value) => {
      const key = `${name}\u00ff${value}`;
      this.#pairCounts.set(key, (this.#pairCounts.get(key) ?? 0) + 1);
    });
    this.seriesCount++;
    for (let i = 0; i < entry.chunkRefs.length; i++) this.#chunk(labels, entry, i);
  }

  #chunk(labels: Labels, entry: IndexSeries, i: number): void {
    const { chunks, meta } = this.#block;
    const samples = this.#samples;
    samples.clear();
    chunks.read(entry.chunkRefs[i] as number);
    readChunkSamples(chunks, samples, wholeTime);
    this.chunkCount++;
    this.sampleCount += samples.count;
    const [minMs, maxMs] = [entry.chunkMinMs[i], entry.chunkMaxMs[i]];
    const [firstMs, lastMs] = [samples.timestampsMs[0], samples.timestampsMs[samples.count - 1]];
    if (samples.count === 0 || firstMs !== minMs || lastMs !== maxMs) {
      this.faults.push(
        `${labels}: a chunk of ${firstMs} to ${lastMs} stands as ${minMs} to ${maxMs}`,
      );
    }
    for (let k = 1; k < samples.count; k++) {
      if (samples.timestampsMs[k]! > samples.timestampsMs[k - 1]!) continue;
      this.faults.push(`${labels}: samples out of order at ${samples.timestampsMs[k]}`);
      break;
    }
    if ((minMs ?? 0) < meta.minTimeMs || (maxMs ?? 0) >= meta.maxTimeMs) {
      this.faults.push(`${labels}: a chunk lies outside of the block's time`);
    }
  }

  /** Every list must hold as many series as have the pair. */
  lists(): void {
    const { index } = this.#block;
    for (const name of index.labelNames()) {
      index.forEachValue(name, (value, postings) => {
        const wanted = this.#pairCounts.get(`${name}\u00ff${value}`) ?? 0;
        const found = postings().length;
        if (found !== wanted) this.faults.push(`${name}=${value}: ${found} refs, ${wanted} series`);
      });
    }
  }

  figures(): void {
    const { stats } = this.#block.meta;
    const pairs: readonly (readonly [string, number, number])[] = [
      ["series", stats.seriesCount, this.seriesCount],
      ["chunks", stats.chunkCount, this.chunkCount],
      ["samples", stats.sampleCount, this.sampleCount],
    ];
    for (const [what, told, found] of pairs) {
      if (told !== found) this.faults.push(`meta.json tells ${told} ${what}, there are ${found}`);
    }
  }
}
