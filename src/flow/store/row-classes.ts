/**
 * Rows of a block that agree in some columns, counted as one: replays of policies look at a few fields
 * and meet the same few thousand combinations in millions of flows.
 */

import type { Flow } from "../model/flow.ts";
import { type ColumnSource, RowReader, timeText } from "./column-source.ts";
import { type ColumnNode, flowTree, overflowMark } from "./column-tree.ts";
import { codeRows } from "./row-codes.ts";

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
  const { codes, firstRows } = codeRows(source, wantedColumns(flowTree, wants), rows);
  const lasts = new Uint32Array(firstRows.length);
  const counts = new Float64Array(firstRows.length);
  for (let i = 0; i < rows.length; i++) {
    const code = codes[i]!;
    lasts[code] = rows[i]!;
    counts[code] = counts[code]! + 1;
  }
  const reader = new RowReader(source, wants);
  return firstRows.map((first, code) => ({
    flow: reader.read(first),
    count: counts[code]!,
    firstTime: timeText(source, first),
    lastTime: timeText(source, lasts[code]!),
  }));
}

/** The node is wanted, lies below what is wanted, or above it. */
function isOnWay(node: string, wanted: string): boolean {
  return node === wanted || node.startsWith(`${wanted}.`) || wanted.startsWith(`${node}.`);
}

function* wantedColumns(
  parent: ColumnNode,
  wants: (node: ColumnNode) => boolean,
): Generator<string> {
  for (const node of parent.children) {
    if (!wants(node)) continue;
    yield node.path;
    yield node.path + overflowMark;
    yield* wantedColumns(node, wants);
  }
}
