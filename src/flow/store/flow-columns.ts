/**
 * The rows being written, in columns from the first on, so that they can be searched at once and
 * sealed without another walk over the flows. Append costs one walk over the flow's members; columns
 * are made when a path is first seen, and grow by doubling. Watched by bench/flow-store.ts.
 */

import { assert } from "../../base/assert.ts";
import type { Flow } from "../model/flow.ts";
import { type ColumnSource, type IdArray, writeUuid } from "./column-source.ts";
import { type ColumnNode, flowTree, nodeCount, overflowMark } from "./column-tree.ts";
import { FlowTimeParser } from "./flow-time.ts";
import { summaryPattern } from "./summary-pattern.ts";
import { ValueDictionary } from "./value-dictionary.ts";

const firstCapacity = 1024;
/** Highest number that a number column holds, so that one more still fits its array. */
const uint32Max = 0xffff_fffe;

/** Rows of one block lie so close that nanoseconds between them are exact in a double (104 days). */
const spanMsMax = 30 * 24 * 3_600_000;

/** One column being written. */
export interface HotColumn {
  readonly path: string;
  /** As narrow as the ids so far allow. */
  ids: IdArray;
  /** Highest id that `ids` can hold. */
  limit: number;
  /** The last row with a value. */
  lastRow: number;
  /** undefined = a number or presence column. */
  readonly dictionary: ValueDictionary | undefined;
  idMax: number;
}

/** Rows in memory. */
export class FlowColumns implements ColumnSource {
  readonly #columns = new Map<string, HotColumn>();
  readonly #byNode: (HotColumn | undefined)[] = new Array(nodeCount).fill(undefined);
  readonly #times = new FlowTimeParser();
  #offsets: Float64Array;
  #uuids: Uint8Array | undefined;
  #rowCount = 0;
  #baseMs = 0;
  #lastOffset = Number.NEGATIVE_INFINITY;
  #minOffset = Number.POSITIVE_INFINITY;
  #maxOffset = Number.NEGATIVE_INFINITY;
  isSorted = true;

  /** `capacity` rows fit before anything grows. */
  constructor(capacity = firstCapacity) {
    this.#offsets = new Float64Array(capacity);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get baseMs(): number {
    return this.#baseMs;
  }

  /** First and last moment, ms since the epoch with a fraction; meaningless without rows. */
  get minMs(): number {
    return this.#baseMs + this.#minOffset / 1e6;
  }

  get maxMs(): number {
    return this.#baseMs + this.#maxOffset / 1e6;
  }

  /** Characters in dictionaries: what to bound beside the rows. */
  get textChars(): number {
    let chars = 0;
    for (const { dictionary } of this.#columns.values()) chars += dictionary?.textChars ?? 0;
    return chars;
  }

  /**
   * Adds a row; a flow without a readable time gets `arrivedMs`. The flow's parts are kept: it must not
   * change. False, and nothing done, when it lies too far from the others in time: a new block is due.
   */
  append(flow: Flow, arrivedMs: number): boolean {
    const row = this.#rowCount;
    const isTimed = this.#times.parse(flow.time ?? "");
    const ms = isTimed ? this.#times.ms : arrivedMs;
    if (row > 0 && Math.abs(ms - this.#baseMs) > spanMsMax) return false;
    if (row === this.#offsets.length) this.#grow();
    if (row === 0) this.#baseMs = ms;
    const offset = (ms - this.#baseMs) * 1e6 + (isTimed ? this.#times.nanos : 0);
    this.#offsets[row] = offset;
    this.#noteOffset(offset);
    // Before the walk: columns that it makes must be as long as the rows.
    this.#rowCount = row + 1;
    this.#appendMessage(flow as Record<string, unknown>, flowTree, flow);
    return true;
  }

  offsetsNs(): Float64Array {
    return this.#offsets;
  }

  ids(path: string): IdArray | undefined {
    return this.#columns.get(path)?.ids;
  }

  idMax(path: string): number {
    return this.#columns.get(path)?.idMax ?? 0;
  }

  value(path: string, id: number): unknown {
    return this.#columns.get(path)?.dictionary?.get(id);
  }

  uuidBytes(): Uint8Array | undefined {
    return this.#uuids;
  }

  /** Every column, for the codec. */
  columns(): Iterable<HotColumn> {
    return this.#columns.values();
  }

  /** Takes rows as the codec wrote them (a batch of the log): they follow those that are there. */
  importRows(batch: ImportedRows): void {
    const start = this.#rowCount;
    while (start + batch.rowCount > this.#offsets.length) this.#grow();
    if (start === 0) this.#baseMs = batch.baseMs;
    assert(batch.baseMs === this.#baseMs, "batches of one log share their base time");
    for (let i = 0; i < batch.rowCount; i++) this.#noteOffset(batch.offsets[i]!);
    this.#offsets.set(batch.offsets.subarray(0, batch.rowCount), start);
    this.#rowCount = start + batch.rowCount;
    for (const { path, ids, values } of batch.columns) {
      const column = this.#columnOf(path, values !== undefined);
      for (const value of values ?? []) column.dictionary?.append(value);
      for (let i = 0; i < batch.rowCount; i++) {
        if (ids[i]! > column.idMax) column.idMax = ids[i]!;
      }
      if (column.idMax > column.limit) widen(column);
      column.ids.set(ids.subarray(0, batch.rowCount), start);
      column.lastRow = this.#rowCount - 1;
    }
    if (batch.uuids !== undefined) this.#uuidArray().set(batch.uuids, start * 16);
  }

  #noteOffset(offset: number): void {
    if (offset < this.#lastOffset) this.isSorted = false;
    this.#lastOffset = offset;
    if (offset < this.#minOffset) this.#minOffset = offset;
    if (offset > this.#maxOffset) this.#maxOffset = offset;
  }

  #appendMessage(object: Record<string, unknown>, node: ColumnNode, flow: Flow): void {
    const { byKey } = node;
    let rest: Record<string, unknown> | undefined;
    for (const key in object) {
      const value = object[key];
      if (value === undefined) continue;
      const child = byKey.get(key);
      if (child === undefined || !this.#appendValue(child, value, flow)) {
        rest ??= {};
        rest[key] = value;
      }
    }
    if (rest !== undefined && node.rest !== undefined) this.#intern(node.rest, rest);
  }

  /** False, and nothing done, for a value of a kind that the descriptors do not foresee: it goes with the unknown fields. */
  #appendValue(node: ColumnNode, value: unknown, flow: Flow): boolean {
    if (node.leaf === "dictionary") {
      if (value === null) return false;
      this.#intern(node, value);
      return true;
    }
    if (node.leaf === undefined) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      this.#put(node, 1);
      this.#appendMessage(value as Record<string, unknown>, node, flow);
      return true;
    }
    if (!canHold(node, value)) return false;
    if (node.leaf === "summary") this.#intern(node, summaryPattern(value as string, flow));
    else {
      const id = this.#plainId(node, value);
      if (id > 0) this.#put(node, id);
      else this.#overflow(node, value);
    }
    return true;
  }

  /** The id of a value without a dictionary; 0 = the column cannot hold it. */
  #plainId(node: ColumnNode, value: unknown): number {
    switch (node.leaf) {
      case "number":
        return typeof value === "number" && value >= 0 && value < uint32Max ? value + 1 : 0;
      case "number64": {
        const number = Number(value);
        const isHeld = number >= 0 && number < Number.MAX_SAFE_INTEGER && String(number) === value;
        return isHeld ? number + 1 : 0;
      }
      case "uuid":
        return writeUuid(value as string, this.#uuidArray(), (this.#rowCount - 1) * 16) ? 1 : 0;
      default:
        return this.#times.isCanonical ? 1 : 0;
    }
  }

  #put(node: ColumnNode, id: number): void {
    this.#set(this.#byNode[node.index] ?? this.#nodeColumn(node), id);
  }

  #set(column: HotColumn, id: number): void {
    if (id > column.idMax) {
      column.idMax = id;
      if (id > column.limit) widen(column);
    }
    const row = this.#rowCount - 1;
    column.ids[row] = id;
    column.lastRow = row;
  }

  #intern(node: ColumnNode, value: unknown): void {
    const column = this.#byNode[node.index] ?? this.#nodeColumn(node);
    this.#set(column, (column.dictionary as ValueDictionary).intern(value));
  }

  #overflow(node: ColumnNode, value: unknown): void {
    const column = this.#columnOf(node.path + overflowMark, true);
    this.#set(column, (column.dictionary as ValueDictionary).intern(value));
  }

  #nodeColumn(node: ColumnNode): HotColumn {
    const hasDictionary = node.leaf === "dictionary" || node.leaf === "summary";
    const column = this.#columnOf(node.path, hasDictionary);
    this.#byNode[node.index] = column;
    return column;
  }

  #columnOf(path: string, hasDictionary: boolean): HotColumn {
    const known = this.#columns.get(path);
    if (known !== undefined) return known;
    const made: HotColumn = {
      path,
      ids: new Uint8Array(this.#offsets.length),
      limit: 0xff,
      lastRow: -1,
      dictionary: hasDictionary ? new ValueDictionary() : undefined,
      idMax: 0,
    };
    this.#columns.set(path, made);
    return made;
  }

  #uuidArray(): Uint8Array {
    this.#uuids ??= new Uint8Array(this.#offsets.length * 16);
    return this.#uuids;
  }

  #grow(): void {
    const length = this.#offsets.length * 2;
    this.#offsets = grown(this.#offsets, new Float64Array(length));
    if (this.#uuids !== undefined) this.#uuids = grown(this.#uuids, new Uint8Array(length * 16));
    for (const column of this.#columns.values()) {
      column.ids = grown(column.ids, arrayFor(column.limit, length));
    }
  }
}

/** Rows out of the codec, as importRows takes them. */
export interface ImportedRows {
  readonly rowCount: number;
  readonly baseMs: number;
  readonly offsets: Float64Array;
  readonly uuids: Uint8Array | undefined;
  readonly columns: readonly {
    readonly path: string;
    readonly ids: IdArray;
    /** New dictionary entries in their order; undefined = no dictionary. */
    readonly values: readonly unknown[] | undefined;
  }[];
}

/** Whether a column without a dictionary of its own kind takes values of this kind at all. */
function canHold(node: ColumnNode, value: unknown): boolean {
  switch (node.leaf) {
    case "uuid":
    case "time":
    case "summary":
      return typeof value === "string";
    default:
      return value !== null;
  }
}

/** Gives the column room for its highest id. */
function widen(column: HotColumn): void {
  const { idMax, ids } = column;
  column.limit = idMax < 0x10000 ? 0xffff : idMax < 0x1_0000_0000 ? 0xffff_ffff : Infinity;
  column.ids = grown(ids, arrayFor(column.limit, ids.length));
}

function arrayFor(limit: number, length: number): IdArray {
  if (limit === 0xff) return new Uint8Array(length);
  if (limit === 0xffff) return new Uint16Array(length);
  return limit === 0xffff_ffff ? new Uint32Array(length) : new Float64Array(length);
}

function grown<Numbers extends IdArray>(from: ArrayLike<number>, to: Numbers): Numbers {
  to.set(from);
  return to;
}
