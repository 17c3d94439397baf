/**
 * Writes records to segments: frames them into 32 KiB pages (FORMAT.md), compresses each record
 * where that makes it smaller, and hands everything to the kernel in one write a commit.
 *
 * What survives: kill -9 keeps all that `flush` returned for. Power loss keeps finished segments
 * (fsync when one is full and on close), as with Prometheus. Every writer starts a new segment.
 */

import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { AppError, errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { syncDir, syncFile } from "../block/durable-files.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { type RecordCompression, ZstdCompressor } from "./record-compression.ts";
import { SnappyEncoder } from "./snappy.ts";
import {
  fragmentHeaderSize,
  fragmentType,
  pageSize,
  segmentName,
  segmentSizeDefault,
  snappyFlag,
  zstdFlag,
} from "./wal-segments.ts";

/** A batch is handed over early when it has grown to this. */
const batchMaxBytes = 1024 * 1024;

export interface WalWriterOptions {
  readonly dir: string;
  /** Index of the first segment to create. */
  readonly firstSegment: number;
  readonly fs: FileSystem;
  readonly logger: Logger;
  /** Snappy unless told otherwise. */
  readonly compression?: RecordCompression;
  /** A multiple of the page size. */
  readonly segmentSizeBytes?: number;
  /** While the disk is full, so many bytes wait in memory for it; absent: none, `flush` throws at once. */
  readonly backlogBytesMax?: number;
}

/** Appends records to the newest segment. */
export class WalWriter {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #logger: Logger;
  readonly #segmentSize: number;
  readonly #codec: SnappyEncoder | ZstdCompressor | undefined;
  readonly #codecFlag: number;
  readonly #compressed = new ByteWriter();
  /** Framed bytes that no write has taken yet; they belong at #writtenBytes of the segment. */
  readonly #batch = new ByteWriter(64 * 1024);
  #segment: number;
  #fd: number;
  #writtenBytes = 0;
  #totalBytes = 0;
  #fsyncs = 0;
  readonly #backlogBytesMax: number;
  /** Bytes of the batch that were taken though the disk was full: they wait for it. */
  #waitingBytes = 0;
  /** Of segments that were ended. */
  readonly #syncs = new Set<Promise<void>>();

  constructor(options: WalWriterOptions) {
    this.#dir = options.dir;
    this.#fs = options.fs;
    this.#logger = options.logger;
    this.#segmentSize = options.segmentSizeBytes ?? segmentSizeDefault;
    assert(this.#segmentSize % pageSize === 0, "segment size is no multiple of the page size");
    const { compression = "snappy" } = options;
    if (compression instanceof ZstdCompressor) this.#codec = compression;
    else this.#codec = compression === "none" ? undefined : new SnappyEncoder();
    this.#codecFlag = compression instanceof ZstdCompressor ? zstdFlag : snappyFlag;
    this.#backlogBytesMax = options.backlogBytesMax ?? 0;
    this.#segment = options.firstSegment;
    this.#fd = this.#create(this.#segment);
    syncDir(this.#fs, this.#dir);
  }

  /** Index of the segment being written. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes of the present segment that the kernel has. */
  get segmentBytes(): number {
    return this.#writtenBytes;
  }

  /** Bytes handed to the kernel since the start. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Bytes that wait for a full disk to take them; a kill would lose them. */
  get backlogBytes(): number {
    return this.#waitingBytes;
  }

  get fsyncCount(): number {
    return this.#fsyncs;
  }

  /** Adds a record to the batch; only `flush` makes it durable. O(length). */
  log(record: Uint8Array, length: number): void {
    let source = record;
    let size = length;
    let flag = 0;
    if (this.#codec !== undefined && length > 0) {
      this.#compressed.clear();
      this.#codec.compress(record, length, this.#compressed);
      if (this.#compressed.length < length) {
        source = this.#compressed.bytes;
        size = this.#compressed.length;
        flag = this.#codecFlag;
      }
    }
    this.#closeFullPage();
    if (size > this.#roomInSegment()) this.nextSegment();
    this.#frame(source, size, flag);
    if (this.#batch.length - this.#waitingBytes >= batchMaxBytes) this.flush();
  }

  /**
   * Hands the batch to the kernel; throws AppError "disk" after undoing a half write. Where the disk is
   * full and the backlog has room, the batch waits there instead.
   */
  flush(): void {
    const { bytes, length } = this.#batch;
    if (length === 0) return;
    let done = 0;
    try {
      while (done < length) {
        done += this.#fs.writeSync(this.#fd, bytes, done, length - done, this.#writtenBytes + done);
      }
    } catch (thrown) {
      this.#undoWrite();
      if (isDiskFull(thrown) && length <= this.#backlogBytesMax) {
        if (this.#waitingBytes === 0) this.#sayFull();
        this.#waitingBytes = length;
        return;
      }
      this.discard();
      const file = segmentName(this.#segment);
      throw new AppError("disk", `cannot write to WAL segment ${file}: ${errorMessage(thrown)}`, {
        cause: thrown,
      });
    }
    if (this.#waitingBytes > 0) {
      this.#logger.info(
        { bytes: length },
        "the disk takes samples again; those in memory are on it",
      );
    }
    this.#waitingBytes = 0;
    this.#writtenBytes += length;
    this.#totalBytes += length;
    this.#batch.clear();
  }

  /** Forgets what was logged since the last flush. */
  discard(): void {
    this.#batch.length = this.#waitingBytes;
  }

  /** Ends the segment (padded to a page, then fsync in the background) and begins the next. */
  nextSegment(): void {
    // What waits belongs into this segment, which grows beyond its size meanwhile.
    if (this.#waitingBytes > 0) this.flush();
    if (this.#waitingBytes > 0) return;
    this.#padPage();
    this.flush();
    if (this.#waitingBytes > 0) return;
    const next = this.#createNext();
    if (next < 0) return;
    const old = this.#fd;
    const oldName = segmentName(this.#segment);
    this.#fd = next;
    this.#segment++;
    this.#writtenBytes = 0;
    this.#fsyncs++;
    this.#syncLater(old, oldName);
    // The name of the new segment too: a file without one is lost, however well it was synced.
    this.#syncLater(this.#fs.openSync(this.#dir, "r"), this.#dir);
  }

  /** Resolves when the segments that were ended are on disk. */
  async synced(): Promise<void> {
    await Promise.all(this.#syncs);
  }

  /** Pads, syncs and closes; the writer must not be used afterwards. */
  close(): void {
    try {
      this.#padPage();
      this.flush();
      if (this.#waitingBytes > 0) {
        throw new AppError(
          "disk",
          `cannot write the last ${this.#waitingBytes} bytes of the WAL: the disk is full`,
        );
      }
      this.#fsyncs++;
      this.#fs.fsyncSync(this.#fd);
    } finally {
      this.abort();
    }
  }

  /** Closes without a word, for a log that is thrown away. */
  abort(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Syncs in the background, then closes. */
  #syncLater(fd: number, what: string): void {
    const sync = syncFile(this.#fs, fd)
      .catch((thrown: unknown) => {
        this.#logger.error({ file: what, error: errorMessage(thrown) }, "fsync of the WAL failed");
      })
      .then(() => {
        this.#syncs.delete(sync);
        this.#fs.closeSync(fd);
      });
    this.#syncs.add(sync);
  }

  #create(index: number): number {
    return this.#fs.openSync(join(this.#dir, segmentName(index)), "w", 0o666);
  }

  /** Descriptor of the next segment, -1 where the disk has no room for its name. */
  #createNext(): number {
    try {
      return this.#create(this.#segment + 1);
    } catch (thrown) {
      if (isDiskFull(thrown) && this.#backlogBytesMax > 0) return -1;
      throw new AppError("disk", `cannot begin a WAL segment: ${errorMessage(thrown)}`, {
        cause: thrown,
      });
    }
  }

  #sayFull(): void {
    this.#logger.error(
      { dir: this.#dir, backlogBytesMax: this.#backlogBytesMax },
      "the disk is full: samples are kept in memory only and are lost if this process ends before there is room",
    );
  }

  #undoWrite(): void {
    try {
      this.#fs.ftruncateSync(this.#fd, this.#writtenBytes);
    } catch (thrown) {
      // The next write goes to the same place, so what stays behind is overwritten.
      this.#logger.warn({ error: errorMessage(thrown) }, "cannot undo a half WAL write");
    }
  }

  #position(): number {
    return this.#writtenBytes + this.#batch.length;
  }

  #roomInPage(): number {
    return pageSize - (this.#position() % pageSize);
  }

  /** Record bytes that still fit into this segment. */
  #roomInSegment(): number {
    const pagesAfter = Math.ceil((this.#segmentSize - this.#position()) / pageSize) - 1;
    const here = this.#position() % pageSize === 0 ? pageSize : this.#roomInPage();
    return here - fragmentHeaderSize + (pageSize - fragmentHeaderSize) * pagesAfter;
  }

  /** A page that cannot hold another header ends in zeros. */
  #closeFullPage(): void {
    if (this.#roomInPage() < fragmentHeaderSize) this.#padPage();
  }

  #padPage(): void {
    const used = this.#position() % pageSize;
    if (used === 0) return;
    const padding = pageSize - used;
    this.#batch.reserve(padding);
    this.#batch.bytes.fill(0, this.#batch.length, this.#batch.length + padding);
    this.#batch.length += padding;
  }

  #frame(source: Uint8Array, size: number, flag: number): void {
    let from = 0;
    let index = 0;
    do {
      // With seven bytes left in the page the first fragment is empty, as in Prometheus.
      const to = Math.min(size, from + this.#roomInPage() - fragmentHeaderSize);
      let type: number = to === size ? fragmentType.last : fragmentType.middle;
      if (index === 0) type = to === size ? fragmentType.full : fragmentType.first;
      this.#fragment(source, from, to, type | flag);
      from = to;
      index++;
      this.#closeFullPage();
    } while (from < size);
  }

  #fragment(source: Uint8Array, from: number, to: number, typeByte: number): void {
    const batch = this.#batch;
    batch.reserve(fragmentHeaderSize + to - from);
    batch.byte(typeByte);
    batch.byte((to - from) >>> 8);
    batch.byte(to - from);
    batch.word(crc32c(source, from, to));
    batch.bytes.set(source.subarray(from, to), batch.length);
    batch.length += to - from;
  }
}

function isDiskFull(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException | null)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}
