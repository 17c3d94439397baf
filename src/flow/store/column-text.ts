/**
 * A field's text for rows of a block, read once for each distinct combination of its columns. Numbers
 * stand for the texts, so that counting is arithmetic.
 */

import { type ColumnSource, RowReader } from "./column-source.ts";
import { columnsOfPaths, wantsNode } from "./filter-paths.ts";
import type { GroupField } from "./group-field.ts";
import { codeRows, type RowCodes } from "./row-codes.ts";

/** The texts of one field for some rows of one block. */
export class ColumnText {
  readonly texts: string[] = [];
  readonly #rows: RowCodes;
  readonly #reader: RowReader;
  readonly #field: GroupField;
  readonly #byText = new Map<string, number>();
  /** Number of a text by code, -1 = not read yet. */
  readonly #numbers: Int32Array;

  /** `rows` in any order; undefined = all. */
  constructor(source: ColumnSource, field: GroupField, rows: Uint32Array | undefined) {
    this.#field = field;
    this.#reader = new RowReader(source, wantsNode(field.paths));
    this.#rows = codeRows(source, columnsOfPaths(field.paths), rows);
    this.#numbers = new Int32Array(this.#rows.firstRows.length).fill(-1);
  }

  /** The number of a row's text: an index of `texts`. `index` is the row's place among the rows. */
  at(index: number): number {
    const code = this.#rows.codes[index]!;
    const known = this.#numbers[code]!;
    return known >= 0 ? known : this.#read(code);
  }

  #read(code: number): number {
    const text = this.#field.read(this.#reader.read(this.#rows.firstRows[code]!));
    let number = this.#byText.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.#byText.set(text, number);
    }
    this.#numbers[code] = number;
    return number;
  }
}
