/**
 * Rows numbered by what they have in some columns: rows that agree in all of them get the same number,
 * counted from 0 in the order of first sight. O(rows x columns) over typed arrays, nothing allocated a
 * row: ids are folded into one number, renumbered where it would grow past what a double holds exactly.
 */

import type { ColumnSource, IdArray } from "./column-source.ts";

/** Beyond this a folded number would lose digits. */
const radixMax = 2 ** 52;
const firstCapacity = 512;

/** Numbers of some rows. */
export interface RowCodes {
  /** By place among the rows that were asked for. */
  readonly codes: Float64Array;
  /** The first row that has each number. */
  readonly firstRows: readonly number[];
}

/** Numbers `rows` (undefined = all) by the columns of these paths. */
export function codeRows(
  source: ColumnSource,
  paths: Iterable<string>,
  rows: Uint32Array | undefined,
): RowCodes {
  const codes = new Float64Array(rows?.length ?? source.rowCount);
  let radix = 1;
  for (const path of paths) {
    const ids = source.ids(path);
    const size = source.idMax(path) + 1;
    if (ids === undefined || size <= 1) continue;
    if (radix * size > radixMax) radix = numberFrom0(codes).length;
    if (radix * size > radixMax) {
      // An id beyond 2^52 / rows: the column is numbered by itself first.
      const own = rowValues(ids, rows, codes.length);
      const count = numberFrom0(own).length;
      fold(codes, own, undefined, count);
      radix *= count;
      continue;
    }
    fold(codes, ids, rows, size);
    radix *= size;
  }
  const firsts = numberFrom0(codes);
  return { codes, firstRows: rows === undefined ? firsts : firsts.map((at) => rows[at]!) };
}

/** Numbers the same rows by several numberings at once: rows that agree in all get the same number. */
export function joinCodes(parts: readonly RowCodes[], rows: Uint32Array): RowCodes {
  const codes = new Float64Array(rows.length);
  let firsts = numberFrom0(codes);
  for (const part of parts) {
    // Both factors are at most the number of rows, far below the square root of radixMax.
    fold(codes, part.codes, undefined, part.firstRows.length);
    firsts = numberFrom0(codes);
  }
  return { codes, firstRows: firsts.map((at) => rows[at]!) };
}

function fold(
  codes: Float64Array,
  ids: IdArray,
  rows: Uint32Array | undefined,
  size: number,
): void {
  if (rows === undefined) {
    for (let i = 0; i < codes.length; i++) codes[i] = codes[i]! * size + ids[i]!;
    return;
  }
  for (let i = 0; i < codes.length; i++) codes[i] = codes[i]! * size + ids[rows[i]!]!;
}

function rowValues(ids: IdArray, rows: Uint32Array | undefined, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = ids[rows === undefined ? i : rows[i]!]!;
  return values;
}

/** Replaces codes by numbers from 0 on; returns where each came first. */
function numberFrom0(codes: Float64Array): number[] {
  const table = new NumberTable();
  const firsts: number[] = [];
  for (let i = 0; i < codes.length; i++) {
    const number = table.numberOf(codes[i]!);
    if (number === firsts.length) firsts.push(i);
    codes[i] = number;
  }
  return firsts;
}

/** Whole numbers up to 2^53 → numbers from 0 on, open addressing. */
class NumberTable {
  #slots = new Int32Array(firstCapacity * 2);
  #keys = new Float64Array(firstCapacity);
  #size = 0;

  numberOf(key: number): number {
    let slot = this.#probe(key);
    const entry = this.#slots[slot]!;
    if (entry !== 0) return entry - 1;
    if (this.#size === this.#keys.length) {
      this.#grow();
      slot = this.#probe(key);
    }
    this.#keys[this.#size] = key;
    this.#slots[slot] = ++this.#size;
    return this.#size - 1;
  }

  #probe(key: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    let slot = hashPair(key | 0, (key / 0x1_0000_0000) | 0) & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (keys[entry - 1] === key) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#slots = new Int32Array(keys.length * 2);
    for (let i = 0; i < this.#size; i++) this.#slots[this.#probe(keys[i]!)] = i + 1;
  }
}

/** A hash of two 32-bit numbers, for tables of a power of two. */
export function hashPair(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
