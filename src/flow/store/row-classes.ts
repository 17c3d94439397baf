/**
 * Rows of a block that agree in some columns, counted as one: replays of policies look at a few fields
 * and meet the same few thousand combinations in millions of flows.
 */

import type { Flow } from "../model/flow.ts";
import { type ColumnSource, RowReader, timeText } from "./column-source.ts";
import { type ColumnNode, flowTree, overflowMark } from "./column-tree.ts";
import { codeRows, joinCodes, type RowCodes } from "./row-codes.ts";

/** Flows that agree. */
export interface FlowClass {
  /** Its first flow, with the wanted fields only. */
  readonly flow: Flow;
  count: number;
  /** RFC 3339. */
  readonly firstTime: string;
  readonly lastTime: string;
}

/** Columns that classes are told apart by. */
export interface ClassPart {
  /** Dotted; a message means all below it. */
  readonly paths: readonly string[];
  /** Takes a flow with these fields only: rows of the same text agree. Without it every value counts. */
  readonly textOf?: (flow: Flow) => string;
}

/** Flows read between two turns of the event loop: a few milliseconds. */
const readsPerSlice = 1000;

/** Classes of `rows` (in order of time) that agree in all parts. Yields every few milliseconds. */
export function* classifyRows(
  source: ColumnSource,
  rows: Uint32Array,
  parts: readonly ClassPart[],
): Generator<void, FlowClass[]> {
  const numberings: RowCodes[] = [];
  for (const { paths, textOf } of parts) {
    const wants = wantsOf(paths);
    const codes = codeRows(source, wantedColumns(flowTree, wants), rows);
    yield;
    numberings.push(
      textOf === undefined
        ? codes
        : yield* mergeByText(codes, new RowReader(source, wants), textOf),
    );
  }
  const { codes, firstRows } = joinCodes(numberings, rows);
  yield;
  const lasts = new Uint32Array(firstRows.length);
  const counts = new Float64Array(firstRows.length);
  for (let i = 0; i < rows.length; i++) {
    const code = codes[i]!;
    lasts[code] = rows[i]!;
    counts[code] = counts[code]! + 1;
  }
  const reader = new RowReader(source, wantsOf(parts.flatMap(({ paths }) => paths)));
  const classes: FlowClass[] = [];
  for (const [code, first] of firstRows.entries()) {
    if (code % readsPerSlice === readsPerSlice - 1) yield;
    classes.push({
      flow: reader.read(first),
      count: counts[code]!,
      firstTime: timeText(source, first),
      lastTime: timeText(source, lasts[code]!),
    });
  }
  return classes;
}

/** Renumbers in place: codes whose first flows give the same text become one. */
function* mergeByText(
  { codes, firstRows }: RowCodes,
  reader: RowReader,
  textOf: (flow: Flow) => string,
): Generator<void, RowCodes> {
  const numberOfText = new Map<string, number>();
  const numbers = new Float64Array(firstRows.length);
  const firsts: number[] = [];
  for (const [code, first] of firstRows.entries()) {
    if (code % readsPerSlice === readsPerSlice - 1) yield;
    const text = textOf(reader.read(first));
    let number = numberOfText.get(text);
    if (number === undefined) {
      number = firsts.push(first) - 1;
      numberOfText.set(text, number);
    }
    numbers[code] = number;
  }
  for (let i = 0; i < codes.length; i++) codes[i] = numbers[codes[i]!]!;
  return { codes, firstRows: firsts };
}

function wantsOf(paths: readonly string[]): (node: ColumnNode) => boolean {
  return (node) => paths.some((path) => isOnWay(node.path, path));
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
