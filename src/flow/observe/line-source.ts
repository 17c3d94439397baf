/**
 * Lines of text from a stream or from a log that its writer rotates (FILE, then FILE.1, FILE.2 … the
 * older the higher). Following a log survives rotation: the old file is read to its end, then the new
 * one from its start.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "../../base/clock.ts";

/** Longest line that is held together; a longer one is cut there, and its rest is a line of its own. */
const lineCharsMax = 16 * 1024 * 1024;
const readBytes = 256 * 1024;
/** How often a followed log is looked at. */
const followIntervalMs = 200;
const rotatedFilesMax = 100;

/** Takes a line without its newline; false = no more is wanted. */
export type TakeLine = (line: string) => boolean;

/** Cuts chunks of bytes into lines. A last line without a newline comes with end(). */
export class LineCutter {
  readonly #take: TakeLine;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(take: TakeLine) {
    this.#take = take;
  }

  /** Takes bytes; false = no more is wanted. */
  push(chunk: Uint8Array): boolean {
    this.#rest += this.#decoder.write(
      Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength),
    );
    let start = 0;
    for (;;) {
      let end = this.#rest.indexOf("\n", start);
      if (end < 0 && this.#rest.length - start <= lineCharsMax) break;
      if (end < 0) end = start + lineCharsMax;
      const lineEnd = this.#rest[end - 1] === "\r" ? end - 1 : end;
      if (!this.#take(this.#rest.slice(start, Math.max(start, lineEnd)))) return false;
      start = end + (this.#rest[end] === "\n" ? 1 : 0);
    }
    this.#rest = this.#rest.slice(start);
    return true;
  }

  /** The input ended. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    if (rest !== "") this.#take(rest);
  }
}

/** Reads a stream to its end, or until no more is wanted. */
export async function readStreamLines(
  stream: AsyncIterable<Uint8Array>,
  take: TakeLine,
): Promise<void> {
  const cutter = new LineCutter(take);
  for await (const chunk of stream) if (!cutter.push(chunk)) return;
  cutter.end();
}

/** The files of a rotated log that exist, oldest first. */
export function rotatedFiles(path: string): string[] {
  const files: string[] = [];
  for (let index = 1; index < rotatedFilesMax && existsSync(`${path}.${index}`); index++) {
    files.unshift(`${path}.${index}`);
  }
  return existsSync(path) ? [...files, path] : files;
}

/** A log at work, read from where it stands. */
export class LogFollower {
  readonly #path: string;
  readonly #cutter: LineCutter;
  readonly #buffer = Buffer.allocUnsafe(readBytes);
  #file: number | undefined;
  #inode = 0;
  #offset = 0;
  #isWanted = true;

  constructor(path: string, take: TakeLine) {
    this.#path = path;
    this.#cutter = new LineCutter((line) => {
      this.#isWanted = take(line);
      return this.#isWanted;
    });
  }

  /** Reads all that is there now; at the end of a file that was rotated away, goes on with its successor. */
  drain(): void {
    while (this.drainSome(Number.POSITIVE_INFINITY));
  }

  /** As drain(), but no more than about `bytesMax` at a time; true = there is more. */
  drainSome(bytesMax: number): boolean {
    this.#file ??= this.#open();
    if (this.#file === undefined) return false;
    if (this.#readSome(this.#file, bytesMax)) return this.#isWanted;
    if (!this.#isWanted || !this.#isReplaced()) return false;
    this.close();
    return true;
  }

  /** Passes over what is in the file now. */
  skipToEnd(): void {
    this.#file ??= this.#open();
    if (this.#file !== undefined) this.#offset = fstatSync(this.#file).size;
  }

  /** Drains again and again until `stopped` settles or no more is wanted. */
  async follow(clock: Clock, stopped: Promise<void>): Promise<void> {
    let isStopped = false;
    const stop = stopped.then(() => {
      isStopped = true;
    });
    while (!isStopped && this.#isWanted) {
      this.drain();
      await Promise.race([stop, pause(clock, followIntervalMs)]);
    }
    this.close();
  }

  /** Lets go of the file; what is left of a last line is kept. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number | undefined {
    if (!existsSync(this.#path)) return undefined;
    const file = openSync(this.#path, "r");
    this.#inode = fstatSync(file).ino;
    this.#offset = 0;
    return file;
  }

  /** True = the limit was reached before the end of the file. */
  #readSome(file: number, bytesMax: number): boolean {
    if (fstatSync(file).size < this.#offset) this.#offset = 0;
    for (let left = bytesMax; left > 0; ) {
      const count = readSync(file, this.#buffer, 0, readBytes, this.#offset);
      if (count === 0) return false;
      this.#offset += count;
      left -= count;
      if (!this.#cutter.push(this.#buffer.subarray(0, count))) return false;
    }
    return true;
  }

  #isReplaced(): boolean {
    return existsSync(this.#path) && statSync(this.#path).ino !== this.#inode;
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
