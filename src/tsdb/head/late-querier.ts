/** Reads the late samples of a head (late-samples.ts) as a querier of its own, to be merged with the others. */

import { compareUtf8, type Labels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import type {
  LabelResult,
  Querier,
  SelectHints,
  Series,
  SeriesSet,
} from "../../storage/storage.ts";
import type { Head } from "./head.ts";
import { selectSlots } from "./head-querier.ts";

/** Querier over the late samples between two times. */
export class LateQuerier implements Querier {
  readonly #head: Head;
  readonly #minMs: number;
  readonly #maxMs: number;

  constructor(head: Head, minMs: number, maxMs: number) {
    this.#head = head;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const startMs = Math.max(hints.startMs, this.#minMs);
    const endMs = Math.min(hints.endMs, this.#maxMs);
    await this.#head.order.settle();
    const slots = this.#head.order.sort(this.#slots(matchers, startMs, endMs));
    return {
      series: Array.from(slots, (slot) => new LateSeriesReader(this.#head, slot)),
      warnings: [],
    };
  }

  async labelNames(matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const names = new Set<string>();
    for (const slot of this.#slots(matchers, this.#minMs, this.#maxMs)) {
      this.#head.series.labels(slot).forEach((name) => {
        names.add(name);
      });
    }
    return sorted(names, limit);
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const values = new Set<string>();
    for (const slot of this.#slots(matchers, this.#minMs, this.#maxMs)) {
      const value = this.#head.series.labels(slot).get(name);
      if (value !== "") values.add(value);
    }
    return sorted(values, limit);
  }

  close(): void {}

  #slots(matchers: readonly Matcher[], startMs: number, endMs: number): Uint32Array {
    const { late } = this.#head;
    return selectSlots(this.#head, matchers).filter(
      (slot) => late.hasSeries(slot) && late.lastMs(slot) >= startMs && late.firstMs(slot) <= endMs,
    );
  }
}

class LateSeriesReader implements Series {
  readonly labels: Labels;
  readonly #head: Head;
  readonly #slot: number;
  readonly #ref: number;

  constructor(head: Head, slot: number) {
    this.#head = head;
    this.#slot = slot;
    this.#ref = head.series.refOf(slot);
    this.labels = head.series.labels(slot);
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    if (this.#head.series.refOf(this.#slot) !== this.#ref) return;
    this.#head.late.read(this.#slot, into, startMs, endMs);
  }
}

function sorted(texts: ReadonlySet<string>, limit: number): LabelResult {
  const values = [...texts].sort(compareUtf8);
  if (limit <= 0 || values.length <= limit) return { values, warnings: [] };
  return { values: values.slice(0, limit), warnings: ["results truncated due to limit"] };
}
