/**
 * A block's `tombstones` file: deleted spans of time by series ref (FORMAT.md). A missing file means
 * that nothing is deleted. Written as a whole, durably.
 */

import { join } from "node:path";
import { CorruptionError } from "../../base/errors.ts";
import { ByteReader } from "../byte-reader.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { replaceFile } from "./durable-files.ts";
import { addInterval, noIntervals, type TimeIntervals } from "./time-intervals.ts";

/** File name within a block. */
export const tombstonesFileName = "tombstones";
const tombstonesMagic = 0x0130ba30;
const tombstonesVersion = 1;
const headerSize = 5;

/** Deleted spans by series ref. */
export type Tombstones = ReadonlyMap<number, TimeIntervals>;

/** How many spans there are. */
export function countIntervals(tombstones: Tombstones): number {
  let count = 0;
  for (const intervals of tombstones.values()) count += intervals.length / 2;
  return count;
}

/** Reads the file of a block; throws CorruptionError. */
export function readTombstones(fs: FileSystem, blockDir: string): Map<number, TimeIntervals> {
  const file = join(blockDir, tombstonesFileName);
  if (!fs.existsSync(file)) return new Map();
  return decodeTombstones(fs.readFileSync(file), file);
}

/** Decodes a file's content. */
export function decodeTombstones(bytes: Uint8Array, file: string): Map<number, TimeIntervals> {
  const fail = (what: string): never => {
    throw new CorruptionError(`cannot read tombstones: ${what}`, { file, offset: 0 });
  };
  if (bytes.length < headerSize + 4) fail("the file is too short");
  const end = bytes.length - 4;
  const reader = new ByteReader().reset(bytes, end, bytes.length);
  const wanted = reader.word();
  reader.reset(bytes, 0, end);
  if (reader.word() !== tombstonesMagic) fail("the magic number is wrong");
  const version = reader.byte();
  if (version !== tombstonesVersion) fail(`version ${version} is not known`);
  if (crc32c(bytes, headerSize, end) !== wanted) fail("the checksum is wrong");
  const tombstones = new Map<number, TimeIntervals>();
  while (reader.left > 0) {
    const ref = reader.uvarint();
    const fromMs = reader.varint();
    const toMs = reader.varint();
    if (reader.isShort) fail("the file ends within an entry");
    tombstones.set(ref, addInterval(tombstones.get(ref) ?? noIntervals, fromMs, toMs));
  }
  return tombstones;
}

/** The file's content. */
export function encodeTombstones(tombstones: Tombstones): Uint8Array {
  const writer = new ByteWriter();
  writer.word(tombstonesMagic);
  writer.byte(tombstonesVersion);
  for (const [ref, intervals] of tombstones) {
    for (let i = 0; i < intervals.length; i += 2) {
      writer.uvarint(ref);
      writer.varint(intervals[i] as number);
      writer.varint(intervals[i + 1] as number);
    }
  }
  writer.word(crc32c(writer.bytes, headerSize, writer.length));
  return writer.bytes.slice(0, writer.length);
}

/** Replaces the file of a block. */
export function writeTombstones(fs: FileSystem, blockDir: string, tombstones: Tombstones): void {
  replaceFile(fs, join(blockDir, tombstonesFileName), encodeTombstones(tombstones));
}
