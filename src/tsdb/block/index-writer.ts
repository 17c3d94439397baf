/**
 * Writes a block's `index`, byte for byte as Prometheus 3.14 does (FORMAT.md): symbols, series in
 * order of their labels, lists of postings, the table of them, offsets. Series must come sorted; the
 * lists are held in memory until the end (8 bytes a label of a series).
 */

import { assert } from "../../base/assert.ts";
import { compareUtf8 } from "../../model/labels.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { FileWriter } from "./file-writer.ts";
import { indexMagic, indexVersion, seriesAlignment } from "./index-reader.ts";
import type { TimeSlice } from "./time-slice.ts";

/** Chunks of one series as the index holds them; reused from series to series. */
export class ChunkList {
  count = 0;
  readonly minMs: number[] = [];
  readonly maxMs: number[] = [];
  readonly refs: number[] = [];

  clear(): void {
    this.count = 0;
  }

  add(minMs: number, maxMs: number, ref: number): void {
    this.minMs[this.count] = minMs;
    this.maxMs[this.count] = maxMs;
    this.refs[this.count++] = ref;
  }
}

/** One index under construction. */
export class IndexWriter {
  readonly #file: FileWriter;
  readonly #symbols: readonly string[];
  readonly #symbolIndexes = new Map<string, number>();
  /** Label name → value → series refs, by symbol number. */
  readonly #postings = new Map<number, Map<number, number[]>>();
  readonly #allRefs: number[] = [];
  readonly #body = new ByteWriter();
  readonly #toc = { symbols: 0, series: 0, postings: 0, postingsTable: 0 };
  #lastSymbols: number[] = [];

  /** `symbols`: every label name and value that will come, and "", sorted. */
  constructor(fs: FileSystem, path: string, symbols: readonly string[]) {
    this.#symbols = symbols;
    this.#file = new FileWriter(fs, path);
  }

  /** Writes header and symbols; to be called once before the first series. */
  async begin(slice: TimeSlice): Promise<void> {
    const { buffer } = this.#file;
    buffer.word(indexMagic);
    buffer.byte(indexVersion);
    this.#toc.symbols = this.#file.offset;
    const body = this.#body;
    body.clear();
    body.word(this.#symbols.length);
    for (const [index, symbol] of this.#symbols.entries()) {
      body.string(symbol);
      this.#symbolIndexes.set(symbol, index);
      if (slice.isOver) await slice.pause();
    }
    this.#section(body);
    this.#toc.series = this.#file.offset;
  }

  /** Adds a series; labels as [name, value, …]. */
  addSeries(labels: readonly string[], chunks: ChunkList): void {
    const symbols = labels.map((text) => this.#symbolOf(text));
    assert(isSymbolsBefore(this.#lastSymbols, symbols), "series of a block are not in order");
    this.#lastSymbols = symbols;
    this.#file.pad(seriesAlignment);
    const ref = this.#file.offset / seriesAlignment;
    assert(ref < 2 ** 32, "a block's index is too large");
    this.#allRefs.push(ref);
    for (let i = 0; i < symbols.length; i += 2) {
      this.#listOf(symbols[i] as number, symbols[i + 1] as number).push(ref);
    }
    const body = this.#body;
    body.clear();
    body.uvarint(labels.length / 2);
    for (const symbol of symbols) body.uvarint(symbol);
    encodeChunkList(body, chunks);
    this.#file.buffer.uvarint(body.length);
    this.#withCrc(body);
  }

  /** Writes lists, tables and offsets, syncs and closes. */
  async finish(slice: TimeSlice): Promise<void> {
    this.#toc.postings = this.#file.offset;
    this.#file.pad(4);
    const table = new ByteWriter(64 * 1024);
    let count = 1;
    // Reserved for the number of entries.
    table.word(0);
    this.#list(table, "", "", this.#allRefs);
    for (const name of sortedKeys(this.#postings)) {
      const values = this.#postings.get(name) as Map<number, number[]>;
      for (const value of sortedKeys(values)) {
        const refs = values.get(value) as number[];
        this.#list(table, this.#symbols[name] as string, this.#symbols[value] as string, refs);
        count++;
        if (slice.isOver) await slice.pause();
      }
    }
    const end = table.length;
    table.length = 0;
    table.word(count);
    table.length = end;
    this.#toc.postingsTable = this.#file.offset;
    this.#section(table);
    this.#writeToc();
    await this.#file.finish();
  }

  abort(): void {
    this.#file.abort();
  }

  #symbolOf(text: string): number {
    const index = this.#symbolIndexes.get(text);
    assert(index !== undefined, "a label of a block is no symbol of it");
    return index;
  }

  #listOf(name: number, value: number): number[] {
    let values = this.#postings.get(name);
    if (values === undefined) {
      values = new Map();
      this.#postings.set(name, values);
    }
    let refs = values.get(value);
    if (refs === undefined) {
      refs = [];
      values.set(value, refs);
    }
    return refs;
  }

  /** Writes a list and notes its place in the table. */
  #list(table: ByteWriter, name: string, value: string, refs: readonly number[]): void {
    table.uvarint(2);
    table.string(name);
    table.string(value);
    table.uvarint(this.#file.offset);
    const body = this.#body;
    body.clear();
    body.word(refs.length);
    for (const ref of refs) body.word(ref);
    this.#section(body);
  }

  #section(body: ByteWriter): void {
    this.#file.buffer.word(body.length);
    this.#withCrc(body);
  }

  #withCrc(body: ByteWriter): void {
    this.#file.raw(body.bytes, 0, body.length);
    this.#file.buffer.word(crc32c(body.bytes, 0, body.length));
    this.#file.settle();
  }

  /** Label indices are gone from the format: their offsets are those of the next section. */
  #writeToc(): void {
    const { symbols, series, postings, postingsTable } = this.#toc;
    const body = this.#body;
    body.clear();
    for (const offset of [symbols, series, postings, postingsTable, postings, postingsTable]) {
      body.int64(offset);
    }
    this.#withCrc(body);
  }
}

/** Symbols are numbered in their order, so comparing numbers compares label sets. */
function isSymbolsBefore(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  }
  return a.length < b.length;
}

function encodeChunkList(body: ByteWriter, chunks: ChunkList): void {
  body.uvarint(chunks.count);
  for (let i = 0; i < chunks.count; i++) {
    const minMs = chunks.minMs[i]!;
    const maxMs = chunks.maxMs[i]!;
    const ref = chunks.refs[i]!;
    assert(maxMs >= minMs, "a chunk ends before it begins");
    if (i === 0) body.varint(minMs);
    else {
      assert(minMs > chunks.maxMs[i - 1]!, "chunks of a series overlap");
      body.uvarint(minMs - chunks.maxMs[i - 1]!);
    }
    body.uvarint(maxMs - minMs);
    if (i === 0) body.uvarint(ref);
    else body.varint(ref - chunks.refs[i - 1]!);
  }
}

function sortedKeys(map: ReadonlyMap<number, unknown>): number[] {
  return [...map.keys()].sort((a, b) => a - b);
}

/** Sorted distinct strings of many sorted lists, in slices. O(n log lists) comparisons. */
export async function mergeSymbols(
  lists: readonly (readonly string[])[],
  slice: TimeSlice,
): Promise<string[]> {
  let left = lists.filter((list) => list.length > 0);
  while (left.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let i = 0; i < left.length; i += 2) {
      const a = left[i] as readonly string[];
      const b = left[i + 1];
      merged.push(b === undefined ? a : await mergeTwo(a, b, slice));
    }
    left = merged;
  }
  return [...(left[0] ?? [])];
}

async function mergeTwo(
  a: readonly string[],
  b: readonly string[],
  slice: TimeSlice,
): Promise<string[]> {
  const merged: string[] = [];
  let i = 0;
  let k = 0;
  while (i < a.length && k < b.length) {
    const order = compareUtf8(a[i]!, b[k]!);
    merged.push(order <= 0 ? a[i]! : b[k]!);
    if (order <= 0) i++;
    if (order >= 0) k++;
    if ((merged.length & 255) === 0 && slice.isOver) await slice.pause();
  }
  for (; i < a.length; i++) merged.push(a[i]!);
  for (; k < b.length; k++) merged.push(b[k]!);
  return merged;
}

/** Sorts strings in slices: runs first, then merging them. Equal ones become one. */
export async function sortSymbols(symbols: readonly string[], slice: TimeSlice): Promise<string[]> {
  const runLength = 2048;
  const runs: string[][] = [];
  for (let i = 0; i < symbols.length; i += runLength) {
    const run = symbols.slice(i, i + runLength).sort(compareUtf8);
    runs.push(run.filter((text, at) => at === 0 || text !== run[at - 1]));
    if (slice.isOver) await slice.pause();
  }
  return await mergeSymbols(runs, slice);
}
