/**
 * Values made from bytes that come again and again: names of pods, labels, whole endpoints. A table
 * with one place a hash, so its size is fixed and the newer value wins: a cluster with more names than
 * places only loses speed. A find hashes and compares the bytes once and allocates nothing. Values are
 * shared between flows and must not be changed. Watched by bench/flows.ts.
 */

import { isUtf8 } from "node:buffer";

/** Longer texts are made anew each time: they hardly ever repeat. */
const textBytesMax = 96;

/** Texts by their UTF-8 bytes; only ASCII is kept, the rest is decoded each time. */
export class TextCache {
  readonly #texts: (string | undefined)[];
  readonly #mask: number;

  /** `placeCount` is a power of two. */
  constructor(placeCount = 16_384) {
    this.#texts = new Array<string | undefined>(placeCount).fill(undefined);
    this.#mask = placeCount - 1;
  }

  /** The text of `bytes` from `start` up to `end`; undefined: they are no UTF-8. */
  get(bytes: Buffer, start: number, end: number): string | undefined {
    const length = end - start;
    if (length === 0) return "";
    if (length > textBytesMax) return decodeUtf8(bytes, start, end);
    let hash = length;
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      all |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (all >= 0x80) return decodeUtf8(bytes, start, end);
    const place = (hash ^ (hash >>> 15)) & this.#mask;
    const known = this.#texts[place];
    if (known !== undefined && isSameText(known, bytes, start, length)) return known;
    const text = bytes.toString("latin1", start, end);
    this.#texts[place] = text;
    return text;
  }
}

/**
 * A text that is not kept; undefined: the bytes are no UTF-8. They are looked at a second time only where
 * the text has U+FFFD, which a text of ASCII or Latin letters is known not to have by its representation.
 */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString("utf8", start, end);
  if (!text.includes("\ufffd")) return text;
  return isUtf8(bytes.subarray(start, end)) ? text : undefined;
}

function isSameText(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]!) return false;
  return true;
}

/** Values of one kind by the bytes that they were decoded from. */
export class ValueCache<Value> {
  readonly #keys: (Buffer | undefined)[];
  readonly #values: (Value | undefined)[];
  readonly #mask: number;

  /** `placeCount` is a power of two. */
  constructor(placeCount: number) {
    this.#keys = new Array<Buffer | undefined>(placeCount).fill(undefined);
    this.#values = new Array<Value | undefined>(placeCount).fill(undefined);
    this.#mask = placeCount - 1;
  }

  /** The place where a value of these bytes is or goes; valid until the table is used again. */
  place(bytes: Buffer, start: number, end: number): number {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  /** The value at `place`, if it was made from the same bytes. */
  at(place: number, bytes: Buffer, start: number, end: number): Value | undefined {
    const key = this.#keys[place];
    if (key === undefined || key.length !== end - start) return undefined;
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return undefined;
    return this.#values[place];
  }

  /** Keeps a value with a copy of its bytes. */
  put(place: number, bytes: Buffer, start: number, value: Value, end: number): void {
    this.#keys[place] = Buffer.from(bytes.subarray(start, end));
    this.#values[place] = value;
  }
}
