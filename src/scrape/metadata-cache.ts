/** What a target declared of its metric families: type, help, unit; in the order of first sight. Kept for ten scrapes after a family was last declared. */

import type { MetricMetadata, MetricType } from "../model/sample.ts";

/** Scrapes that a family outlives its last declaration by. */
const keptScrapes = 10;

/** One family. */
export class MetadataEntry implements MetricMetadata {
  readonly metric: string;
  type: MetricType = "unknown";
  help = "";
  unit = "";
  seenAt = 0;

  constructor(metric: string) {
    this.metric = metric;
  }
}

/** Families of one target. */
export class MetadataCache {
  readonly #entries = new Map<string, MetadataEntry>();

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of a family, made on first use; `scrape` is the number of the scrape that declares it. */
  entry(metric: string, scrape: number): MetadataEntry {
    let entry = this.#entries.get(metric);
    if (entry === undefined) {
      entry = new MetadataEntry(metric);
      this.#entries.set(metric, entry);
    }
    entry.seenAt = scrape;
    return entry;
  }

  /** The family of this name where the scrape of this number declared it. */
  declared(metric: string, scrape: number): MetadataEntry | undefined {
    const entry = this.#entries.get(metric);
    return entry?.seenAt === scrape ? entry : undefined;
  }

  /** Drops what has not been declared for long. */
  sweep(scrape: number): void {
    for (const entry of this.#entries.values()) {
      if (scrape - entry.seenAt > keptScrapes) this.#entries.delete(entry.metric);
    }
  }

  /** In order of first sight. O(families). */
  list(): readonly MetadataEntry[] {
    return [...this.#entries.values()];
  }
}
