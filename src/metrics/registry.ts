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
import type { SeriesBudget } from "./series-budget.ts";

/** Families by name. Declaring a name twice is a bug, unless it was unregistered in between. */
export class Registry {
  readonly #families = new Map<string, AnyFamily>();
  readonly #hooks = new Set<() => void>();
  #sorted: readonly AnyFamily[] | undefined;
  readonly #budget: SeriesBudget | undefined;

  /** `budget`: beyond it, new children of families with labels are not made; what they count is lost. */
  constructor(budget?: SeriesBudget) {
    this.#budget = budget;
  }

  counter(options: FamilyOptions): CounterFamily {
    return this.#register(new CounterFamily(this.#budgeted(options)));
  }

  gauge(options: FamilyOptions): GaugeFamily {
    return this.#register(new GaugeFamily(this.#budgeted(options)));
  }

  histogram(options: HistogramOptions): HistogramFamily {
    return this.#register(new HistogramFamily(this.#budgeted(options)));
  }

  summary(options: SummaryOptions): SummaryFamily {
    return this.#register(new SummaryFamily(this.#budgeted(options)));
  }

  /** Drops a family; false where there is none. */
  unregister(name: string): boolean {
    this.#sorted = undefined;
    this.#families.get(name)?.releaseBudget();
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

  /** The families as they stand, in no order; no hook runs. */
  families(): Iterable<AnyFamily> {
    return this.#families.values();
  }

  /** Runs the onCollect hooks, then returns the families by name, those without series included. */
  collect(): readonly AnyFamily[] {
    for (const refresh of this.#hooks) refresh();
    this.#sorted ??= [...this.#families.values()].sort((a, b) => compareUtf8(a.name, b.name));
    return this.#sorted;
  }

  #budgeted<Options extends FamilyOptions>(options: Options): Options {
    return this.#budget === undefined ? options : { budget: this.#budget, ...options };
  }

  #register<Family extends AnyFamily>(family: Family): Family {
    assert(!this.#families.has(family.name), `metric ${family.name} is registered twice`);
    this.#families.set(family.name, family);
    this.#sorted = undefined;
    return family;
  }
}
