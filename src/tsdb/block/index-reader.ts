/**
 * Reads a block's `index` file, version 2 (FORMAT.md draws it). Symbols and the table of postings are
 * scanned once at opening, checksums included, and leave 4 bytes each in memory; strings, postings
 * and series are read by range when asked for, each with its checksum.
 *
 *   open       O(symbols + label pairs)
 *   postings   O(log values) reads to find, O(list) to read
 *   series     one read
 */

import { CorruptionError } from "../../base/errors.ts";
import { compareUtf8 } from "../../model/labels.ts";
import { ByteReader } from "../byte-reader.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { CachedFile, type PageCache } from "./page-cache.ts";

/** First word of an index file. */
export const indexMagic = 0xbaaad700;
/** The version that we write. */
export const indexVersion = 2;
/** Prometheus 3.14 writes 2 and accepts 3 as the same. */
const readableVersions = [2, 3];
/** Magic, version. */
export const indexHeaderSize = 5;
/** Six offsets and a checksum. */
export const tocSize = 6 * 8 + 4;
/** Series begin at multiples of this; a series' ref is its offset divided by it. */
export const seriesAlignment = 16;
/** Decoded symbols kept; then the list starts over. */
const symbolTextsMax = 200_000;
/** A chunk of a series takes at least a byte for each of its three numbers. */
const chunkEntryMinBytes = 3;
/** Longest uvarint. */
const uvarintMaxBytes = 10;

/** Offsets of the sections; 0: the section is not there. */
export interface IndexToc {
  readonly symbols: number;
  readonly series: number;
  readonly labelIndices: number;
  readonly labelIndicesTable: number;
  readonly postings: number;
  readonly postingsTable: number;
}

/** The chunks of a series, by time. */
export interface IndexChunks {
  readonly chunkMinMs: readonly number[];
  /** Inclusive. */
  readonly chunkMaxMs: readonly number[];
  /** segment * 2^32 + offset of the chunk in it. */
  readonly chunkRefs: readonly number[];
}

/** One series: symbol numbers of its labels (name, value alternating) and its chunks. */
export interface IndexSeries extends IndexChunks {
  readonly labelSymbols: readonly number[];
}

/** The label values of one name: where their entries stand in the postings table. */
interface NameEntries {
  readonly positions: number[];
}

const decoder = new TextDecoder();

/** An open index file. */
export class IndexReader {
  readonly version: number;
  readonly toc: IndexToc;
  readonly #file: CachedFile;
  readonly #reader = new ByteReader();
  readonly #symbolOffsets: Uint32Array;
  #symbolTexts: (string | undefined)[] = [];
  #symbolTextCount = 0;
  readonly #names = new Map<string, NameEntries>();

  constructor(fs: FileSystem, cache: PageCache, path: string) {
    this.#file = new CachedFile(fs, cache, path);
    try {
      this.version = this.#readHeader();
      this.toc = this.#readToc();
      this.#symbolOffsets = this.#scanSymbols();
      this.#scanPostingsTable();
    } catch (thrown) {
      this.#file.close();
      throw thrown;
    }
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get symbolCount(): number {
    return this.#symbolOffsets.length;
  }

  /** Label names, sorted. */
  labelNames(): string[] {
    return [...this.#names.keys()].filter((name) => name !== "");
  }

  /** How many values a name has. O(1). */
  valueCount(name: string): number {
    return this.#names.get(name)?.positions.length ?? 0;
  }

  /** All values of a name, sorted. O(values). */
  labelValues(name: string): string[] {
    const positions = this.#names.get(name)?.positions ?? [];
    return positions.map((position) => this.#valueAt(position));
  }

  /** Series refs with the label pair, ascending, which is their order by labels; empty: ("", "") gives all. */
  postings(name: string, value: string): Uint32Array {
    const position = this.#find(name, value);
    return position < 0 ? new Uint32Array(0) : this.#postingsOfEntry(position);
  }

  /** Calls `visit` with each value of a name, or those from `from` to before `to`; it may ask for the value's postings. O(values). */
  forEachValue(
    name: string,
    visit: (value: string, postings: () => Uint32Array) => void,
    from = 0,
    to = Number.POSITIVE_INFINITY,
  ): void {
    const positions = this.#names.get(name)?.positions ?? [];
    for (const position of positions.slice(from, to)) {
      visit(this.#valueAt(position), () => this.#postingsOfEntry(position));
    }
  }

  /** Symbol number `index` as text. */
  symbol(index: number): string {
    const known = this.#symbolTexts[index];
    if (known !== undefined) return known;
    const offset = this.#symbolOffsets[index];
    if (offset === undefined) this.#fail(`symbol ${index} does not exist`, this.toc.symbols);
    const text = this.#stringAt(this.toc.symbols + 4 + offset);
    if (this.#symbolTextCount++ > symbolTextsMax) {
      this.#symbolTexts = [];
      this.#symbolTextCount = 0;
    }
    this.#symbolTexts[index] = text;
    return text;
  }

  /** The series at a ref. Throws CorruptionError. */
  series(ref: number): IndexSeries {
    const offset = ref * seriesAlignment;
    const headLength = Math.min(uvarintMaxBytes, this.#file.sizeBytes - offset);
    const reader = this.#seek(offset, headLength);
    const from = reader.at;
    const length = reader.uvarint();
    const prefix = reader.at - from;
    if (reader.isShort) this.#fail("a series has no length", offset);
    const body = this.#seek(offset + prefix, length + 4);
    const bodyAt = body.at;
    this.#checkCrc(bodyAt, length, offset);
    body.end = bodyAt + length;
    const labelSymbols = new Array<number>(body.uvarint() * 2);
    for (let i = 0; i < labelSymbols.length && !body.isShort; i++) labelSymbols[i] = body.uvarint();
    const count = body.uvarint();
    if (count * chunkEntryMinBytes > body.left) this.#fail("a series ends within a field", offset);
    // Of their very length: these stay in memory for each series that was read.
    const chunkMinMs = new Array<number>(count);
    const chunkMaxMs = new Array<number>(count);
    const chunkRefs = new Array<number>(count);
    let lastMs = 0;
    let chunkRef = 0;
    for (let i = 0; i < count && !body.isShort; i++) {
      const minMs = i === 0 ? body.varint() : lastMs + readGap(body);
      lastMs = minMs + body.uvarint();
      chunkRef = i === 0 ? body.uvarint() : chunkRef + body.varint();
      chunkMinMs[i] = minMs;
      chunkMaxMs[i] = lastMs;
      chunkRefs[i] = chunkRef;
    }
    if (body.isShort) this.#fail("a series ends within a field", offset);
    return { labelSymbols, chunkMinMs, chunkMaxMs, chunkRefs };
  }

  close(): void {
    this.#file.close();
  }

  #readHeader(): number {
    const reader = this.#seek(0, indexHeaderSize);
    const magic = reader.word();
    if (magic !== indexMagic) this.#fail(`magic number ${magic.toString(16)} is not an index's`, 0);
    const version = reader.byte();
    if (!readableVersions.includes(version)) this.#fail(`version ${version} is not known`, 4);
    return version;
  }

  #readToc(): IndexToc {
    const offset = this.#file.sizeBytes - tocSize;
    const reader = this.#seek(offset, tocSize);
    this.#checkCrc(reader.at, tocSize - 4, offset);
    return {
      symbols: reader.uint64(),
      series: reader.uint64(),
      labelIndices: reader.uint64(),
      labelIndicesTable: reader.uint64(),
      postings: reader.uint64(),
      postingsTable: reader.uint64(),
    };
  }

  /** A section's content with its checksum tested: length (4), content, CRC-32C. */
  #section(offset: number): ByteReader {
    const length = this.#seek(offset, 4).word();
    if (offset + 8 + length > this.#file.sizeBytes) this.#fail("a section is too long", offset);
    const bytes = this.#file.readOnce(offset + 4, length + 4);
    const wanted = this.#reader.reset(bytes, length, length + 4).word();
    if (crc32c(bytes, 0, length) !== wanted) this.#fail("a section's checksum is wrong", offset);
    return this.#reader.reset(bytes, 0, length);
  }

  #scanSymbols(): Uint32Array {
    const reader = this.#section(this.toc.symbols);
    const count = reader.word();
    if (count > reader.left) this.#fail("more symbols than bytes", this.toc.symbols);
    const offsets = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      offsets[i] = reader.at;
      const length = reader.uvarint();
      if (reader.has(length)) reader.at += length;
    }
    if (reader.isShort) this.#fail("the symbols end within one", this.toc.symbols);
    return offsets;
  }

  #scanPostingsTable(): void {
    const { postingsTable } = this.toc;
    const reader = this.#section(postingsTable);
    const count = reader.word();
    let lastName: string | undefined;
    let positions: number[] = [];
    for (let i = 0; i < count && !reader.isShort; i++) {
      if (reader.uvarint() !== 2) this.#fail("an entry of postings has no two keys", postingsTable);
      const name = reader.string();
      if (name !== lastName) {
        positions = [];
        this.#names.set(name, { positions });
        lastName = name;
      }
      positions.push(reader.at);
      const length = reader.uvarint();
      if (reader.has(length)) reader.at += length;
      reader.uvarint();
    }
    if (reader.isShort) this.#fail("the table of postings ends within an entry", postingsTable);
  }

  #find(name: string, value: string): number {
    const positions = this.#names.get(name)?.positions ?? [];
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const position = positions[middle] as number;
      const order = compareUtf8(this.#valueAt(position), value);
      if (order === 0) return position;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  #valueAt(position: number): string {
    return this.#stringAt(this.toc.postingsTable + 4 + position);
  }

  #postingsOfEntry(position: number): Uint32Array {
    const offset = this.toc.postingsTable + 4 + position;
    const valueBytes = this.#lengthAt(offset);
    const at = offset + valueBytes;
    const left = Math.min(uvarintMaxBytes, this.#file.sizeBytes - at);
    const listOffset = this.#seek(at, left).uvarint();
    const length = this.#seek(listOffset, 4).word();
    const reader = this.#seek(listOffset + 4, length + 4);
    this.#checkCrc(reader.at, length, listOffset);
    const count = reader.word();
    if (count * 4 + 4 !== length) this.#fail("a list of postings has another length", listOffset);
    const { bytes } = this.#file;
    const refs = new Uint32Array(count);
    let from = reader.at;
    for (let i = 0; i < count; i++, from += 4) {
      refs[i] =
        (bytes[from]! << 24) |
        (bytes[from + 1]! << 16) |
        (bytes[from + 2]! << 8) |
        bytes[from + 3]!;
    }
    return refs;
  }

  /** Bytes of the length and text of the string at `offset`. */
  #lengthAt(offset: number): number {
    const reader = this.#seek(offset, Math.min(uvarintMaxBytes, this.#file.sizeBytes - offset));
    const from = reader.at;
    const length = reader.uvarint();
    return reader.at - from + length;
  }

  #stringAt(offset: number): string {
    const reader = this.#seek(offset, Math.min(uvarintMaxBytes, this.#file.sizeBytes - offset));
    const from = reader.at;
    const length = reader.uvarint();
    const prefix = reader.at - from;
    const at = this.#file.seek(offset + prefix, length);
    return decoder.decode(this.#file.bytes.subarray(at, at + length));
  }

  #seek(offset: number, length: number): ByteReader {
    const at = this.#file.seek(offset, length);
    return this.#reader.reset(this.#file.bytes, at, at + length);
  }

  /** The content of `length` bytes at `at` of the bytes last read must be followed by its CRC-32C. */
  #checkCrc(at: number, length: number, offset: number): void {
    const { bytes } = this.#file;
    const end = at + length;
    const wanted =
      ((bytes[end]! << 24) | (bytes[end + 1]! << 16) | (bytes[end + 2]! << 8) | bytes[end + 3]!) >>>
      0;
    if (crc32c(bytes, at, end) !== wanted) this.#fail("a checksum is wrong", offset);
  }

  #fail(what: string, offset: number): never {
    throw new CorruptionError(`cannot read block index: ${what}`, {
      file: this.#file.path,
      offset,
    });
  }
}

/**
 * The time between two chunks: an unsigned number that is the two's complement of a negative one where
 * chunks overlap. Read in pieces of 28 bits, since a number near 2^64 would be rounded.
 */
function readGap(reader: ByteReader): number {
  const start = reader.at;
  const value = reader.uvarint();
  if (value < 2 ** 63) return value;
  const { bytes } = reader;
  let magnitude = 0;
  for (let i = 8; i >= 0; i--) magnitude = magnitude * 128 + (0x7f - (bytes[start + i]! & 0x7f));
  return -magnitude - 1;
}
