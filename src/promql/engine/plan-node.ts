/**
 * A planned query: the syntax tree with every time resolved. Each node knows the grid of steps it is
 * evaluated on; durations, `@`, offsets and constants are numbers; selectors point at the sources
 * that are fetched once for the whole query.
 */

import type { Matcher } from "../../model/matcher.ts";
import type { Series } from "../../storage/storage.ts";
import type { AggregateOperator, BinaryOperator, PositionRange, VectorMatching } from "../ast.ts";
import type { StepGrid } from "./step-grid.ts";

interface NodeBase {
  readonly grid: StepGrid;
  /** Byte offset of the node's text in the query, for annotations. */
  readonly start: number;
}

/** Series that match, over the union of the times that selectors with these matchers look at. */
export interface SelectorSource {
  readonly matchers: readonly Matcher[];
  minMs: number;
  maxMs: number;
  /** Set once fetched. */
  series: readonly Series[];
}

/** When a selector or subquery looks: at `atMs`, or else at the step, `offsetMs` earlier. */
export interface TimeShift {
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}

export type ScalarNode = NumberNode | NegateNode | BinaryNode | CallNode | StepInvariantNode;

export type PlanNode =
  | NumberNode
  | StringNode
  | VectorSelectorNode
  | MatrixSelectorNode
  | SubqueryNode
  | NegateNode
  | BinaryNode
  | AggregateNode
  | CallNode
  | InfoNode
  | SharedNode
  | StepInvariantNode;

export interface NumberNode extends NodeBase {
  readonly kind: "number";
  readonly type: "scalar";
  readonly value: number;
}

export interface StringNode extends NodeBase {
  readonly kind: "string";
  readonly type: "string";
  readonly value: string;
}

export interface VectorSelectorNode extends NodeBase {
  readonly kind: "vectorSelector";
  readonly type: "vector";
  readonly source: SelectorSource;
  readonly shift: TimeShift;
  readonly matchers: readonly Matcher[];
  readonly isSmoothed: boolean;
  /** Only count and sum of histograms matter. */
  readonly isStatisticsOnly: boolean;
}

export interface MatrixSelectorNode extends NodeBase {
  readonly kind: "matrixSelector";
  readonly type: "matrix";
  readonly source: SelectorSource;
  readonly shift: TimeShift;
  readonly rangeMs: number;
  readonly matchers: readonly Matcher[];
  readonly extension: "anchored" | "smoothed" | undefined;
  /** Only count and sum of histograms matter. */
  readonly isStatisticsOnly: boolean;
  /** Start timestamps are wanted. */
  readonly readsStarts: boolean;
}

export interface SubqueryNode extends NodeBase {
  readonly kind: "subquery";
  readonly type: "matrix";
  /** Evaluated on its own grid, `inner.grid`. */
  readonly inner: PlanNode;
  readonly shift: TimeShift;
  readonly rangeMs: number;
}

/** Unary minus. */
export interface NegateNode extends NodeBase {
  readonly kind: "negate";
  readonly type: "scalar" | "vector";
  readonly inner: PlanNode;
}

export interface BinaryNode extends NodeBase {
  readonly kind: "binary";
  readonly type: "scalar" | "vector";
  readonly operator: BinaryOperator;
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly isBool: boolean;
  /** Present where both sides are vectors. */
  readonly matching: VectorMatching | undefined;
}

export interface AggregateNode extends NodeBase {
  readonly kind: "aggregate";
  readonly type: "vector";
  readonly operator: AggregateOperator;
  readonly inner: PlanNode;
  readonly param: PlanNode | undefined;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
}

export interface CallNode extends NodeBase {
  readonly kind: "call";
  readonly type: "scalar" | "vector";
  readonly functionName: string;
  readonly args: readonly PlanNode[];
}

/** info(): a vector joined with the labels of info metrics. */
export interface InfoNode extends NodeBase {
  readonly kind: "info";
  readonly type: "vector";
  readonly inner: PlanNode;
  /** Selects the info series, at the times at which the argument looks. */
  readonly info: VectorSelectorNode;
  /** What info metrics are called; series with such names are left as they are. */
  readonly nameMatchers: readonly Matcher[];
  /** Labels that are wanted; all where empty. */
  readonly dataMatchers: readonly Matcher[];
}

/** A part that is written more than once; all its nodes have one slot. */
export interface SharedNode extends NodeBase {
  readonly kind: "shared";
  readonly type: "vector";
  readonly slot: SharedSlot;
}

/** What is evaluated, and for how many nodes. */
export interface SharedSlot {
  node: PlanNode;
  uses: number;
}

/** Evaluated at the first step only; the value holds at all steps. `inner.grid` has one step. */
export interface StepInvariantNode extends NodeBase {
  readonly kind: "stepInvariant";
  readonly type: "scalar" | "vector";
  readonly inner: PlanNode;
}

/** What is needed to run a query. */
export interface QueryPlan {
  readonly root: PlanNode;
  readonly sources: readonly SelectorSource[];
  /** Where in the query the text of a node stands. */
  readonly places: ReadonlyMap<PlanNode, PositionRange>;
}
