/**
 * Columns put on top of each other, as Grafana stacks: series of one group add up from the first,
 * those below zero downwards on their own; a hole counts as nothing but stays a hole in its own line.
 */

import type { Column } from "./chart-columns.ts";

/** How one series takes part. `group` undefined: not stacked. */
export interface StackMember {
  readonly group: string | undefined;
  readonly isPercent: boolean;
  readonly isVisible: boolean;
}

/** Drawn columns, and for each series the one it lies on (to fill between), undefined for the axis. */
export interface Stacked {
  readonly columns: readonly Column[];
  readonly below: readonly (number | undefined)[];
}

/** Stacks visible members; hidden ones keep their raw column, which is not drawn. O(cells). */
export function stackColumns(columns: readonly Column[], members: readonly StackMember[]): Stacked {
  const totals = new Map<string, { sums: number[]; last: number | undefined }>();
  const percentTotals = sumPercentGroups(columns, members);
  const below: (number | undefined)[] = [];
  const stacked = columns.map((column, index) => {
    const member = members[index];
    below.push(undefined);
    if (member?.group === undefined || !member.isVisible) return column;
    const key = `${member.group}${isNegative(column) ? "-" : "+"}`;
    const total = totals.get(key) ?? {
      sums: new Array<number>(column.length).fill(0),
      last: undefined,
    };
    totals.set(key, total);
    below[index] = total.last;
    total.last = index;
    const whole = member.isPercent ? percentTotals.get(member.group) : undefined;
    return addColumn(column, total.sums, whole);
  });
  return { columns: stacked, below };
}

/** Adds `column` onto `sums` in place and returns the line to draw. */
function addColumn(column: Column, sums: number[], whole: readonly number[] | undefined): Column {
  const drawn: Column = new Array<number | null>(column.length).fill(null);
  for (let index = 0; index < column.length; index++) {
    const value = column[index]!;
    if (value === null) continue;
    const total = whole?.[index] ?? 1;
    const share = whole === undefined ? value : total === 0 ? 0 : value / total;
    sums[index] = sums[index]! + share;
    drawn[index] = sums[index]!;
  }
  return drawn;
}

function sumPercentGroups(
  columns: readonly Column[],
  members: readonly StackMember[],
): Map<string, number[]> {
  const totals = new Map<string, number[]>();
  for (const [index, column] of columns.entries()) {
    const member = members[index];
    if (member?.group === undefined || !member.isPercent || !member.isVisible) continue;
    const sums = totals.get(member.group) ?? new Array<number>(column.length).fill(0);
    totals.set(member.group, sums);
    for (let row = 0; row < column.length; row++)
      sums[row] = sums[row]! + Math.abs(column[row] ?? 0);
  }
  return totals;
}

function isNegative(column: Column): boolean {
  let sum = 0;
  for (let index = 0; index < column.length; index++) sum += column[index] ?? 0;
  return sum < 0;
}
