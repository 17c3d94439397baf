/**
 * Memory for everything of the head that workers shall read: SharedArrayBuffer pages of 1 MiB, cut
 * into slots. One writer; readers get the pages and never allocate.
 *
 *   address   32 bits: page << 16 | offset in units of 16 bytes (a page has 65,536 units)
 *   slot      its size is one of a list of classes about a quarter apart; freed slots are kept in a
 *             list per class. A request above half a page gets a page of its own, given back when freed.
 *
 * Address 0 is never handed out. allocate and free are O(1). Each page carries slack behind it, so
 * that bit readers may look past the last slot.
 */

import { assert } from "../../base/assert.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";

const unitBytes = 16;
const pageBytes = 1024 * 1024;
/** Pages that a 16-bit page number can name: 64 GiB. */
const pagesMax = 65536;

/** Slot sizes in bytes: multiples of 16, a quarter apart from 64 on. */
const slotSizes = buildSlotSizes();
/** Class by number of units, for sizes up to half a page. */
const classOfUnits = buildClassOfUnits();

function buildSlotSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 16; size <= pageBytes / 2; ) {
    sizes.push(size);
    const step = 2 ** Math.floor(Math.log2(size)) / 4;
    size += Math.max(unitBytes, step);
  }
  return sizes;
}

function buildClassOfUnits(): Uint8Array {
  const classes = new Uint8Array(pageBytes / 2 / unitBytes + 1);
  let at = 0;
  for (let units = 1; units < classes.length; units++) {
    while (slotSizes[at]! < units * unitBytes) at++;
    classes[units] = at;
  }
  return classes;
}

/** A growing set of shared pages. */
export class SharedArena {
  /** The pages, for workers. Freed large pages leave a hole until their number is used again. */
  readonly buffers: (SharedArrayBuffer | undefined)[] = [];
  readonly bytePages: Uint8Array[] = [];
  readonly wordPages: Uint32Array[] = [];
  readonly doublePages: Float64Array[] = [];
  /** Bytes handed out, rounded up to slots. */
  usedBytes = 0;
  /** Bytes of all pages. */
  pageBytesTotal = 0;

  readonly #freeSlots: number[][] = slotSizes.map(() => []);
  readonly #freePages: number[] = [];
  #bumpPage = -1;
  #bumpOffset = pageBytes;

  /** The size that `allocate(size)` will really give, in bytes. */
  slotSize(size: number): number {
    if (size > pageBytes / 2) return Math.ceil(size / unitBytes) * unitBytes;
    return slotSizes[classOfUnits[(size + unitBytes - 1) >>> 4]!]!;
  }

  /** A slot of at least `size` (>= 1) bytes, not zeroed. O(1). */
  allocate(size: number): number {
    const slotBytes = this.slotSize(size);
    this.usedBytes += slotBytes;
    if (size > pageBytes / 2) return this.#addPage(slotBytes) * pagesMax;
    const freed = this.#freeSlots[classOfUnits[slotBytes >>> 4]!]!.pop();
    if (freed !== undefined) return freed;
    if (this.#bumpOffset + slotBytes > pageBytes) this.#startPage();
    const address = this.#bumpPage * pagesMax + this.#bumpOffset / unitBytes;
    this.#bumpOffset += slotBytes;
    return address;
  }

  /** Gives back the slot that `allocate(size)` gave. O(1). */
  free(address: number, size: number): void {
    const slotBytes = this.slotSize(size);
    this.usedBytes -= slotBytes;
    if (size <= pageBytes / 2) {
      this.#freeSlots[classOfUnits[slotBytes >>> 4]!]!.push(address);
      return;
    }
    const page = Math.floor(address / pagesMax);
    this.pageBytesTotal -= slotBytes;
    this.buffers[page] = undefined;
    this.bytePages[page] = new Uint8Array(0);
    this.wordPages[page] = new Uint32Array(0);
    this.doublePages[page] = new Float64Array(0);
    this.#freePages.push(page);
  }

  /** Copies `length` bytes between slots, rounded up to words. */
  copy(from: number, to: number, length: number): void {
    const source = this.wordPages[from >>> 16]!;
    const target = this.wordPages[to >>> 16]!;
    const start = wordIndex(from);
    const end = start + ((length + 3) >>> 2);
    if (length > 1024) {
      target.set(source.subarray(start, end), wordIndex(to));
      return;
    }
    // Fast path: chunks are short, and a loop beats making a view.
    let at = wordIndex(to);
    for (let i = start; i < end; i++) target[at++] = source[i]!;
  }

  /** Begins a page for small slots; what is left of the last one becomes free slots. */
  #startPage(): void {
    while (this.#bumpPage >= 0 && this.#bumpOffset < pageBytes) {
      const left = pageBytes - this.#bumpOffset;
      let slotClass = classOfUnits[Math.min(left, pageBytes / 2) >>> 4]!;
      if (slotSizes[slotClass]! > left) slotClass--;
      this.#freeSlots[slotClass]!.push(this.#bumpPage * pagesMax + this.#bumpOffset / unitBytes);
      this.#bumpOffset += slotSizes[slotClass]!;
    }
    this.#bumpPage = this.#addPage(pageBytes);
    // Address 0 means "nothing" everywhere.
    this.#bumpOffset = this.#bumpPage === 0 ? unitBytes : 0;
  }

  #addPage(size: number): number {
    const page = this.#freePages.pop() ?? this.buffers.length;
    assert(page < pagesMax, "the head's memory has no page numbers left");
    const buffer = new SharedArrayBuffer(size + bitSlackBytes);
    this.pageBytesTotal += size;
    this.buffers[page] = buffer;
    this.bytePages[page] = new Uint8Array(buffer);
    this.wordPages[page] = new Uint32Array(buffer, 0, size / 4);
    this.doublePages[page] = new Float64Array(buffer, 0, size / 8);
    return page;
  }
}

/** Index of a slot's first byte in its byte page; its page is `address >>> 16`. */
export function byteIndex(address: number): number {
  return (address & 0xffff) * unitBytes;
}

/** Index of a slot's first 32-bit word in its word page. */
export function wordIndex(address: number): number {
  return (address & 0xffff) * (unitBytes / 4);
}

/** Index of a slot's first double in its double page. */
export function doubleIndex(address: number): number {
  return (address & 0xffff) * (unitBytes / 8);
}
