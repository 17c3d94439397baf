/**
 * Reads a log that is being written: `next` gives the records that are whole and returns false where
 * there is none yet; asked again later it goes on. Goes from segment to segment once the next one is
 * there; what a torn segment has at its end belongs to no record. At damage it stops for good.
 *
 * The log's only writer may be this process or another. Reads only what was added; memory one page.
 */

import { join } from "node:path";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { fragmentOrderFault, RecordUnpacker } from "./record-unpacker.ts";
import { fragmentHeaderSize, fragmentType, pageSize, segmentName } from "./wal-segments.ts";

/** Where reading stopped for good, and why. */
export interface LiveDamage {
  readonly segment: number;
  /** Of the fragment that is wrong. */
  readonly offset: number;
  readonly reason: string;
}

type Step = "record" | "more" | "wait" | "damaged";

/** Follows the log in `dir` from the start of segment `firstSegment` on. */
export class LiveWalReader {
  damage: LiveDamage | undefined;
  recordCount = 0;
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #page = new Uint8Array(pageSize);
  readonly #joined = new ByteWriter();
  readonly #unpacker = new RecordUnpacker();
  #segment: number;
  #fd = -1;
  /** File offset of the page in memory; #page[0, #filled) is read, up to #at it is used. */
  #pageStart = 0;
  #filled = 0;
  #at = 0;
  #fragments = 0;

  constructor(fs: FileSystem, dir: string, firstSegment: number) {
    this.#fs = fs;
    this.#dir = dir;
    this.#segment = firstSegment;
  }

  /** The record is record[from, to), valid until next(). */
  get record(): Uint8Array {
    return this.#unpacker.record;
  }

  get from(): number {
    return this.#unpacker.from;
  }

  get to(): number {
    return this.#unpacker.to;
  }

  /** Index of the segment that is read. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes of the segment that are used up. */
  get offset(): number {
    return this.#pageStart + this.#at;
  }

  /** Moves to the next record; false where none is whole yet, and at damage. */
  next(): boolean {
    while (this.damage === undefined) {
      const step = this.#step();
      if (step === "record") {
        this.recordCount++;
        return true;
      }
      if (step === "wait" && !this.#fill() && !this.#nextSegment()) return false;
    }
    return false;
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #step(): Step {
    if (this.#at === pageSize) {
      this.#pageStart += pageSize;
      this.#at = 0;
      this.#filled = 0;
    }
    if (this.#at === this.#filled) return "wait";
    const typeByte = this.#page[this.#at]!;
    return typeByte === 0 ? this.#skipPadding() : this.#fragment(typeByte);
  }

  /** Padding counts once the page is whole: until then its zeros may be of a file that was made longer. */
  #skipPadding(): Step {
    if (this.#filled < pageSize) return "wait";
    for (let i = this.#at; i < pageSize; i++) {
      if (this.#page[i] !== 0) return this.#fail("unexpected non-zero byte in page term bytes");
    }
    this.#at = pageSize;
    return "more";
  }

  #fragment(typeByte: number): Step {
    const header = fragmentHeaderSize;
    if (this.#filled - this.#at < header) {
      return this.#filled === pageSize ? this.#fail("record header beyond its page") : "wait";
    }
    const page = this.#page;
    const at = this.#at;
    const length = (page[at + 1]! << 8) | page[at + 2]!;
    if (header + length > pageSize) {
      const sizes = `${header + length} > ${pageSize}`;
      return this.#fail(`record length greater than a single page: ${sizes}`);
    }
    const end = at + header + length;
    if (end > pageSize) {
      return this.#fail(`record would overflow current page: ${end} > ${pageSize}`);
    }
    if (end > this.#filled) return "wait";
    const wanted =
      ((page[at + 3]! << 24) | (page[at + 4]! << 16) | (page[at + 5]! << 8) | page[at + 6]!) >>> 0;
    const sum = crc32c(page, at + header, end);
    if (sum !== wanted) {
      return this.#fail(`unexpected checksum ${sum.toString(16)}, expected ${wanted.toString(16)}`);
    }
    const order = fragmentOrderFault(typeByte & 7, this.#fragments);
    if (order !== undefined) return this.#fail(order);
    return this.#accept(typeByte, at + header, end);
  }

  #accept(typeByte: number, from: number, end: number): Step {
    const type = typeByte & 7;
    let fault: string | undefined;
    if (type === fragmentType.full) {
      fault = this.#unpacker.unpack(typeByte, this.#page, from, end);
    } else {
      if (this.#fragments === 0) this.#joined.clear();
      this.#joined.raw(this.#page, from, end);
      if (type !== fragmentType.last) {
        this.#fragments++;
        this.#at = end;
        return "more";
      }
      const { bytes, length } = this.#joined;
      fault = this.#unpacker.unpack(typeByte, bytes, 0, length);
    }
    if (fault !== undefined) return this.#fail(fault);
    this.#fragments = 0;
    this.#at = end;
    return "record";
  }

  /** Reads what was added to the page; false where nothing was. */
  #fill(): boolean {
    if (this.#fd < 0) {
      const path = join(this.#dir, segmentName(this.#segment));
      if (!this.#fs.existsSync(path)) return false;
      this.#fd = this.#fs.openSync(path, "r");
    }
    const room = pageSize - this.#filled;
    const place = this.#pageStart + this.#filled;
    const got = room === 0 ? 0 : this.#fs.readSync(this.#fd, this.#page, this.#filled, room, place);
    this.#filled += got;
    return got > 0;
  }

  /** Goes to the next segment if it is there: then this one is finished. */
  #nextSegment(): boolean {
    if (this.#fd < 0) return false;
    if (!this.#fs.existsSync(join(this.#dir, segmentName(this.#segment + 1)))) return false;
    // Something may have been added between the last look at this one and the making of the next.
    if (this.#fill()) return true;
    this.close();
    this.#segment++;
    this.#pageStart = 0;
    this.#filled = 0;
    this.#at = 0;
    this.#fragments = 0;
    return true;
  }

  #fail(reason: string): Step {
    this.damage = { segment: this.#segment, offset: this.offset, reason };
    return "damaged";
  }
}
