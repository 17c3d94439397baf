/**
 * The series of a registry into storage at intervals, as a scrape of the page would bring them, without
 * text in between: same names and labels, marked `job="ciliascope-flows"` (Hubble's own labels include
 * `source`, but no `job`). Series that went away get a stale marker.
 */

import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { WorkSlice } from "../flowmetrics/studio/work-slice.ts";
import type { AnyFamily, Counter, Histogram } from "../metrics/families.ts";
import type { MetricChild } from "../metrics/metric-family.ts";
import type { Registry } from "../metrics/registry.ts";
import { type Labels, labelsFromEntries } from "../model/labels.ts";
import type { Exemplar } from "../model/sample.ts";
import { formatOpenMetricsFloat } from "../model/value-format.ts";
import type { Appendable, Appender, SeriesRef } from "../storage/storage.ts";

/** What says where a series comes from. */
export const flowSeriesMarks: readonly (readonly [string, string])[] = [
  ["job", "ciliascope-flows"],
  ["instance", "ciliascope"],
];

/** Children written, and slots looked at, between two looks at the clock. */
const stepChildren = 128;
const stepSlots = 8192;

/** One series of storage. */
interface Slot {
  readonly labels: Labels;
  ref: SeriesRef;
  round: number;
}

/** Writes one registry. */
export class FlowSeriesWriter {
  readonly #registry: Registry;
  readonly #appendable: Appendable;
  readonly #logger: Logger;
  /** Slots of a child, in the order in which they are written. */
  readonly #slots = new Map<object, Slot[]>();
  #round = 0;
  #hasFailed = false;

  constructor(registry: Registry, appendable: Appendable, logger: Logger) {
    this.#registry = registry;
    this.#appendable = appendable;
    this.#logger = logger;
  }

  /** Writes every series with its value of now, in one transaction. A failure is said once, until it works again. */
  write(timestampMs: number): void {
    const steps = this.#steps(timestampMs);
    while (steps.next().done !== true);
  }

  /** The same in slices, a transaction each: a million series would hold up everybody for seconds. */
  async writeInSlices(timestampMs: number, slice: WorkSlice): Promise<void> {
    const steps = this.#steps(timestampMs);
    for (;;) {
      const { isOver } = slice;
      if (steps.next(isOver).done === true) return;
      if (isOver) await slice.pauseIfOver();
    }
  }

  /** Yields every few children; told that it is time (true), it commits what it has. */
  *#steps(timestampMs: number): Generator<void, void, boolean | undefined> {
    let appender = this.#appendable.appender();
    try {
      this.#round++;
      for (const [family, child] of this.#children()) {
        if (child !== undefined) this.#writeChild(appender, { family, child, timestampMs });
        else if ((yield) === true) {
          appender.commit();
          appender = this.#appendable.appender();
        }
      }
      yield* this.#endOthers(appender, timestampMs);
      appender.commit();
      this.#hasFailed = false;
    } catch (thrown) {
      appender.rollback();
      if (!this.#hasFailed) {
        this.#logger.error({ error: errorMessage(thrown) }, "flow metrics could not be stored");
      }
      this.#hasFailed = true;
    }
  }

  /** Children of all families; undefined for one now and then, where others may have a turn. */
  *#children(): Generator<readonly [AnyFamily, MetricChild | undefined]> {
    let count = 0;
    for (const family of this.#registry.collect()) {
      if (family.type === "summary") continue;
      for (const child of family.children()) {
        if (++count % stepChildren === 0) yield [family, undefined];
        yield [family, child];
      }
    }
  }

  #writeChild(appender: Appender, { family, child, timestampMs }: WrittenChild): void {
    let slots = this.#slots.get(child);
    if (slots === undefined) {
      slots = makeSlots(family, child);
      this.#slots.set(child, slots);
    }
    const values =
      family.type === "histogram"
        ? histogramValues(child as Histogram)
        : [(child as Counter).value];
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Slot;
      slot.round = this.#round;
      const ref = appender.append(slot.ref, slot.labels, timestampMs, values[i] as number);
      if (ref > 0) slot.ref = ref;
    }
    writeExemplars(appender, slots, exemplarsOf(family, child));
  }

  *#endOthers(appender: Appender, timestampMs: number): Generator<void, void, boolean | undefined> {
    let count = 0;
    for (const [child, slots] of this.#slots) {
      if (++count % stepSlots === 0) yield;
      if ((slots[0] as Slot).round === this.#round) continue;
      for (const { ref, labels } of slots)
        if (ref > 0) appender.appendStale(ref, labels, timestampMs);
      this.#slots.delete(child);
    }
  }
}

interface WrittenChild {
  readonly family: AnyFamily;
  readonly child: MetricChild;
  readonly timestampMs: number;
}

/** In the order of the slots: a counter's one, a histogram's by bucket. */
function exemplarsOf(family: AnyFamily, child: MetricChild): readonly (Exemplar | undefined)[] {
  if (family.type === "histogram") return (child as Histogram).exemplars;
  return family.type === "counter" ? [(child as Counter).exemplar] : [];
}

/** What was written before is dropped by the storage. */
function writeExemplars(
  appender: Appender,
  slots: readonly Slot[],
  exemplars: readonly (Exemplar | undefined)[],
): void {
  for (let i = 0; i < exemplars.length; i++) {
    const exemplar = exemplars[i];
    const ref = slots[i]?.ref ?? 0;
    if (exemplar !== undefined && ref > 0) appender.appendExemplar(ref, exemplar);
  }
}

/** Cumulative buckets, +Inf, sum, count. */
function histogramValues({ counts, sum, count }: Histogram): number[] {
  const values: number[] = [];
  let cumulative = 0;
  for (const bucket of counts) {
    cumulative += bucket;
    values.push(cumulative);
  }
  values.push(sum, count);
  return values;
}

function makeSlots(family: AnyFamily, child: MetricChild): Slot[] {
  const slot = (name: string, extra: readonly (readonly [string, string])[] = []): Slot => {
    const entries: (readonly [string, string])[] = [["__name__", name], ...flowSeriesMarks];
    for (const [index, label] of family.labelNames.entries()) {
      const value = child.labelValues[index] ?? "";
      if (value !== "") entries.push([label, value]);
    }
    for (const [label, value] of extra) entries.push([label, value]);
    return { labels: labelsFromEntries(entries), ref: 0, round: 0 };
  };
  if (family.type !== "histogram") return [slot(family.name)];
  const bounds = [...(child as Histogram).bounds, Number.POSITIVE_INFINITY];
  return [
    ...bounds.map((bound) =>
      slot(`${family.name}_bucket`, [["le", formatOpenMetricsFloat(bound)]]),
    ),
    slot(`${family.name}_sum`),
    slot(`${family.name}_count`),
  ];
}
