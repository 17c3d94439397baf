/**
 * A file of frames, written at its end and read anywhere. Opening walks the frame heads; a torn tail
 * (the process was killed while writing) is cut off, damage in the middle is stepped over.
 */

import {
  closeSync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { Logger } from "../../base/logger.ts";
import {
  type FrameHeader,
  frameHeadBytes,
  frameMagic,
  readFrameHead,
  readFrameHeader,
} from "./block-codec.ts";
import type { FrameRef } from "./stored-block.ts";

const searchBytes = 1024 * 1024;
const syncFile = promisify(fsync);

/** A file and its frames. */
export class FrameFile<Extra> {
  readonly path: string;
  readonly frames: FrameRef<Extra>[] = [];
  readonly #file: number;
  #sizeBytes = 0;
  #readers = 0;
  #isRemoved = false;
  #isClosed = false;
  #isNameSynced = false;

  /** Opens or makes a file; `onDamage` is told what was cut or stepped over. */
  constructor(path: string, logger: Logger) {
    this.path = path;
    this.#file = openSync(path, "a+");
    this.#sizeBytes = fstatSync(this.#file).size;
    this.#load(logger);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Writes a frame at the end. Throws what the file system says; then the file is as before. */
  append(frame: Buffer, header: FrameHeader<Extra>): FrameRef<Extra> {
    const at = this.#sizeBytes;
    try {
      let done = 0;
      while (done < frame.length) done += writeSync(this.#file, frame, done);
    } catch (thrown) {
      ftruncateSync(this.#file, at);
      throw thrown;
    }
    this.#sizeBytes = at + frame.length;
    const bodyAt = at + frameHeadBytes + frame.readUInt32LE(4);
    const ref = { file: this.#file, path: this.path, bodyAt, header };
    this.frames.push(ref);
    return ref;
  }

  /** Settles when all that was written, and the file's name, are on the disk; on another thread. */
  async sync(): Promise<void> {
    this.acquire();
    try {
      await syncFile(this.#file);
      if (this.#isNameSynced) return;
      const dir = await open(dirname(this.path), "r");
      await dir.sync().finally(() => dir.close());
      this.#isNameSynced = true;
    } finally {
      this.release();
    }
  }

  /** Keeps the file readable until release(), even when it is removed meanwhile. */
  acquire(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    if (this.#isRemoved && this.#readers === 0) this.close();
  }

  /** Takes the file off the disk; readers at work read on. */
  remove(): void {
    unlinkSync(this.path);
    this.#isRemoved = true;
    if (this.#readers === 0) this.close();
  }

  close(): void {
    if (!this.#isClosed) closeSync(this.#file);
    this.#isClosed = true;
  }

  #load(logger: Logger): void {
    let at = 0;
    const head = Buffer.alloc(frameHeadBytes);
    while (at < this.#sizeBytes) {
      const ref = this.#readFrame(at, head);
      if (ref !== undefined) {
        this.frames.push(ref.frame);
        at = ref.endAt;
        continue;
      }
      const next = this.#findFrame(at + 1);
      if (next === undefined) {
        logger.warn(
          { file: this.path, offset: at, bytes: this.#sizeBytes - at },
          "cut a torn tail off a file of flows; what was acknowledged stands before it",
        );
        ftruncateSync(this.#file, at);
        this.#sizeBytes = at;
        return;
      }
      logger.warn(
        { file: this.path, offset: at, bytes: next - at },
        "stepped over damage in a file of flows; the rest serves",
      );
      at = next;
    }
  }

  #readFrame(
    at: number,
    head: Buffer,
  ): { readonly frame: FrameRef<Extra>; readonly endAt: number } | undefined {
    if (readSync(this.#file, head, 0, frameHeadBytes, at) < frameHeadBytes) return undefined;
    const parts = readFrameHead(head);
    if (parts === undefined) return undefined;
    const bodyAt = at + frameHeadBytes + parts.headerBytes;
    const endAt = bodyAt + parts.bodyBytes;
    if (endAt > this.#sizeBytes) return undefined;
    const stored = Buffer.alloc(parts.headerBytes);
    readSync(this.#file, stored, 0, stored.length, at + frameHeadBytes);
    const header = readFrameHeader<Extra>(stored, parts.crc);
    if (header === undefined) return undefined;
    return { frame: { file: this.#file, path: this.path, bodyAt, header }, endAt };
  }

  /** Where the next frame with a good header begins. */
  #findFrame(from: number): number | undefined {
    const mark = Buffer.alloc(4);
    mark.writeUInt32LE(frameMagic);
    const window = Buffer.alloc(searchBytes);
    const head = Buffer.alloc(frameHeadBytes);
    for (let at = from; at < this.#sizeBytes; at += searchBytes - 3) {
      const count = readSync(this.#file, window, 0, searchBytes, at);
      const read = window.subarray(0, count);
      for (let hit = read.indexOf(mark); hit >= 0; hit = read.indexOf(mark, hit + 1)) {
        if (this.#readFrame(at + hit, head) !== undefined) return at + hit;
      }
    }
    return undefined;
  }
}
