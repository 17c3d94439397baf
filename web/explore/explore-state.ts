/** Explore's state as its address holds it: queries, view, stacking, step. Pure; a link restores all of it. */

import type { ParamUpdate } from "../router/history-router.ts";

/** How answers are shown. */
export type ExploreView = "graph" | "table" | "raw" | "explain";

const views: readonly ExploreView[] = ["graph", "table", "raw", "explain"];

/** What a link to Explore says. */
export interface ExploreState {
  /** One or more; an empty text is a row not written yet. */
  readonly queries: readonly string[];
  readonly view: ExploreView;
  readonly style: "lines" | "stacked";
  /** "auto" or a duration. */
  readonly step: string;
  /** Exemplars are drawn on the graph. */
  readonly hasExemplars: boolean;
  /** The link's own address for traces. */
  readonly traceTemplate?: string;
}

/** Rows offered; letters end at Z. */
export const queriesMax = 12;

/** Reads the query string; unknown words fall back. */
export function readExploreState(params: URLSearchParams): ExploreState {
  const queries = params.getAll("q").slice(0, queriesMax);
  const trace = params.get("trace");
  return {
    queries: queries.length === 0 ? [""] : queries,
    view: views.find((view) => view === params.get("view")) ?? "graph",
    style: params.get("stack") === "1" ? "stacked" : "lines",
    step: params.get("step") ?? "auto",
    hasExemplars: params.get("ex") === "1",
    ...(trace === null ? {} : { traceTemplate: trace }),
  };
}

/** The change of the query string that stores `state`; defaults leave no trace. */
export function writeExploreState(state: Partial<ExploreState>): ParamUpdate {
  return {
    ...(state.queries === undefined
      ? {}
      : { q: state.queries.filter((query) => query.trim() !== "") }),
    ...(state.view === undefined ? {} : { view: state.view === "graph" ? null : state.view }),
    ...(state.style === undefined ? {} : { stack: state.style === "stacked" ? "1" : null }),
    ...(state.hasExemplars === undefined ? {} : { ex: state.hasExemplars ? "1" : null }),
    ...(state.traceTemplate === undefined ? {} : { trace: state.traceTemplate || null }),
    ...(state.step === undefined ? {} : { step: state.step === "auto" ? null : state.step }),
  };
}

/** The letter of a row. */
export function refIdOf(index: number): string {
  return String.fromCharCode(65 + index);
}
