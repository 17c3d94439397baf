/**
 * Flows out of the store in order of time: blocks are opened as their span is reached and merged, since
 * neighbours overlap a little. Memory: the open blocks' columns and, for the newest N, N flows.
 */

import { assert } from "../../base/assert.ts";
import { LimitError } from "../../base/errors.ts";
import type { FlowSearch } from "../flow-history.ts";
import type { Flow } from "../model/flow.ts";
import { nextTurn } from "../turns.ts";
import { type ColumnSource, RowReader } from "./column-source.ts";
import type { BlockRef, FlowBlocks } from "./flow-blocks.ts";
import { RowFilter, type TimeSpan } from "./row-filter.ts";

const batchFlows = 500;
/** The newest so many can be asked for at once. */
export const lastMax = 1_000_000;

/** Which way time runs in an answer. */
export type SearchDirection = "forward" | "backward";

/** One flow that was found, and when: ms since the epoch with fractions. */
export interface FoundFlow {
  readonly flow: Flow;
  readonly timeMs: number;
}

/** What to look for. */
export interface OrderedSearch {
  readonly span: TimeSpan;
  readonly filter: RowFilter;
  readonly direction: SearchDirection;
  readonly signal?: AbortSignal | undefined;
}

/** FlowHistory's search over a store. */
export async function* searchFlows(store: FlowBlocks, search: FlowSearch): AsyncGenerator<Flow[]> {
  const { first, last, signal, sinceMs, untilMs } = search;
  assert(first === undefined || last === undefined, "first and last exclude each other");
  const span = { sinceMs, untilMs };
  const filter = new RowFilter(search.filter);
  if (last !== undefined) {
    yield* newest(store, { span, filter, direction: "backward", signal }, last);
    return;
  }
  let left = first ?? Number.POSITIVE_INFINITY;
  let batch: Flow[] = [];
  if (left <= 0) return;
  for await (const { flow } of orderedFlows(store, {
    span,
    filter,
    direction: "forward",
    signal,
  })) {
    batch.push(flow);
    if (--left <= 0) break;
    if (batch.length < batchFlows) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* newest(
  store: FlowBlocks,
  search: OrderedSearch,
  count: number,
): AsyncGenerator<Flow[]> {
  if (count > lastMax) {
    throw new LimitError(
      `cannot give the last ${count} flows: at most ${lastMax} are held at once`,
      {
        limit: "last",
        actual: count,
      },
    );
  }
  const found: Flow[] = [];
  if (count <= 0) return;
  for await (const { flow } of orderedFlows(store, search)) {
    found.push(flow);
    if (found.length >= count) break;
  }
  found.reverse();
  for (let at = 0; at < found.length; at += batchFlows) yield found.slice(at, at + batchFlows);
}

/** An open block and how far it has been read. */
interface Cursor {
  readonly source: ColumnSource;
  readonly reader: RowReader;
  readonly rows: Uint32Array;
  next: number;
  /** Time of the next row, ms. */
  timeMs: number;
}

/** Matching flows in order of time. Ends early, without an error, when the signal says so. */
export async function* orderedFlows(
  store: FlowBlocks,
  search: OrderedSearch,
): AsyncGenerator<FoundFlow> {
  const { blocks, release } = store.acquireBlocks(search.span);
  try {
    yield* mergeBlocks(store, inOrder(blocks, search.direction), search);
  } finally {
    release();
  }
}

async function* mergeBlocks(
  store: FlowBlocks,
  blocks: BlockRef[],
  search: OrderedSearch,
): AsyncGenerator<FoundFlow> {
  const { direction, signal } = search;
  const isForward = direction === "forward";
  const open: Cursor[] = [];
  let nextBlock = 0;
  for (;;) {
    if (signal?.aborted === true) return;
    const head = open[0];
    const block = blocks[nextBlock];
    if (block !== undefined && (head === undefined || isReached(block, head.timeMs, isForward))) {
      nextBlock++;
      const cursor = openCursor(store, block, search);
      if (cursor !== undefined) insert(open, cursor, isForward);
      await nextTurn();
      continue;
    }
    if (head === undefined) return;
    const row = head.rows[head.next] as number;
    yield { flow: head.reader.read(row), timeMs: head.timeMs };
    head.next += isForward ? 1 : -1;
    open.shift();
    if (advance(head)) insert(open, head, isForward);
  }
}

function inOrder(blocks: readonly BlockRef[], direction: SearchDirection): BlockRef[] {
  return direction === "forward"
    ? [...blocks].sort((a, b) => a.minMs - b.minMs)
    : [...blocks].sort((a, b) => b.maxMs - a.maxMs);
}

/** Whether a block may hold a flow that comes before `timeMs`. */
function isReached(block: BlockRef, timeMs: number, isForward: boolean): boolean {
  return isForward ? block.minMs <= timeMs : block.maxMs >= timeMs;
}

function openCursor(store: FlowBlocks, block: BlockRef, search: OrderedSearch): Cursor | undefined {
  try {
    const source = block.open();
    const rows = search.filter.select(source, search.span);
    const next = search.direction === "forward" ? 0 : rows.length - 1;
    const cursor = { source, reader: new RowReader(source), rows, next, timeMs: 0 };
    return advance(cursor) ? cursor : undefined;
  } catch (thrown) {
    store.noteDamage(block, thrown);
    return undefined;
  }
}

/** Notes the time of the next row; false = there is none. */
function advance(cursor: Cursor): boolean {
  const row = cursor.rows[cursor.next];
  if (row === undefined) return false;
  cursor.timeMs = cursor.source.baseMs + (cursor.source.offsetsNs()[row] as number) / 1e6;
  return true;
}

/** Keeps the list in order; equal times go behind, so that blocks come in their own order. */
function insert(open: Cursor[], cursor: Cursor, isForward: boolean): void {
  let at = 0;
  while (at < open.length) {
    const other = (open[at] as Cursor).timeMs;
    if (isForward ? other > cursor.timeMs : other < cursor.timeMs) break;
    at++;
  }
  open.splice(at, 0, cursor);
}
