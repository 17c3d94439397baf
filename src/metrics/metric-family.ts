/**
 * What all metric families share: children found by label values (child-index.ts), kept sorted for
 * exposition. Lookup O(labels); removal O(labels); the sorted list is rebuilt after a removal, what is
 * new is merged into it. Prometheus' client library is the model of all behaviour here.
 */

import { assert } from "../base/assert.ts";
import { compareUtf8, isLegacyLabelName, isLegacyMetricName } from "../model/labels.ts";
import { ChildIndex } from "./child-index.ts";
import type { SeriesBudget } from "./series-budget.ts";
import { sortSteps } from "./sort-steps.ts";

/** Metric types that a family can have. */
export type FamilyType = "counter" | "gauge" | "histogram" | "summary";

/** What every family is declared with. `labelNames` in any order; `labels()` takes values in the same order. */
export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** What new children are asked of; the registry's, unless given. A family without labels asks nobody. */
  readonly budget?: SeriesBudget | undefined;
}

/** One series (or, for histograms and summaries, one group of series) of a family. */
export abstract class MetricChild {
  /** In the order of the family's label names. */
  readonly labelValues: readonly string[];
  /** `a="b",c="d"` as exposition writes it, sorted by name; "" until first rendered. Owned by exposition.ts. */
  labelText = "";

  constructor(labelValues: readonly string[]) {
    this.labelValues = labelValues;
  }
}

/** A metric name with its children. A family without labels has its one child from the start. */
export abstract class MetricFamily<Child extends MetricChild> {
  abstract readonly type: FamilyType;
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Indexes into `labelNames`, in the byte order of the names: the order in which labels are written. */
  readonly labelOrder: readonly number[];
  /** Series that a child is in exposition. */
  readonly seriesPerChild: number;
  readonly #makeChild: (labelValues: readonly string[]) => Child;
  readonly #budget: SeriesBudget | undefined;
  /** Takes what is counted for children that the budget refused; nobody sees it. */
  #sink: Child | undefined;
  #index: ChildIndex<Child> | undefined;
  #only: Child | undefined;
  #sorted: readonly Child[] | undefined;
  /** Made since `#sorted` was. */
  #fresh: Child[] = [];
  /** Raised by all that makes a list out of date which is being sorted. */
  #orderVersion = 0;

  constructor(
    options: FamilyOptions,
    makeChild: (labelValues: readonly string[]) => Child,
    seriesPerChild = 1,
  ) {
    const labelNames = options.labelNames ?? [];
    assert(isLegacyMetricName(options.name), `metric name ${options.name} is not valid`);
    for (const label of labelNames) {
      assert(
        isLegacyLabelName(label) && !label.startsWith("__"),
        `label name ${label} of ${options.name} is not valid`,
      );
    }
    assert(new Set(labelNames).size === labelNames.length, `${options.name} repeats a label name`);
    this.name = options.name;
    this.help = options.help;
    this.labelNames = [...labelNames];
    this.labelOrder = labelNames
      .map((_, index) => index)
      .sort((a, b) => compareUtf8(labelNames[a] as string, labelNames[b] as string));
    this.#makeChild = makeChild;
    this.seriesPerChild = seriesPerChild;
    this.#budget = options.budget;
    if (labelNames.length === 0) this.#only = makeChild([]);
    else this.#index = new ChildIndex(labelNames.length);
  }

  /** The child with these label values, made on first use. Keep it where the values do not change. */
  labels(...values: string[]): Child {
    return this.labelsOf(values);
  }

  /** As `labels`, for values at hand in an array; the array is copied only when the child is new. */
  labelsOf(values: readonly string[]): Child {
    // Not a bare assert: its message would be put together at every call.
    if (values.length !== this.labelNames.length) this.#refuse(values.length);
    const index = this.#index;
    if (index === undefined) {
      this.#only ??= this.#makeChild([]);
      return this.#only;
    }
    if (this.#budget !== undefined) return this.#withinBudget(index, values, this.#budget);
    const sizeBefore = index.size;
    const child = index.findOrMake(values, this.#makeChild);
    if (index.size !== sizeBefore) this.#fresh.push(child);
    return child;
  }

  #withinBudget(index: ChildIndex<Child>, values: readonly string[], budget: SeriesBudget): Child {
    const known = index.find(values);
    if (known !== undefined) return known;
    if (!budget.admits(this, values) || !budget.claim(this.name, this.seriesPerChild)) {
      this.#sink ??= this.#makeChild(values.map(() => ""));
      return this.#sink;
    }
    const child = index.findOrMake(values, this.#makeChild);
    this.#fresh.push(child);
    return child;
  }

  /** Drops one child; false where there is none. A child kept by somebody lives on, unseen. */
  remove(...values: string[]): boolean {
    if (!this.#removeOne(values)) return false;
    this.#forgetOrder();
    return true;
  }

  /** Drops the children whose label values (in declared order) satisfy `isUnwanted`; returns how many. O(children). */
  removeMatching(isUnwanted: (labelValues: readonly string[]) => boolean): number {
    let count = 0;
    for (const child of this.children()) {
      if (isUnwanted(child.labelValues) && this.#removeOne(child.labelValues)) count++;
    }
    if (count > 0) this.#forgetOrder();
    return count;
  }

  /** Drops all children. */
  clear(): void {
    this.releaseBudget();
    this.#only = undefined;
    if (this.#index !== undefined) this.#index = new ChildIndex(this.labelNames.length);
    this.#forgetOrder();
  }

  /** Gives back what the children took of the budget: they are about to go. */
  releaseBudget(): void {
    this.#budget?.release((this.#index?.size ?? 0) * this.seriesPerChild);
  }

  /** How many children there are (a histogram with its buckets is one). */
  get seriesCount(): number {
    return this.#index?.size ?? (this.#only === undefined ? 0 : 1);
  }

  /** The children in no order that means anything. A copy. */
  children(): Child[] {
    return this.#index?.all() ?? (this.#only === undefined ? [] : [this.#only]);
  }

  /** Children in exposition order: by label values, labels taken in the order of their names. Cached. */
  sortedChildren(): readonly Child[] {
    const steps = this.sortInSteps();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * The same with a yield wherever a million children would make others wait. The list is of the moment
   * of the first step.
   */
  *sortInSteps(): Generator<void, readonly Child[]> {
    if (this.#sorted !== undefined && this.#fresh.length === 0) return this.#sorted;
    const known = this.#sorted ?? [];
    const fresh = this.#sorted === undefined ? this.children() : this.#fresh;
    const version = ++this.#orderVersion;
    this.#sorted = undefined;
    this.#fresh = [];
    const compare = (a: Child, b: Child) =>
      compareInOrder(a.labelValues, b.labelValues, this.labelOrder);
    const sorted = yield* sortSteps(known, fresh, compare);
    // Else somebody sorted or removed meanwhile: the list serves this caller alone.
    if (this.#orderVersion === version) this.#sorted = sorted;
    return sorted;
  }

  #forgetOrder(): void {
    this.#sorted = undefined;
    this.#fresh = [];
    this.#orderVersion++;
  }

  /** The child of a family without labels. */
  protected unlabelled(): Child {
    assert(this.#only !== undefined, `${this.name} has labels: say which child`);
    return this.#only;
  }

  #refuse(count: number): never {
    assert(false, `${this.name} wants ${this.labelNames.length} label values, have ${count}`);
  }

  #removeOne(values: readonly string[]): boolean {
    if (this.#index !== undefined) {
      const isGone = this.#index.remove(values);
      if (isGone) this.#budget?.release(this.seriesPerChild);
      return isGone;
    }
    const isThere = this.#only !== undefined && values.length === 0;
    if (isThere) this.#only = undefined;
    return isThere;
  }
}

function compareInOrder(
  a: readonly string[],
  b: readonly string[],
  order: readonly number[],
): number {
  for (const index of order) {
    const result = compareUtf8(a[index] as string, b[index] as string);
    if (result !== 0) return result;
  }
  return 0;
}
