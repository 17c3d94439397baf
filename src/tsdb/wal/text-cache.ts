/**
 * Label names and values of log records as strings. The same few texts come again with every series, and
 * decoding one costs ten times as much as knowing it again by its bytes: a table with one place a
 * hash, in which a later text takes the place of an earlier one.
 */

const decoder = new TextDecoder();
const placeCount = 4096;
/** Longer texts are rare and decoded each time. One byte of the place is the length. */
const placeBytes = 64;
const textMaxBytes = placeBytes - 1;

/** Texts seen lately; 256 KiB. */
export class TextCache {
  readonly #bytes = new Uint8Array(placeCount * placeBytes);
  readonly #texts: string[] = new Array<string>(placeCount).fill("");

  /** The text of the UTF-8 bytes[from, to). */
  textOf(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from;
    if (length > textMaxBytes) return decoder.decode(bytes.subarray(from, to));
    let hash = length;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const place = (hash ^ (hash >>> 15)) & (placeCount - 1);
    const known = this.#bytes;
    const at = place * placeBytes;
    let same = known[at] === length ? 0 : -1;
    while (same >= 0 && same < length && known[at + 1 + same] === bytes[from + same]) same++;
    if (same === length) return this.#texts[place]!;
    const text = decoder.decode(bytes.subarray(from, to));
    known[at] = length;
    for (let i = 0; i < length; i++) known[at + 1 + i] = bytes[from + i]!;
    this.#texts[place] = text;
    return text;
  }
}
