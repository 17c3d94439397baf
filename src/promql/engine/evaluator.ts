/**
 * Evaluates a planned query, node by node, each over all its steps. Vectors are StepVectors, scalars
 * one float a step. A node owns what its children give it.
 */

import { assert, assertNever } from "../../base/assert.ts";
import { QueryError } from "../../base/errors.ts";
import { foldGroups, foldRangeCall, foldSelector, isFold } from "./aggregation.ts";
import { isSelection, quantileGroups, selectFromGroups } from "./aggregation-param.ts";
import { applyToHistograms } from "./binary-histogram.ts";
import { isArithmetic, scalarsBinary, vectorScalarFloats } from "./binary-scalar.ts";
import { countValues } from "./count-values.ts";
import { evaluateSmoothedSelector, extendRangeFunction } from "./extended-range.ts";
import type { RangeCall, RangeFunction, StepValue } from "./functions/function-call.ts";
import { implementationOf } from "./functions/registry.ts";
import { scaleHistogram } from "./histogram/histogram-sum.ts";
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
import { evaluateSelector } from "./selectors.ts";
import { combineSets } from "./set-operators.ts";
import {
  cellKind,
  dropMetricNames,
  mapHistograms,
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

/** Windows of a node of type matrix, for a function (which may read their ends only) or as a result. */
export async function openRange(
  node: MatrixSelectorNode | SubqueryNode,
  run: QueryRun,
  readsEndsOnly = false,
): Promise<WindowSource> {
  if (node.kind === "matrixSelector") return storedWindows(node, run, readsEndsOnly);
  return subqueryWindows(node, await evaluateVector(node.inner, run));
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
      return spread(node, await evaluate(node.inner, run));
    case "matrixSelector":
    case "subquery":
      throw new QueryError("execution", "a range vector is not a value at each step");
    default:
      return assertNever(node, "plan node");
  }
}

function negate(value: StepValue, run: QueryRun): StepValue {
  assert(typeof value !== "string", "a string has no sign");
  const cells = value instanceof StepVector ? value.values : value;
  for (let i = 0; i < cells.length; i++) cells[i] = -cells[i]!;
  if (value instanceof StepVector) {
    mapHistograms(value, (histogram) => scaleHistogram(histogram, -1));
  }
  return value instanceof StepVector ? dropMetricNames(value, run.isNameRemovalDelayed) : value;
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
    return evaluateVectorScalar(node, left, right, run);
  }
  if (left instanceof Float64Array && right instanceof StepVector) {
    return evaluateVectorScalar(node, right, left, run);
  }
  assert(
    left instanceof Float64Array && right instanceof Float64Array,
    "operands are vectors or scalars",
  );
  return scalarsBinary(node.operator, left, right);
}

/** A vector with a scalar; the vector is changed in place. */
async function evaluateVectorScalar(
  node: BinaryNode,
  vector: StepVector,
  scalar: Float64Array,
  run: QueryRun,
): Promise<StepVector> {
  await vectorScalarFloats(node, vector, scalar, run);
  await applyToHistograms(node, vector, scalar, run);
  const changesMeaning = isArithmetic(node.operator) || node.isBool;
  return changesMeaning ? dropMetricNames(vector, run.isNameRemovalDelayed) : vector;
}

async function evaluateAggregate(node: AggregateNode, run: QueryRun): Promise<StepVector> {
  const { operator } = node;
  if (operator === "count_values") {
    const label = node.param?.kind === "string" ? node.param.value : "";
    return countValues(node, label, await evaluateVector(node.inner, run), run);
  }
  const param =
    node.param === undefined ? new Float64Array(0) : await evaluateScalar(node.param, run);
  const isApart = run.nodeCosts !== undefined;
  if (isFold(operator) && node.inner.kind === "call" && !isApart) {
    const implementation = implementationOf(node.inner.functionName);
    if (implementation?.kind === "range" && implementation.finish === undefined) {
      const { applied, call, source } = await openRangeCall(node.inner, implementation, run);
      return foldRangeCall(node, operator, applied, call, source);
    }
  }
  if (isFold(operator) && node.inner.kind === "vectorSelector" && !isApart) {
    if (canFoldSelector(node.inner, run)) return foldSelector(node, operator, node.inner, run);
  }
  const input = await evaluateVector(node.inner, run);
  if (isFold(operator)) return foldGroups(node, operator, input, run);
  if (isSelection(operator)) return selectFromGroups(node, operator, param, input, run);
  return quantileGroups(node, param, input, run);
}

/** Whether rows can be added as they come: nobody asks for what the selector alone reads. */
function canFoldSelector(node: VectorSelectorNode, run: QueryRun): boolean {
  return !node.isSmoothed && run.stepSamples === undefined && !run.isNameRemovalDelayed;
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
  return await implementation.evaluate({ node, run, grid: node.grid, args });
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
    const samplesBefore = run.totalSamples;
    const stepsBefore = run.stepSamples?.counts.slice();
    const vector = await evaluateVector(slot.node, run);
    if (slot.uses > 1) {
      const stepSamples = stepsBefore && run.stepSamples?.since(stepsBefore);
      const totalSamples = run.totalSamples - samplesBefore;
      const copy = vector.clone();
      run.keepSamples(copy.presentCount());
      run.sharedResults.set(slot, {
        vector: copy,
        totalSamples,
        stepSamples,
        waiting: slot.uses - 1,
      });
    }
    return vector;
  }
  run.totalSamples += known.totalSamples;
  if (known.stepSamples !== undefined) run.stepSamples?.add(known.stepSamples);
  known.waiting--;
  if (known.waiting > 0) return known.vector.clone();
  run.sharedResults.delete(slot);
  run.keepSamples(-known.vector.presentCount());
  return known.vector;
}

async function evaluateInfo(node: InfoNode, run: QueryRun): Promise<StepVector> {
  const base = await evaluateVector(node.inner, run);
  const values = await evaluateSelector(node.info, run);
  if (values.kinds.includes(cellKind.histogram)) {
    throw new QueryError("execution", "info sample should be float");
  }
  return joinInfo(node, base, await evaluateSelector(node.info, run, "timestamps"), run);
}

async function evaluateRangeCall(
  node: CallNode,
  implementation: RangeFunction,
  run: QueryRun,
): Promise<StepVector> {
  const { applied, call, source, range } = await openRangeCall(node, implementation, run);
  const samplesBefore = run.totalSamples;
  const result = await callRangeFunction(applied, call, source);
  run.nodeCosts?.note(range, {
    seriesCount: source.seriesCount,
    samples: run.totalSamples - samplesBefore,
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
      source = await openRange(arg, run, implementation.readsEndsOnly);
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
