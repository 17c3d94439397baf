/** Row numbers of a table in the order of one column; what is empty stays last either way. Pure. */

import type { FieldValues } from "../../../src/dashboard/frame.ts";

/** Column and direction. */
export interface RowOrder {
  readonly name: string;
  readonly isDescending: boolean;
}

/** Rows 0 to count - 1; as they come without a column. Stable. */
export function sortRows(
  count: number,
  values: FieldValues | undefined,
  isDescending: boolean,
): readonly number[] {
  const rows = Array.from({ length: count }, (_, row) => row);
  if (values === undefined) return rows;
  return rows.sort((a, b) => compareCells(values[a], values[b], isDescending) || a - b);
}

function compareCells(a: unknown, b: unknown, isDescending: boolean): number {
  const isEmpty = (value: unknown) => value === null || value === undefined || Number.isNaN(value);
  if (isEmpty(a) || isEmpty(b)) return Number(isEmpty(a)) - Number(isEmpty(b));
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  return isDescending ? -order : order;
}
