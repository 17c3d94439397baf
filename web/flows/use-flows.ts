/**
 * What the flows page asks the server. The list stays as it was read (live rows come by the stream);
 * counts, groups and the strip follow the page's refresh. Earlier answers stay in sight while new ones
 * are on their way or the server is gone.
 */

import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { WireFlowExplanation } from "../../src/api/wire/flow-explanation.ts";
import type {
  FilterErrorAnswer,
  FlowCheckAnswer,
  FlowCompletenessAnswer,
  FlowFieldsAnswer,
  FlowGroupAnswer,
  FlowGroupsAnswer,
  FlowsAnswer,
  FlowTimelineAnswer,
  FlowValuesAnswer,
} from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { useApi } from "../api/server-queries.ts";
import { type PageTime, timedKey, usePageTime } from "../time/time-context.tsx";
import { type FlowFilterParams, flowQuery } from "./flow-toggles.ts";

const pageFlows = 200;
/** Bars of the strip. */
const stripBuckets = 120;

/** `since` and `until` of the page's window, seconds; a window that moves has no end, so that nothing newer is missed. */
export function spanParams(time: PageTime): { since: number; until?: number } {
  const { fromMs, toMs } = time.resolve();
  return time.text.to === "now"
    ? { since: fromMs / 1000 }
    : { since: fromMs / 1000, until: toMs / 1000 };
}

/** The flows of the window, page by page. */
export function useFlowList(filter: FlowFilterParams, isOldestFirst: boolean, isWanted: boolean) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useInfiniteQuery({
    queryKey: ["flows", "list", filter, from, to, isOldestFirst],
    enabled: isWanted,
    initialPageParam: "",
    staleTime: Number.POSITIVE_INFINITY,
    // Coming back to the page begins with what is new.
    gcTime: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) =>
      client.own<FlowsAnswer>(
        `/flows?${flowQuery(filter, {
          ...spanParams(time),
          [isOldestFirst ? "first" : "limit"]: pageFlows,
          cursor: pageParam,
        })}`,
        { signal },
      ),
    getNextPageParam: ({ cursor }) => cursor,
  });
}

/** How many match, and of how many. */
export function useFlowCount(filter: FlowFilterParams, isWanted: boolean) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQuery({
    queryKey: [timedKey, "flows", "count", filter, from, to],
    enabled: isWanted,
    placeholderData: keepPreviousData,
    staleTime: 1000,
    queryFn: ({ signal }) =>
      client.own<FlowsAnswer>(
        `/flows?${flowQuery(filter, { ...spanParams(time), limit: 1, count: "true" })}`,
        { signal },
      ),
  });
}

/** Windows that are compared are counted anew so often, ms. */
const steadyMs = 30_000;

/**
 * How many match in a window that stands still for a while, so that counts with different filters can be
 * compared: those of one `window` belong together.
 */
export function useSteadyCount(filter: FlowFilterParams, isWanted: boolean) {
  const client = useApi();
  const time = usePageTime();
  const { fromMs, toMs } = time.resolve();
  const untilMs = Math.floor(toMs / steadyMs) * steadyMs;
  const sinceMs = untilMs - (toMs - fromMs);
  const window = `${time.text.from} ${time.text.to} ${untilMs}`;
  const { data } = useQuery({
    queryKey: ["flows", "steady", filter, window],
    enabled: isWanted,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const more = { since: sinceMs / 1000, until: untilMs / 1000, limit: 1, count: "true" };
      const { matched } = await client.own<FlowsAnswer>(`/flows?${flowQuery(filter, more)}`, {
        signal,
      });
      return { matched: matched ?? 0, window, query: flowQuery(filter) };
    },
  });
  // An earlier window may stand in for a while, another filter may not.
  return data?.query === flowQuery(filter) ? data : undefined;
}

/** Groups with rates and history. */
export function useFlowGroups(filter: FlowFilterParams, by: readonly string[]) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQuery({
    queryKey: [timedKey, "flows", "groups", filter, by, from, to],
    enabled: by.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 1000,
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const more = { since: fromMs / 1000, until: toMs / 1000, by: by.join(","), buckets: 40 };
      return client.own<FlowGroupsAnswer>(`/flows/groups?${flowQuery(filter, more)}`, { signal });
    },
  });
}

/** One group's address: what its flows are asked for by. */
export interface OpenGroup {
  readonly key: string;
  readonly group: FlowGroupAnswer;
  readonly limit: number;
}

/** The newest flows of the open groups, in their order. */
export function useGroupFlows(
  filter: FlowFilterParams,
  by: readonly string[],
  open: readonly OpenGroup[],
) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQueries({
    queries: open.map(({ key, group, limit }) => ({
      queryKey: [timedKey, "flows", "group", filter, by, key, limit, from, to],
      placeholderData: keepPreviousData,
      staleTime: 1000,
      queryFn: ({ signal }: { signal: AbortSignal }) => {
        const exact = Object.fromEntries(
          by.map((name, index) => [name, group.values[index] ?? ""]),
        );
        const and = [filter.and, group.filter].filter((line) => line !== "").join("\n");
        const more = { ...spanParams(time), limit, in: JSON.stringify(exact) };
        return client.own<FlowsAnswer>(`/flows?${flowQuery({ ...filter, and }, more)}`, { signal });
      },
    })),
  });
}

/** Flows by verdict over the window, for the strip. */
export function useFlowTimeline(filter: FlowFilterParams, isWanted = true) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQuery({
    queryKey: [timedKey, "flows", "timeline", filter, from, to],
    enabled: isWanted,
    placeholderData: keepPreviousData,
    staleTime: 1000,
    queryFn: ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const more = { since: fromMs / 1000, until: toMs / 1000, buckets: stripBuckets };
      return client.own<FlowTimelineAnswer>(`/flows/timeline?${flowQuery(filter, more)}`, {
        signal,
      });
    },
  });
}

/** How much of the window was seen. */
export function useFlowCompleteness() {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQuery({
    queryKey: [timedKey, "flows", "completeness", from, to],
    placeholderData: keepPreviousData,
    staleTime: 1000,
    queryFn: ({ signal }) => {
      const span = new URLSearchParams();
      for (const [name, value] of Object.entries(spanParams(time))) span.set(name, String(value));
      return client.own<FlowCompletenessAnswer>(`/flows/completeness?${span}`, { signal });
    },
  });
}

/** Fields and flags that there are. */
export function useFlowFields() {
  const client = useApi();
  return useQuery({
    queryKey: ["flows", "fields"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => client.own<FlowFieldsAnswer>("/flows/fields", { signal }),
  });
}

/** Values of `fields` in the window, added up, most flows first; `undefined` asks nothing. */
export function useFlowValues(fields: readonly string[], prefix: string) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQuery({
    queryKey: ["flows", "values", fields, prefix, from, to],
    enabled: fields.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    queryFn: async ({ signal }) => {
      const answers = await Promise.all(
        fields.map((field) =>
          client.own<FlowValuesAnswer>(
            `/flows/values?${flowQuery({ q: "", hide: "", and: "" }, { ...spanParams(time), field, prefix, limit: 40 })}`,
            { signal },
          ),
        ),
      );
      return addUp(answers);
    },
  });
}

function addUp(answers: readonly FlowValuesAnswer[]) {
  const counts = new Map<string, number>();
  for (const { field, values } of answers) {
    for (const { value, flows } of values) {
      // Labels come as one list; each is a value of its own.
      const parts = field.endsWith("-label") ? value.split(",") : [value];
      for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + flows);
    }
  }
  const found = [...counts].map(([value, flows]) => ({ value, flows }));
  return {
    values: found.sort((a, b) => b.flows - a.flows),
    valueCount: Math.max(found.length, ...answers.map(({ valueCount }) => valueCount)),
  };
}

/** One flow by its id: for links to flows that the table has not read. */
export function useOneFlow(uuid: string | null) {
  const client = useApi();
  return useQuery({
    queryKey: ["flows", "one", uuid],
    enabled: uuid !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      client.own<Flow>(`/flows/${encodeURIComponent(uuid ?? "")}`, { signal }),
  });
}

/** Flows of both ends around an instant, oldest first. */
export function useFlowsAround(q: string, timeMs: number) {
  const client = useApi();
  return useQuery({
    queryKey: ["flows", "around", q, timeMs],
    enabled: Number.isFinite(timeMs),
    staleTime: 30_000,
    queryFn: ({ signal }) =>
      client.own<FlowsAnswer>(
        `/flows?${flowQuery({ q: "", hide: "", and: q }, { since: timeMs / 1000 - 2, until: timeMs / 1000 + 2, first: 100 })}`,
        { signal },
      ),
  });
}

/** Why the flow got its verdict, by the policies in force. */
export function useFlowExplanation(flow: Flow) {
  const client = useApi();
  return useQuery({
    queryKey: ["flows", "explanation", flow.uuid],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      client.own<WireFlowExplanation>("/flows/explain", { method: "POST", body: flow, signal }),
  });
}

const noFilter: FlowFilterParams = { q: "", hide: "", and: "" };

/**
 * The filter that is in force: the last one that can be used. While another is wrong, its fault is told
 * and what was shown stays. Not `isReady` before the first one is known to be right.
 */
export function useCheckedFilter(filter: FlowFilterParams): {
  readonly filter: FlowFilterParams;
  readonly isReady: boolean;
  readonly fault: FilterErrorAnswer | undefined;
} {
  const client = useApi();
  const good = useRef<FlowFilterParams | undefined>(undefined);
  const query = flowQuery(filter);
  const check = useQuery({
    queryKey: ["flows", "check", query],
    // No filter is always right.
    enabled: query !== "",
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => client.own<FlowCheckAnswer>(`/flows/check?${query}`, { signal }),
  });
  // Where the check itself fails, the requests for flows say why.
  const isGood = query === "" || check.data?.fault === null || check.isError;
  // Kept as one object while it says the same: queries are keyed by it.
  if (isGood && (good.current === undefined || flowQuery(good.current) !== query)) {
    good.current = filter;
  }
  return {
    filter: good.current ?? noFilter,
    isReady: good.current !== undefined,
    fault: check.data?.fault ?? undefined,
  };
}
