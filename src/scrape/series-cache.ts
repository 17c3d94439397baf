/**
 * What a loop remembers between scrapes of one target. Two views of the same entries:
 * - by text: series as the target writes them → entry (ref, stored labels);
 * - by line: the series lines of the last good body in order, so that the next body, which mostly
 *   has the same lines, is recognised byte for byte without looking anything up.
 * Besides, the entries that count for staleness. Memory: the last body, about 150 bytes a series
 * and its labels. Bench: bench/scrape.
 */

import type { Labels } from "../model/labels.ts";
import type { SeriesRef } from "../storage/storage.ts";
import type { MetadataEntry } from "./metadata-cache.ts";

/** A failing target with ever new series may grow the cache to twice its good size and this much before it is flushed. */
const failedGrowthMax = 1000;
const smallestTable = 64;

/** One series as a target writes it. */
export class CachedSeries {
  /** What storage calls it; 0 where it took no sample yet. */
  ref: SeriesRef = 0;
  /** undefined where metric relabelling drops the series. */
  readonly labels: Labels | undefined;
  /** Number of the scrape that saw it last. */
  seenAt = 0;
  /** Number of the scrape that last counted it for staleness. */
  trackedAt = 0;
  /** Its place among the lines of the last body; a hint only. */
  line = 0;
  /** The family it belongs to, where metadata is recorded. */
  family: MetadataEntry | undefined;

  constructor(labels: Labels | undefined) {
    this.labels = labels;
  }
}

/** Some lines of one body in order: byte ranges and what they lead to. */
export class LineTable<Item> {
  starts = new Int32Array(smallestTable);
  ends = new Int32Array(smallestTable);
  readonly items: Item[] = [];
  count = 0;

  /** Adds a line; returns its place. */
  add(start: number, end: number, item: Item): number {
    const at = this.count;
    if (at === this.starts.length) this.#grow();
    this.starts[at] = start;
    this.ends[at] = end;
    if (at < this.items.length) this.items[at] = item;
    else this.items.push(item);
    this.count = at + 1;
    return at;
  }

  /** Forgets the lines; keeps the memory. */
  clear(): void {
    this.count = 0;
  }

  /** Lets go of items beyond `count`, so that they can be collected. */
  trim(): void {
    if (this.items.length !== this.count) this.items.length = this.count;
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.ends.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

/** What is remembered of one body. */
export class BodyLines {
  body: Uint8Array = new Uint8Array(0);
  readonly series = new LineTable<CachedSeries>();
  readonly metadata = new LineTable<MetadataEntry>();

  /** Begins anew. */
  reset(body: Uint8Array): void {
    this.body = body;
    this.series.clear();
    this.metadata.clear();
  }
}

/** Series of one scrape that count for staleness. An array emptied by its length would be allocated anew each time. */
class TrackedSeries {
  readonly items: CachedSeries[] = [];
  count = 0;

  add(series: CachedSeries): void {
    if (this.count < this.items.length) this.items[this.count] = series;
    else this.items.push(series);
    this.count++;
  }

  /** Lets go of what lies beyond `count`. */
  trim(): void {
    if (this.items.length !== this.count) this.items.length = this.count;
  }
}

/** The cache of one loop. */
export class SeriesCache {
  /** Lines of the last good body. */
  lines = new BodyLines();
  /** Lines of the body that is being read. */
  nextLines = new BodyLines();
  /** Number of the scrape under way; each attempt has its own. */
  scrape = 0;
  readonly #byText = new Map<string, CachedSeries>();
  #tracked = new TrackedSeries();
  #previouslyTracked = new TrackedSeries();
  #keptBody = new Uint8Array(0);
  #seenCount = 0;
  #goodSize = 0;

  get size(): number {
    return this.#byText.size;
  }

  /** Begins an attempt: nothing seen, nothing tracked yet. What the attempt before tracked stays comparable. */
  begin(body: Uint8Array): void {
    this.scrape++;
    this.#seenCount = 0;
    this.#tracked.count = 0;
    this.nextLines.reset(body);
  }

  get(text: string): CachedSeries | undefined {
    return this.#byText.get(text);
  }

  add(text: string, series: CachedSeries): void {
    this.#byText.set(text, series);
  }

  /** Marks a series as seen; false where this scrape has seen it already. */
  see(series: CachedSeries): boolean {
    if (series.seenAt === this.scrape) return false;
    series.seenAt = this.scrape;
    this.#seenCount++;
    return true;
  }

  /** Counts a series for staleness: once it is gone it gets a stale marker. */
  track(series: CachedSeries): void {
    if (series.trackedAt === this.scrape) return;
    series.trackedAt = this.scrape;
    this.#tracked.add(series);
  }

  /** Series that the last finished scrape tracked and this one did not. O(series). */
  staleSeries(): CachedSeries[] {
    const { items, count } = this.#previouslyTracked;
    const candidates: CachedSeries[] = [];
    for (let i = 0; i < count; i++) {
      const series = items[i]!;
      if (series.trackedAt !== this.scrape) candidates.push(series);
    }
    if (candidates.length === 0) return candidates;
    // One series may be written in two ways (labels in another order): alive is what has the same ref.
    const alive = new Set<SeriesRef>();
    for (let i = 0; i < this.#tracked.count; i++) alive.add(this.#tracked.items[i]!.ref);
    return candidates.filter((series) => !alive.has(series.ref));
  }

  /** Ends a good scrape: its lines and series are what the next one is compared with. */
  finish(): void {
    const { lines } = this;
    this.lines = this.nextLines;
    this.lines.body = this.#keepBody(this.nextLines.body);
    this.lines.series.trim();
    this.lines.metadata.trim();
    this.nextLines = lines;
    // The body before the last is not needed any more.
    lines.reset(new Uint8Array(0));
    if (this.#seenCount !== this.#byText.size) this.#sweep();
    this.#goodSize = this.#byText.size;
    this.#swapTracked();
  }

  /** Ends an empty or failed scrape, which tracked nothing. True where the cache had to be flushed. */
  finishEmpty(): boolean {
    this.#swapTracked();
    if (this.#byText.size <= this.#goodSize * 2 + failedGrowthMax) return false;
    this.#sweep();
    this.#goodSize = this.#byText.size;
    return true;
  }

  /**
   * A copy in memory that is used again and again: bodies then die young, and the garbage collector
   * need not mark the whole heap to find them. Cost: one memcpy a scrape.
   */
  #keepBody(body: Uint8Array): Uint8Array {
    const kept = this.#keptBody;
    if (body.length > kept.length || body.length < kept.length / 4) {
      this.#keptBody = new Uint8Array(Math.ceil(body.length * 1.1));
    }
    this.#keptBody.set(body);
    return this.#keptBody;
  }

  #swapTracked(): void {
    const previous = this.#previouslyTracked;
    this.#previouslyTracked = this.#tracked;
    this.#previouslyTracked.trim();
    this.#tracked = previous;
    this.#tracked.count = 0;
  }

  #sweep(): void {
    for (const [text, series] of this.#byText) {
      if (series.seenAt !== this.scrape) this.#byText.delete(text);
    }
  }
}
