/**
 * A field's text for the rows of a block, read once for each distinct value of its columns. Numbers
 * stand for the texts, so that counting is arithmetic.
 */

import { type ColumnSource, type IdArray, RowReader } from "./column-source.ts";
import { columnsOfPaths, wantsNode } from "./filter-paths.ts";
import type { GroupField } from "./group-field.ts";

/** The texts of one field in one block. */
export class ColumnText {
  readonly texts: string[] = [];
  readonly #ids: { readonly ids: IdArray; readonly size: number }[] = [];
  readonly #reader: RowReader;
  readonly #field: GroupField;
  readonly #byKey = new Map<number, number>();
  readonly #byText = new Map<string, number>();
  /** Number of a text by a single column's id, -1 = not read yet. */
  readonly #direct: Int32Array | undefined;

  constructor(source: ColumnSource, field: GroupField) {
    this.#field = field;
    this.#reader = new RowReader(source, wantsNode(field.paths));
    for (const path of columnsOfPaths(field.paths)) {
      const ids = source.ids(path);
      if (ids !== undefined) this.#ids.push({ ids, size: source.idMax(path) + 1 });
    }
    const [only] = this.#ids;
    if (this.#ids.length === 1 && only !== undefined && only.size <= 1_000_000) {
      this.#direct = new Int32Array(only.size).fill(-1);
    }
  }

  /** The number of a row's text: an index of `texts`. */
  at(row: number): number {
    if (this.#direct !== undefined) {
      const id = this.#ids[0]!.ids[row]!;
      const known = this.#direct[id]!;
      if (known >= 0) return known;
      const index = this.#read(row);
      this.#direct[id] = index;
      return index;
    }
    let key = 0;
    for (let i = 0; i < this.#ids.length; i++) {
      const { ids, size } = this.#ids[i]!;
      key = key * size + ids[row]!;
    }
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.#read(row);
    this.#byKey.set(key, index);
    return index;
  }

  #read(row: number): number {
    const text = this.#field.read(this.#reader.read(row));
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const index = this.texts.push(text) - 1;
    this.#byText.set(text, index);
    return index;
  }
}
