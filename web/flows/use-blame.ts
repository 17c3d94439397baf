/** Which condition removes all flows: the filter is counted again without each one in turn. */

import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { FlowsAnswer } from "../../src/api/wire/flows.ts";
import { useApi } from "../api/server-queries.ts";
import { usePageTime } from "../time/time-context.tsx";
import { fieldsOfFlag } from "./filter-completion.ts";
import { editDistance, filterConditions, filterTokens, withoutCondition } from "./filter-text.ts";
import { type FlowFilterState, filterParams, flowQuery, flowToggles } from "./flow-toggles.ts";
import { spanParams, useFlowFields, useFlowValues } from "./use-flows.ts";

/** Conditions that are tried; each costs a count. */
const triedMax = 12;

/** One condition, and the filter without it. */
export interface BlamedCondition {
  readonly text: string;
  readonly without: FlowFilterState;
  /** Flows that match without it; undefined while it is counted. */
  readonly matched: number | undefined;
}

/** Every condition of the filter with what remains when it goes. */
export function conditionsOf(
  state: FlowFilterState,
  bareFlags: ReadonlySet<string>,
): readonly Omit<BlamedCondition, "matched">[] {
  const lines = (name: "not" | "only") =>
    state[name].map((line) => ({
      text: `${name} ${line}`,
      without: { ...state, [name]: state[name].filter((one) => one !== line) },
    }));
  return [
    ...filterConditions(state.q, bareFlags).map((condition) => ({
      text: condition.text,
      without: { ...state, q: withoutCondition(state.q, condition) },
    })),
    ...flowToggles
      .filter(({ id }) => state.toggles.includes(id))
      .map(({ id, label }) => ({
        text: label,
        without: { ...state, toggles: state.toggles.filter((one) => one !== id) },
      })),
    ...lines("not"),
    ...lines("only"),
  ];
}

/** Conditions that alone are to blame come first. */
export function useBlame(state: FlowFilterState): readonly BlamedCondition[] {
  const client = useApi();
  const time = usePageTime();
  const fields = useFlowFields();
  const { from, to } = time.text;
  const conditions = useMemo(() => {
    const bare = (fields.data?.flags ?? []).filter(({ isBare }) => isBare).map(({ flag }) => flag);
    return conditionsOf(state, new Set(bare)).slice(0, triedMax);
  }, [state, fields.data]);
  const counts = useQueries({
    queries: conditions.map(({ without }) => ({
      queryKey: ["flows", "blame", filterParams(without), from, to],
      staleTime: 10_000,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        client.own<FlowsAnswer>(
          `/flows?${flowQuery(filterParams(without), { ...spanParams(time), limit: 1, count: "true" })}`,
          { signal },
        ),
    })),
  });
  return conditions
    .map((condition, index) => ({
      ...condition,
      matched: counts[index]?.data?.matched ?? undefined,
    }))
    .sort((a, b) => (b.matched ?? 0) - (a.matched ?? 0));
}

/** A value that flows of the window have and that is written nearly the same; undefined without one. */
export function useNearValue(
  condition: string | undefined,
): { readonly written: string; readonly near: string | undefined } | undefined {
  const fields = useFlowFields();
  const [flag, value] = filterTokens(condition ?? "", new Set()).filter(
    ({ kind }) => kind === "flag" || kind === "value",
  );
  const asked = flag === undefined ? [] : fieldsOfFlag(flag.text, fields.data?.fields ?? []);
  const found = useFlowValues(asked, "");
  if (flag === undefined || value === undefined || found.data === undefined) return undefined;
  if (asked.length === 0) return undefined;
  const written = value.text;
  return {
    written,
    near: nearest(
      written,
      found.data.values.map(({ value: one }) => one),
    ),
  };
}

/** The nearest of `values`, where it is near enough to be meant. A pod's name may be cut short. */
export function nearest(written: string, values: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(written.length * 0.3)) + 1;
  for (const value of values) {
    const distance = Math.min(
      editDistance(written, value),
      editDistance(written, value.slice(0, written.length)) + 1,
    );
    if (distance > 0 && distance < bestDistance) {
      best = value;
      bestDistance = distance;
    }
  }
  return best;
}
