/**
 * What all metric families share: children found by label values, kept sorted for exposition.
 * Layout: a tree of Maps, one level a label, so that a lookup joins no key and hashes only strings
 * that the caller already has. Lookup O(labels); removal O(labels); the sorted list is rebuilt after
 * a change of membership only. Prometheus' client library is the model of all behaviour here.
 */

import { assert } from "../base/assert.ts";
import { compareUtf8, isLegacyLabelName, isLegacyMetricName } from "../model/labels.ts";

/** Metric types that a family can have. */
export type FamilyType = "counter" | "gauge" | "histogram" | "summary";

/** What every family is declared with. `labelNames` in any order; `labels()` takes values in the same order. */
export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
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

/** One value of one label; leaves hold the child, the others branch on the next label. */
class TreeNode<Child> {
  branches: Map<string, TreeNode<Child>> | undefined;
  child: Child | undefined;
}

/** A metric name with its children. A family without labels has its one child from the start. */
export abstract class MetricFamily<Child extends MetricChild> {
  abstract readonly type: FamilyType;
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Indexes into `labelNames`, in the byte order of the names: the order in which labels are written. */
  readonly labelOrder: readonly number[];
  readonly #makeChild: (labelValues: readonly string[]) => Child;
  #root = new TreeNode<Child>();
  #seriesCount = 0;
  #sorted: readonly Child[] | undefined;

  constructor(options: FamilyOptions, makeChild: (labelValues: readonly string[]) => Child) {
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
    if (labelNames.length === 0) this.labelsOf([]);
  }

  /** The child with these label values, made on first use. Keep it where the values do not change. */
  labels(...values: string[]): Child {
    return this.labelsOf(values);
  }

  /** As `labels`, for values at hand in an array; the array is copied only when the child is new. */
  labelsOf(values: readonly string[]): Child {
    // Not a bare assert: its message would be put together at every call.
    if (values.length !== this.labelNames.length) this.#refuse(values.length);
    let node = this.#root;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as string;
      node.branches ??= new Map();
      let next = node.branches.get(value);
      if (next === undefined) {
        next = new TreeNode();
        node.branches.set(value, next);
      }
      node = next;
    }
    if (node.child === undefined) {
      node.child = this.#makeChild([...values]);
      this.#seriesCount++;
      this.#sorted = undefined;
    }
    return node.child;
  }

  /** Drops one child; false where there is none. A child kept by somebody lives on, unseen. */
  remove(...values: string[]): boolean {
    const isRemoved = removeBelow(this.#root, values, 0);
    if (isRemoved) this.#forget(1);
    return isRemoved;
  }

  /** Drops the children whose label values (in declared order) satisfy `isUnwanted`; returns how many. O(children). */
  removeMatching(isUnwanted: (labelValues: readonly string[]) => boolean): number {
    let count = 0;
    for (const child of this.sortedChildren()) {
      if (isUnwanted(child.labelValues) && removeBelow(this.#root, child.labelValues, 0)) count++;
    }
    if (count > 0) this.#forget(count);
    return count;
  }

  /** Drops all children. */
  clear(): void {
    this.#root = new TreeNode();
    this.#forget(this.#seriesCount);
  }

  /** How many children there are (a histogram with its buckets is one). */
  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** Children in exposition order: by label values, labels taken in the order of their names. Cached. */
  sortedChildren(): readonly Child[] {
    if (this.#sorted === undefined) {
      const children: Child[] = [];
      collectBelow(this.#root, children);
      children.sort((a, b) => compareInOrder(a.labelValues, b.labelValues, this.labelOrder));
      this.#sorted = children;
    }
    return this.#sorted;
  }

  /** The child of a family without labels. */
  protected unlabelled(): Child {
    assert(this.#root.child !== undefined, `${this.name} has labels: say which child`);
    return this.#root.child;
  }

  #refuse(count: number): never {
    assert(false, `${this.name} wants ${this.labelNames.length} label values, have ${count}`);
  }

  #forget(count: number): void {
    this.#seriesCount -= count;
    this.#sorted = undefined;
  }
}

/** Removes a leaf and the branches that it leaves empty. */
function removeBelow<Child>(
  node: TreeNode<Child>,
  values: readonly string[],
  depth: number,
): boolean {
  if (depth === values.length) {
    const isThere = node.child !== undefined;
    node.child = undefined;
    return isThere;
  }
  const value = values[depth] as string;
  const next = node.branches?.get(value);
  if (next === undefined || !removeBelow(next, values, depth + 1)) return false;
  if (next.child === undefined && (next.branches?.size ?? 0) === 0) node.branches?.delete(value);
  return true;
}

function collectBelow<Child>(node: TreeNode<Child>, into: Child[]): void {
  if (node.child !== undefined) into.push(node.child);
  if (node.branches === undefined) return;
  for (const next of node.branches.values()) collectBelow(next, into);
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
