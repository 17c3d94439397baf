/**
 * The PromQL engine. A query is parsed, planned once, its series are selected once, and each node is
 * evaluated over all steps at a time; an instant query is a range query of one step on the same
 * code. Long queries give way to others about every 10 ms. Errors are QueryErrors with Prometheus'
 * kinds and texts; a parse error is `bad_data` without the API's prefix.
 */

import type { Clock } from "../../base/clock.ts";
import { ParseError, QueryError } from "../../base/errors.ts";
import type { Queryable } from "../../storage/storage.ts";
import type { Expr } from "../ast.ts";
import { type ParserOptions, parseExpr, valueTypeOf } from "../parser.ts";
import { printExpr } from "../printer.ts";
import { documentedType } from "../value-type.ts";
import { CellMemory } from "./cell-memory.ts";
import { dropPendingNames, evaluateScalar, evaluateVector, openRange } from "./evaluator.ts";
import { NodeCosts } from "./node-costs.ts";
import { planQuery } from "./plan.ts";
import type { PlanNode, QueryPlan } from "./plan-node.ts";
import { instantValue, matrixOfRange, matrixOfSteps, scalarMatrix } from "./query-answer.ts";
import type { QueryResult, QueryValue } from "./query-result.ts";
import { QueryRun } from "./query-run.ts";
import { collectRange } from "./range-call.ts";
import { SampleTally } from "./sample-tally.ts";
import { KnownSelections } from "./selection-facts.ts";
import { openSources } from "./selectors.ts";
import { createGrid, instantGrid, type StepGrid } from "./step-grid.ts";

/** Prometheus' `--query.lookback-delta`, `--query.timeout`, `--query.max-samples`. */
const defaultLookbackDeltaMs = 5 * 60_000;
const defaultTimeoutMs = 2 * 60_000;
const defaultSamplesMax = 50_000_000;
/** Prometheus' global evaluation_interval. */
const defaultSubqueryStepMs = 60_000;

/** What an engine is made with; all but the clock have Prometheus' defaults. */
export interface EngineOptions {
  readonly clock: Clock;
  /** How far back an instant selector looks for a sample. */
  readonly lookbackDeltaMs?: number;
  readonly timeoutMs?: number;
  /** Samples that one query may hold at a time. */
  readonly maxSamples?: number;
  /** Step of subqueries that name none. */
  readonly defaultSubqueryStepMs?: number | ((rangeMs: number) => number);
  /** Switches of experimental syntax and functions. */
  readonly parser?: ParserOptions;
  /** promql-delayed-name-removal. */
  readonly enableDelayedNameRemoval?: boolean;
  /** type-and-unit-labels: counters are told by the label __type__. */
  readonly enableTypeAndUnitLabels?: boolean;
  /** use-start-timestamps: rate, increase, irate and resets see resets in start timestamps; start_timestamp(). */
  readonly enableStartTimestamps?: boolean;
  /** Lets others run; default setImmediate. */
  readonly yieldNow?: () => Promise<void>;
}

/** What one query may change. */
export interface QueryOptions {
  readonly lookbackDeltaMs?: number;
  /** Cannot exceed the engine's. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Tell what each node cost (`stats.nodes`); a little slower. */
  readonly wantsNodeStats?: boolean;
  /** Count samples for each step (`stats.perStep`). */
  readonly wantsStepStats?: boolean;
}

/** Times of a range query, ms; both ends are included. */
export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** See the head comment. Holds no state of single queries; may run any number at a time. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #selections = new KnownSelections();
  readonly #memory = new CellMemory();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Evaluates at one time. */
  async instantQuery(
    queryable: Queryable,
    query: string | Expr,
    timeMs: number,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const { expr, text } = this.#parse(query);
    return this.#run(queryable, { expr, text, grid: instantGrid(timeMs), stepMs: 0 }, options);
  }

  /** Evaluates at each step; the answer is a matrix. The expression must be a scalar or instant vector. */
  async rangeQuery(
    queryable: Queryable,
    query: string | Expr,
    range: QueryRange,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const { expr, text } = this.#parse(query);
    const type = valueTypeOf(expr);
    if (type !== "vector" && type !== "scalar") {
      throw new QueryError(
        "bad_data",
        `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
      );
    }
    const grid = createGrid(range.startMs, range.endMs, range.stepMs);
    return this.#run(queryable, { expr, text, grid, stepMs: range.stepMs }, options);
  }

  #parse(query: string | Expr): { expr: Expr; text: string } {
    if (typeof query !== "string") return { expr: query, text: printExpr(query) };
    try {
      return { expr: parseExpr(query, this.#options.parser), text: query };
    } catch (thrown) {
      if (!(thrown instanceof ParseError)) throw thrown;
      throw new QueryError("bad_data", thrown.message, { cause: thrown });
    }
  }

  async #run(
    queryable: Queryable,
    what: { expr: Expr; text: string; grid: StepGrid; stepMs: number },
    options: QueryOptions,
  ): Promise<QueryResult> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const run = this.#createRun(what.grid, options);
    const plan = planQuery(what.expr, {
      grid: what.grid,
      stepMs: what.stepMs,
      lookbackDeltaMs: run.lookbackDeltaMs,
      defaultSubqueryStepMs: this.#subqueryStep(),
      usesStartTimestamps: this.#options.enableStartTimestamps ?? false,
    });
    if (options.wantsNodeStats === true) run.nodeCosts = new NodeCosts(plan.places);
    run.checkAlive();
    const preparedMs = clock.monotonicMs();
    const querier = await openSources(queryable, plan.sources, run);
    const selectedMs = clock.monotonicMs();
    try {
      const isInstantQuery = what.stepMs === 0;
      const value = isInstantQuery
        ? await answerInstant(plan, run, what.grid.startMs)
        : await answerRange(plan, run);
      const { tally } = run;
      const stats = {
        totalQueryableSamples: tally.queryable,
        samplesRead: tally.read,
        peakSamples: run.peakSamples,
        prepareMs: preparedMs - startedMs,
        selectMs: selectedMs - preparedMs,
        evaluateMs: clock.monotonicMs() - selectedMs,
        ...(run.nodeCosts === undefined ? {} : { nodes: run.nodeCosts.list() }),
        ...(tally.steps === undefined
          ? {}
          : { perStep: { ...tally.steps, startMs: what.grid.startMs, stepMs: what.stepMs } }),
      };
      return { value, ...run.annotations.render(what.text), stats };
    } finally {
      querier?.close();
    }
  }

  #createRun(grid: StepGrid, options: QueryOptions): QueryRun {
    const own = this.#options;
    const timeoutMs = own.timeoutMs ?? defaultTimeoutMs;
    const lookbackDeltaMs = options.lookbackDeltaMs ?? 0;
    return new QueryRun({
      clock: own.clock,
      lookbackDeltaMs:
        lookbackDeltaMs > 0 ? lookbackDeltaMs : (own.lookbackDeltaMs ?? defaultLookbackDeltaMs),
      timeoutMs: Math.min(timeoutMs, options.timeoutMs ?? timeoutMs),
      samplesMax: own.maxSamples ?? defaultSamplesMax,
      isNameRemovalDelayed: own.enableDelayedNameRemoval ?? false,
      hasTypeAndUnitLabels: own.enableTypeAndUnitLabels ?? false,
      usesStartTimestamps: own.enableStartTimestamps ?? false,
      selections: this.#selections,
      memory: this.#memory,
      tally: new SampleTally(grid, options.wantsStepStats === true),
      signal: options.signal,
      yieldNow: own.yieldNow ?? yieldToEventLoop,
    });
  }

  #subqueryStep(): (rangeMs: number) => number {
    const step = this.#options.defaultSubqueryStepMs ?? defaultSubqueryStepMs;
    return typeof step === "number" ? () => step : step;
  }
}

function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function answerInstant(plan: QueryPlan, run: QueryRun, timeMs: number): Promise<QueryValue> {
  const { root } = plan;
  if (root.kind === "string") return { type: "string", timestampMs: timeMs, value: root.value };
  if (root.kind === "matrixSelector" || root.kind === "subquery") {
    const source = await openRange(root, run, { isResult: true });
    const extension = root.kind === "matrixSelector" ? root.extension : undefined;
    return matrixOfRange(await collectRange(source, run, extension));
  }
  if (root.type === "scalar") {
    const values = await evaluateScalar(root, run);
    return { type: "scalar", timestampMs: timeMs, value: values[0] ?? Number.NaN };
  }
  return instantValue(await evaluateToEnd(root, run), timeMs);
}

async function answerRange(plan: QueryPlan, run: QueryRun): Promise<QueryValue> {
  const { root } = plan;
  if (root.type === "scalar") return scalarMatrix(await evaluateScalar(root, run), root.grid);
  return matrixOfSteps(await evaluateToEnd(root, run), root.grid, run);
}

async function evaluateToEnd(root: PlanNode, run: QueryRun) {
  const vector = await evaluateVector(root, run);
  return run.isNameRemovalDelayed ? dropPendingNames(vector) : vector;
}
