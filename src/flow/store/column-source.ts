/**
 * Rows of flows in columns, as searches read them: the block being written and blocks on disk alike.
 * Ids are 0 where a row has no value; a number column's id is the number plus one.
 */

import { type Flow, formatTimestamp } from "../model/flow.ts";
import { type ColumnNode, flowTree, overflowMark, restKey } from "./column-tree.ts";
import { restoreSummary } from "./summary-pattern.ts";

/** Ids of a column, one a row (the array may be longer than the rows). */
export type IdArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Columns of some rows. */
export interface ColumnSource {
  readonly rowCount: number;
  /** ms since the epoch to which the offsets are added. */
  readonly baseMs: number;
  /** Rows in order of time? */
  readonly isSorted: boolean;
  /** Nanoseconds after baseMs, a row each. */
  offsetsNs(): Float64Array;
  /** undefined = no row has a value. */
  ids(path: string): IdArray | undefined;
  /** The highest id of a column. */
  idMax(path: string): number;
  /** The value of a dictionary column's id. */
  value(path: string, id: number): unknown;
  /** The same as JSON, where that is what the source has; it is cheaper than the value. */
  text?(path: string, id: number): string | undefined;
  /** The 16 bytes of each row's uuid; meaningful where ids("uuid") is 1. */
  uuidBytes(): Uint8Array | undefined;
}

interface ActiveColumn {
  readonly node: ColumnNode;
  readonly ids: IdArray | undefined;
  readonly overflow: IdArray | undefined;
  readonly children: readonly ActiveColumn[];
}

/** Makes flows of rows. `wants` restricts to paths: what lies outside stays away. */
export class RowReader {
  readonly #source: ColumnSource;
  readonly #root: readonly ActiveColumn[];

  constructor(source: ColumnSource, wants: (node: ColumnNode) => boolean = () => true) {
    this.#source = source;
    this.#root = activate(source, flowTree, wants);
  }

  /** The flow of a row: a new object whose parts may be shared with other rows. */
  read(row: number): Flow {
    const flow: Record<string, unknown> = {};
    this.#fill(flow, this.#root, row);
    const { Summary: summary } = flow;
    if (typeof summary === "string") flow["Summary"] = restoreSummary(summary, flow as Flow);
    return flow as Flow;
  }

  #fill(into: Record<string, unknown>, columns: readonly ActiveColumn[], row: number): void {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const { node } = column;
      const id = column.ids === undefined ? 0 : column.ids[row]!;
      if (id !== 0) {
        if (node.leaf === undefined) {
          const inner: Record<string, unknown> = {};
          this.#fill(inner, column.children, row);
          into[node.key] = inner;
        } else if (node.key === restKey) {
          Object.assign(into, this.#source.value(node.path, id));
        } else into[node.key] = this.#leaf(node, id, row);
      } else if (column.overflow !== undefined) {
        const overflowId = column.overflow[row]!;
        if (overflowId !== 0) {
          into[node.key] = this.#source.value(node.path + overflowMark, overflowId);
        }
      }
    }
  }

  #leaf(node: ColumnNode, id: number, row: number): unknown {
    switch (node.leaf) {
      case "number":
        return id - 1;
      case "number64":
        return String(id - 1);
      case "uuid":
        return uuidText(this.#source.uuidBytes() as Uint8Array, row * 16);
      case "time":
        return timeText(this.#source, row);
      default:
        return this.#source.value(node.path, id);
    }
  }
}

function activate(
  source: ColumnSource,
  parent: ColumnNode,
  wants: (node: ColumnNode) => boolean,
): ActiveColumn[] {
  const active: ActiveColumn[] = [];
  for (const node of parent.children) {
    if (!wants(node)) continue;
    const ids = source.ids(node.path);
    const overflow =
      node.leaf === undefined || node.leaf === "dictionary"
        ? undefined
        : source.ids(node.path + overflowMark);
    if (ids === undefined && overflow === undefined) continue;
    active.push({ node, ids, overflow, children: activate(source, node, wants) });
  }
  return active;
}

/** A row's time as it was written. */
export function timeText(source: ColumnSource, row: number): string {
  const offsetNs = source.offsetsNs()[row]!;
  const wholeMs = Math.floor(offsetNs / 1e6);
  return formatTimestamp(source.baseMs + wholeMs, offsetNs - wholeMs * 1e6);
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

function uuidText(bytes: Uint8Array, at: number): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    text += hexPairs[bytes[at + i]!]!;
    if (i === 3 || i === 5 || i === 7 || i === 9) text += "-";
  }
  return text;
}

/** Where the two digits of each byte stand in a uuid's text. */
const uuidDigitsAt: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/** Value of a hexadecimal digit in lower case by its character; -1 = none. */
const hexValues: Int8Array = Int8Array.from({ length: 128 }, (_, code) =>
  "0123456789abcdef".indexOf(String.fromCharCode(code)),
);

/** The 16 bytes of a uuid in lower case, at `at` of `into`; false = it has another form. No allocation. */
export function writeUuid(text: string, into: Uint8Array, at: number): boolean {
  if (text.length !== 36) return false;
  for (let i = 8; i < 24; i += 5) if (text.charCodeAt(i) !== 45) return false;
  // The sign of a digit that is none stays.
  let signs = 0;
  for (let i = 0; i < 16; i++) {
    const index = uuidDigitsAt[i]!;
    const high = hexValues[text.charCodeAt(index)] ?? -1;
    const low = hexValues[text.charCodeAt(index + 1)] ?? -1;
    signs |= high | low;
    into[at + i] = high * 16 + low;
  }
  return signs >= 0;
}
