/**
 * The newest exemplars of all series, a ring of limited length: the oldest goes when it is full.
 * Each series' exemplars are linked from old to new. add O(1); select O(series that match).
 */

import type { Exemplar } from "../../model/sample.ts";

/** OpenMetrics allows so many characters of exemplar labels. */
const labelCharactersMax = 128;

interface StoredExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
  readonly timestampMs: number;
  /** Ring position of the series' next newer one, -1 for its newest. */
  next: number;
}

interface SeriesLinks {
  oldest: number;
  newest: number;
}

/** Exemplars by series ref. */
export class ExemplarRing {
  readonly #capacity: number;
  readonly #slots: StoredExemplar[] = [];
  readonly #bySeries = new Map<number, SeriesLinks>();
  #nextAt = 0;
  appendedTotal = 0;
  outOfOrderTotal = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Series that have exemplars. */
  get seriesCount(): number {
    return this.#bySeries.size;
  }

  /** Whether `add` would take it: newer than the series' newest, not over-long. */
  accepts(ref: number, exemplar: Exemplar, timestampMs: number): boolean {
    if (this.#capacity === 0) return false;
    let characters = 0;
    for (const text of exemplar.labels.pairs) characters += text.length;
    if (characters > labelCharactersMax) return false;
    const links = this.#bySeries.get(ref);
    if (links === undefined) return true;
    const newest = this.#slots[links.newest] as StoredExemplar;
    const isEqual =
      Object.is(exemplar.value, newest.exemplar.value) &&
      exemplar.labels.equals(newest.exemplar.labels);
    // Without a time of its own an exemplar stays the same one, scrape after scrape.
    const isTimeless =
      exemplar.timestampMs === undefined && newest.exemplar.timestampMs === undefined;
    if (isEqual && isTimeless) return false;
    if (timestampMs > newest.timestampMs) return true;
    const isRepeated = isEqual && timestampMs === newest.timestampMs;
    if (!isRepeated) this.outOfOrderTotal++;
    return false;
  }

  /** Stores an exemplar that `accepts` approved. */
  add(ref: number, exemplar: Exemplar, timestampMs: number): void {
    const at = this.#nextAt;
    if (this.#slots[at] !== undefined) this.#evict(at);
    this.#slots[at] = { ref, exemplar, timestampMs, next: -1 };
    const links = this.#bySeries.get(ref);
    if (links === undefined) this.#bySeries.set(ref, { oldest: at, newest: at });
    else {
      (this.#slots[links.newest] as StoredExemplar).next = at;
      links.newest = at;
    }
    this.#nextAt = (at + 1) % this.#capacity;
    this.appendedTotal++;
  }

  /** Refs of the series that have exemplars. */
  refs(): IterableIterator<number> {
    return this.#bySeries.keys();
  }

  /** The series' exemplars between the two times, oldest first. */
  select(ref: number, startMs: number, endMs: number): Exemplar[] {
    const found: Exemplar[] = [];
    let at = this.#bySeries.get(ref)?.oldest ?? -1;
    while (at >= 0) {
      const stored = this.#slots[at] as StoredExemplar;
      if (stored.timestampMs > endMs) break;
      if (stored.timestampMs >= startMs) found.push(withTime(stored));
      at = stored.next;
    }
    return found;
  }

  #evict(at: number): void {
    const old = this.#slots[at] as StoredExemplar;
    if (old.next < 0) this.#bySeries.delete(old.ref);
    else (this.#bySeries.get(old.ref) as SeriesLinks).oldest = old.next;
  }
}

function withTime(stored: StoredExemplar): Exemplar {
  const { exemplar, timestampMs } = stored;
  if (exemplar.timestampMs !== undefined) return exemplar;
  return { labels: exemplar.labels, value: exemplar.value, timestampMs };
}
