/**
 * Rows of a block that pass an allow and a deny list within a span of time. Every field of a filter is
 * judged once for each distinct value (or combination of values) of the columns it looks at, by
 * Hubble's own test over a flow that holds just those; then the ids are walked. O(rows) a field with a
 * small constant; whole flows are made for CEL expressions alone, and only of rows still in.
 */

import { compileFlowFilter, type FlowFilter, type FlowTest } from "../filter/flow-filter.ts";
import { type ColumnSource, type IdArray, RowReader, writeUuid } from "./column-source.ts";
import { type ColumnNode, overflowMark } from "./column-tree.ts";
import { columnsOfPaths, pathsOfField, wantsNode } from "./filter-paths.ts";

/** A span of time, ms since the epoch with fractions, both ends inclusive. */
export interface TimeSpan {
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/** Lists as Hubble has them. */
export interface FilterLists {
  readonly allow: readonly FlowFilter[];
  readonly deny: readonly FlowFilter[];
  /** Lists that must let a flow pass as well. */
  readonly also?: readonly FilterLists[];
}

interface FieldTest {
  readonly test: FlowTest;
  /** undefined = the whole flow. */
  readonly paths: readonly string[] | undefined;
  readonly uuids: readonly string[] | undefined;
}

/** A single value column whose test results are worth keeping from block to block. */
const keptResultsMax = 200_000;
/** Columns whose distinct values are endpoints and the like: read as JSON texts from disk. */
const wholeColumns: ReadonlySet<string> = new Set(["source", "destination", "l7.http.url"]);

/** Lists compiled for blocks. */
export class RowFilter {
  readonly #allow: readonly (readonly PreparedTest[])[];
  readonly #deny: readonly (readonly PreparedTest[])[];
  readonly #also: readonly RowFilter[];

  /** Throws ConfigError in Hubble's words. */
  constructor({ allow, deny, also = [] }: FilterLists) {
    this.#allow = allow.map(prepare);
    this.#deny = deny.map(prepare);
    this.#also = also.map((lists) => new RowFilter(lists)).filter(({ isEmpty }) => !isEmpty);
  }

  /** Whether every row passes. */
  get isEmpty(): boolean {
    return this.#allow.length + this.#deny.length + this.#also.length === 0;
  }

  /** Numbers of the rows that pass, in order of time (of rows, where times are equal). */
  select(source: ColumnSource, span: TimeSpan): Uint32Array {
    const inTime = maskOfSpan(source, span);
    if (inTime.count === 0) return new Uint32Array(0);
    return rowsInTime(source, this.#narrow(source, inTime));
  }

  #narrow(source: ColumnSource, within: Mask): Mask {
    let passing = this.#allow.length === 0 ? within : anyOf(this.#allow, source, within);
    if (passing.count > 0 && this.#deny.length > 0) {
      const denied = anyOf(this.#deny, source, passing);
      if (denied.count > 0) subtract(passing, denied);
    }
    for (const one of this.#also) {
      if (passing.count === 0) break;
      passing = one.#narrow(source, passing);
    }
    return passing;
  }
}

/** One byte a row, 1 = in. */
interface Mask {
  readonly rows: Uint8Array;
  count: number;
}

function maskOfSpan(source: ColumnSource, { sinceMs, untilMs }: TimeSpan): Mask {
  const { rowCount, baseMs } = source;
  const rows = new Uint8Array(rowCount);
  if (sinceMs === undefined && untilMs === undefined) {
    return { rows: rows.fill(1), count: rowCount };
  }
  const from = sinceMs === undefined ? Number.NEGATIVE_INFINITY : offsetOf(sinceMs, baseMs);
  const to = untilMs === undefined ? Number.POSITIVE_INFINITY : offsetOf(untilMs, baseMs);
  const offsets = source.offsetsNs();
  let count = 0;
  for (let i = 0; i < rowCount; i++) {
    if (offsets[i]! < from || offsets[i]! > to) continue;
    rows[i] = 1;
    count++;
  }
  return { rows, count };
}

/** Whole ms exactly; fractions to the precision of a double. */
function offsetOf(ms: number, baseMs: number): number {
  return Math.round((ms - baseMs) * 1e6);
}

function anyOf(
  filters: readonly (readonly PreparedTest[])[],
  source: ColumnSource,
  within: Mask,
): Mask {
  const any: Mask = { rows: new Uint8Array(within.rows.length), count: 0 };
  for (const tests of filters) {
    const mask: Mask = { rows: within.rows.slice(), count: within.count };
    for (const test of tests) {
      if (mask.count === 0) break;
      test.narrow(source, mask);
    }
    if (mask.count === 0) continue;
    for (let i = 0; i < mask.rows.length; i++) {
      if (mask.rows[i] === 1 && any.rows[i] === 0) {
        any.rows[i] = 1;
        any.count++;
      }
    }
  }
  return any;
}

function subtract(from: Mask, what: Mask): void {
  for (let i = 0; i < from.rows.length; i++) {
    if (what.rows[i] === 1 && from.rows[i] === 1) {
      from.rows[i] = 0;
      from.count--;
    }
  }
}

function rowsInTime(source: ColumnSource, { rows, count }: Mask): Uint32Array {
  const picked = new Uint32Array(count);
  let next = 0;
  for (let i = 0; i < rows.length; i++) if (rows[i] === 1) picked[next++] = i;
  if (source.isSorted) return picked;
  const offsets = source.offsetsNs();
  return picked.sort((a, b) => offsets[a]! - offsets[b]! || a - b);
}

/** The fields of one filter, those that are cheap to judge first. */
function prepare(filter: FlowFilter): readonly PreparedTest[] {
  // All fields together, for what only makes sense together; throws what is wrong.
  compileFlowFilter(filter);
  const tests: FieldTest[] = [];
  for (const [field, value] of Object.entries(filter)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    tests.push({
      test: compileFlowFilter({ [field]: value }),
      paths: pathsOfField(field),
      uuids: field === "uuid" ? (value as readonly string[]) : undefined,
    });
  }
  tests.sort((a, b) => (a.paths?.length ?? 100) - (b.paths?.length ?? 100));
  return tests.map((test) => new PreparedTest(test));
}

/** One field's test over columns. */
class PreparedTest {
  readonly #test: FlowTest;
  readonly #paths: readonly string[] | undefined;
  readonly #wants: ((node: ColumnNode) => boolean) | undefined;
  readonly #columns: readonly string[];
  readonly #uuids: readonly string[] | undefined;
  /** JSON of a whole column's value → result; kept from block to block. */
  readonly #kept = new Map<string, boolean>();

  constructor({ test, paths, uuids }: FieldTest) {
    this.#test = test;
    this.#uuids = uuids;
    this.#paths = paths;
    this.#wants = paths === undefined ? undefined : wantsNode(paths);
    this.#columns = paths === undefined ? [] : columnsOfPaths(paths);
  }

  /** Takes out of the mask the rows that fail. */
  narrow(source: ColumnSource, mask: Mask): void {
    if (this.#uuids !== undefined) {
      narrowByUuid(source, mask, this.#uuids);
      return;
    }
    if (this.#wants === undefined) {
      this.#narrowByRow(source, mask);
      return;
    }
    const columns: { path: string; ids: IdArray }[] = [];
    for (const path of this.#columns) {
      const ids = source.ids(path);
      if (ids !== undefined) columns.push({ path, ids });
    }
    const [only] = columns;
    if (only === undefined) {
      if (!this.#test({})) clear(mask);
      return;
    }
    const reader = new RowReader(source, this.#wants);
    if (columns.length === 1 && source.idMax(only.path) <= source.rowCount) {
      this.#narrowByColumn(source, mask, only, reader);
    } else this.#narrowByCombination(source, mask, columns, reader);
  }

  #narrowByRow(source: ColumnSource, mask: Mask): void {
    const reader = new RowReader(source);
    for (let i = 0; i < mask.rows.length; i++) {
      if (mask.rows[i] === 0 || this.#test(reader.read(i))) continue;
      mask.rows[i] = 0;
      mask.count--;
    }
  }

  #narrowByColumn(
    source: ColumnSource,
    mask: Mask,
    { path, ids }: { path: string; ids: IdArray },
    reader: RowReader,
  ): void {
    // 0 = not judged yet, 1 = passes, 2 = fails.
    const results = new Uint8Array(source.idMax(path) + 1);
    const { rows } = mask;
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] === 0) continue;
      const id = ids[i]!;
      let result = results[id]!;
      if (result === 0) {
        result = this.#judge(source, path, id, () => reader.read(i)) ? 1 : 2;
        results[id] = result;
      }
      if (result === 1) continue;
      rows[i] = 0;
      mask.count--;
    }
  }

  /** An endpoint comes back in block after block: its text is looked up before it is parsed. */
  #judge(source: ColumnSource, path: string, id: number, read: () => object): boolean {
    const text = wholeColumns.has(path) && id > 0 ? source.text?.(path, id) : undefined;
    if (text === undefined) return this.#test(read());
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const result = this.#test(read());
    if (this.#kept.size < keptResultsMax) this.#kept.set(text, result);
    return result;
  }

  #narrowByCombination(
    source: ColumnSource,
    mask: Mask,
    columns: readonly { path: string; ids: IdArray }[],
    reader: RowReader,
  ): void {
    const sizes = columns.map(({ path }) => source.idMax(path) + 1);
    const urls = this.#urlColumn(columns);
    const isSmall = sizes.reduce((product, size) => product * size, 1) < Number.MAX_SAFE_INTEGER;
    const results = new Map<number | string, boolean>();
    const { rows } = mask;
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] === 0) continue;
      const key = isSmall ? combine(columns, sizes, i) : columns.map(({ ids }) => ids[i]).join(" ");
      let result = results.get(key);
      if (result === undefined) {
        const id = urls === undefined ? 0 : urls[i]!;
        result = this.#judge(source, "l7.http.url", id, () => reader.read(i));
        results.set(key, result);
      }
      if (result) continue;
      rows[i] = 0;
      mask.count--;
    }
  }

  /** A URL implies its HTTP record: its text alone decides. */
  #urlColumn(columns: readonly { path: string; ids: IdArray }[]): IdArray | undefined {
    if (this.#paths?.includes("l7.http.url") !== true) return undefined;
    return columns.find(({ path }) => path === "l7.http.url")?.ids;
  }
}

/** Looks for the bytes of each uuid; a uuid of another form stands in the overflow column. */
function narrowByUuid(source: ColumnSource, mask: Mask, uuids: readonly string[]): void {
  const found = new Set<number>();
  const bytes = source.uuidBytes();
  const wanted = new Uint8Array(16);
  for (const uuid of uuids) {
    if (bytes === undefined || !writeUuid(uuid, wanted, 0)) continue;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, source.rowCount * 16);
    for (let at = buffer.indexOf(wanted); at >= 0; at = buffer.indexOf(wanted, at + 1)) {
      if (at % 16 === 0) found.add(at / 16);
    }
  }
  const path = `uuid${overflowMark}`;
  const overflow = source.ids(path);
  const ids = source.ids("uuid");
  const wantsNone = uuids.includes("");
  for (let i = 0; i < mask.rows.length; i++) {
    if (mask.rows[i] === 0 || found.has(i)) continue;
    const id = overflow?.[i] ?? 0;
    const isOdd = id !== 0 && uuids.includes(String(source.value(path, id)));
    if (isOdd || (wantsNone && id === 0 && (ids?.[i] ?? 0) === 0)) continue;
    mask.rows[i] = 0;
    mask.count--;
  }
}

function clear(mask: Mask): void {
  mask.rows.fill(0);
  mask.count = 0;
}

function combine(
  columns: readonly { ids: IdArray }[],
  sizes: readonly number[],
  row: number,
): number {
  let key = 0;
  for (let i = 0; i < columns.length; i++) key = key * sizes[i]! + columns[i]!.ids[row]!;
  return key;
}
