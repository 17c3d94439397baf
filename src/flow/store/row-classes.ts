/**
 * Rows of a block that agree in some columns, counted as one: replays of policies look at a few fields
 * and meet the same few thousand combinations in millions of flows. O(rows x columns), no allocation a
 * row: ids of the columns are folded into one number, renumbered where it would grow too large.
 */

import type { Flow } from "../model/flow.ts";
import { type ColumnSource, type IdArray, RowReader, timeText } from "./column-source.ts";
import { type ColumnNode, flowTree, overflowMark } from "./column-tree.ts";

/** Beyond this a folded number would lose digits. */
const radixMax = 2 ** 52;

/** Flows that agree. */
export interface FlowClass {
  /** Its first flow, with the wanted fields only. */
  readonly flow: Flow;
  count: number;
  /** RFC 3339. */
  readonly firstTime: string;
  readonly lastTime: string;
}

/** Classes of `rows` (in order of time) by the wanted paths: dotted, a message means all below it. */
export function classifyRows(
  source: ColumnSource,
  rows: Uint32Array,
  paths: readonly string[],
): FlowClass[] {
  const wants = (node: ColumnNode) => paths.some((path) => isOnWay(node.path, path));
  const codes = foldColumns(rows, wantedColumns(source, flowTree, wants));
  const classes = new Map<number, { first: number; last: number; count: number }>();
  for (let i = 0; i < rows.length; i++) {
    const code = codes[i]!;
    const known = classes.get(code);
    if (known === undefined) classes.set(code, { first: rows[i]!, last: rows[i]!, count: 1 });
    else {
      known.last = rows[i]!;
      known.count++;
    }
  }
  const reader = new RowReader(source, wants);
  return [...classes.values()].map(({ first, last, count }) => ({
    flow: reader.read(first),
    count,
    firstTime: timeText(source, first),
    lastTime: timeText(source, last),
  }));
}

/** The node is wanted, lies below what is wanted, or above it. */
function isOnWay(node: string, wanted: string): boolean {
  return node === wanted || node.startsWith(`${wanted}.`) || wanted.startsWith(`${node}.`);
}

interface Column {
  readonly ids: IdArray;
  readonly idMax: number;
}

function wantedColumns(
  source: ColumnSource,
  parent: ColumnNode,
  wants: (node: ColumnNode) => boolean,
): Column[] {
  const found: Column[] = [];
  for (const node of parent.children) {
    if (!wants(node)) continue;
    for (const path of [node.path, node.path + overflowMark]) {
      const ids = source.ids(path);
      if (ids !== undefined) found.push({ ids, idMax: source.idMax(path) });
    }
    found.push(...wantedColumns(source, node, wants));
  }
  return found;
}

function foldColumns(rows: Uint32Array, columns: readonly Column[]): Float64Array {
  const codes = new Float64Array(rows.length);
  let radix = 1;
  for (const { ids, idMax } of columns) {
    const size = idMax + 1;
    if (size <= 1) continue;
    if (radix * size > radixMax) radix = renumber(codes);
    for (let i = 0; i < rows.length; i++) codes[i] = codes[i]! * size + ids[rows[i]!]!;
    radix *= size;
  }
  return codes;
}

/** Gives the codes numbers from 0 on; returns how many there are. */
function renumber(codes: Float64Array): number {
  const numbers = new Map<number, number>();
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    let number = numbers.get(code);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(code, number);
    }
    codes[i] = number;
  }
  return numbers.size;
}
