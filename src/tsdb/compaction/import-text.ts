/**
 * Makes blocks of an OpenMetrics text with timestamps, one for every two hours that it touches. Samples
 * wait encoded (about two bytes each); a series' samples must come in order of time, as OpenMetrics
 * demands. Imported blocks may overlap others: compaction merges them.
 */

import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import { compareLabels, type Labels, labelsFromEntries } from "../../model/labels.ts";
import { highWord, lowWord, normalNanBitsHigh, normalNanBitsLow } from "../../model/sample.ts";
import { entryKind } from "../../textparse/exposition-parser.ts";
import { createTextParser } from "../../textparse/parser-factory.ts";
import { type BlockMeta, noStats } from "../block/block-meta.ts";
import { BlockWriter, type WrittenChunk } from "../block/block-writer.ts";
import { sortSymbols } from "../block/index-writer.ts";
import { TimeSlice } from "../block/time-slice.ts";
import { newUlid, type Random } from "../block/ulid.ts";
import { timestampMaxMs, XorChunk, xorEncoding } from "../chunks/xor/xor-appender.ts";
import type { FileSystem } from "../file-system.ts";

const samplesPerChunk = 120;

export interface ImportOptions {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** The data directory; made if absent. */
  readonly dir: string;
  /** Length of the blocks, ms. */
  readonly rangeMs: number;
}

/** One series' samples of one block. */
interface ImportedSeries {
  readonly labels: Labels;
  readonly chunks: WrittenChunk[];
  open: XorChunk;
  firstMs: number;
  lastMs: number;
}

/**
 * Writes the blocks and returns their metas by time; `pieces` are whole lines (text-pieces.ts). Throws
 * ParseError, AppError "usage", "disk"; finished blocks stay.
 */
export async function importOpenMetrics(
  pieces: Iterable<Uint8Array>,
  options: ImportOptions,
): Promise<readonly BlockMeta[]> {
  const slice = new TimeSlice(options.clock);
  const ranges: Ranges = new Map();
  for (const piece of pieces) await readSamples(piece, ranges, options.rangeMs, slice);
  options.fs.mkdirSync(options.dir, { recursive: true });
  const written: BlockMeta[] = [];
  for (const start of [...ranges.keys()].sort((a, b) => a - b)) {
    const series = [...(ranges.get(start) as Map<string, ImportedSeries>).values()];
    ranges.delete(start);
    written.push(await writeRange(series, options, slice));
  }
  return written;
}

/** Start of the range → series. */
type Ranges = Map<number, Map<string, ImportedSeries>>;

async function readSamples(
  text: Uint8Array,
  ranges: Ranges,
  rangeMs: number,
  slice: TimeSlice,
): Promise<void> {
  const { parser } = createTextParser(text, "application/openmetrics-text; version=1.0.0");
  if (parser === undefined) throw new AppError("usage", "cannot read the text as OpenMetrics");
  const bits = new Float64Array(1);
  const words = new Uint32Array(bits.buffer);
  for (let kind = parser.next(); kind !== entryKind.end; kind = parser.next()) {
    if (slice.isOver) await slice.pause();
    if (kind !== entryKind.series) continue;
    const { timestampMs, value } = parser;
    const name = parser.seriesText();
    if (!parser.hasTimestamp) {
      throw new AppError("usage", `cannot import ${name}: the sample has no timestamp`);
    }
    if (Math.abs(timestampMs) > timestampMaxMs) {
      throw new AppError("usage", `cannot import ${name}: ${timestampMs} is no usable timestamp`);
    }
    const series = seriesAt(ranges, Math.floor(timestampMs / rangeMs), name, () => parser.labels());
    if (timestampMs <= series.lastMs) {
      throw new AppError(
        "usage",
        `cannot import ${name}: ${timestampMs} does not follow ${series.lastMs}`,
      );
    }
    bits[0] = value;
    const isNan = Number.isNaN(value);
    const high = isNan ? normalNanBitsHigh : (words[highWord] as number);
    append(series, timestampMs, high, isNan ? normalNanBitsLow : (words[lowWord] as number));
  }
  if (parser.error !== undefined) throw parser.error;
}

function seriesAt(
  ranges: Ranges,
  range: number,
  name: string,
  readLabels: () => Labels,
): ImportedSeries {
  let all = ranges.get(range);
  if (all === undefined) {
    all = new Map();
    ranges.set(range, all);
  }
  let series = all.get(name);
  if (series === undefined) {
    const entries: [string, string][] = [];
    readLabels().forEach((label, value) => {
      entries.push([label, value]);
    });
    // The same labels may be spelled in several orders.
    const labels = labelsFromEntries(entries);
    const known = all.get(`\u00ff${labels.key}`);
    series = known ?? {
      labels,
      chunks: [],
      open: new XorChunk(),
      firstMs: 0,
      lastMs: Number.NEGATIVE_INFINITY,
    };
    all.set(name, series);
    all.set(`\u00ff${labels.key}`, series);
  }
  return series;
}

function append(series: ImportedSeries, timestampMs: number, high: number, low: number): void {
  if (series.open.sampleCount === samplesPerChunk) seal(series);
  if (series.open.sampleCount === 0) series.firstMs = timestampMs;
  series.open.append(timestampMs, high, low);
  series.lastMs = timestampMs;
}

function seal(series: ImportedSeries): void {
  const bytes = series.open.toBytes();
  const span = { minMs: series.firstMs, maxMs: series.lastMs };
  series.chunks.push({ encoding: xorEncoding, bytes, at: 0, length: bytes.length, ...span });
  series.open = new XorChunk();
}

async function writeRange(
  listed: readonly ImportedSeries[],
  options: ImportOptions,
  slice: TimeSlice,
): Promise<BlockMeta> {
  const { fs, dir, clock, random } = options;
  const all = [...new Set(listed)].sort((a, b) => compareLabels(a.labels, b.labels));
  const texts = new Set([""]);
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  for (const series of all) {
    seal(series);
    for (const text of series.labels.pairs) texts.add(text);
    minMs = Math.min(minMs, series.chunks[0]?.minMs ?? minMs);
    maxMs = Math.max(maxMs, series.lastMs);
  }
  const ulid = newUlid(clock.nowMs(), random);
  const symbols = await sortSymbols([...texts], slice);
  const writer = new BlockWriter({ fs, dir, ulid, symbols, slice });
  try {
    await writer.begin();
    for (const { labels, chunks } of all) {
      for (const chunk of chunks) await writer.addChunk(chunk);
      writer.endSeries(labels.pairs);
      if (slice.isOver) await slice.pause();
    }
    const meta = { ulid, minTimeMs: minMs, maxTimeMs: maxMs + 1, stats: noStats, level: 1 };
    const descent = { sources: [ulid], parents: [], hints: [] };
    const marks = { isDeletable: false, hasFailed: false };
    return (await writer.finish({ ...meta, ...descent, ...marks })) as BlockMeta;
  } catch (thrown) {
    writer.abort();
    throw thrown;
  }
}
