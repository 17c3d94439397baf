/**
 * Reads block files by range. Node has no mmap, so pages of 64 KiB are kept in one bounded cache for
 * all files of a database, the least recently used going first; a query that walks neighbouring
 * series finds most of what it needs in the page it just used. Pages are never changed: views stay
 * valid for as long as somebody holds them. Every array handed out carries `bitSlackBytes`.
 */

import { CorruptionError } from "../../base/errors.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";
import type { FileSystem } from "../file-system.ts";

const pageBytes = 64 * 1024;
/**
 * Bytes of pages kept unless told otherwise: of chunks the samples are kept as they are decoded, so that
 * their bytes are mostly read once; with 64 MiB a week of 2,000 series took as much CPU and 46 MiB more.
 */
const pageCacheBytesDefault = 16 * 1024 * 1024;
/** Pages of one file: enough for 2^40 bytes. */
const pagesPerFileMax = 2 ** 24;

/** Pages of many files. */
export class PageCache {
  readonly #pages = new Map<number, Uint8Array>();
  readonly #pagesMax: number;
  #nextFileId = 0;
  /** Pages found and not found. */
  hits = 0;
  misses = 0;

  constructor(bytesMax = pageCacheBytesDefault) {
    this.#pagesMax = Math.max(4, Math.floor(bytesMax / pageBytes));
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#pages.size * pageBytes;
  }

  /** A number for a new file; never used again. */
  newFileId(): number {
    return this.#nextFileId++;
  }

  /** The page, read by `load` if need be. O(1). */
  page(fileId: number, index: number, load: (index: number) => Uint8Array): Uint8Array {
    const key = fileId * pagesPerFileMax + index;
    const known = this.#pages.get(key);
    if (known !== undefined) {
      this.hits++;
      // Back to the end: a Map keeps the order in which keys were set.
      this.#pages.delete(key);
      this.#pages.set(key, known);
      return known;
    }
    this.misses++;
    const page = load(index);
    this.#pages.set(key, page);
    if (this.#pages.size > this.#pagesMax) {
      const oldest = this.#pages.keys().next();
      if (oldest.done !== true) this.#pages.delete(oldest.value);
    }
    return page;
  }
}

/** One file, opened when first read and until `close`. */
export class CachedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** What the last `seek` found: borrowed, never changed. */
  bytes: Uint8Array = new Uint8Array(0);
  readonly #fs: FileSystem;
  readonly #cache: PageCache;
  readonly #fileId: number;
  #fd = -1;
  #lastIndex = -1;
  #lastPage: Uint8Array = new Uint8Array(0);

  constructor(fs: FileSystem, cache: PageCache, path: string) {
    this.#fs = fs;
    this.#cache = cache;
    this.path = path;
    this.sizeBytes = fs.statSync(path).size;
    this.#fileId = cache.newFileId();
  }

  /**
   * Makes bytes [offset, offset + length) available: sets `bytes` and returns the index of the first
   * in it. Throws CorruptionError where the file is shorter. A copy is made only across pages.
   */
  seek(offset: number, length: number): number {
    if (offset < 0 || offset + length > this.sizeBytes) {
      throw new CorruptionError(`cannot read ${length} bytes: the file ends before`, {
        file: this.path,
        offset,
      });
    }
    const index = Math.floor(offset / pageBytes);
    const at = offset - index * pageBytes;
    if (at + length <= pageBytes) {
      this.bytes = this.#page(index);
      return at;
    }
    this.bytes = this.#copy(offset, length);
    return 0;
  }

  /** A fresh copy of a range, past the cache: for what is read once. */
  readOnce(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length + bitSlackBytes);
    this.#load(bytes, offset, length);
    return bytes;
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
    this.#lastIndex = -1;
  }

  #page(index: number): Uint8Array {
    if (index !== this.#lastIndex) {
      this.#lastPage = this.#cache.page(this.#fileId, index, (wanted) => this.#loadPage(wanted));
      this.#lastIndex = index;
    }
    return this.#lastPage;
  }

  #loadPage(index: number): Uint8Array {
    const offset = index * pageBytes;
    const length = Math.min(pageBytes, this.sizeBytes - offset);
    const page = new Uint8Array(length + bitSlackBytes);
    this.#load(page, offset, length);
    return page;
  }

  #copy(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(length + bitSlackBytes);
    let done = 0;
    while (done < length) {
      const index = Math.floor((offset + done) / pageBytes);
      const at = offset + done - index * pageBytes;
      const take = Math.min(pageBytes - at, length - done);
      copy.set(this.#page(index).subarray(at, at + take), done);
      done += take;
    }
    return copy;
  }

  #load(into: Uint8Array, offset: number, length: number): void {
    if (this.#fd < 0) this.#fd = this.#fs.openSync(this.path, "r");
    let done = 0;
    while (done < length) {
      const read = this.#fs.readSync(this.#fd, into, done, length - done, offset + done);
      if (read === 0) {
        throw new CorruptionError("cannot read block file: it became shorter", {
          file: this.path,
          offset: offset + done,
        });
      }
      done += read;
    }
  }
}
