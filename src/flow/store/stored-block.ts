/**
 * A block on disk, read column by column as a search asks. What was read stays with this object, which
 * lives as long as one search looks at the block. Reads are synchronous and small; the search yields
 * between blocks.
 */

import { readSync } from "node:fs";
import { CorruptionError } from "../../base/errors.ts";
import {
  decodeIds,
  decodeNumbers,
  decodeOffsets,
  decodeTexts,
  type FrameHeader,
  type FramePlace,
  type Section,
  unpack,
} from "./block-codec.ts";
import type { ColumnSource, IdArray } from "./column-source.ts";

/** Where a frame lies. */
export interface FrameRef<Extra> {
  readonly file: number;
  readonly path: string;
  /** Of the body in the file. */
  readonly bodyAt: number;
  readonly header: FrameHeader<Extra>;
}

/** One frame's columns. */
export class StoredBlock implements ColumnSource {
  readonly rowCount: number;
  readonly baseMs: number;
  readonly isSorted: boolean;
  readonly #ref: FrameRef<unknown>;
  readonly #place: FramePlace;
  readonly #idSections = new Map<string, Section>();
  readonly #dictionarySections = new Map<string, Section>();
  readonly #numberSections = new Map<string, Section>();
  readonly #ids = new Map<string, IdArray>();
  readonly #texts = new Map<string, string[]>();
  readonly #values = new Map<string, unknown[]>();
  #offsets: Float64Array | undefined;
  #uuids: Uint8Array | undefined;

  constructor(ref: FrameRef<unknown>) {
    const { header } = ref;
    this.#ref = ref;
    this.#place = { file: ref.path, offset: ref.bodyAt };
    this.rowCount = header.rows;
    this.baseMs = header.baseMs;
    this.isSorted = header.isSorted;
    for (const section of header.sections) {
      const { k } = section;
      const sections =
        k === "i" ? this.#idSections : k === "d" ? this.#dictionarySections : this.#numberSections;
      sections.set(section.p, section);
    }
  }

  offsetsNs(): Float64Array {
    this.#offsets ??= decodeOffsets(this.ids("@time") ?? new Uint8Array(this.rowCount));
    return this.#offsets;
  }

  ids(path: string): IdArray | undefined {
    const known = this.#ids.get(path);
    if (known !== undefined) return known;
    const section = this.#idSections.get(path);
    if (section === undefined) return undefined;
    const ids = decodeIds(section, this.#read(section), this.#place, this.rowCount);
    this.#ids.set(path, ids);
    return ids;
  }

  idMax(path: string): number {
    return this.#idSections.get(path)?.m ?? 0;
  }

  value(path: string, id: number): unknown {
    let values = this.#values.get(path);
    if (values === undefined) {
      values = [];
      this.#values.set(path, values);
    }
    const known = values[id - 1];
    if (known !== undefined) return known;
    const value: unknown = JSON.parse(this.texts(path)[id - 1] ?? "null");
    values[id - 1] = value;
    return value;
  }

  /** The entries of a dictionary as JSON. */
  texts(path: string): readonly string[] {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const section = this.#dictionarySections.get(path);
    const texts =
      section === undefined ? [] : decodeTexts(section, this.#read(section), this.#place);
    this.#texts.set(path, texts);
    return texts;
  }

  /** The numbers of a table; none where the frame has no such table. */
  numbers(path: string): IdArray {
    const section = this.#numberSections.get(path);
    if (section === undefined) return new Uint8Array(0);
    return decodeNumbers(section, this.#read(section), this.#place);
  }

  /** Whether the frame holds entries of a dictionary. */
  hasDictionary(path: string): boolean {
    return this.#dictionarySections.has(path);
  }

  text(path: string, id: number): string | undefined {
    return this.texts(path)[id - 1];
  }

  uuidBytes(): Uint8Array | undefined {
    const section = this.#idSections.get("@uuid");
    if (section === undefined) return undefined;
    this.#uuids ??= unpack(section, this.#read(section), this.#place);
    return this.#uuids;
  }

  /** All entries of a dictionary. */
  values(path: string): unknown[] {
    return this.texts(path).map((text): unknown => JSON.parse(text));
  }

  /** Paths of the columns that hold something. */
  paths(): Iterable<string> {
    return this.#idSections.keys();
  }

  #read(section: Section): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(section.n);
    const { file, bodyAt, path } = this.#ref;
    let done = 0;
    while (done < section.n) {
      const count = readSync(file, bytes, done, section.n - done, bodyAt + section.o + done);
      if (count === 0) {
        throw new CorruptionError(`cannot read flows: the file ends within ${section.p}`, {
          file: path,
          offset: bodyAt + section.o + done,
        });
      }
      done += count;
    }
    return bytes;
  }
}
