/** Which output group each row of a vector belongs to: labels are looked at once per series, never per step. */

import { Labels } from "../../model/labels.ts";
import type { AggregateNode } from "./plan-node.ts";
import type { StepVector } from "./step-vector.ts";

/** Rows sorted into groups. */
export interface SeriesGroups {
  /** Per row: its group. */
  readonly groupOfRow: Int32Array;
  /** Labels of each group, in order of first appearance. */
  readonly labels: readonly Labels[];
  /** Per group: some member's name is still to be dropped. */
  readonly isNamePending: readonly boolean[];
}

/** Groups the rows by the node's `by` or `without`. O(rows). */
export function groupRows(node: AggregateNode, vector: StepVector): SeriesGroups {
  return groupLabels(node, vector.labels, vector.isNamePending);
}

/** Groups series by their labels; see `groupRows`. */
export function groupLabels(
  node: AggregateNode,
  labelSets: readonly Labels[],
  isPending: readonly boolean[],
): SeriesGroups {
  const groupOfRow = new Int32Array(labelSets.length);
  const labels: Labels[] = [];
  const isNamePending: boolean[] = [];
  const groupByKey = new Map<string, number>();
  const project = groupingProjection(node);
  const keyOf = groupKey(node, project);
  for (let row = 0; row < labelSets.length; row++) {
    const own = labelSets[row] as Labels;
    const key = keyOf(own);
    let group = groupByKey.get(key);
    if (group === undefined) {
      group = labels.length;
      groupByKey.set(key, group);
      labels.push(project(own));
      isNamePending.push(false);
    }
    groupOfRow[row] = group;
    if (isPending[row] === true) isNamePending[group] = true;
  }
  return { groupOfRow, labels, isNamePending };
}

/**
 * What series of one group share. For `by` the values of the labels named, so that no label set is made
 * for each series.
 */
function groupKey(
  node: AggregateNode,
  project: (labels: Labels) => Labels,
): (labels: Labels) => string {
  const names = [...new Set(node.grouping)];
  if (node.isWithout) return (labels) => project(labels).key;
  const [only = ""] = names;
  if (names.length <= 1) return (labels) => (only === "" ? "" : labels.get(only));
  return (labels) => {
    let key = labels.get(only);
    for (let i = 1; i < names.length; i++) key += `\u00ff${labels.get(names[i] as string)}`;
    return key;
  };
}

/** The labels of a series that its group keeps. */
export function groupingProjection(node: AggregateNode): (labels: Labels) => Labels {
  const names = new Set(node.grouping);
  if (node.isWithout) {
    names.add("__name__");
    return (labels) => labels.without(names);
  }
  if (names.size === 0) return () => Labels.empty;
  return (labels) => labels.only(names);
}

/** Rows of each group, in order. */
export function rowsByGroup(groups: SeriesGroups): readonly Int32Array[] {
  const sizes = new Int32Array(groups.labels.length);
  for (const group of groups.groupOfRow) sizes[group]!++;
  const rows = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let row = 0; row < groups.groupOfRow.length; row++) {
    const group = groups.groupOfRow[row]!;
    rows[group]![sizes[group]!++] = row;
  }
  return rows;
}
