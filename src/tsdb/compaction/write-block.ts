/**
 * Makes one block of several sources: series merged by labels, chunks copied as they are where nothing
 * of them overlaps or is deleted, otherwise decoded, merged and encoded anew. Works in slices; memory
 * is the index's lists and one series' chunks.
 */

import { compareUtf8 } from "../../model/labels.ts";
import { SampleBuffer } from "../../model/sample.ts";
import type { BlockMeta } from "../block/block-meta.ts";
import { BlockWriter, blockWriteError } from "../block/block-writer.ts";
import { mergeSymbols } from "../block/index-writer.ts";
import { sortTail } from "../block/merge-samples.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import type { FileSystem } from "../file-system.ts";
import { encodeChunks } from "./chunk-encoder.ts";
import type { SeriesSource, SourceChunk } from "./series-source.ts";

export interface WriteBlockOptions {
  readonly fs: FileSystem;
  /** The folder of the blocks. */
  readonly dir: string;
  readonly slice: TimeSlice;
  readonly segmentBytes?: number;
}

/**
 * Writes the block that `meta` names, from all of the sources. Returns its meta with the figures,
 * undefined where no sample is left: then no block was made. Throws what the sources and the disk throw,
 * with nothing left behind.
 */
export async function writeBlock(
  sources: readonly SeriesSource[],
  meta: BlockMeta,
  options: WriteBlockOptions,
): Promise<BlockMeta | undefined> {
  const { slice } = options;
  const lists: (readonly string[])[] = [[""]];
  for (const source of sources) lists.push(await source.symbols());
  const symbols = await mergeSymbols(lists, slice);
  const writer = new BlockWriter({ ...options, ulid: meta.ulid, symbols });
  try {
    await writer.begin();
    let active = sources.filter((source) => source.next());
    const samples = new SampleBuffer();
    while (active.length > 0) {
      if (slice.isOver) await slice.pause();
      const labels = leastLabels(active);
      const own = active.filter((source) => compareLabelPairs(source.labels, labels) === 0);
      const chunks = own.flatMap((source) => source.chunks);
      await writeSeries(writer, chunks, samples);
      writer.endSeries(labels);
      active = active.filter((source) => !own.includes(source) || source.next());
    }
    return await writer.finish(meta);
  } catch (thrown) {
    writer.abort();
    throw blockWriteError(meta.ulid, thrown);
  }
}

async function writeSeries(
  writer: BlockWriter,
  unsorted: readonly SourceChunk[],
  samples: SampleBuffer,
): Promise<void> {
  const chunks = unsorted.length > 1 ? [...unsorted].sort((a, b) => a.minMs - b.minMs) : unsorted;
  for (let from = 0; from < chunks.length; ) {
    const first = chunks[from] as SourceChunk;
    let endMs = first.maxMs;
    let to = from + 1;
    for (; to < chunks.length && (chunks[to] as SourceChunk).minMs <= endMs; to++) {
      endMs = Math.max(endMs, (chunks[to] as SourceChunk).maxMs);
    }
    if (to === from + 1 && first.isWhole) {
      const { encoding, bytes, at, length } = first.load();
      const { minMs, maxMs } = first;
      await writer.addChunk({ encoding, bytes, at, length, minMs, maxMs });
    } else {
      samples.clear();
      for (let i = from; i < to; i++) {
        const before = samples.count;
        (chunks[i] as SourceChunk).read(samples);
        sortTail(samples, 0, before);
      }
      for (const chunk of encodeChunks(samples)) await writer.addChunk(chunk);
    }
    from = to;
  }
}

function leastLabels(sources: readonly SeriesSource[]): readonly string[] {
  let least = (sources[0] as SeriesSource).labels;
  for (let i = 1; i < sources.length; i++) {
    const { labels } = sources[i] as SeriesSource;
    if (compareLabelPairs(labels, least) < 0) least = labels;
  }
  return least;
}

function compareLabelPairs(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareUtf8(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
