/** Writes one file from front to back through a buffer, so that the kernel sees large writes. */

import { ByteWriter } from "../byte-writer.ts";
import type { FileSystem } from "../file-system.ts";
import { syncFile, writeAll } from "./durable-files.ts";

const bufferBytes = 256 * 1024;

/** A file under construction; `buffer` takes what comes next, `settle` is to be called now and then. */
export class FileWriter {
  readonly path: string;
  readonly buffer = new ByteWriter(bufferBytes + 4096);
  readonly #fs: FileSystem;
  #fd: number;
  #writtenBytes = 0;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.path = path;
    this.#fd = fs.openSync(path, "wx");
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#writtenBytes + this.buffer.length;
  }

  /** Hands a full buffer to the kernel. */
  settle(): void {
    if (this.buffer.length >= bufferBytes) this.#flush();
  }

  /** Zeros up to the next multiple of `size`. */
  pad(size: number): void {
    while (this.offset % size !== 0) this.buffer.byte(0);
  }

  /** Copies bytes that may be many. */
  raw(bytes: Uint8Array, from: number, to: number): void {
    this.buffer.reserve(to - from);
    this.buffer.bytes.set(bytes.subarray(from, to), this.buffer.length);
    this.buffer.length += to - from;
    this.settle();
  }

  /** Writes the rest, syncs and closes. Other work goes on during the sync. */
  async finish(): Promise<void> {
    this.#flush();
    try {
      await syncFile(this.#fs, this.#fd);
    } finally {
      this.abort();
    }
  }

  /** Closes without a word; the caller removes the file. */
  abort(): void {
    if (this.#fd >= 0) this.#fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #flush(): void {
    writeAll(this.#fs, this.#fd, this.buffer.bytes, this.buffer.length, this.#writtenBytes);
    this.#writtenBytes += this.buffer.length;
    this.buffer.clear();
  }
}
