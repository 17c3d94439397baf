/**
 * How samples of finished chunks are packed, about 1 ns a sample to read. A record lies in a page, in
 * units of 8 bytes:
 *
 *   first ms | interval ms | base value | count, value code, time code | times … | values …
 *
 *   times   nothing where all lie on the line first + i * interval, else what they are off it (int16, int32)
 *   values  nothing where all are the base, else what is above it (uint8, uint16, uint32: whole numbers
 *           only), else the 64 bits of each, so that NaNs keep theirs
 */

/** Size of a page; the same in units; a unit's number is a place's lower bits, so many. */
export const pageBytes = 256 * 1024;
export const pageUnits = pageBytes / 8;
export const pageShift = Math.log2(pageUnits);
/** Units before the times. */
export const headerUnits = 4;

/** Bytes each number of a code takes; a time code is 0, 2 or 3. */
export const timeCode = { onLine: 0, int16: 2, int32: 3 } as const;
/** The same of values. */
export const valueCode = { same: 0, uint8: 1, uint16: 2, uint32: 3, bits: 4 } as const;
/** In the word of count and codes: all values are numbers, and none is less than the one before. */
export const plainFlag = 1 << 30;
export const risingFlag = 1 << 31;
const unitsPer16th: readonly number[] = [0, 2, 4, 8, 16];

/** One page; all views are of the same memory. */
export interface Page {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly int32s: Int32Array;
  readonly int16s: Int16Array;
  readonly uint16s: Uint16Array;
  readonly uint8s: Uint8Array;
  /** Counts how often pages were begun; part of each handle, so that an old one is known. */
  epoch: number;
}

/** An empty page, begun as number `epoch`. */
export function createPage(epoch: number): Page {
  const buffer = new ArrayBuffer(pageBytes);
  return {
    doubles: new Float64Array(buffer),
    words: new Uint32Array(buffer),
    int32s: new Int32Array(buffer),
    int16s: new Int16Array(buffer),
    uint16s: new Uint16Array(buffer),
    uint8s: new Uint8Array(buffer),
    epoch,
  };
}

/** Units that `count` numbers of a code take. */
export function unitsFor(code: number, count: number): number {
  return Math.ceil((count * unitsPer16th[code]!) / 16);
}

/** The narrowest code for whole numbers of which the least and the largest are `span` < 2^32 apart. */
export function codeOfSpan(span: number): number {
  if (span === 0) return valueCode.same;
  if (span < 2 ** 8) return valueCode.uint8;
  return span < 2 ** 16 ? valueCode.uint16 : valueCode.uint32;
}

/** The page as numbers of a code of whole numbers, and how many of them are in a unit. */
export function wholeNumbers(
  page: Page,
  value: number,
): [Uint8Array | Uint16Array | Uint32Array, number] {
  if (value === valueCode.uint8) return [page.uint8s, 8];
  return value === valueCode.uint16 ? [page.uint16s, 4] : [page.words, 2];
}
