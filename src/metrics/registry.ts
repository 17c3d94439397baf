/**
 * A set of metric families with distinct names: one for Ciliascope's own /metrics, one for each
 * endpoint that the laboratory plays, one for Hubble flow metrics. exposition.ts writes it out.
 */

import { assert } from "../base/assert.ts";
import { compareUtf8 } from "../model/labels.ts";
import {
  type AnyFamily,
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  type HistogramOptions,
  SummaryFamily,
  type SummaryOptions,
} from "./families.ts";
import type { FamilyOptions } from "./metric-family.ts";

/** Families by name. Declaring a name twice is a bug, unless it was unregistered in between. */
export class Registry {
  readonly #families = new Map<string, AnyFamily>();
  readonly #hooks = new Set<() => void>();
  #sorted: readonly AnyFamily[] | undefined;

  counter(options: FamilyOptions): CounterFamily {
    return this.#register(new CounterFamily(options));
  }

  gauge(options: FamilyOptions): GaugeFamily {
    return this.#register(new GaugeFamily(options));
  }

  histogram(options: HistogramOptions): HistogramFamily {
    return this.#register(new HistogramFamily(options));
  }

  summary(options: SummaryOptions): SummaryFamily {
    return this.#register(new SummaryFamily(options));
  }

  /** Drops a family; false where there is none. */
  unregister(name: string): boolean {
    this.#sorted = undefined;
    return this.#families.delete(name);
  }

  /** The family called `name`. */
  get(name: string): AnyFamily | undefined {
    return this.#families.get(name);
  }

  /** Calls `refresh` before each exposition, to bring gauges up to date; returns what stops that. */
  onCollect(refresh: () => void): () => void {
    this.#hooks.add(refresh);
    return () => {
      this.#hooks.delete(refresh);
    };
  }

  /** Runs the onCollect hooks, then returns the families by name, those without series included. */
  collect(): readonly AnyFamily[] {
    for (const refresh of this.#hooks) refresh();
    this.#sorted ??= [...this.#families.values()].sort((a, b) => compareUtf8(a.name, b.name));
    return this.#sorted;
  }

  #register<Family extends AnyFamily>(family: Family): Family {
    assert(!this.#families.has(family.name), `metric ${family.name} is registered twice`);
    this.#families.set(family.name, family);
    this.#sorted = undefined;
    return family;
  }
}
