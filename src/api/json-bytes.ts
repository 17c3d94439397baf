/**
 * JSON as bytes: for answers of very many numbers, which as strings would be joined, flattened and
 * encoded one after the other. The caller knows the grammar; this knows how to write fast. Grows by
 * doubling. About 40 ns a point of a matrix where the value is a whole number, 60 to 90 where it is not.
 */

import { DecimalBytes } from "../model/decimal-bytes.ts";
import { formatSampleValue } from "../model/value-format.ts";

/** Bytes that the longest number takes. */
const numberBytesMax = Math.max(DecimalBytes.room, 32);
const encoder = new TextEncoder();

/** Short texts of ASCII, to be copied again and again: four bytes in each word, the first one lowest. */
export class AsciiTexts {
  /** As many words for each. */
  readonly words: Int32Array;
  readonly wordsEach: number;
  /** Characters; the bytes behind them mean nothing. */
  readonly lengths: Uint16Array;

  constructor(texts: readonly string[]) {
    this.lengths = Uint16Array.from(texts, ({ length }) => length);
    this.wordsEach = (this.lengths.reduce((most, length) => Math.max(most, length), 0) + 3) >> 2;
    this.words = new Int32Array(texts.length * this.wordsEach);
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i] as string;
      const from = i * this.wordsEach;
      for (let c = 0; c < text.length; c++) {
        const byte = text.charCodeAt(c) << ((c & 3) * 8);
        this.words[from + (c >> 2)] = (this.words[from + (c >> 2)] as number) | byte;
      }
    }
  }
}

/** See the head comment. */
export class JsonBytes {
  readonly #decimals = new DecimalBytes();
  readonly #capacity: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** `capacity` bytes are made room for at first, and again after each `take`. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends any text, as UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Appends a text and behind it a sample's value as Prometheus prints it; the quotes are the caller's. */
  value({ words, wordsEach, lengths }: AsciiTexts, index: number, value: number): void {
    this.#reserve(wordsEach * 4 + numberBytesMax);
    const bytes = this.#bytes;
    const view = this.#view;
    let at = this.#length;
    const from = index * wordsEach;
    // A loop, since `set` costs more than so few bytes.
    for (let i = 0; i < wordsEach; i++) view.setInt32(at + i * 4, words[from + i] as number, true);
    at += lengths[index] as number;
    if ((value | 0) === value && (value > 0 || Object.is(value, 0))) {
      this.#length = writeWhole(bytes, at, value);
      return;
    }
    const end = this.#decimals.write(bytes, view, at, value);
    if (end > 0) {
      this.#length = end;
      return;
    }
    const text = formatSampleValue(value);
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** What was written, which is the taker's from now on; starts anew. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    // Not filled with zeros, nor a part of Node's pool: answers are large.
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#capacity, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Writes the digits of a whole number from 0 to 2^31 - 1; returns the place behind them. */
function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; limit <= value; limit *= 10) digits++;
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    bytes[place] = 48 + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}
