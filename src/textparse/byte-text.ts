/**
 * Bytes to text: UTF-8 with its validity check, Go's %q of bytes that may be no UTF-8, byte
 * comparison, and a table that gives equal bytes the same string so that a million series share
 * their label names and values.
 */

import { quoteString } from "../model/labels.ts";

const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The text of a byte range; bytes that are no UTF-8 become U+FFFD. */
export function decodeUtf8(body: Uint8Array, start: number, end: number): string {
  return lenientDecoder.decode(body.subarray(start, end));
}

/** Whether a byte range is UTF-8 (surrogates and overlong forms are not). O(bytes). */
export function isUtf8(body: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end && body[i]! < 0x80) i++;
  if (i === end) return true;
  try {
    strictDecoder.decode(body.subarray(i, end));
    return true;
  } catch {
    // The decoder's way of saying no.
    return false;
  }
}

/** As Go prints bytes with %q: valid runs as text, every other byte as \xNN. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = "";
  let i = 0;
  while (i < bytes.length) {
    const size = runeSize(bytes, i);
    if (size === 0) {
      quoted += `\\x${(bytes[i] as number).toString(16).padStart(2, "0")}`;
      i++;
      continue;
    }
    quoted += quoteString(decodeUtf8(bytes, i, i + size)).slice(1, -1);
    i += size;
  }
  return `"${quoted}"`;
}

/** Whether two ranges of equal length hold the same bytes. O(length), no allocation. */
export function isSameBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
): boolean {
  const length = aEnd - aStart;
  if (bStart + length > b.length) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** `isSameBytes` over views, for the hottest loop: 16 bytes a step, twice as fast as four. Both ranges lie within their views. */
export function isSameInViews(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  let i = 0;
  for (const last = length - 15; i < last; i += 16) {
    if (!areSame16(a, aStart + i, b, bStart + i)) return false;
  }
  // The last step may overlap the one before.
  if (length >= 16) return areSame16(a, aStart + length - 16, b, bStart + length - 16);
  for (; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  return true;
}

function areSame16(a: DataView, i: number, b: DataView, k: number): boolean {
  const difference =
    (a.getInt32(i, true) ^ b.getInt32(k, true)) |
    (a.getInt32(i + 4, true) ^ b.getInt32(k + 4, true)) |
    (a.getInt32(i + 8, true) ^ b.getInt32(k + 8, true)) |
    (a.getInt32(i + 12, true) ^ b.getInt32(k + 12, true));
  return difference === 0;
}

/** Length of the UTF-8 sequence at `start`, 0 where the byte begins none. */
function runeSize(bytes: Uint8Array, start: number): number {
  const first = bytes[start] as number;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return start + size <= bytes.length && isUtf8(bytes, start, start + size) ? size : 0;
}

/** Strings kept before the table starts anew; bounds its memory. */
const symbolsMax = 1 << 17;
const smallestTable = 256;
/** Bucket bounds and quantiles remembered before that starts anew. */
const normalizedFloatsMax = 4096;

/**
 * Strings by their bytes. One for each scrape pool or parser; equal bytes give the same string
 * without decoding them again. Only ASCII is kept. O(bytes) a look-up, no allocation on a hit.
 */
export class SymbolTable {
  #strings: string[] = [];
  #hashes: number[] = [];
  readonly #normalizedFloats = new Map<string, string>();
  /** Open addressing: index into #strings plus 1, 0 = free. Never more than half full. */
  #slots = new Int32Array(smallestTable);

  /** How many strings are kept. */
  get size(): number {
    return this.#strings.length;
  }

  /** The text of a byte range. */
  intern(body: Uint8Array, start: number, end: number): string {
    let hash = 0x811c9dc5;
    let high = 0;
    for (let i = start; i < end; i++) {
      const byte = body[i]!;
      high |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (high >= 0x80) return decodeUtf8(body, start, end);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) return this.#add(decodeUtf8(body, start, end), hash);
      if (this.#hashes[index] !== hash) continue;
      const kept = this.#strings[index]!;
      if (isSameAscii(kept, body, start, end)) return kept;
    }
  }

  /** What `normalize` makes of `text`, remembered: bucket bounds are few and come back in each series. */
  normalizedFloat(text: string, normalize: (text: string) => string): string {
    const known = this.#normalizedFloats.get(text);
    if (known !== undefined) return known;
    if (this.#normalizedFloats.size >= normalizedFloatsMax) this.#normalizedFloats.clear();
    const normalized = normalize(text);
    this.#normalizedFloats.set(text, normalized);
    return normalized;
  }

  #add(text: string, hash: number): string {
    if (this.#strings.length >= symbolsMax) {
      this.#strings = [];
      this.#hashes = [];
      this.#slots = new Int32Array(smallestTable);
    }
    if ((this.#strings.length + 1) * 2 > this.#slots.length) this.#grow();
    this.#strings.push(text);
    this.#hashes.push(hash);
    this.#place(hash, this.#strings.length);
    return text;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (const [index, hash] of this.#hashes.entries()) this.#place(hash, index + 1);
  }

  #place(hash: number, position: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = position;
  }
}

function isSameAscii(text: string, body: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== body[start + i]) return false;
  return true;
}
