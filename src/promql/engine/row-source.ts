/**
 * Rows that an aggregation adds one after the other: those of a vector, or those of a selector or range
 * call as they come, each in the same memory, so that `sum(rate(x[5m]) * 8)` never holds the rates of all
 * series. Operations on single rows (row-operations.ts) are done on the way.
 */

import type { Labels } from "../../model/labels.ts";
import {
  type RangeCall,
  type RangeFunction,
  type RowCells,
  rowCells,
} from "./functions/function-call.ts";
import type { AggregateNode, VectorSelectorNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { forEachRow, type WindowSource } from "./range-call.ts";
import type { RowOperation } from "./row-operations.ts";
import { forEachSelectedRow } from "./selectors.ts";
import { groupLabels, groupRows, type SeriesGroups } from "./series-groups.ts";
import {
  cellKind,
  hasEqualRows,
  hasOneMetric,
  metadataLabels,
  StepVector,
  sameLabelsetError,
  withoutMetadata,
} from "./step-vector.ts";

/** Takes a row, whose cells are valid during the call. */
export type RowTaker = (index: number, row: RowCells) => void;

/** See the head comment. To be gone through once. */
export interface RowSource {
  readonly stepCount: number;
  /** The groups of an aggregation, by the index that `forEach` tells. */
  groups(node: AggregateNode): SeriesGroups;
  /** For remarks on a row; empty where the name is dropped. */
  metricNameOf(index: number): string;
  /** Rows in order; those without a value may be left out. Gives way to others. */
  forEach(take: RowTaker): Promise<void>;
}

/** The rows of a vector, which are only read. */
export function vectorRows(vector: StepVector, run: QueryRun): RowSource {
  const { stepCount } = vector;
  return {
    stepCount,
    groups: (node) => groupRows(node, vector),
    metricNameOf: (index) => vector.labels[index]?.metricName ?? "",
    async forEach(take) {
      const row = rowCells(vector, 0);
      for (let index = 0; index < vector.rowCount; index++) {
        if ((index & 63) === 0 && run.isPauseDue()) await run.pause();
        row.base = index * stepCount;
        noteStretch(row);
        take(index, row);
      }
    },
  };
}

/** The rows of an instant selector. Its series are of one metric where an operation drops names. */
export function selectorRows(
  selector: VectorSelectorNode,
  run: QueryRun,
  operations: readonly RowOperation[],
): RowSource {
  const facts = run.selections.of(selector.source.series);
  const dropsNames = operations.some((operation) => operation.dropsNames);
  const { stepCount } = selector.grid;
  return {
    stepCount,
    groups: (node) => facts.groups(node, dropsNames && seesMetadata(node)),
    metricNameOf: (index) => (dropsNames ? "" : (facts.labels[index]?.metricName ?? "")),
    async forEach(take) {
      const scratch = new StepVector(stepCount, 1);
      const into = { result: scratch, aspect: "values" } as const;
      const row = rowCells(scratch, 0);
      await forEachSelectedRow(selector, run, into, (index, _found, stretch) => {
        if (stretch === undefined) noteStretch(row);
        else {
          row.from = stretch.from;
          row.to = stretch.to;
        }
        operate(operations, row);
        take(index, row);
        scratch.clearReservedRow();
      });
      for (const operation of operations) operation.report?.(run);
    },
  };
}

/**
 * The rows of a range function without a `finish`. With operations only where the series are of one
 * metric and names are dropped at once.
 */
export function rangeRows(
  applied: RangeFunction,
  call: RangeCall,
  source: WindowSource,
  operations: readonly RowOperation[],
): RowSource {
  const { run } = call;
  const { stepCount } = call.grid;
  const isDropping = applied.keepsName !== true && !run.isNameRemovalDelayed;
  const mayMeet = isDropping && source.facts?.isOneMetric !== true;
  const dropsNames = isDropping || operations.some((operation) => operation.dropsNames);
  return {
    stepCount,
    groups: (node) => groupsOfRange(node, source, run, { applied, dropsNames }),
    metricNameOf: (index) => (dropsNames ? "" : source.labelsOf(index).metricName),
    async forEach(take) {
      const scratch = new StepVector(stepCount, 1);
      const row = rowCells(scratch, 0);
      const nextRow = () => {
        scratch.clearReservedRow();
        row.to = -1;
        return row;
      };
      const seen: Labels[] = [];
      await forEachRow(applied, call, source, nextRow, (index) => {
        if (mayMeet) seen.push(source.labelsOf(index));
        if (row.to < 0) noteStretch(row);
        operate(operations, row);
        take(index, row);
      });
      // Series of several metrics may be equal once their names are gone.
      if (mayMeet && !hasOneMetric(seen) && hasEqualRows(seen.map(withoutMetadata)))
        throw sameLabelsetError();
      for (const operation of operations) operation.report?.(run);
    },
  };
}

/** Changes the only row of its vector. */
function operate(operations: readonly RowOperation[], row: RowCells): void {
  let mayLack = false;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]!;
    if (operation.leavesOutHistograms) row.vector.dropReservedHistograms();
    operation.applyTo(row.vector, row.base);
    if (operation.mayEmptyCells) mayLack = true;
  }
  if (mayLack) noteStretch(row);
}

/** Notes where the floats stand, if they stand at steps in a row and nothing else is there. O(steps). */
function noteStretch(row: RowCells): void {
  const { kinds, base } = row;
  const end = base + row.vector.stepCount;
  let from = base;
  while (from < end && kinds[from] === cellKind.absent) from++;
  let to = from;
  while (to < end && kinds[to] === cellKind.float) to++;
  let after = to;
  while (after < end && kinds[after] === cellKind.absent) after++;
  row.from = from - base;
  row.to = after === end ? to - base : -1;
}

/** Whether an aggregation groups by labels that dropping names takes away; `by` takes only what it names. */
function seesMetadata(node: AggregateNode): boolean {
  return node.isWithout || node.grouping.some((name) => metadataLabels.has(name));
}

function groupsOfRange(
  node: AggregateNode,
  source: WindowSource,
  run: QueryRun,
  { applied, dropsNames }: { readonly applied: RangeFunction; readonly dropsNames: boolean },
): SeriesGroups {
  const isDelayed = run.isNameRemovalDelayed;
  const mustDrop = dropsNames && seesMetadata(node);
  if (source.facts !== undefined && !isDelayed) return source.facts.groups(node, mustDrop);
  const labels: Labels[] = [];
  const isPending: boolean[] = [];
  for (let index = 0; index < source.seriesCount; index++) {
    const own = source.labelsOf(index);
    labels.push(mustDrop ? withoutMetadata(own) : own);
    isPending.push(source.isNamePending(index) || (isDelayed && applied.keepsName !== true));
  }
  return groupLabels(node, labels, isPending);
}
