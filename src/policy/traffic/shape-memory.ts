/**
 * What lines of a shape were found to say, by the shape's bytes. A line that is known costs one hash and
 * one comparison of its bytes, and makes no string and no object: a million lines leave nothing to
 * collect. Two generations are remembered: when the younger is full the older is forgotten, so that a
 * memory that is too small for its lines is never empty. What is asked for moves to the younger.
 */

import type { FlowShape } from "./flow-shape.ts";

/** Bytes of shapes in one generation. */
const generationBytesMax = 128 * 1024 * 1024;
const firstBytes = 1024 * 1024;
const firstSlots = 4096;
/** Shapes of one hash beyond this are not looked for: lines made to collide are slow, not endless. */
const probesMax = 32;

/** Meanings by shape. */
export class ShapeMemory<Meaning> {
  readonly #bytesMax: number;
  #young = new Generation<Meaning>();
  #old = new Generation<Meaning>();
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #hash = 0;

  /** `bytesMax`: of the shapes of one generation. */
  constructor(bytesMax = generationBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** What is known of the shape that lies in the bytes; undefined = nothing. */
  recall(bytes: Uint8Array, shape: FlowShape): Meaning | undefined {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#hash = hashOf(this.#view, shape);
    const known = this.#young.find(this.#view, shape, this.#hash);
    if (known !== undefined) return known;
    const older = this.#old.find(this.#view, shape, this.#hash);
    if (older !== undefined) this.remember(shape, older);
    return older;
  }

  /** Keeps what the shape that was just asked for says. */
  remember(shape: FlowShape, meaning: Meaning): void {
    if (this.#young.sizeBytes + shape.end - shape.start > this.#bytesMax) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(this.#bytes, shape, this.#hash, meaning);
  }
}

interface Entry<Meaning> {
  readonly hash: number;
  /** Where its bytes begin; those after the gap follow those before it. */
  readonly offset: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly hasTail: boolean;
  readonly meaning: Meaning;
}

/** A hash table with open addressing beside a run of bytes; both double as they fill. */
class Generation<Meaning> {
  sizeBytes = 0;
  readonly #entries: Entry<Meaning>[] = [];
  /** Number of the entry + 1; 0 = free. */
  #slots = new Int32Array(firstSlots);
  #bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);

  find(view: DataView, shape: FlowShape, hash: number): Meaning | undefined {
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < probesMax; probe++) {
      const number = this.#slots[(hash + probe) & mask] as number;
      if (number === 0) return undefined;
      const entry = this.#entries[number - 1] as Entry<Meaning>;
      if (entry.hash === hash && this.#isSame(entry, view, shape)) return entry.meaning;
    }
    return undefined;
  }

  add(bytes: Uint8Array, shape: FlowShape, hash: number, meaning: Meaning): void {
    const { start, gapStart, gapEnd, end, hasTail } = shape;
    const beforeBytes = gapStart - start;
    const afterBytes = end - gapEnd;
    const offset = this.sizeBytes;
    this.sizeBytes += beforeBytes + afterBytes;
    this.#makeRoom();
    this.#bytes.set(bytes.subarray(start, gapStart), offset);
    this.#bytes.set(bytes.subarray(gapEnd, end), offset + beforeBytes);
    this.#entries.push({ hash, offset, beforeBytes, afterBytes, hasTail, meaning });
    this.#place(hash, this.#entries.length);
  }

  #isSame(entry: Entry<Meaning>, view: DataView, shape: FlowShape): boolean {
    const { start, gapStart, gapEnd, end, hasTail } = shape;
    const { offset, beforeBytes, afterBytes } = entry;
    return (
      entry.hasTail === hasTail &&
      beforeBytes === gapStart - start &&
      afterBytes === end - gapEnd &&
      isEqualRun(this.#view, offset, { view, start, end: gapStart }) &&
      isEqualRun(this.#view, offset + beforeBytes, { view, start: gapEnd, end })
    );
  }

  #makeRoom(): void {
    if (this.sizeBytes > this.#bytes.length) {
      let length = this.#bytes.length * 2;
      while (length < this.sizeBytes) length *= 2;
      const grown = new Uint8Array(length);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    if (this.#entries.length * 2 < this.#slots.length) return;
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (const [index, { hash }] of this.#entries.entries()) this.#place(hash, index + 1);
  }

  /** A shape that finds no room among its like is not found again. */
  #place(hash: number, number: number): void {
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < probesMax; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = number;
      return;
    }
  }
}

interface Run {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

function isEqualRun(known: DataView, offset: number, { view, start, end }: Run): boolean {
  let at = start;
  let knownAt = offset;
  for (; at + 4 <= end; at += 4, knownAt += 4) {
    if (view.getInt32(at, true) !== known.getInt32(knownAt, true)) return false;
  }
  for (; at < end; at++, knownAt++) {
    if (view.getUint8(at) !== known.getUint8(knownAt)) return false;
  }
  return true;
}

function hashOf(view: DataView, { start, gapStart, gapEnd, end }: FlowShape): number {
  let hash = hashRun(view, start, gapStart, gapStart - start);
  hash = hashRun(view, gapEnd, end, hash);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** Four bytes at a time, as MurmurHash3 mixes them. */
function hashRun(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return hash;
}
