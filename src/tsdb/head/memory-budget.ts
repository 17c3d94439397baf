/**
 * The limit that acts before memory runs out: above the budget new series are refused, the ones that
 * are there go on. It remembers how many series each metric had, so that it can name the one that
 * grew most: that is what somebody must look at.
 */

import { totalmem } from "node:os";
import type { Head } from "./head.ts";

/** The head's share of the machine's (or container's) memory unless told otherwise. */
const defaultShare = 0.4;
const decodedCacheShare = 0.04;
const decodedCacheBytesMax = 128 * 1024 * 1024;
/** What the directories of symbols and postings take in the JavaScript heap, roughly, bytes an entry. */
const symbolBytes = 150;
const pairBytes = 90;
/** A series' record, which lies outside the arena, and its place in the hash table. */
const seriesBytes = 144;
/** An open chunk of histograms, or of floats with start times: its bytes and the object around them. */
const openObjectBytes = 1500;
/** Snapshots of the metrics' sizes that are kept, one a minute: growth is told against the oldest. */
const snapshotsMax = 10;

/** What the budget did, for the log and the banner in the browser. */
export interface BudgetState {
  readonly budgetBytes: number;
  /** Estimate of what the head takes now. */
  readonly usedBytes: number;
  /** Whether new series are refused. */
  readonly isOver: boolean;
  /** The metric whose series grew most in the last ten minutes, while the budget is exceeded. */
  readonly grownMetric:
    | { readonly name: string; readonly series: number; readonly grownBy: number }
    | undefined;
}

/** 40 % of the memory this process may use, less what decoded chunks may take. */
export function defaultMemoryBudget(): number {
  return Math.floor(usableMemory() * defaultShare) - decodedCacheBytesDefault();
}

/** What decoded chunks may take unless told otherwise: 128 MiB, on small machines 4 % of the memory. */
export function decodedCacheBytesDefault(): number {
  return Math.min(decodedCacheBytesMax, Math.floor(usableMemory() * decodedCacheShare));
}

/** The machine's memory, or the container's limit where there is one. */
function usableMemory(): number {
  const limit = process.constrainedMemory();
  const total = totalmem();
  return limit > 0 && limit < total ? limit : total;
}

/** Watches one head. */
export class MemoryBudget {
  readonly budgetBytes: number;
  /** Called when the budget is first exceeded, and again after it was kept for a while. */
  onExceeded: ((state: BudgetState) => void) | undefined;
  readonly #head: Head;
  readonly #snapshots: ReadonlyMap<string, number>[] = [];
  #isOver = false;

  /** 0 = no limit. */
  constructor(head: Head, budgetBytes: number) {
    this.#head = head;
    this.budgetBytes = budgetBytes;
  }

  /** Whether a new series must be refused. O(1). */
  get refusesSeries(): boolean {
    if (this.budgetBytes === 0) return false;
    if (this.#usedBytes() <= this.budgetBytes) return false;
    if (!this.#isOver) {
      this.#isOver = true;
      this.onExceeded?.(this.state());
    }
    return true;
  }

  /** To be called once a minute. O(metrics). */
  tick(): void {
    if (this.budgetBytes === 0) return;
    this.#snapshots.push(this.#metricSizes());
    if (this.#snapshots.length > snapshotsMax) this.#snapshots.shift();
    if (this.#usedBytes() <= this.budgetBytes) this.#isOver = false;
  }

  /** O(metrics) while the budget is exceeded, O(1) else. */
  state(): BudgetState {
    const usedBytes = this.#usedBytes();
    const isOver = this.budgetBytes > 0 && usedBytes > this.budgetBytes;
    return {
      budgetBytes: this.budgetBytes,
      usedBytes,
      isOver,
      grownMetric: isOver ? this.#grownMetric() : undefined,
    };
  }

  #usedBytes(): number {
    const { arena, symbols, postings, series, chunks } = this.#head;
    return (
      arena.usedBytes +
      symbols.size * symbolBytes +
      postings.pairCount * pairBytes +
      series.count * seriesBytes +
      chunks.openObjectCount * openObjectBytes
    );
  }

  #metricSizes(): ReadonlyMap<string, number> {
    const { symbols, postings } = this.#head;
    const sizes = new Map<string, number>();
    const nameId = symbols.find("__name__");
    if (nameId < 0) return sizes;
    for (const valueId of postings.valueIds(nameId)) {
      sizes.set(symbols.text(valueId), postings.count(nameId, valueId));
    }
    return sizes;
  }

  #grownMetric(): BudgetState["grownMetric"] {
    const before = this.#snapshots[0] ?? new Map<string, number>();
    let most: BudgetState["grownMetric"];
    for (const [name, series] of this.#metricSizes()) {
      const grownBy = series - (before.get(name) ?? 0);
      if (most === undefined || grownBy > most.grownBy) most = { name, series, grownBy };
    }
    return most;
  }
}
