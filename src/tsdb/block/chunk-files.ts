/**
 * Reads chunks from a block's `chunks/000001 …` by range. Each chunk: length (uvarint), encoding
 * (1 byte), data, CRC-32C of encoding and data, tested at every read (FORMAT.md).
 */

import { join } from "node:path";
import { CorruptionError } from "../../base/errors.ts";
import { ByteReader } from "../byte-reader.ts";
import { wordSpan } from "../chunks/bit-stream.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { CachedFile, type PageCache } from "./page-cache.ts";

/** First word of a segment of chunks, and its version byte. */
export const chunksMagic = 0x85bd40dd;
export const chunksVersion = 1;
/** Magic, version, three bytes of nothing. */
export const chunksHeaderSize = 8;
const uvarintMaxBytes = 5;

/** The segments of one block; `read` leaves the chunk in the fields. */
export class ChunkFiles {
  /** The last chunk: its data are `bytes[at, at + length)`, borrowed, with slack behind. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
  encoding = 0;
  readonly #dir: string;
  readonly #files: (CachedFile | undefined)[] = [];
  readonly #names: readonly string[];
  readonly #fs: FileSystem;
  readonly #cache: PageCache;
  readonly #reader = new ByteReader();

  /** Looks at the header of each segment: throws CorruptionError where one is none of ours. */
  constructor(fs: FileSystem, cache: PageCache, dir: string) {
    this.#fs = fs;
    this.#cache = cache;
    this.#dir = dir;
    const names = fs.existsSync(dir) ? fs.readdirSync(dir) : [];
    this.#names = names.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b));
    try {
      for (let segment = 0; segment < this.#names.length; segment++) this.#open(segment);
    } finally {
      // Files are opened again when read: a block may rest for months.
      this.close();
    }
  }

  get segmentCount(): number {
    return this.#names.length;
  }

  /** Bytes of all segments. */
  sizeBytes(): number {
    return this.#names.reduce(
      (sum, name) => sum + this.#fs.statSync(join(this.#dir, name)).size,
      0,
    );
  }

  /** Reads the chunk at `ref`. Throws CorruptionError. */
  read(ref: number): void {
    const segment = Math.floor(ref / wordSpan);
    const offset = ref - segment * wordSpan;
    const file = this.#files[segment] ?? this.#open(segment);
    const headLength = Math.min(uvarintMaxBytes, file.sizeBytes - offset);
    const head = file.seek(offset, Math.max(0, headLength));
    const reader = this.#reader.reset(file.bytes, head, head + headLength);
    const length = reader.uvarint();
    if (reader.isShort) this.#fail(file, offset, "it has no length");
    const dataOffset = offset + reader.at - head;
    const at = file.seek(dataOffset, length + 5);
    const { bytes } = file;
    const end = at + 1 + length;
    const wanted = reader.reset(bytes, end, end + 4).word();
    if (crc32c(bytes, at, end) !== wanted) this.#fail(file, offset, "its checksum is wrong");
    this.bytes = bytes;
    this.encoding = bytes[at]!;
    this.at = at + 1;
    this.length = length;
  }

  close(): void {
    for (const file of this.#files) file?.close();
    this.#files.length = 0;
  }

  #open(segment: number): CachedFile {
    const name = this.#names[segment];
    if (name === undefined) {
      throw new CorruptionError(`cannot read chunk: segment ${segment} is missing`, {
        file: this.#dir,
        offset: 0,
      });
    }
    const file = new CachedFile(this.#fs, this.#cache, join(this.#dir, name));
    try {
      this.#checkHeader(file);
    } catch (thrown) {
      file.close();
      throw thrown;
    }
    this.#files[segment] = file;
    return file;
  }

  #checkHeader(file: CachedFile): void {
    if (file.sizeBytes < chunksHeaderSize) this.#fail(file, 0, "the segment has no header");
    // Past the cache: at start every segment of every block is looked at.
    const reader = this.#reader.reset(file.readOnce(0, chunksHeaderSize));
    const magic = reader.word();
    if (magic !== chunksMagic) this.#fail(file, 0, "the segment's magic number is wrong");
    const version = reader.byte();
    if (version !== chunksVersion) this.#fail(file, 4, `version ${version} is not known`);
  }

  #fail(file: CachedFile, offset: number, what: string): never {
    throw new CorruptionError(`cannot read chunk: ${what}`, { file: file.path, offset });
  }
}
