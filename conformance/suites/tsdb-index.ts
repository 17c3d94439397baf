/**
 * tsdb/index: blocks of Prometheus beside what its own readers find in them, and tombstones files.
 * Everything recorded is compared; what 3.14 wrote must also come out of our writers byte for byte
 * (2.42 still wrote label indices, which nobody reads).
 */

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { noStats } from "../../src/tsdb/block/block-meta.ts";
import { BlockWriter } from "../../src/tsdb/block/block-writer.ts";
import { ChunkFiles } from "../../src/tsdb/block/chunk-files.ts";
import { IndexReader } from "../../src/tsdb/block/index-reader.ts";
import { PageCache } from "../../src/tsdb/block/page-cache.ts";
import { TimeSlice } from "../../src/tsdb/block/time-slice.ts";
import { decodeTombstones, encodeTombstones } from "../../src/tsdb/block/tombstones.ts";
import { isUlid } from "../../src/tsdb/block/ulid.ts";
import { type Reporter, reportCase, type Suite } from "../suite.ts";
import { extractTar } from "../tar.ts";

interface RecordedIndex {
  readonly version: number;
  readonly sha256: string;
  readonly size: number;
  readonly toc: Readonly<Record<string, number | string>>;
  readonly symbols: readonly string[];
  readonly labelNames: readonly string[];
  readonly labelValues: Readonly<Record<string, readonly string[]>>;
  readonly postings: readonly {
    readonly name: string;
    readonly value: string;
    readonly series: readonly number[];
  }[];
  readonly series: readonly {
    readonly ref: number;
    readonly labels: readonly (readonly [string, string])[];
    readonly chunks: readonly {
      readonly dataLen: number;
      readonly encoding: string;
      readonly minTime: string;
      readonly maxTime: string;
      readonly numSamples: number;
      readonly ref: string;
    }[];
  }[];
}

interface RecordedTombstones {
  readonly block: string;
  readonly hex: string;
  readonly entries: readonly {
    readonly ref: number;
    readonly mint: string;
    readonly maxt: string;
  }[];
}

const encodingNames: Readonly<Record<number, string>> = {
  1: "XOR",
  2: "histogram",
  3: "floathistogram",
  4: "XOR2",
  5: "histogramST",
  6: "floathistogramST",
};

const tombstonesFile = "tombstones-files.json";

async function blockNames(dataDir: string): Promise<string[]> {
  const files = await readdir(join(dataDir, "tsdb", "index"));
  return files
    .filter((file) => file.endsWith(".json") && file !== tombstonesFile)
    .map((file) => file.replace(/\.json$/, ""))
    .sort();
}

async function readTombstoneCases(dataDir: string): Promise<readonly RecordedTombstones[]> {
  const text = await readFile(join(dataDir, "tsdb", "index", tombstonesFile), "utf8");
  return JSON.parse(text) as RecordedTombstones[];
}

function different(what: string, have: unknown, want: unknown): string | undefined {
  const [a, b] = [JSON.stringify(have), JSON.stringify(want)];
  return a === b ? undefined : `${what}: want ${b}, have ${a}`;
}

function textsOf(index: IndexReader, symbols: readonly number[]): string[] {
  return symbols.map((symbol) => index.symbol(symbol));
}

function compareIndex(
  index: IndexReader,
  chunks: ChunkFiles,
  want: RecordedIndex,
): string | undefined {
  const { offset: _offset, crc: _crc, ...toc } = want.toc;
  const symbols = Array.from({ length: index.symbolCount }, (_, i) => index.symbol(i));
  const values = index.labelNames().map((name) => [name, index.labelValues(name)]);
  const series = want.series.map(({ ref }) => {
    const { labelSymbols, chunkMinMs, chunkMaxMs, chunkRefs } = index.series(ref);
    const texts = textsOf(index, labelSymbols);
    const labels = labelSymbols.flatMap((_, i) => (i % 2 === 0 ? [[texts[i], texts[i + 1]]] : []));
    const list = chunkRefs.map((chunkRef, i) => {
      chunks.read(chunkRef);
      const numSamples = ((chunks.bytes[chunks.at] ?? 0) << 8) | (chunks.bytes[chunks.at + 1] ?? 0);
      const encoding = encodingNames[chunks.encoding];
      const times = { maxTime: String(chunkMaxMs[i]), minTime: String(chunkMinMs[i]) };
      return { dataLen: chunks.length, encoding, ...times, numSamples, ref: String(chunkRef) };
    });
    return { labels, chunks: list };
  });
  const wantedSeries = want.series.map(({ labels, chunks: list }) => ({
    labels,
    chunks: list.map(({ dataLen, encoding, minTime, maxTime, numSamples, ref }) => ({
      dataLen,
      encoding,
      maxTime,
      minTime,
      numSamples,
      ref,
    })),
  }));
  const postings = want.postings.map(({ name, value }) => [...index.postings(name, value)]);
  return (
    different("version", index.version, want.version) ??
    different("size", index.sizeBytes, want.size) ??
    different("toc", Object.entries(index.toc).sort(), Object.entries(toc).sort()) ??
    different("symbols", symbols, want.symbols) ??
    different("label names", index.labelNames(), want.labelNames) ??
    different("label values", Object.fromEntries(values), want.labelValues) ??
    different(
      "postings",
      postings,
      want.postings.map((list) => list.series),
    ) ??
    different("series", series, wantedSeries)
  );
}

/** Writes the block again from what was read. */
async function rewrite(index: IndexReader, chunks: ChunkFiles, dir: string): Promise<string> {
  const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const symbols = Array.from({ length: index.symbolCount }, (_, i) => index.symbol(i));
  const slice = new TimeSlice(systemClock);
  const writer = new BlockWriter({ fs, dir, ulid, symbols, slice });
  await writer.begin();
  for (const ref of index.postings("", "")) {
    const { labelSymbols, chunkMinMs, chunkMaxMs, chunkRefs } = index.series(ref);
    for (const [i, chunkRef] of chunkRefs.entries()) {
      chunks.read(chunkRef);
      const { encoding, bytes, at, length } = chunks;
      const [minMs, maxMs] = [chunkMinMs[i] as number, chunkMaxMs[i] as number];
      await writer.addChunk({ encoding, bytes, at, length, minMs, maxMs });
    }
    writer.endSeries(textsOf(index, labelSymbols));
  }
  const descent = { level: 1, sources: [ulid], parents: [], hints: [] };
  const marks = { isDeletable: false, hasFailed: false };
  await writer.finish({ ulid, minTimeMs: 0, maxTimeMs: 1, stats: noStats, ...descent, ...marks });
  return join(dir, ulid);
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

async function checkBlock(dataDir: string, name: string): Promise<string | undefined> {
  const source = join(dataDir, "tsdb", "index", name);
  const want = JSON.parse(await readFile(`${source}.json`, "utf8")) as RecordedIndex;
  const dir = mkdtempSync(join(tmpdir(), "ciliascope-conformance-"));
  try {
    extractTar(`${source}.tar.gz`, dir);
    const ulid = readdirSync(dir).find(isUlid);
    if (ulid === undefined) return "the archive holds no block";
    const cache = new PageCache();
    const index = new IndexReader(fs, cache, join(dir, ulid, "index"));
    const chunks = new ChunkFiles(fs, cache, join(dir, ulid, "chunks"));
    const difference = compareIndex(index, chunks, want);
    if (difference !== undefined) return difference;
    // Sections of label indices stand where the offset is not the next section's.
    if (index.toc.labelIndices !== index.toc.postings) return undefined;
    const ours = await rewrite(index, chunks, join(dir, "ours"));
    index.close();
    chunks.close();
    const written = sha256(join(ours, "chunks", "000001"));
    return (
      different("index that we write", sha256(join(ours, "index")), want.sha256) ??
      different("chunks that we write", written, sha256(join(dir, ulid, "chunks", "000001")))
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function checkTombstones(recorded: RecordedTombstones): string | undefined {
  const bytes = Buffer.from(recorded.hex, "hex");
  const tombstones = decodeTombstones(bytes, "tombstones");
  const entries: unknown[] = [];
  for (const [ref, intervals] of tombstones) {
    for (let i = 0; i < intervals.length; i += 2) {
      entries.push({ ref, mint: String(intervals[i]), maxt: String(intervals[i + 1]) });
    }
  }
  const encoded = Buffer.from(encodeTombstones(tombstones)).toString("hex");
  return (
    different("entries", entries, recorded.entries) ?? different("bytes", encoded, recorded.hex)
  );
}

export const tsdbIndexSuite: Suite = {
  name: "tsdb/index",
  async countCases(dataDir: string): Promise<number> {
    return (await blockNames(dataDir)).length + (await readTombstoneCases(dataDir)).length;
  },
  async run(dataDir: string, reporter: Reporter): Promise<void> {
    for (const name of await blockNames(dataDir)) {
      await reportCase(reporter, name, () => checkBlock(dataDir, name));
    }
    for (const recorded of await readTombstoneCases(dataDir)) {
      await reportCase(reporter, `tombstones ${recorded.block}`, () => checkTombstones(recorded));
    }
  },
};
