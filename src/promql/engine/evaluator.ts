/**
 * Evaluates a planned query, node by node, each over all its steps. Vectors are StepVectors, scalars
 * one float a step. A node owns what its children give it.
 */

import { assert, assertNever } from "../../base/assert.ts";
import { QueryError } from "../../base/errors.ts";
import { foldRows, isFold } from "./aggregation.ts";
import { isSelection, quantileGroups, selectFromGroups } from "./aggregation-param.ts";
import { scalarsBinary } from "./binary-scalar.ts";
import { countValues } from "./count-values.ts";
import { evaluateSmoothedSelector, extendRangeFunction } from "./extended-range.ts";
import type {
  FloatFunction,
  RangeCall,
  RangeFunction,
  StepValue,
} from "./functions/function-call.ts";
import { implementationOf } from "./functions/registry.ts";
import { joinInfo } from "./info-join.ts";
import type {
  AggregateNode,
  BinaryNode,
  CallNode,
  InfoNode,
  MatrixSelectorNode,
  PlanNode,
  SharedNode,
  StepInvariantNode,
  SubqueryNode,
  VectorSelectorNode,
} from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import {
  callRangeFunction,
  storedWindows,
  subqueryWindows,
  type WindowSource,
} from "./range-call.ts";
import {
  functionOperation,
  negation,
  operateOnRows,
  type RowOperation,
  type RowwiseNode,
  rowwise,
  scalarOperation,
} from "./row-operations.ts";
import { type RowSource, rangeRows, selectorRows, vectorRows } from "./row-source.ts";
import { SampleTally } from "./sample-tally.ts";
import { evaluateSelector } from "./selectors.ts";
import { combineSets } from "./set-operators.ts";
import {
  cellKind,
  dropMetricNames,
  mergeEqualRows,
  StepVector,
  withoutMetadata,
} from "./step-vector.ts";
import { matchVectors } from "./vector-matching.ts";

/** Evaluates a node of type vector. The caller owns the result. */
export async function evaluateVector(node: PlanNode, run: QueryRun): Promise<StepVector> {
  const value = await evaluate(node, run);
  assert(value instanceof StepVector, `${node.kind} gave no vector`);
  return value;
}

/** Evaluates a node of type scalar: one value a step. The caller owns the result. */
export async function evaluateScalar(node: PlanNode, run: QueryRun): Promise<Float64Array> {
  const value = await evaluate(node, run);
  assert(value instanceof Float64Array, `${node.kind} gave no scalar`);
  return value;
}

/** Windows of a node of type matrix, for a function (which may read their ends only) or as the query's result. */
export async function openRange(
  node: MatrixSelectorNode | SubqueryNode,
  run: QueryRun,
  use: { readonly readsEndsOnly?: boolean | undefined; readonly isResult?: boolean },
): Promise<WindowSource> {
  if (node.kind === "matrixSelector") return storedWindows(node, run, use.readsEndsOnly === true);
  const outer = run.tally;
  const own = new SampleTally(node.inner.grid, true);
  run.tally = own;
  const inner = await evaluateVector(node.inner, run);
  run.tally = outer;
  outer.addSubquery(own, node);
  if (use.isResult === true) outer.addResult(own);
  return subqueryWindows(node, inner);
}

/** Drops the names that were kept for the end; the same labels may not meet at one step. */
export function dropPendingNames(vector: StepVector): StepVector {
  for (const [row, labels] of vector.labels.entries()) {
    if (vector.isNamePending[row] === true) vector.labels[row] = withoutMetadata(labels);
  }
  return mergeEqualRows(vector);
}

/** The samples held afterwards are those held before and the result's. */
async function evaluate(node: PlanNode, run: QueryRun): Promise<StepValue> {
  if (run.isPauseDue()) await run.pause();
  const held = run.samples;
  const startedMs = run.nodeCosts === undefined ? 0 : run.nowMs;
  const value = await evaluateNode(node, run);
  const isVector = value instanceof StepVector;
  const samples = isVector ? value.presentCount() : node.grid.stepCount;
  if (isVector) run.holdSamples(held + samples);
  run.nodeCosts?.note(node, {
    seriesCount: isVector ? value.rowCount : 1,
    samples,
    timeMs: run.nowMs - startedMs,
  });
  return value;
}

async function evaluateNode(node: PlanNode, run: QueryRun): Promise<StepValue> {
  switch (node.kind) {
    case "number":
      return new Float64Array(node.grid.stepCount).fill(node.value);
    case "string":
      return node.value;
    case "vectorSelector":
      return node.isSmoothed ? evaluateSmoothedSelector(node, run) : evaluateSelector(node, run);
    case "negate":
      return negate(await evaluate(node.inner, run), run);
    case "binary":
      return evaluateBinary(node, run);
    case "aggregate":
      return evaluateAggregate(node, run);
    case "call":
      return evaluateCall(node, run);
    case "info":
      return evaluateInfo(node, run);
    case "shared":
      return evaluateShared(node, run);
    case "stepInvariant":
      return evaluateInvariant(node, run);
    case "matrixSelector":
    case "subquery":
      throw new QueryError("execution", "a range vector is not a value at each step");
    default:
      return assertNever(node, "plan node");
  }
}

async function negate(value: StepValue, run: QueryRun): Promise<StepValue> {
  assert(typeof value !== "string", "a string has no sign");
  if (value instanceof StepVector) return operateOnRows(negation, value, run);
  for (let i = 0; i < value.length; i++) value[i] = -value[i]!;
  return value;
}

async function evaluateBinary(node: BinaryNode, run: QueryRun): Promise<StepValue> {
  const left = await evaluate(node.left, run);
  const right = await evaluate(node.right, run);
  if (left instanceof StepVector && right instanceof StepVector) {
    const { operator } = node;
    const isSet = operator === "and" || operator === "or" || operator === "unless";
    return isSet ? combineSets(node, left, right, run) : matchVectors(node, left, right, run);
  }
  if (left instanceof StepVector && right instanceof Float64Array) {
    return operateOnRows(scalarOperation(node, right), left, run);
  }
  if (left instanceof Float64Array && right instanceof StepVector) {
    return operateOnRows(scalarOperation(node, left), right, run);
  }
  assert(
    left instanceof Float64Array && right instanceof Float64Array,
    "operands are vectors or scalars",
  );
  return scalarsBinary(node.operator, left, right);
}

async function evaluateAggregate(node: AggregateNode, run: QueryRun): Promise<StepVector> {
  const { operator } = node;
  if (operator === "count_values") {
    const label = node.param?.kind === "string" ? node.param.value : "";
    return countValues(node, label, await evaluateVector(node.inner, run), run);
  }
  const param =
    node.param === undefined ? new Float64Array(0) : await evaluateScalar(node.param, run);
  if (isFold(operator)) {
    const rows = await openRows(node.inner, run);
    if (rows !== undefined) return foldRows(node, operator, rows, run);
    const vector = await evaluateVector(node.inner, run);
    const result = await foldRows(node, operator, vectorRows(vector, run), run);
    vector.release(run.memory);
    return result;
  }
  const input = await evaluateVector(node.inner, run);
  if (isSelection(operator)) return selectFromGroups(node, operator, param, input, run);
  return quantileGroups(node, param, input, run);
}

/**
 * The rows of a node, where they can be taken one by one: those of a selector or range call, or what
 * operations on single rows make of them. Undefined where the node must be evaluated whole: also where
 * its cost is asked for, and where dropping names might join rows.
 */
async function openRows(node: PlanNode, run: QueryRun): Promise<RowSource | undefined> {
  if (run.nodeCosts !== undefined) return undefined;
  const steps: RowwiseNode[] = [];
  let leaf = node;
  for (let step = rowwise(leaf); step !== undefined; step = rowwise(leaf)) {
    steps.unshift(step);
    leaf = step.operand;
  }
  const openLeaf = leafOpener(leaf, run);
  if (openLeaf === undefined || (steps.length > 0 && !keepsRowsApart(leaf, run))) return undefined;
  const operations: RowOperation[] = [];
  for (const step of steps) {
    const scalars: Float64Array[] = [];
    for (const scalar of step.scalars) scalars.push(await evaluateScalar(scalar, run));
    operations.push(step.open(scalars));
  }
  return openLeaf(operations);
}

type LeafOpener = (operations: readonly RowOperation[]) => Promise<RowSource>;

/** How the rows of a selector or range call are opened, where they can be taken as they come. */
function leafOpener(leaf: PlanNode, run: QueryRun): LeafOpener | undefined {
  if (leaf.kind === "vectorSelector") {
    // Not where somebody asks for what the selector alone reads.
    if (leaf.isSmoothed || run.isNameRemovalDelayed) return undefined;
    return async (operations) => selectorRows(leaf, run, operations);
  }
  if (leaf.kind !== "call") return undefined;
  const implementation = implementationOf(leaf.functionName);
  if (implementation?.kind !== "range" || implementation.finish !== undefined) return undefined;
  return async (operations) => {
    const { applied, call, source } = await openRangeCall(leaf, implementation, run);
    return rangeRows(applied, call, source, operations);
  };
}

/** Whether the rows of a selector or range call stay apart without their names, and lose them at once. */
function keepsRowsApart(leaf: PlanNode, run: QueryRun): boolean {
  const selector =
    leaf.kind === "call" ? leaf.args.find(({ kind }) => kind === "matrixSelector") : leaf;
  if (selector?.kind !== "matrixSelector" && selector?.kind !== "vectorSelector") return false;
  return !run.isNameRemovalDelayed && run.selections.of(selector.source.series).isOneMetric;
}

async function evaluateCall(node: CallNode, run: QueryRun): Promise<StepValue> {
  const implementation = implementationOf(node.functionName);
  assert(implementation !== undefined, `${node.functionName}() has an implementation`);
  if (implementation.kind === "range") return evaluateRangeCall(node, implementation, run);
  const [first] = node.args;
  if (node.functionName === "timestamp" && first?.kind === "vectorSelector") {
    return sampleTimes(first, run, "timestamps");
  }
  const isStart = node.functionName === "start_timestamp" && run.usesStartTimestamps;
  if (isStart && first?.kind === "vectorSelector") return sampleTimes(first, run, "starts");
  const args: StepValue[] = [];
  for (const arg of node.args) args.push(await evaluate(arg, run));
  if (implementation.kind === "floats") return callFloatFunction(implementation, args, run);
  return await implementation.evaluate({ node, run, grid: node.grid, args });
}

function callFloatFunction(
  implementation: FloatFunction,
  [operand, ...scalars]: readonly StepValue[],
  run: QueryRun,
): Promise<StepVector> {
  assert(operand instanceof StepVector, "a function of floats has a vector");
  const numbers = scalars.map((value) => {
    assert(value instanceof Float64Array, "its other arguments are scalars");
    return value;
  });
  return operateOnRows(functionOperation(implementation, numbers), operand, run);
}

/** timestamp() of a selector: the samples' own times; start_timestamp(): when what they count began. */
async function sampleTimes(
  node: VectorSelectorNode,
  run: QueryRun,
  wanted: "timestamps" | "starts",
): Promise<StepVector> {
  return dropMetricNames(await evaluateSelector(node, run, wanted), run.isNameRemovalDelayed);
}

/** The first node evaluates, the others get copies; the last one gets what is left. */
async function evaluateShared({ slot }: SharedNode, run: QueryRun): Promise<StepVector> {
  const known = run.sharedResults.get(slot);
  if (known === undefined) {
    const before = run.tally.counts();
    const { value: vector, repeat } = await run.annotations.repeatable(() =>
      evaluateVector(slot.node, run),
    );
    if (slot.uses > 1) {
      const copy = vector.clone();
      run.keepSamples(copy.presentCount());
      run.sharedResults.set(slot, {
        vector: copy,
        counts: run.tally.since(before),
        repeatRemarks: repeat,
        waiting: slot.uses - 1,
      });
    }
    return vector;
  }
  run.tally.add(known.counts);
  known.repeatRemarks();
  known.waiting--;
  if (known.waiting > 0) return known.vector.clone();
  run.sharedResults.delete(slot);
  run.keepSamples(-known.vector.presentCount());
  return known.vector;
}

async function evaluateInfo(node: InfoNode, run: QueryRun): Promise<StepVector> {
  const base = await evaluateVector(node.inner, run);
  if (base.presentCount() === 0) return base;
  const values = await evaluateSelector(node.info, run);
  const histogramAt = values.kinds.indexOf(cellKind.histogram);
  if (histogramAt !== -1) {
    const labels = values.labels[Math.floor(histogramAt / values.stepCount)];
    const wanted = "this should be an info metric, with float samples";
    throw new QueryError("execution", `${wanted}: ${labels}`);
  }
  return joinInfo(node, base, await evaluateSelector(node.info, run, "timestamps"), run);
}

async function evaluateRangeCall(
  node: CallNode,
  implementation: RangeFunction,
  run: QueryRun,
): Promise<StepVector> {
  const { applied, call, source, range } = await openRangeCall(node, implementation, run);
  const samplesBefore = run.tally.queryable;
  const result = await callRangeFunction(applied, call, source);
  run.nodeCosts?.note(range, {
    seriesCount: source.seriesCount,
    samples: run.tally.queryable - samplesBefore,
    timeMs: 0,
  });
  return result;
}

/** A range call with its arguments evaluated, the range ready to be read. */
async function openRangeCall(node: CallNode, implementation: RangeFunction, run: QueryRun) {
  let range: MatrixSelectorNode | SubqueryNode | undefined;
  let source: WindowSource | undefined;
  const scalars: Float64Array[] = [];
  for (const arg of node.args) {
    if (arg.kind === "matrixSelector" || arg.kind === "subquery") {
      range = arg;
      source = await openRange(arg, run, { readsEndsOnly: implementation.readsEndsOnly });
    } else {
      scalars.push(await evaluateScalar(arg, run));
    }
  }
  assert(range !== undefined && source !== undefined, `${node.functionName} has no range argument`);
  // Prometheus points remarks at the first argument, which in quantile_over_time is the number.
  const rangeStart = (node.args[0] ?? range).start;
  const call: RangeCall = { node, run, grid: node.grid, scalars, rangeStart };
  const extension = range.kind === "matrixSelector" ? range.extension : undefined;
  const applied =
    extension === undefined
      ? implementation
      : extendRangeFunction(node.functionName, implementation, extension);
  return { applied, call, source, range };
}

/** Evaluates what holds for all steps once. */
async function evaluateInvariant(node: StepInvariantNode, run: QueryRun): Promise<StepValue> {
  const outer = run.tally;
  const own = new SampleTally(node.inner.grid, false);
  run.tally = own;
  const value = await evaluate(node.inner, run);
  run.tally = outer;
  outer.addInvariant(own);
  return spread(node, value);
}

/** The value of one step at all steps. */
function spread(node: StepInvariantNode, value: StepValue): StepValue {
  const { stepCount } = node.grid;
  if (value instanceof Float64Array) return new Float64Array(stepCount).fill(value[0] ?? 0);
  if (typeof value === "string") return value;
  const result = new StepVector(stepCount, value.rowCount);
  for (const [row, labels] of value.labels.entries()) {
    const base = result.addRow(labels, value.isNamePending[row]);
    result.values.fill(value.values[row]!, base, base + stepCount);
    result.kinds.fill(value.kinds[row]!, base, base + stepCount);
    const histogram = value.histogramAt(row);
    for (let step = 0; histogram !== undefined && step < stepCount; step++) {
      result.setHistogram(base + step, histogram);
    }
  }
  return result;
}
