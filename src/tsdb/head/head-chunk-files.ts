/**
 * Finished chunks of the head on disk (`chunks_head/`, layout in FORMAT.md), in Prometheus' form. They
 * are a copy: the log has every sample of theirs, so a restart that finds them spares the encoding, and
 * one that finds them damaged removes them and replays more. Nothing here may fail a commit.
 *
 * add: O(length), buffered; a file is synced when it is finished.
 */

import { join } from "node:path";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { syncPath } from "../block/durable-files.ts";
import { ByteReader } from "../byte-reader.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";

const magic = 0x0130bc91;
const version = 1;
const fileHeaderBytes = 8;
const fileMaxBytes = 128 * 1024 * 1024;
const bufferMaxBytes = 256 * 1024;
/** Ref, first time, last time, encoding, the shortest length, checksum. */
const chunkMinBytes = 30;
/** Top bit of the encoding: the chunk's samples came out of order. */
const lateFlag = 0x80;

/** One chunk as it stands in a file; `bytes[from, from + length)` are its data. */
export interface StoredChunk {
  /** The series' number in the log. */
  readonly logId: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly encoding: number;
  readonly isLate: boolean;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly length: number;
}

interface ChunkFile {
  readonly index: number;
  readonly path: string;
  /** Newest sample in it. */
  maxMs: number;
  sizeBytes: number;
}

export interface HeadChunkFilesOptions {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly logger: Logger;
  /** Length of the blocks cut from the head, ms: chunks of a later one begin a file, so that it goes with its block. */
  readonly rangeMs: number;
}

/** The files of one head. */
export class HeadChunkFiles {
  readonly #options: HeadChunkFilesOptions;
  #finished: ChunkFile[] = [];
  #current: ChunkFile | undefined;
  #fd = -1;
  #writtenBytes = 0;
  readonly #buffer = new ByteWriter(64 * 1024);
  #isFailing = false;
  #isComplete = true;
  /** The newest range that a chunk was of; it never goes back, so that senders of old samples do not cut files. */
  #newestRange = Number.NEGATIVE_INFINITY;

  constructor(options: HeadChunkFilesOptions) {
    this.#options = options;
  }

  /**
   * Hands every chunk to `take`, file by file in the order in which they were written; the bytes are
   * valid during the call. At damage the file and all later ones are removed, and false is returned.
   */
  load(take: (chunk: StoredChunk) => void): boolean {
    const { fs, dir, logger } = this.#options;
    const found = this.#list();
    for (const [at, file] of found.entries()) {
      const bytes = fs.readFileSync(file.path);
      file.sizeBytes = bytes.length;
      const fault = readChunkFile(bytes, (chunk) => {
        file.maxMs = Math.max(file.maxMs, chunk.lastMs);
        take(chunk);
      });
      if (fault === undefined) {
        this.#finished.push(file);
        continue;
      }
      const doomed = found.slice(at);
      for (const { path } of doomed) fs.unlinkSync(path);
      logger.warn(
        { dir, file: file.path, offset: fault.offset, reason: fault.reason, files: doomed.length },
        "removed damaged files of head chunks; the log has their samples",
      );
      return false;
    }
    return true;
  }

  /** Appends a chunk. */
  add(chunk: StoredChunk): void {
    if (this.#isFailing) return;
    this.#cutAtRange(chunk.firstMs);
    const buffer = this.#buffer;
    const start = buffer.length;
    buffer.int64(chunk.logId);
    buffer.int64(chunk.firstMs);
    buffer.int64(chunk.lastMs);
    buffer.byte(chunk.encoding);
    buffer.uvarint(chunk.length);
    buffer.raw(chunk.bytes, chunk.from, chunk.from + chunk.length);
    buffer.word(crc32c(buffer.bytes, start, buffer.length));
    if (this.#current === undefined) this.#open();
    if (this.#current !== undefined) {
      this.#current.maxMs = Math.max(this.#current.maxMs, chunk.lastMs);
    }
    if (buffer.length >= bufferMaxBytes) this.flush();
    if (this.#writtenBytes + buffer.length >= fileMaxBytes) this.cut();
  }

  #cutAtRange(firstMs: number): void {
    const range = Math.floor(firstMs / this.#options.rangeMs);
    if (range <= this.#newestRange) return;
    this.#newestRange = range;
    this.cut();
  }

  /** Hands what is buffered to the kernel. */
  flush(): void {
    const { bytes, length } = this.#buffer;
    if (length === 0 || this.#fd < 0) return;
    try {
      let done = 0;
      while (done < length) {
        const at = this.#writtenBytes + done;
        done += this.#options.fs.writeSync(this.#fd, bytes, done, length - done, at);
      }
      this.#writtenBytes += length;
      this.#buffer.clear();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Ends the file, which is synced in the background; the next chunk begins another. */
  cut(): void {
    const fd = this.#end();
    if (fd < 0) return;
    const { fs, logger, dir } = this.#options;
    fs.fsync(fd, (error) => {
      if (error !== null) logger.warn({ dir, error: error.message }, "fsync of head chunks failed");
      fs.closeSync(fd);
    });
  }

  /** Removes the files whose samples are all older; the open file is ended, so that its turn comes. */
  truncate(cutoffMs: number): void {
    this.#isFailing = false;
    this.cut();
    const { fs } = this.#options;
    for (const { path, maxMs } of this.#finished) if (maxMs < cutoffMs) fs.unlinkSync(path);
    this.#finished = this.#finished.filter(({ maxMs }) => maxMs >= cutoffMs);
  }

  /** Whether every chunk that was added is in a file or was cut. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Waits until all files and their names are on disk; to be called after `close`. */
  sync(): void {
    const { fs, dir } = this.#options;
    if (!fs.existsSync(dir)) return;
    for (const { path } of this.#finished) syncPath(fs, path);
    syncPath(fs, dir);
  }

  /** Bytes of all files. */
  sizeBytes(): number {
    const open = this.#current === undefined ? 0 : this.#writtenBytes;
    return this.#finished.reduce((sum, file) => sum + file.sizeBytes, open);
  }

  /** Writes what is buffered, syncs and closes. */
  close(): void {
    const fd = this.#end();
    if (fd < 0) return;
    this.#options.fs.fsyncSync(fd);
    this.#options.fs.closeSync(fd);
  }

  /** Takes the open file out of use; its descriptor, -1 where there is none. */
  #end(): number {
    this.flush();
    const fd = this.#fd;
    if (this.#current === undefined) return -1;
    this.#current.sizeBytes = this.#writtenBytes;
    this.#finished.push(this.#current);
    this.#current = undefined;
    this.#fd = -1;
    return fd;
  }

  #list(): ChunkFile[] {
    const { fs, dir } = this.#options;
    if (!fs.existsSync(dir)) return [];
    return fs
      .readdirSync(dir)
      .filter((name) => /^\d{1,15}$/.test(name))
      .map((name) => ({
        index: Number(name),
        path: join(dir, name),
        maxMs: Number.NEGATIVE_INFINITY,
        sizeBytes: 0,
      }))
      .sort((a, b) => a.index - b.index);
  }

  #open(): void {
    const { fs, dir } = this.#options;
    try {
      fs.mkdirSync(dir, { recursive: true });
      const index = (this.#finished.at(-1)?.index ?? 0) + 1;
      const path = join(dir, String(index).padStart(6, "0"));
      this.#fd = fs.openSync(path, "w");
      this.#writtenBytes = 0;
      this.#current = { index, path, maxMs: Number.NEGATIVE_INFINITY, sizeBytes: 0 };
      const header = Buffer.alloc(fileHeaderBytes);
      header.writeUInt32BE(magic);
      header[4] = version;
      fs.writeSync(this.#fd, header, 0, header.length, 0);
      this.#writtenBytes = fileHeaderBytes;
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** The copies are dispensable: none is made until the next truncation. */
  #fail(thrown: unknown): void {
    this.#isFailing = true;
    this.#isComplete = false;
    this.#buffer.clear();
    this.#options.logger.error(
      { dir: this.#options.dir, error: errorMessage(thrown) },
      "cannot write head chunks; the next start takes longer",
    );
    const fd = this.#end();
    if (fd < 0) return;
    try {
      // A half chunk at the end would cost the next start the whole file.
      this.#options.fs.ftruncateSync(fd, this.#writtenBytes);
      this.#options.fs.closeSync(fd);
    } catch (again) {
      // Then it does: what cannot be read is removed there, and the log has it.
      this.#options.logger.warn({ error: errorMessage(again) }, "cannot undo a half write");
    }
  }
}

/** Reads one file; what is wrong with it, undefined where it is sound to its end. */
function readChunkFile(
  bytes: Uint8Array,
  take: (chunk: StoredChunk) => void,
): { readonly offset: number; readonly reason: string } | undefined {
  // Prometheus makes the file before it writes its header.
  if (bytes.length < 4 || isZero(bytes, 0, 4)) return undefined;
  const reader = new ByteReader().reset(bytes);
  if (reader.word() !== magic) return { offset: 0, reason: "invalid magic number" };
  if (reader.byte() !== version) return { offset: 4, reason: "invalid chunk format version" };
  reader.at = fileHeaderBytes;
  while (reader.at < bytes.length) {
    const offset = reader.at;
    // A file that was made larger beforehand ends in zeros.
    if (isZero(bytes, offset, Math.min(bytes.length, offset + 24))) return undefined;
    if (bytes.length - offset < chunkMinBytes) return { offset, reason: "ends within a chunk" };
    const logId = reader.uint64();
    const firstMs = reader.int64();
    const lastMs = reader.int64();
    const packed = reader.byte();
    const length = reader.uvarint();
    const from = reader.at;
    if (reader.isShort || from + length + 4 > bytes.length) {
      return { offset, reason: "ends within a chunk" };
    }
    reader.at = from + length;
    if (reader.word() !== crc32c(bytes, offset, from + length)) {
      return { offset, reason: "unexpected checksum" };
    }
    const isLate = (packed & lateFlag) !== 0;
    take({ logId, firstMs, lastMs, encoding: packed & ~lateFlag, isLate, bytes, from, length });
  }
  return undefined;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
