/**
 * Columns to bytes and back (FORMAT.md): a frame is a checked header that names sections, then the
 * sections, each compressed and checked by itself so that a search reads only what it needs. Raw
 * deflate by node:zlib: it unpacks 40 times as fast as zstd in WebAssembly (bench/flow-store.ts), and a
 * search unpacks far more than a writer packs.
 */

import { promisify } from "node:util";
import { crc32, deflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import { CorruptionError, errorMessage } from "../../base/errors.ts";
import type { IdArray } from "./column-source.ts";
import type { FlowColumns, HotColumn } from "./flow-columns.ts";

/** "CSF1", little endian. */
export const frameMagic = 0x31465343;
/** magic, header size, body size, CRC-32 of the header. */
export const frameHeadBytes = 16;
/** A header larger than this is no header. */
const headerBytesMax = 64 * 1024 * 1024;

/** Sections smaller than this stay as they are. */
const packBytesMin = 64;
/** Packed only where it saves so much. */
const worthPacking = 0.95;

const deflateOnThread = promisify(deflateRaw);

/** How a section's bytes are packed: "r" as they are, "z" deflated, "c" every row has the id `idMax`. */
type Packing = "r" | "z" | "c";

/** "i" ids, "d" dictionary, "n" numbers that are not one a row. */
type SectionKind = "i" | "d" | "n";

/** Where one array of a frame lies. As stored: short names, since headers are many. */
export interface Section {
  /** Path of the column; "@time" and "@uuid" are the rows' own. */
  readonly p: string;
  readonly k: SectionKind;
  readonly e: Packing;
  /** Bytes an id or number, or how many dictionary entries. */
  readonly w: number;
  /** Highest id or number; entries that came before (dictionary). */
  readonly m: number;
  /** Offset in the body, stored size, size unpacked, CRC-32 of the stored bytes. */
  readonly o: number;
  readonly n: number;
  readonly u: number;
  readonly c: number;
}

/** What a frame says of its rows; `extra` belongs to the writer. */
export interface FrameHeader<Extra = unknown> {
  readonly rows: number;
  readonly baseMs: number;
  readonly isSorted: boolean;
  readonly sections: readonly Section[];
  readonly extra: Extra;
}

/** A frame as it goes to disk, and its header as it will be read back. */
export interface EncodedFrame<Extra> {
  readonly frame: Buffer;
  readonly header: FrameHeader<Extra>;
}

/** Something to keep beside the rows, under a path that begins with "@": texts, or whole numbers up to 2^53. */
export type FrameTable =
  | { readonly path: string; readonly texts: readonly string[] }
  | { readonly path: string; readonly numbers: IdArray };

/** What to write of the columns. */
export interface FrameOptions<Extra> {
  readonly from: number;
  readonly to: number;
  /** Rows in this order; undefined = as they stand. Only with all rows. */
  readonly order?: Uint32Array | undefined;
  /** Dictionary entries already written, by path; absent = none. Brought up to date. */
  readonly written?: Map<string, number>;
  readonly tables?: readonly FrameTable[];
  /** zlib level; the log is not packed. */
  readonly level?: number;
  readonly extra: Extra;
}

/** A section before it is packed. */
interface RawSection {
  readonly p: string;
  readonly k: SectionKind;
  readonly w: number;
  readonly m: number;
  readonly bytes: Uint8Array;
  /** Whether packing may help. */
  readonly isPackable: boolean;
  readonly isConstant: boolean;
}

/** A frame of the rows [from, to), at once and unpacked: for the log. */
export function encodeFrame<Extra>(
  columns: FlowColumns,
  options: FrameOptions<Extra>,
): EncodedFrame<Extra> {
  const builder = new FrameBuilder();
  for (const raw of rawSections(columns, options)) builder.add(raw, raw.bytes);
  return builder.finish(columns, options);
}

/** The same with each section packed on another thread, so that the event loop goes on; it gets a turn between sections. */
export async function encodeFrameInSteps<Extra>(
  columns: FlowColumns,
  options: FrameOptions<Extra>,
): Promise<EncodedFrame<Extra>> {
  return (await packSections(rawSections(columns, options), options.level)).finish(
    columns,
    options,
  );
}

/** A frame without rows. */
export async function encodeTables<Extra>(
  tables: readonly FrameTable[],
  extra: Extra,
  level: number,
): Promise<EncodedFrame<Extra>> {
  const builder = await packSections(tables.map(tableSection), level);
  return builder.finish({ baseMs: 0, isSorted: true }, { from: 0, to: 0, extra });
}

async function packSections(sections: Iterable<RawSection>, level = 1): Promise<FrameBuilder> {
  const builder = new FrameBuilder();
  for (const raw of sections) {
    builder.add(raw, raw.isPackable ? await deflateOnThread(raw.bytes, { level }) : raw.bytes);
  }
  return builder;
}

function* rawSections(columns: FlowColumns, options: FrameOptions<unknown>): Generator<RawSection> {
  yield idSection("@time", timeDeltas(columns.offsetsNs(), options));
  const uuids = columns.uuidBytes();
  if (uuids !== undefined) {
    // Random bytes: not worth packing.
    const bytes = permuteUuids(uuids, options);
    yield { p: "@uuid", k: "i", w: 16, m: 0, bytes, isPackable: false, isConstant: false };
  }
  for (const column of columns.columns()) {
    const ids = sliceIds(column, options);
    if (ids === undefined) continue;
    yield idSection(column.path, ids);
    const dictionary = dictionarySection(column, options.written);
    if (dictionary !== undefined) yield dictionary;
  }
  for (const table of options.tables ?? []) yield tableSection(table);
}

function tableSection(table: FrameTable): RawSection {
  if ("texts" in table) return textSection(table.path, table.texts, 0);
  const { path, numbers } = table;
  let max = 0;
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > max) max = numbers[i]!;
  const w = widthOf(max);
  const bytes = toPlanes(numbers, w);
  const isPackable = bytes.length > packBytesMin;
  return { p: path, k: "n", w, m: max, bytes, isPackable, isConstant: false };
}

function dictionarySection(
  { path, dictionary }: HotColumn,
  written: Map<string, number> | undefined,
): RawSection | undefined {
  if (dictionary === undefined) return undefined;
  const before = written?.get(path) ?? 0;
  if (dictionary.size === before) return undefined;
  const texts: string[] = [];
  for (let id = before + 1; id <= dictionary.size; id++) {
    texts.push(JSON.stringify(dictionary.get(id)));
  }
  written?.set(path, dictionary.size);
  return textSection(path, texts, before);
}

function textSection(path: string, texts: readonly string[], before: number): RawSection {
  const bytes = Buffer.from(texts.join("\n"), "utf8");
  return {
    p: path,
    k: "d",
    w: texts.length,
    m: before,
    bytes,
    isPackable: bytes.length > packBytesMin,
    isConstant: false,
  };
}

/** Each row's distance to the one before; the first one's to the base. Wide numbers: rows may go back in time. */
function timeDeltas(offsets: Float64Array, options: FrameOptions<unknown>): Float64Array {
  const { from, to, order } = options;
  const deltas = new Float64Array(to - from);
  let last = 0;
  for (let i = from; i < to; i++) {
    const offset = offsets[order === undefined ? i : order[i]!]!;
    deltas[i - from] = zigzag(offset - last);
    last = offset;
  }
  return deltas;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function permuteUuids(uuids: Uint8Array, { from, to, order }: FrameOptions<unknown>): Uint8Array {
  if (order === undefined) return uuids.subarray(from * 16, to * 16);
  const sorted = new Uint8Array((to - from) * 16);
  for (let i = from; i < to; i++) {
    const at = order[i]! * 16;
    sorted.set(uuids.subarray(at, at + 16), (i - from) * 16);
  }
  return sorted;
}

/** The ids of the rows; undefined where all are 0. */
function sliceIds(column: HotColumn, options: FrameOptions<unknown>): IdArray | undefined {
  const { from, to, order } = options;
  const { ids } = column;
  if (column.lastRow < from) return undefined;
  if (order === undefined) return ids.subarray(from, to);
  const sorted = ids.slice(from, to);
  for (let i = from; i < to; i++) sorted[i - from] = ids[order[i]!]!;
  return sorted;
}

/** Ids in as few bytes as the highest needs, one plane a byte: equal high bytes then lie together. */
function idSection(path: string, ids: IdArray): RawSection {
  let max = 0;
  const first = ids[0] ?? 0;
  let isConstant = path !== "@time";
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id > max) max = id;
    if (id !== first) isConstant = false;
  }
  if (isConstant) {
    const bytes = new Uint8Array(0);
    return { p: path, k: "i", w: 0, m: first, bytes, isPackable: false, isConstant };
  }
  const width = widthOf(max);
  const bytes = width === 1 && ids instanceof Uint8Array ? ids : toPlanes(ids, width);
  const isPackable = bytes.length > packBytesMin;
  return { p: path, k: "i", w: width, m: max, bytes, isPackable, isConstant };
}

function widthOf(max: number): number {
  if (max < 0x100) return 1;
  if (max < 0x10000) return 2;
  return max < 0x1_0000_0000 ? 4 : 8;
}

/** Lays packed sections one after the other. */
class FrameBuilder {
  readonly #sections: Section[] = [];
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  add({ p, k, w, m, bytes, isConstant }: RawSection, packed: Uint8Array): void {
    const isSmaller = packed.length < bytes.length * worthPacking;
    const stored = isSmaller ? packed : bytes;
    const e: Packing = isConstant ? "c" : isSmaller ? "z" : "r";
    const { length: n } = stored;
    this.#sections.push({
      p,
      k,
      e,
      w,
      m,
      o: this.#sizeBytes,
      n,
      u: bytes.length,
      c: crc32(stored),
    });
    if (n > 0) this.#parts.push(stored);
    this.#sizeBytes += n;
  }

  finish<Extra>(
    columns: Pick<FlowColumns, "baseMs" | "isSorted">,
    { from, to, order, extra }: FrameOptions<Extra>,
  ): EncodedFrame<Extra> {
    const header: FrameHeader<Extra> = {
      rows: to - from,
      baseMs: columns.baseMs,
      isSorted: columns.isSorted || order !== undefined,
      sections: this.#sections,
      extra,
    };
    const headerBytes = deflateRawSync(JSON.stringify(header), { level: 1 });
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32LE(frameMagic, 0);
    head.writeUInt32LE(headerBytes.length, 4);
    head.writeUInt32LE(this.#sizeBytes, 8);
    head.writeUInt32LE(crc32(headerBytes), 12);
    return { frame: Buffer.concat([head, headerBytes, ...this.#parts]), header };
  }
}

function toPlanes(ids: IdArray, width: number): Uint8Array {
  const { length } = ids;
  const planes = new Uint8Array(length * width);
  if (width === 8) {
    // The upper half of a double, whole up to 2^53; the lower one is what `|` and `>>>` see of it.
    const upper = new Uint32Array(length);
    for (let i = 0; i < length; i++) upper[i] = ids[i]! / 0x1_0000_0000;
    writePlanes(ids, 4, planes);
    writePlanes(upper, 4, planes.subarray(length * 4));
  } else writePlanes(ids, width, planes);
  return planes;
}

/** The low bytes of the ids, one plane after the other. One loop a kind of array: hot. */
function writePlanes(ids: IdArray, width: number, planes: Uint8Array): void {
  const { length } = ids;
  for (let plane = 0; plane < width; plane++) {
    const shift = plane * 8;
    const start = plane * length;
    for (let i = 0; i < length; i++) planes[start + i] = ids[i]! >>> shift;
  }
}

/** Ids out of the stored bytes of a section. Throws CorruptionError, named by `where`. */
export function decodeIds(
  section: Section,
  stored: Uint8Array,
  where: FramePlace,
  rows: number,
): IdArray {
  if (section.e === "c") return constantIds(section.m, rows);
  const bytes = unpack(section, stored, where);
  const { w: width } = section;
  if (bytes.length !== rows * width) throw corrupt(where, `column ${section.p} has the wrong size`);
  return joinPlanes(bytes, width, rows);
}

/** The numbers of a table. Throws CorruptionError. */
export function decodeNumbers(section: Section, stored: Uint8Array, where: FramePlace): IdArray {
  const bytes = unpack(section, stored, where);
  if (bytes.length !== section.u) throw corrupt(where, `table ${section.p} has the wrong size`);
  return joinPlanes(bytes, section.w, bytes.length / section.w);
}

function joinPlanes(bytes: Uint8Array, width: number, count: number): IdArray {
  if (width === 1) return bytes;
  if (width === 2) {
    const ids = new Uint16Array(count);
    for (let i = 0; i < count; i++) ids[i] = bytes[i]! | (bytes[count + i]! << 8);
    return ids;
  }
  if (width === 4) {
    const ids = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ids[i] =
        bytes[i]! |
        (bytes[count + i]! << 8) |
        (bytes[2 * count + i]! << 16) |
        (bytes[3 * count + i]! << 24);
    }
    return ids;
  }
  const ids = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let id = 0;
    for (let plane = width - 1; plane >= 0; plane--) id = id * 256 + bytes[plane * count + i]!;
    ids[i] = id;
  }
  return ids;
}

function constantIds(id: number, rows: number): IdArray {
  if (id < 0x100) return new Uint8Array(rows).fill(id);
  return id < 0x1_0000_0000 ? new Uint32Array(rows).fill(id) : new Float64Array(rows).fill(id);
}

/** Nanoseconds after the base out of the ids of "@time". */
export function decodeOffsets(deltas: IdArray): Float64Array {
  const offsets = new Float64Array(deltas.length);
  let last = 0;
  for (let i = 0; i < deltas.length; i++) {
    last += unzigzag(deltas[i]!);
    offsets[i] = last;
  }
  return offsets;
}

/** The entries of a dictionary as JSON texts. */
export function decodeTexts(section: Section, stored: Uint8Array, where: FramePlace): string[] {
  const bytes = unpack(section, stored, where);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const texts = text.split("\n");
  if (texts.length !== section.w)
    throw corrupt(where, `dictionary ${section.p} has the wrong size`);
  return texts;
}

/** The stored bytes as they were before packing; the CRC is checked. */
export function unpack(section: Section, stored: Uint8Array, where: FramePlace): Uint8Array {
  if (crc32(stored) !== section.c) throw corrupt(where, `${section.p} has a wrong checksum`);
  if (section.e === "r") return stored;
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, section.u) });
  } catch (thrown) {
    throw corrupt(where, `${section.p} does not unpack: ${errorMessage(thrown)}`);
  }
}

/** File and offset of a frame, for errors. */
export interface FramePlace {
  readonly file: string;
  readonly offset: number;
}

function corrupt(where: FramePlace, why: string): CorruptionError {
  return new CorruptionError(`cannot read flows: ${why}`, where);
}

/** The first bytes of a frame: where its parts lie. undefined = no frame begins here. */
export function readFrameHead(
  head: Buffer,
): { readonly headerBytes: number; readonly bodyBytes: number; readonly crc: number } | undefined {
  if (head.length < frameHeadBytes || head.readUInt32LE(0) !== frameMagic) return undefined;
  const headerBytes = head.readUInt32LE(4);
  if (headerBytes > headerBytesMax) return undefined;
  return { headerBytes, bodyBytes: head.readUInt32LE(8), crc: head.readUInt32LE(12) };
}

/** The header out of its stored bytes; undefined = damaged. */
export function readFrameHeader<Extra>(
  stored: Buffer,
  crc: number,
): FrameHeader<Extra> | undefined {
  if (crc32(stored) !== crc) return undefined;
  return JSON.parse(inflateRawSync(stored).toString("utf8")) as FrameHeader<Extra>;
}
