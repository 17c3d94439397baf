/** From a panel's targets to requests: variables and steps filled in, ranges aligned. Pure. */

import { applyFilters } from "../../src/dashboard/adhoc-filters.ts";
import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import { alignRange, calculateStep, stepVariables } from "../../src/dashboard/interval.ts";
import type { Panel, Target } from "../../src/dashboard/model.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { formatPrometheus } from "../../src/dashboard/variable-format.ts";

/** One request to the server; an instant query asks at `toMs`. */
export interface PanelQuery {
  readonly target: Target;
  readonly expr: string;
  readonly isInstant: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** What the requests depend on beside the panel. */
export interface QueryContext {
  readonly scope: VariableScope;
  readonly range: TimeRange;
  /** Points wanted: the panel's width in pixels. */
  readonly widthPx: number;
  /** Of the targets scraped here; undefined: not known yet. */
  readonly scrapeIntervalMs: number | undefined;
}

/** Requests of `panel`, in the order of its targets; hidden and empty ones are left out. */
export function panelQueries(panel: Panel, context: QueryContext): readonly PanelQuery[] {
  return panel.targets
    .filter((target) => !target.isHidden && target.expr.trim() !== "")
    .flatMap((target) => targetQueries(panel, target, context));
}

function targetQueries(panel: Panel, target: Target, context: QueryContext): PanelQuery[] {
  const { scope, range, scrapeIntervalMs } = context;
  const rangeMs = range.toMs - range.fromMs;
  const minStep = target.interval ?? panel.interval;
  const step = calculateStep({
    rangeMs,
    maxDataPoints: panel.maxDataPoints ?? context.widthPx,
    ...(minStep === undefined ? {} : { minStep: interpolate(minStep, scope) }),
    ...(scrapeIntervalMs === undefined ? {} : { scrapeIntervalMs }),
    intervalFactor: target.intervalFactor,
  });
  const scoped = {
    ...scope.scoped,
    ...Object.fromEntries(
      Object.entries(stepVariables(step, rangeMs)).map(([name, value]) => [name, { value }]),
    ),
  };
  const expr = applyFilters(
    interpolate(target.expr, { ...scope, range, scoped }, formatPrometheus),
    scope.filters ?? [],
  );
  const aligned = alignRange(range.fromMs, range.toMs, step.stepMs);
  const query = { target, expr, stepMs: step.stepMs };
  return [
    ...(target.isRange ? [{ ...query, ...aligned, isInstant: false }] : []),
    ...(target.isInstant ? [{ ...query, ...range, isInstant: true }] : []),
  ];
}

/** Point budget by width, in coarse steps, so that a small change of size asks nothing anew. */
export function roundWidth(widthPx: number): number {
  return Math.max(100, Math.round(widthPx / 100) * 100);
}
