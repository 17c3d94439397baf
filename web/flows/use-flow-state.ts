/** The flows page's state, which is its address: filter, toggles, grouping, columns, order, chosen flow. */

import { useMemo } from "react";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { defaultColumns } from "./flow-columns.tsx";
import { type FlowFilterParams, type FlowFilterState, filterParams } from "./flow-toggles.ts";

/** Fields that a grouping may have at once. */
export const groupFieldsMax = 5;

/** What the address says. */
export interface FlowPageState extends FlowFilterState {
  readonly filter: FlowFilterParams;
  readonly group: readonly string[];
  readonly columns: readonly string[];
  /** Oldest first instead of newest. */
  readonly isOldestFirst: boolean;
  /** Groups by "flows" or by "last" seen. */
  readonly groupOrder: "flows" | "last";
  readonly flow: string | null;
  readonly tab: string;
}

/** Reads it. */
export function readFlowState(params: URLSearchParams): FlowPageState {
  const list = (name: string) => (params.get(name) ?? "").split(",").filter((text) => text !== "");
  const state: FlowFilterState = {
    q: params.get("q") ?? "",
    toggles: list("hide"),
    not: params.getAll("not"),
    only: params.getAll("only"),
  };
  const columns = list("cols");
  return {
    ...state,
    filter: filterParams(state),
    group: list("group").slice(0, groupFieldsMax),
    columns: columns.length === 0 ? defaultColumns : columns,
    isOldestFirst: params.get("sort") === "oldest",
    groupOrder: params.get("sort") === "last" ? "last" : "flows",
    flow: params.get("flow"),
    tab: params.get("tab") ?? "verdict",
  };
}

/** The state and what changes it. */
export function useFlowState() {
  const router = useRouter();
  const { params } = useRoute();
  const state = useMemo(() => readFlowState(params), [params]);
  const list = (values: readonly string[]) => (values.length === 0 ? null : values.join(","));
  const flip = (values: readonly string[], value: string) =>
    values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return {
    state,
    setText: (q: string) => router.setParams({ q: q === "" ? null : q }, { replace: true }),
    flipToggle: (id: string) => router.setParams({ hide: list(flip(state.toggles, id)) }),
    exclude: (line: string) => router.setParams({ not: flip(state.not, line) }),
    keepOnly: (line: string) => router.setParams({ only: flip(state.only, line) }),
    setFilter: ({ q, toggles, not, only }: FlowFilterState) =>
      router.setParams({ q: q === "" ? null : q, hide: list(toggles), not, only }),
    setGroup: (fields: readonly string[]) => router.setParams({ group: list(fields), sort: null }),
    setColumns: (columns: readonly string[]) =>
      router.setParams({
        cols: columns.join(",") === defaultColumns.join(",") ? null : list(columns),
      }),
    setSort: (sort: string | null) => router.setParams({ sort }),
    choose: (uuid: string | null) => router.setParams({ flow: uuid, tab: null }),
    setTab: (tab: string) => router.setParams({ tab: tab === "verdict" ? null : tab }),
  };
}

/** What the page's parts share. */
export type FlowPage = ReturnType<typeof useFlowState>;
