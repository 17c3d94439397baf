/**
 * From syntax tree to plan: resolves times, folds constants, finds what does not depend on the step
 * (evaluated once), and collects what must be read from storage. The rules of step invariance are
 * Prometheus', oddities included: an aggregation's parameter does not count.
 */

import { assert } from "../../base/assert.ts";
import { QueryError } from "../../base/errors.ts";
import type { Matcher } from "../../model/matcher.ts";
import type {
  AggregateExpr,
  AtModifier,
  BinaryExpr,
  CallExpr,
  Expr,
  MatrixSelector,
  PositionRange,
  SubqueryExpr,
  TimeModifiers,
  VectorSelector,
} from "../ast.ts";
import { scalarBinary } from "./binary-scalar.ts";
import { implementationOf, isScalarFunction } from "./functions/registry.ts";
import { infoNameMatchers } from "./info-join.ts";
import {
  type DurationContext,
  resolveOffsetMs,
  resolveRangeMs,
  resolveStepMs,
} from "./plan-durations.ts";
import type {
  CallNode,
  InfoNode,
  PlanNode,
  QueryPlan,
  SelectorSource,
  SharedSlot,
  SubqueryNode,
  TimeShift,
  VectorSelectorNode,
} from "./plan-node.ts";
import { childrenOf, findRepeated } from "./repeated-expressions.ts";
import { createGrid, instantGrid, lastStepMs, type StepGrid } from "./step-grid.ts";

/** What the planner must know beside the query. */
export interface PlanOptions {
  readonly grid: StepGrid;
  /** 0 in an instant query. */
  readonly stepMs: number;
  readonly lookbackDeltaMs: number;
  /** Step of a subquery without one, for its range. */
  readonly defaultSubqueryStepMs: (rangeMs: number) => number;
  /** rate and its kin look at start timestamps. */
  readonly usesStartTimestamps: boolean;
}

/** Functions whose value depends on the evaluation time even where their arguments do not. */
const timeDependentFunctions: ReadonlySet<string> = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "hour",
  "minute",
  "month",
  "year",
  "predict_linear",
  "time",
  "timestamp",
]);

/** Functions of the query as a whole, which become numbers. */
const queryFunctions: ReadonlySet<string> = new Set(["start", "end", "range", "step"]);

/** Functions for which a histogram's count and sum are enough. */
const statisticsFunctions: ReadonlySet<string> = new Set([
  "histogram_avg",
  "histogram_count",
  "histogram_sum",
]);

/** Functions that need the buckets whatever is done with the result. */
const bucketFunctions: ReadonlySet<string> = new Set([
  "histogram_fraction",
  "histogram_quantile",
  "histogram_quantiles",
]);

/** Functions that look at how their argument is written. */
const syntacticFunctions: ReadonlySet<string> = new Set([
  "absent",
  "absent_over_time",
  "start_timestamp",
  "timestamp",
]);

/** Range functions that look at start timestamps. */
const startFunctions: ReadonlySet<string> = new Set(["increase", "irate", "rate", "resets"]);

/** Plans `expr`; throws QueryError bad_data for impossible durations. */
export function planQuery(expr: Expr, options: PlanOptions): QueryPlan {
  const planner = new Planner(options, findRepeated(expr));
  const root = planner.plan(expr, options.grid);
  return { root, sources: planner.sources(), places: planner.places };
}

interface Invariance {
  readonly isInvariant: boolean;
  /** Selectors of ranges and strings are never evaluated once on their own. */
  readonly isWrapped: boolean;
}

class Planner {
  readonly #options: PlanOptions;
  readonly #durations: DurationContext;
  readonly #sources = new Map<string, SelectorSource>();
  readonly #invariance = new WeakMap<Expr, Invariance>();
  readonly places = new Map<PlanNode, PositionRange>();
  /** Expressions written more than once, with their text. */
  readonly #repeated: ReadonlyMap<Expr, string>;
  readonly #shared = new Map<string, SharedSlot>();
  /** Above 0 nothing is shared: inside what is shared itself, or where the syntax of an argument matters. */
  #apartDepth = 0;
  /** What encloses the expression being planned: calls for which statistics are enough, and what needs buckets. */
  #statisticsDepth = 0;
  #bucketsDepth = 0;

  constructor(options: PlanOptions, repeated: ReadonlyMap<Expr, string>) {
    this.#options = options;
    this.#repeated = repeated;
    const { grid } = options;
    this.#durations = { stepMs: options.stepMs, rangeMs: grid.endMs - grid.startMs };
  }

  sources(): readonly SelectorSource[] {
    return [...this.#sources.values()];
  }

  plan(expr: Expr, grid: StepGrid): PlanNode {
    const text = this.#apartDepth === 0 ? this.#repeated.get(expr) : undefined;
    const node =
      text === undefined ? this.#planOnce(expr, grid) : this.#planShared(expr, grid, text);
    // What stands in brackets has its own place already.
    if (!this.places.has(node)) this.places.set(node, expr);
    return node;
  }

  /** The last node planned is evaluated: its position is the one that Prometheus gives remarks. */
  #planShared(expr: Expr, grid: StepGrid, text: string): PlanNode {
    const node = this.#planApart(() => this.#planOnce(expr, grid));
    if (node.type !== "vector") return node;
    const { startMs, endMs, stepMs } = grid;
    const key = JSON.stringify([text, startMs, endMs, stepMs, this.#isStatisticsOnly()]);
    const slot = this.#shared.get(key) ?? { node, uses: 0 };
    slot.node = node;
    slot.uses++;
    this.#shared.set(key, slot);
    return { kind: "shared", type: "vector", slot, grid, start: node.start };
  }

  /** Plans without sharing. */
  #planApart<T>(plan: () => T): T {
    this.#apartDepth++;
    try {
      return plan();
    } finally {
      this.#apartDepth--;
    }
  }

  /** Plans for the first step only where the value holds for all. */
  #planOnce(expr: Expr, grid: StepGrid): PlanNode {
    const { isInvariant, isWrapped } = this.#invarianceOf(expr);
    if (!isInvariant || !isWrapped || grid.isInstant) return this.#planHere(expr, grid);
    const inner = this.#planHere(expr, instantGrid(grid.startMs));
    if (inner.kind === "number") return { ...inner, grid };
    const type = inner.type === "scalar" ? "scalar" : "vector";
    return { kind: "stepInvariant", type, inner, grid, start: inner.start };
  }

  #planHere(expr: Expr, grid: StepGrid): PlanNode {
    const base = { grid, start: expr.start };
    switch (expr.kind) {
      case "number":
        return { kind: "number", type: "scalar", value: expr.value, ...base };
      case "string":
        return { kind: "string", type: "string", value: expr.value, ...base };
      case "paren":
        return this.plan(expr.expr, grid);
      case "vectorSelector":
        return this.#planSelector(expr, grid);
      case "matrixSelector":
        return this.#planMatrixSelector(expr, grid, false);
      case "subquery":
        return this.#planSubquery(expr, grid);
      case "unary":
        return this.#planUnary(expr.operator, this.plan(expr.expr, grid), base);
      case "binary":
        return this.#planBinary(expr, grid);
      case "aggregate":
        return this.#planAggregate(expr, grid);
      case "call":
        return this.#planCall(expr, grid);
      case "duration":
        throw new QueryError("bad_data", "a duration expression is not a value");
    }
  }

  #planSelector(expr: VectorSelector, grid: StepGrid): PlanNode {
    const shift = this.#shiftOf(expr);
    const isSmoothed = expr.extension === "smoothed";
    const { lookbackDeltaMs } = this.#options;
    const [firstMs, lastMs] = lookedAt(grid, shift);
    const source = this.#source(
      expr.matchers,
      firstMs - lookbackDeltaMs + 1,
      isSmoothed ? lastMs + lookbackDeltaMs : lastMs,
    );
    const { matchers, start } = expr;
    return {
      kind: "vectorSelector",
      type: "vector",
      source,
      shift,
      matchers,
      isSmoothed,
      isStatisticsOnly: this.#isStatisticsOnly(),
      grid,
      start,
    };
  }

  #isStatisticsOnly(): boolean {
    return this.#statisticsDepth > 0 && this.#bucketsDepth === 0;
  }

  /** Plans what must have its buckets. */
  #withBuckets<T>(plan: () => T): T {
    this.#bucketsDepth++;
    try {
      return plan();
    } finally {
      this.#bucketsDepth--;
    }
  }

  #planMatrixSelector(expr: MatrixSelector, grid: StepGrid, readsStarts: boolean): PlanNode {
    const { selector, start } = expr;
    const { lookbackDeltaMs } = this.#options;
    const shift = this.#shiftOf(selector);
    const rangeMs = resolveRangeMs(expr, this.#durations);
    const [firstMs, lastMs] = lookedAt(grid, shift);
    const { extension, matchers } = selector;
    const source = this.#source(
      matchers,
      firstMs - rangeMs + 1 - (extension === undefined ? 0 : lookbackDeltaMs),
      lastMs + (extension === "smoothed" ? lookbackDeltaMs : 0),
    );
    return {
      kind: "matrixSelector",
      type: "matrix",
      source,
      shift,
      rangeMs,
      matchers,
      extension,
      isStatisticsOnly: this.#isStatisticsOnly(),
      readsStarts,
      grid,
      start,
    };
  }

  #planSubquery(expr: SubqueryExpr, grid: StepGrid): SubqueryNode {
    const shift = this.#shiftOf(expr);
    // In Prometheus' order, since the first that is wrong is told.
    const writtenStepMs = resolveStepMs(expr, this.#durations);
    const rangeMs = resolveRangeMs(expr, this.#durations);
    const stepMs =
      writtenStepMs === 0 ? this.#options.defaultSubqueryStepMs(rangeMs) : writtenStepMs;
    const [firstMs, lastMs] = lookedAt(grid, shift);
    // The first multiple of the step after the left end of the first window, which is open.
    const startMs = (Math.floor((firstMs - rangeMs) / stepMs) + 1) * stepMs;
    const innerGrid = createGrid(startMs, lastMs, stepMs);
    const inner = this.#withBuckets(() => this.plan(expr.expr, innerGrid));
    // Prometheus gives annotations about a subquery's values the position of the whole query.
    return { kind: "subquery", type: "matrix", inner, shift, rangeMs, grid, start: 0 };
  }

  #planUnary(
    operator: "+" | "-",
    inner: PlanNode,
    base: { readonly grid: StepGrid; readonly start: number },
  ): PlanNode {
    if (operator === "+") return inner;
    if (inner.kind === "number") return { ...inner, ...base, value: -inner.value };
    return { kind: "negate", type: inner.type === "scalar" ? "scalar" : "vector", inner, ...base };
  }

  #planBinary(expr: BinaryExpr, grid: StepGrid): PlanNode {
    const { operator, isBool, start } = expr;
    const planSides = () => [this.plan(expr.left, grid), this.plan(expr.right, grid)] as const;
    const trims = operator === "</" || operator === ">/";
    const [left, right] = trims ? this.#withBuckets(planSides) : planSides();
    if (left.kind === "number" && right.kind === "number") {
      const value = scalarBinary(operator, left.value, right.value);
      return { kind: "number", type: "scalar", value, grid, start };
    }
    const type = left.type === "scalar" && right.type === "scalar" ? "scalar" : "vector";
    const matching = expr.matching;
    return { kind: "binary", type, operator, left, right, isBool, matching, grid, start };
  }

  #planAggregate(expr: AggregateExpr, grid: StepGrid): PlanNode {
    const { operator, grouping, isWithout, start } = expr;
    const param = expr.param === undefined ? undefined : this.plan(expr.param, grid);
    // Range functions are folded row by row, which is as good as sharing them.
    const child = withoutParens(expr.expr);
    const isFolded =
      child.kind === "call" && implementationOf(child.functionName)?.kind === "range";
    const planInner = () => this.plan(expr.expr, grid);
    const inner = isFolded ? this.#planApart(planInner) : planInner();
    return {
      kind: "aggregate",
      type: "vector",
      operator,
      inner,
      param,
      grouping,
      isWithout,
      grid,
      start,
    };
  }

  #planCall(expr: CallExpr, grid: StepGrid): PlanNode {
    const { functionName, start } = expr;
    if (queryFunctions.has(functionName)) {
      return { kind: "number", type: "scalar", value: this.#queryValue(functionName), grid, start };
    }
    if (functionName === "info") return this.#planInfo(expr, grid);
    const args = this.#planArgs(expr, grid);
    const type: CallNode["type"] = isScalarFunction(functionName) ? "scalar" : "vector";
    return { kind: "call", type, functionName, args, grid, start };
  }

  #planInfo({ args, start }: CallExpr, grid: StepGrid): InfoNode {
    const [base, selector] = args;
    assert(base !== undefined, "info() has an argument");
    const inner = this.plan(base, grid);
    const given = selector?.kind === "vectorSelector" ? selector.matchers : [];
    const nameMatchers = infoNameMatchers(given.filter(({ name }) => name === "__name__"));
    const dataMatchers = given.filter(({ name }) => name !== "__name__");
    const matchers = [...nameMatchers, ...dataMatchers];
    const info = this.#planShifted(matchers, this.#infoShift(base), grid);
    return { kind: "info", type: "vector", inner, info, nameMatchers, dataMatchers, grid, start };
  }

  /** A selector at given times. */
  #planShifted(matchers: readonly Matcher[], shift: TimeShift, grid: StepGrid): VectorSelectorNode {
    const [firstMs, lastMs] = lookedAt(grid, shift);
    const source = this.#source(matchers, firstMs - this.#options.lookbackDeltaMs + 1, lastMs);
    return {
      kind: "vectorSelector",
      type: "vector",
      source,
      shift,
      matchers,
      isSmoothed: false,
      isStatisticsOnly: false,
      grid,
      start: 0,
    };
  }

  /**
   * The times at which the first selector of an expression looks: its `@`, else that of the innermost
   * subquery around it that has one; offsets add up until then.
   */
  #infoShift(expr: Expr): TimeShift {
    const path = pathToSelector(expr);
    let offsetMs = 0;
    for (const modifiers of path) {
      const shift = this.#shiftOf(modifiers);
      offsetMs += shift.offsetMs;
      if (shift.atMs !== undefined) return { atMs: shift.atMs, offsetMs };
    }
    return { atMs: undefined, offsetMs };
  }

  #planArgs(expr: CallExpr, grid: StepGrid): PlanNode[] {
    const { functionName, args } = expr;
    const readsStarts = this.#options.usesStartTimestamps && startFunctions.has(functionName);
    if (syntacticFunctions.has(functionName) && this.#apartDepth === 0) {
      return this.#planApart(() => this.#planArgs(expr, grid));
    }
    const planAll = () =>
      args.map((arg) => {
        const inner = withoutParens(arg);
        if (inner.kind !== "matrixSelector") return this.plan(arg, grid);
        const node = this.#planMatrixSelector(inner, grid, readsStarts);
        this.places.set(node, inner);
        return node;
      });
    if (bucketFunctions.has(functionName)) return this.#withBuckets(planAll);
    if (!statisticsFunctions.has(functionName)) return planAll();
    this.#statisticsDepth++;
    try {
      return planAll();
    } finally {
      this.#statisticsDepth--;
    }
  }

  /** start(), end(), range() and step(), in seconds. */
  #queryValue(functionName: string): number {
    const { grid, stepMs } = this.#options;
    if (functionName === "start") return grid.startMs / 1000;
    if (functionName === "end") return grid.endMs / 1000;
    if (functionName === "range") return (grid.endMs - grid.startMs) / 1000;
    return grid.isInstant ? 0 : stepMs / 1000;
  }

  #shiftOf(modifiers: TimeModifiers): TimeShift {
    return {
      atMs: this.#atMs(modifiers.at),
      offsetMs: resolveOffsetMs(modifiers, this.#durations),
    };
  }

  #atMs(at: AtModifier | undefined): number | undefined {
    if (at === undefined) return undefined;
    if (at.kind === "timestamp") return at.timestampMs;
    return at.kind === "start" ? this.#options.grid.startMs : this.#options.grid.endMs;
  }

  #source(matchers: readonly Matcher[], minMs: number, maxMs: number): SelectorSource {
    const key = matchers
      .map((matcher) => JSON.stringify([matcher.name, matcher.operator, matcher.value]))
      .sort()
      .join();
    const known = this.#sources.get(key);
    if (known === undefined) {
      const source = { matchers, minMs, maxMs, series: [] };
      this.#sources.set(key, source);
      return source;
    }
    known.minMs = Math.min(known.minMs, minMs);
    known.maxMs = Math.max(known.maxMs, maxMs);
    return known;
  }

  #invarianceOf(expr: Expr): Invariance {
    const known = this.#invariance.get(expr);
    if (known !== undefined) return known;
    const found = this.#findInvariance(expr);
    this.#invariance.set(expr, found);
    return found;
  }

  #findInvariance(expr: Expr): Invariance {
    switch (expr.kind) {
      case "vectorSelector":
        return invariance(expr.at !== undefined);
      case "matrixSelector":
        return { isInvariant: expr.selector.at !== undefined, isWrapped: false };
      case "subquery":
        return { isInvariant: expr.at !== undefined, isWrapped: false };
      case "aggregate":
      case "paren":
      case "unary":
        return this.#invarianceOf(expr.expr);
      case "binary":
        return invariance(
          this.#invarianceOf(expr.left).isInvariant && this.#invarianceOf(expr.right).isInvariant,
        );
      case "call":
        return invariance(this.#isCallInvariant(expr));
      default:
        return { isInvariant: true, isWrapped: false };
    }
  }

  #isCallInvariant(expr: CallExpr): boolean {
    const { functionName, args } = expr;
    if (!args.every((arg) => this.#invarianceOf(arg).isInvariant)) return false;
    if (!timeDependentFunctions.has(functionName)) return true;
    // The time of a sample does not depend on the step, where the selector does not.
    return functionName === "timestamp" && args.every(isSelector);
  }
}

function invariance(isInvariant: boolean): Invariance {
  return { isInvariant, isWrapped: isInvariant };
}

function isSelector(expr: Expr): boolean {
  return withoutParens(expr).kind === "vectorSelector";
}

/** The first selector below an expression and the subqueries around it, innermost first. */
function pathToSelector(expr: Expr): TimeModifiers[] {
  if (expr.kind === "vectorSelector") return [expr];
  if (expr.kind === "matrixSelector") return [expr.selector];
  for (const child of childrenOf(expr)) {
    const path = pathToSelector(child);
    if (path.length > 0) return expr.kind === "subquery" ? [...path, expr] : path;
  }
  return [];
}

function withoutParens(expr: Expr): Expr {
  return expr.kind === "paren" ? withoutParens(expr.expr) : expr;
}

/** The first and last time that a selector on this grid looks at. */
function lookedAt(grid: StepGrid, shift: TimeShift): readonly [number, number] {
  const { atMs, offsetMs } = shift;
  if (atMs !== undefined) return [atMs - offsetMs, atMs - offsetMs];
  return [grid.startMs - offsetMs, lastStepMs(grid) - offsetMs];
}
