/**
 * Leaves out flows that the store had when it was opened: a file of the exporter is read from its start
 * each time, and a stream is asked again for the last seconds. Only flows that are no newer than the
 * store's newest are looked up, in the blocks of their time; what comes live costs one comparison.
 */

import type { Flow } from "../model/flow.ts";
import { writeUuid } from "./column-source.ts";
import type { BlockRef } from "./flow-blocks.ts";
import type { FlowStore } from "./flow-store.ts";

/** Blocks whose uuids are held at once. */
const heldBlocksMax = 8;

/** Knows what was there. */
export class StoredUuids {
  readonly #store: FlowStore;
  /** Times as text below this may be there; "" = nothing was. */
  readonly #newest: string;
  readonly #newestMs: number;
  readonly #held = new Map<string, ReadonlySet<string>>();
  readonly #bytes = Buffer.alloc(16);

  constructor(store: FlowStore) {
    this.#store = store;
    const { newestMs } = store.stats();
    this.#newestMs = newestMs ?? Number.NEGATIVE_INFINITY;
    // Up to the next whole second, since fractions of a second do not sort as text.
    this.#newest =
      newestMs === undefined
        ? ""
        : new Date(Math.floor(newestMs / 1000) * 1000 + 1000).toISOString().slice(0, 19);
  }

  /** The flows that are new, in their order; the list itself where all are. */
  fresh(flows: readonly Flow[]): readonly Flow[] {
    let fromMs = Number.POSITIVE_INFINITY;
    let toMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < flows.length; i++) {
      const { time = "" } = flows[i]!;
      if (!(time < this.#newest)) continue;
      const ms = Date.parse(time);
      if (ms < fromMs) fromMs = ms;
      if (ms > toMs) toMs = ms;
    }
    if (fromMs > toMs) {
      this.#held.clear();
      return flows;
    }
    const known = this.#uuidsWithin(fromMs, Math.min(toMs + 1, this.#newestMs));
    return known.length === 0 ? flows : flows.filter((flow) => !this.#isKnown(flow, known));
  }

  #isKnown({ uuid, time = "" }: Flow, known: readonly ReadonlySet<string>[]): boolean {
    if (uuid === undefined || !(time < this.#newest)) return false;
    if (!writeUuid(uuid, this.#bytes, 0)) return false;
    const key = this.#bytes.toString("latin1");
    return known.some((uuids) => uuids.has(key));
  }

  #uuidsWithin(sinceMs: number, untilMs: number): ReadonlySet<string>[] {
    const { blocks, release } = this.#store.acquireBlocks({ sinceMs, untilMs });
    try {
      return blocks.flatMap((block) => this.#uuidsOf(block) ?? []);
    } finally {
      release();
    }
  }

  /** undefined = rows in memory: they came after the store was opened. */
  #uuidsOf(block: BlockRef): ReadonlySet<string> | undefined {
    if (block.key === undefined) return undefined;
    const held = this.#held.get(block.key);
    if (held !== undefined) return held;
    let uuids: Set<string>;
    try {
      uuids = readUuids(block);
    } catch (thrown) {
      this.#store.noteDamage(block, thrown);
      uuids = new Set();
    }
    if (this.#held.size >= heldBlocksMax) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    this.#held.set(block.key, uuids);
    return uuids;
  }
}

function readUuids(block: BlockRef): Set<string> {
  const source = block.open();
  const bytes = source.uuidBytes();
  const uuids = new Set<string>();
  if (bytes === undefined) return uuids;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, source.rowCount * 16);
  for (let at = 0; at < buffer.length; at += 16) uuids.add(buffer.toString("latin1", at, at + 16));
  return uuids;
}
