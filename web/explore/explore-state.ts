/** Explore's state as its address holds it: queries, view, stacking, step. Pure; a link restores all of it. */

import type { ParamUpdate } from "../router/history-router.ts";

/** What a link to Explore says. */
export interface ExploreState {
  /** One or more; an empty text is a row not written yet. */
  readonly queries: readonly string[];
  readonly view: "graph" | "table";
  readonly style: "lines" | "stacked";
  /** "auto" or a duration. */
  readonly step: string;
}

/** Rows offered; letters end at Z. */
export const queriesMax = 12;

/** Reads the query string; unknown words fall back. */
export function readExploreState(params: URLSearchParams): ExploreState {
  const queries = params.getAll("q").slice(0, queriesMax);
  return {
    queries: queries.length === 0 ? [""] : queries,
    view: params.get("view") === "table" ? "table" : "graph",
    style: params.get("stack") === "1" ? "stacked" : "lines",
    step: params.get("step") ?? "auto",
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
    ...(state.step === undefined ? {} : { step: state.step === "auto" ? null : state.step }),
  };
}

/** The letter of a row. */
export function refIdOf(index: number): string {
  return String.fromCharCode(65 + index);
}
