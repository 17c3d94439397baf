/**
 * Label names and values as numbers. The main thread has the strings; their UTF-8 bytes lie in the
 * shared arena (length as a word, then the bytes), so that the WAL encoder copies them and workers
 * can decode them. Ids are reused once nothing refers to them. Id 0 is the empty string.
 */

import { assert } from "../../base/assert.ts";
import { compareUtf8 } from "../../model/labels.ts";
import { byteIndex, type SharedArena, wordIndex } from "./shared-arena.ts";

const encoder = new TextEncoder();
/** Address and count of references: two words a symbol in the shared columns. */
const initialCapacity = 1024;

/** Interned strings with reference counts. */
export class SymbolTable {
  readonly #arena: SharedArena;
  readonly #ids = new Map<string, number>();
  readonly #strings: string[] = [];
  #addresses = new Uint32Array(new SharedArrayBuffer(initialCapacity * 4));
  #references = new Uint32Array(initialCapacity);
  #isAscii = new Uint8Array(initialCapacity);
  readonly #freeIds: number[] = [];

  constructor(arena: SharedArena) {
    this.#arena = arena;
    this.#references[this.intern("")] = 1;
  }

  /** Symbols in use. */
  get size(): number {
    return this.#ids.size;
  }

  /** The id of `text`, -1 where it is not known. O(1). */
  find(text: string): number {
    return this.#ids.get(text) ?? -1;
  }

  /** The id of `text`, made if need be, without counting a reference. */
  intern(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#freeIds.pop() ?? this.#strings.length;
    if (id >= this.#addresses.length) this.#grow();
    const bytes = encoder.encode(text);
    const address = this.#arena.allocate(4 + bytes.length);
    this.#arena.wordPages[address >>> 16]![wordIndex(address)] = bytes.length;
    this.#arena.bytePages[address >>> 16]!.set(bytes, byteIndex(address) + 4);
    this.#addresses[id] = address;
    this.#references[id] = 0;
    this.#isAscii[id] = bytes.length === text.length ? 1 : 0;
    this.#strings[id] = text;
    this.#ids.set(text, id);
    return id;
  }

  /** The string of an id in use. */
  text(id: number): string {
    return this.#strings[id]!;
  }

  /** Where the bytes lie: a word with their length, then they. */
  address(id: number): number {
    return this.#addresses[id]!;
  }

  /** Order of two symbols in UTF-8 byte order. */
  compare(a: number, b: number): number {
    const textA = this.#strings[a]!;
    const textB = this.#strings[b]!;
    // Fast path: for ASCII the engine's own comparison gives the same order.
    if (this.#isAscii[a] === 1 && this.#isAscii[b] === 1) {
      return textA < textB ? -1 : Number(textA > textB);
    }
    return compareUtf8(textA, textB);
  }

  retain(id: number): void {
    this.#references[id]!++;
  }

  /** Drops a reference; with the last one the string goes. */
  release(id: number): void {
    assert(this.#references[id]! > 0, "a symbol is released more often than retained");
    if (--this.#references[id]! > 0) return;
    const address = this.#addresses[id]!;
    const length = this.#arena.wordPages[address >>> 16]![wordIndex(address)]!;
    this.#arena.free(address, 4 + length);
    this.#ids.delete(this.#strings[id]!);
    this.#strings[id] = "";
    this.#addresses[id] = 0;
    this.#freeIds.push(id);
  }

  #grow(): void {
    const addresses = new Uint32Array(new SharedArrayBuffer(this.#addresses.length * 8));
    addresses.set(this.#addresses);
    this.#addresses = addresses;
    const references = new Uint32Array(this.#references.length * 2);
    references.set(this.#references);
    this.#references = references;
    const isAscii = new Uint8Array(this.#isAscii.length * 2);
    isAscii.set(this.#isAscii);
    this.#isAscii = isAscii;
  }
}
