/**
 * Reads the records of consecutive segments (framing: FORMAT.md). A record without a break and
 * without compression is handed out in place; others are put together in a reused buffer.
 *
 * Bytes that the last page of a segment lacks are read as zeros, as Prometheus does. Words of the
 * errors are Prometheus' own. Speed: that of CRC-32C, about 1 GB/s.
 */

import { CorruptionError, errorMessage } from "../../base/errors.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { fragmentOrderFault, RecordUnpacker } from "./record-unpacker.ts";
import { fragmentHeaderSize, fragmentType, pageSize, type SegmentFile } from "./wal-segments.ts";

/** Bytes read at once; a whole number of pages. */
const windowSize = 32 * pageSize;

/** Where reading stopped, and why. */
export interface WalDamage {
  /** Position in the list of segments. */
  readonly segmentAt: number;
  readonly segment: SegmentFile;
  /** Bytes of the segment that were consumed, padding included. */
  readonly offset: number;
  /** End of the last whole record of that segment. */
  readonly goodEnd: number;
  readonly reason: string;
}

/** Iterates records: `while (reader.next()) use(reader.record, reader.from, reader.to)`, then look at `damage`. */
export class WalReader {
  /** The record is record[from, to), valid until next(). */
  record: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  damage: WalDamage | undefined;
  recordCount = 0;

  readonly #fs: FileSystem;
  readonly #segments: readonly SegmentFile[];
  /** Where reading begins in the first segment, and the next byte to read. */
  readonly #firstOffset: number;
  #readAt = 0;
  readonly #window = new Uint8Array(windowSize);
  readonly #joined = new ByteWriter();
  readonly #unpacker = new RecordUnpacker();
  #segmentAt = -1;
  #fd = -1;
  /** Unread bytes are #window[#at, #end). */
  #at = 0;
  #end = 0;
  #isSegmentRead = true;
  /** Bytes of the segment consumed. */
  #offset = 0;
  #goodEnd = 0;
  #fragments = 0;
  #lastType = 0;

  /** Begins at `firstOffset` of the first segment, which must be the end of a record and of a page. */
  constructor(fs: FileSystem, segments: readonly SegmentFile[], firstOffset = 0) {
    this.#fs = fs;
    this.#firstOffset = firstOffset;
    this.#segments = segments;
  }

  /** Index of the segment that the record came from. */
  get segment(): number {
    return this.#segments[this.#segmentAt]?.index ?? -1;
  }

  /** Moves to the next record; false at the end and at damage. */
  next(): boolean {
    if (this.damage !== undefined) return false;
    this.#fragments = 0;
    this.#joined.clear();
    for (;;) {
      if (this.#available(1) === 0) {
        if (this.#isLastTypeOpen()) return this.#fail("last record is torn");
        // A record that only padding follows was never finished: it is nobody's, and reading goes on.
        this.#fragments = 0;
        this.#joined.clear();
        if (!this.#openNext()) return false;
        continue;
      }
      const typeByte = this.#window[this.#at]!;
      this.#take(1);
      this.#lastType = typeByte & 7;
      const outcome =
        this.#lastType === fragmentType.pageEnd ? this.#skipPadding() : this.#fragment(typeByte);
      if (outcome === "damaged") return false;
      if (outcome === "record") {
        this.#goodEnd = this.#offset;
        this.recordCount++;
        return true;
      }
    }
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #isLastTypeOpen(): boolean {
    return this.#lastType === fragmentType.first || this.#lastType === fragmentType.middle;
  }

  #skipPadding(): "more" | "damaged" {
    const rest = (pageSize - (this.#offset % pageSize)) % pageSize;
    this.#available(rest);
    let isClean = true;
    for (let i = 0; i < rest; i++) if (this.#window[this.#at + i] !== 0) isClean = false;
    this.#take(rest);
    if (isClean) return "more";
    this.#fail("unexpected non-zero byte in padded page");
    return "damaged";
  }

  #fragment(typeByte: number): "record" | "more" | "damaged" {
    if (this.#available(fragmentHeaderSize - 1) < fragmentHeaderSize - 1) {
      this.#fail("read remaining header: unexpected EOF");
      return "damaged";
    }
    const head = this.#window;
    const at = this.#at;
    const length = (head[at]! << 8) | head[at + 1]!;
    const wanted =
      ((head[at + 2]! << 24) | (head[at + 3]! << 16) | (head[at + 4]! << 8) | head[at + 5]!) >>> 0;
    this.#take(fragmentHeaderSize - 1);
    if (length > pageSize - fragmentHeaderSize) {
      this.#fail(`invalid record size ${length}`);
      return "damaged";
    }
    if (this.#available(length) < length) {
      this.#fail("unexpected EOF");
      return "damaged";
    }
    const from = this.#at;
    this.#take(length);
    const sum = crc32c(this.#window, from, from + length);
    if (sum !== wanted) {
      this.#fail(`unexpected checksum ${sum.toString(16)}, expected ${wanted.toString(16)}`);
      return "damaged";
    }
    return this.#accept(typeByte, from, from + length);
  }

  #accept(typeByte: number, from: number, to: number): "record" | "more" | "damaged" {
    const order = fragmentOrderFault(typeByte & 7, this.#fragments);
    if (order !== undefined) {
      this.#fail(order);
      return "damaged";
    }
    this.#fragments++;
    if ((typeByte & 7) === fragmentType.full) return this.#unpack(typeByte, this.#window, from, to);
    this.#joined.raw(this.#window, from, to);
    if ((typeByte & 7) !== fragmentType.last) return "more";
    return this.#unpack(typeByte, this.#joined.bytes, 0, this.#joined.length);
  }

  #unpack(typeByte: number, bytes: Uint8Array, from: number, to: number): "record" | "damaged" {
    const fault = this.#unpacker.unpack(typeByte, bytes, from, to);
    if (fault !== undefined) {
      this.#fail(fault);
      return "damaged";
    }
    this.record = this.#unpacker.record;
    this.from = this.#unpacker.from;
    this.to = this.#unpacker.to;
    return "record";
  }

  #fail(reason: string): false {
    const segment = this.#segments[this.#segmentAt];
    if (segment !== undefined) {
      this.damage = {
        segmentAt: this.#segmentAt,
        segment,
        offset: this.#offset,
        goodEnd: this.#goodEnd,
        reason,
      };
    }
    return false;
  }

  #take(count: number): void {
    this.#at += count;
    this.#offset += count;
  }

  /** Makes up to `count` unread bytes of this segment lie together; returns how many there are, at most `count`. */
  #available(count: number): number {
    if (this.#end - this.#at < count && !this.#isSegmentRead) this.#refill();
    return Math.min(count, this.#end - this.#at);
  }

  #refill(): void {
    this.#window.copyWithin(0, this.#at, this.#end);
    this.#end -= this.#at;
    this.#at = 0;
    const room = Math.floor((windowSize - this.#end) / pageSize) * pageSize;
    let read = 0;
    while (read < room) {
      const into = this.#end + read;
      const got = this.#fs.readSync(this.#fd, this.#window, into, room - read, this.#readAt);
      if (got === 0) break;
      this.#readAt += got;
      read += got;
    }
    if (read < room) {
      this.#isSegmentRead = true;
      const padded = Math.ceil(read / pageSize) * pageSize;
      this.#window.fill(0, this.#end + read, this.#end + padded);
      read = padded;
    }
    this.#end += read;
  }

  #openNext(): boolean {
    this.close();
    const next = this.#segments[this.#segmentAt + 1];
    if (next === undefined) return false;
    try {
      this.#fd = this.#fs.openSync(next.path, "r");
    } catch (thrown) {
      throw new CorruptionError(
        `cannot read a WAL segment: ${errorMessage(thrown)}`,
        { file: next.path, offset: 0 },
        { cause: thrown },
      );
    }
    this.#segmentAt++;
    this.#at = 0;
    this.#end = 0;
    this.#offset = this.#segmentAt === 0 ? this.#firstOffset : 0;
    this.#readAt = this.#offset;
    this.#goodEnd = this.#offset;
    this.#isSegmentRead = false;
    return true;
  }
}
