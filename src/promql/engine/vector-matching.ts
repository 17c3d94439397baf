/**
 * Operators between two vectors. Rows are paired once by signature. Where a group has one row on
 * the "one" side and results cannot meet (nearly always), whole rows are computed at once; other
 * groups go step by step and find Prometheus' errors. Errors are collected and that of the earliest
 * step is thrown, as an engine going step by step would.
 */

import { QueryError } from "../../base/errors.ts";
import { type Labels, LabelsBuilder } from "../../model/labels.ts";
import type { VectorMatching } from "../ast.ts";
import { applyOperator, type Operand } from "./binary-histogram.ts";
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  compare,
  compute,
  isArithmetic,
  isComparison,
} from "./binary-scalar.ts";
import { groupBySignature, signatureProjection } from "./match-signatures.ts";
import type { BinaryNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { cellKind, StepVector, sameLabelsetError, withoutMetadata } from "./step-vector.ts";

/** Evaluates an arithmetic or comparison operator between vectors. */
export async function matchVectors(
  node: BinaryNode,
  left: StepVector,
  right: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  const join = new VectorJoin(node, left, right, run);
  for (const group of await groupBySignature(left, right, join.matching, run)) {
    if (run.isPauseDue()) await run.pause();
    const { many, one } = join.sides(group.left, group.right);
    join.joinGroup(many, one);
  }
  return join.finish();
}

/** When an error is met: by step, then by the order in which a step is worked through. */
interface FailurePlace {
  readonly step: number;
  readonly phase: number;
  /** Within a phase: the row at which it shows. */
  readonly row: number;
}

interface Failure extends FailurePlace {
  readonly error: QueryError;
}

const duplicatePhase = 0;
const matchPhase = 1;
const resultPhase = 2;

/** The row of the many side, and the value of the one side that it meets. */
interface MatchedOne {
  readonly row: number;
  readonly one: Operand;
}

/** A result of the operator; of comparisons, whether they hold. */
interface Applied {
  readonly value: Operand;
  readonly isTrue: boolean;
}

class VectorJoin {
  readonly matching: VectorMatching;
  readonly #node: BinaryNode;
  readonly #run: QueryRun;
  /** group_right: the sides are swapped, and back for computing. */
  readonly #isSwapped: boolean;
  /** The side that may have several rows a match, and the other. */
  readonly #many: StepVector;
  readonly #one: StepVector;
  readonly #result: StepVector;
  readonly #rowByKey = new Map<string, number>();
  readonly #dropsName: boolean;
  /** Values for a missing row of the one side, and of the many side. */
  readonly #fillOne: number | undefined;
  readonly #fillMany: number | undefined;
  #isAnyMany: Uint8Array | undefined;
  #failure: Failure | undefined;
  /** Per step the remark about the last row of the many side that gave one: all that Prometheus keeps. */
  readonly #remarks = new Map<number, { readonly row: number; readonly remark: string }>();
  /** All cells are floats, and the operator is one of floats. */
  readonly #isPlain: boolean;

  constructor(node: BinaryNode, left: StepVector, right: StepVector, run: QueryRun) {
    this.#node = node;
    this.#run = run;
    this.matching = node.matching as VectorMatching;
    this.#isSwapped = this.matching.cardinality === "one-to-many";
    this.#many = this.#isSwapped ? right : left;
    this.#one = this.#isSwapped ? left : right;
    this.#result = new StepVector(left.stepCount, this.#many.rowCount);
    this.#dropsName = isArithmetic(node.operator) || (node.isBool && !run.isNameRemovalDelayed);
    // Prometheus does not swap these with the sides.
    this.#fillOne = this.matching.fillRight;
    this.#fillMany = this.matching.fillLeft;
    const isOfFloats = isArithmetic(node.operator) || isComparison(node.operator);
    this.#isPlain = isOfFloats && !left.hasHistograms && !right.hasHistograms;
  }

  sides(left: readonly number[], right: readonly number[]) {
    return this.#isSwapped ? { many: right, one: left } : { many: left, one: right };
  }

  joinGroup(many: readonly number[], one: readonly number[]): void {
    const hasFill = this.#fillMany !== undefined || this.#fillOne !== undefined;
    if (hasFill || one.length > 1) this.#joinBySteps(many, one);
    else if (one.length === 1 && many.length > 0) this.#joinByRows(many, one[0] as number, one);
  }

  finish(): StepVector {
    if (this.#failure !== undefined) throw this.#failure.error;
    for (const { remark } of this.#remarks.values()) {
      this.#run.annotations.add(remark, this.#node.start);
    }
    return this.#result;
  }

  /** Fast path: one row on the one side. */
  #joinByRows(many: readonly number[], oneRow: number, one: readonly number[]): void {
    const keys = new Set<string>();
    const labels = many.map((row) => {
      const result = this.#resultLabels(
        this.#many.labels[row] as Labels,
        this.#one.labels[oneRow] as Labels,
      );
      keys.add(result.key);
      return result;
    });
    const isAmbiguous = this.matching.cardinality === "one-to-one" && many.length > 1;
    if (isAmbiguous || keys.size < many.length) {
      this.#joinBySteps(many, one);
      return;
    }
    for (const [index, row] of many.entries()) {
      const result = labels[index] as Labels;
      const target = this.#rowByKey.get(result.key);
      if (target !== undefined) this.#computeIntoRow(row, oneRow, target);
      else if (this.#isPlain) this.#computeNewRow(row, oneRow, result);
      else this.#computeIntoRow(row, oneRow, this.#addRow(result));
    }
  }

  #computeNewRow(manyRow: number, oneRow: number, labels: Labels): void {
    const result = this.#result;
    const base = result.reserveRow();
    const { stepCount } = result;
    const leftVector = this.#isSwapped ? this.#one : this.#many;
    const rightVector = this.#isSwapped ? this.#many : this.#one;
    const leftBase = (this.#isSwapped ? oneRow : manyRow) * stepCount;
    const rightBase = (this.#isSwapped ? manyRow : oneRow) * stepCount;
    const { operator, isBool } = this.#node;
    const at = { leftVector, rightVector, leftBase, rightBase, base };
    const found = isArithmetic(operator)
      ? computeCells(operator, at, result)
      : compareCells(operator as ComparisonOperator, at, result, isBool);
    if (found > 0) this.#addRow(labels);
  }

  /** The row exists: other series gave the same labels, or there are histograms. */
  #computeIntoRow(manyRow: number, oneRow: number, target: number): void {
    const { stepCount } = this.#result;
    for (let step = 0; step < stepCount; step++) {
      if (this.#many.kinds[manyRow * stepCount + step] === cellKind.absent) continue;
      if (this.#one.kinds[oneRow * stepCount + step] === cellKind.absent) continue;
      this.#emit(target, step, this.#operandOf(this.#many, manyRow, step), {
        row: manyRow,
        one: this.#operandOf(this.#one, oneRow, step),
      });
    }
  }

  /** Slow path: several rows on the one side, ambiguous results, or fill values. */
  #joinBySteps(many: readonly number[], one: readonly number[]): void {
    for (let step = 0; step < this.#result.stepCount; step++) {
      const present = presentRows(this.#one, one, step);
      if (present.length > 1) {
        this.#noteDuplicate(present, step);
        continue;
      }
      this.#joinStep(presentRows(this.#many, many, step), present[0], step);
    }
  }

  #joinStep(many: readonly number[], oneRow: number | undefined, step: number): void {
    if (oneRow === undefined && this.#fillOne === undefined) return;
    const matched = new Set<string>();
    for (const row of many) {
      const manyLabels = this.#many.labels[row] as Labels;
      const oneLabels =
        oneRow === undefined
          ? signatureProjection(this.matching)(manyLabels)
          : (this.#one.labels[oneRow] as Labels);
      const oneValue =
        oneRow === undefined ? (this.#fillOne as number) : this.#operandOf(this.#one, oneRow, step);
      // Operands that do not go together are no match.
      const found = this.#apply(step, this.#operandOf(this.#many, row, step), {
        row,
        one: oneValue,
      });
      if (found === undefined) continue;
      const labels = this.#resultLabels(manyLabels, oneLabels);
      if (!this.#noteMatch(matched, labels, step)) return;
      this.#write(this.#rowOf(labels), step, found);
    }
    if (matched.size > 0 || oneRow === undefined || this.#fillMany === undefined) return;
    const oneLabels = this.#one.labels[oneRow] as Labels;
    const labels = this.#resultLabels(signatureProjection(this.matching)(oneLabels), oneLabels);
    const one = this.#operandOf(this.#one, oneRow, step);
    this.#emit(this.#rowOf(labels), step, this.#fillMany, { row: Infinity, one });
  }

  /** Whether a match may stand; else its error is kept. */
  #noteMatch(matched: Set<string>, labels: Labels, step: number): boolean {
    const isOneToOne = this.matching.cardinality === "one-to-one";
    const isRepeated = isOneToOne ? matched.size > 0 : matched.has(labels.key);
    matched.add(labels.key);
    if (!isRepeated) return true;
    const message = isOneToOne
      ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
      : "multiple matches for labels: grouping labels must ensure unique matches";
    this.#fail({ step, phase: matchPhase, row: 0 }, () => new QueryError("execution", message));
    return false;
  }

  /** Several series of the one side at one step; an error unless the other side is empty there. */
  #noteDuplicate(present: readonly number[], step: number): void {
    if (this.#anyMany()[step] === 0 && this.#fillMany === undefined && this.#fillOne === undefined)
      return;
    const [firstRow, secondRow] = present as [number, number];
    this.#fail({ step, phase: duplicatePhase, row: secondRow }, () => {
      const side = this.#isSwapped ? "left" : "right";
      const first = this.#one.labels[firstRow] as Labels;
      const second = this.#one.labels[secondRow] as Labels;
      const group = signatureProjection(this.matching)(second).toString();
      const shown = [first.toString(), second.toString()].sort();
      return new QueryError(
        "execution",
        `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${shown.join(", ")}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    });
  }

  #anyMany(): Uint8Array {
    if (this.#isAnyMany !== undefined) return this.#isAnyMany;
    const any = new Uint8Array(this.#result.stepCount);
    const { kinds, stepCount, rowCount } = this.#many;
    for (let row = 0; row < rowCount; row++) {
      for (let step = 0; step < stepCount; step++) any[step]! |= kinds[row * stepCount + step]!;
    }
    this.#isAnyMany = any;
    return any;
  }

  #fail(at: FailurePlace, createError: () => QueryError): void {
    const known = this.#failure;
    if (known !== undefined && !isEarlier(at, known)) return;
    this.#failure = { ...at, error: createError() };
  }

  #operandOf(vector: StepVector, row: number, step: number): Operand {
    const at = row * vector.stepCount + step;
    return vector.histogramAt(at) ?? vector.values[at]!;
  }

  /** Writes one cell of the result. `row` is that of the many side. */
  #emit(target: number, step: number, many: Operand, other: MatchedOne): void {
    const found = this.#apply(step, many, other);
    if (found !== undefined) this.#write(target, step, found);
  }

  /** What the operator gives; undefined where the operands do not go together. */
  #apply(step: number, many: Operand, other: MatchedOne): Applied | undefined {
    const left = this.#isSwapped ? other.one : many;
    const right = this.#isSwapped ? many : other.one;
    const { value, isTrue, remark } = applyOperator(this.#node.operator, left, right);
    if (remark !== undefined) this.#noteRemark(step, other.row, remark);
    return value === undefined ? undefined : { value, isTrue };
  }

  #write(target: number, step: number, { value, isTrue }: Applied): void {
    const { isBool } = this.#node;
    if (!isTrue && !isBool) return;
    const at = target * this.#result.stepCount + step;
    if (this.#result.kinds[at] !== cellKind.absent) {
      this.#fail({ step, phase: resultPhase, row: 0 }, sameLabelsetError);
      return;
    }
    if (!isBool && typeof value === "object") {
      this.#result.setHistogram(at, value);
      return;
    }
    this.#result.values[at] = isBool ? Number(isTrue) : (value as number);
    this.#result.kinds[at] = cellKind.float;
  }

  #noteRemark(step: number, row: number, remark: string): void {
    const known = this.#remarks.get(step);
    if (known === undefined || known.row <= row) this.#remarks.set(step, { row, remark });
  }

  #rowOf(labels: Labels): number {
    return this.#rowByKey.get(labels.key) ?? this.#addRow(labels);
  }

  #addRow(labels: Labels): number {
    const row = this.#result.rowCount;
    this.#result.addRow(labels, this.#run.isNameRemovalDelayed && this.#node.isBool);
    this.#rowByKey.set(labels.key, row);
    return row;
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { cardinality, isOn, labels: names, include } = this.matching;
    let labels = this.#dropsName ? withoutMetadata(many) : many;
    if (cardinality === "one-to-one") {
      const set = new Set(names);
      labels = isOn ? labels.only(set) : labels.without(set);
    }
    if (include.length === 0) return labels;
    const builder = new LabelsBuilder(labels);
    for (const name of include) builder.set(name, one.get(name));
    return builder.labels();
  }
}

function isEarlier(a: FailurePlace, b: FailurePlace): boolean {
  if (a.step !== b.step) return a.step < b.step;
  return a.phase === b.phase ? a.row < b.row : a.phase < b.phase;
}

function presentRows(vector: StepVector, rows: readonly number[], step: number): number[] {
  const present: number[] = [];
  for (const row of rows) {
    if (vector.kinds[row * vector.stepCount + step] !== cellKind.absent) present.push(row);
  }
  return present;
}

/** Two input rows and where the result goes. */
interface CellsAt {
  readonly leftVector: StepVector;
  readonly rightVector: StepVector;
  readonly leftBase: number;
  readonly rightBase: number;
  readonly base: number;
}

/** One row of results; returns how many steps have one. O(steps), no allocation. */
function computeCells(operator: ArithmeticOperator, at: CellsAt, result: StepVector): number {
  const { values: left, kinds: leftKinds } = at.leftVector;
  const { values: right, kinds: rightKinds } = at.rightVector;
  const { leftBase, rightBase, base } = at;
  const { values, kinds, stepCount } = result;
  let found = 0;
  for (let step = 0; step < stepCount; step++) {
    const kind = leftKinds[leftBase + step]! & rightKinds[rightBase + step]!;
    kinds[base + step] = kind;
    found += kind;
  }
  if (found === 0) return 0;
  if (operator === "/") {
    for (let i = 0; i < stepCount; i++)
      values[base + i] = left[leftBase + i]! / right[rightBase + i]!;
  } else if (operator === "*") {
    for (let i = 0; i < stepCount; i++)
      values[base + i] = left[leftBase + i]! * right[rightBase + i]!;
  } else if (operator === "+") {
    for (let i = 0; i < stepCount; i++)
      values[base + i] = left[leftBase + i]! + right[rightBase + i]!;
  } else if (operator === "-") {
    for (let i = 0; i < stepCount; i++)
      values[base + i] = left[leftBase + i]! - right[rightBase + i]!;
  } else {
    for (let i = 0; i < stepCount; i++) {
      values[base + i] = compute(operator, left[leftBase + i]!, right[rightBase + i]!);
    }
  }
  return found;
}

function compareCells(
  operator: ComparisonOperator,
  at: CellsAt,
  result: StepVector,
  isBool: boolean,
): number {
  const { values: left, kinds: leftKinds } = at.leftVector;
  const { values: right, kinds: rightKinds } = at.rightVector;
  const { leftBase, rightBase, base } = at;
  const { values, kinds, stepCount } = result;
  let found = 0;
  for (let step = 0; step < stepCount; step++) {
    if ((leftKinds[leftBase + step]! & rightKinds[rightBase + step]!) === 0) continue;
    const value = left[leftBase + step]!;
    const isTrue = compare(operator, value, right[rightBase + step]!);
    if (!isTrue && !isBool) continue;
    values[base + step] = isBool ? (isTrue ? 1 : 0) : value;
    kinds[base + step] = cellKind.float;
    found++;
  }
  return found;
}
