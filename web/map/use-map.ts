/** What the map asks the server: the map itself, and for the drawer the story of one edge or place. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { WireFlowExplanation } from "../../src/api/wire/flow-explanation.ts";
import type {
  FlowGroupsAnswer,
  FlowsAnswer,
  FlowTimelineAnswer,
} from "../../src/api/wire/flows.ts";
import type { MapAnswer } from "../../src/api/wire/map.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { type ApiClient, ApiError } from "../api/api-client.ts";
import { useApi } from "../api/server-queries.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { type MapPageLevel, secondWindow } from "./map-state.ts";

/** An answer with the window that it was asked for. */
export interface AskedMap {
  readonly answer: MapAnswer;
  readonly window: TimeRange;
  readonly second: TimeRange | undefined;
}

/** The map of the page's window; the last one stays while the next is on its way. */
export function useServiceMap(level: MapPageLevel, vs: string) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "map", time.text.from, time.text.to, level, vs],
    queryFn: async ({ signal }): Promise<AskedMap> => {
      const window = time.resolve();
      const second = secondWindow(vs, window);
      const params = new URLSearchParams({ level, ...span(window) });
      if (second !== undefined) {
        params.set("vs-since", isoText(second.fromMs));
        params.set("vs-until", isoText(second.toMs));
      }
      const answer = await client.own<MapAnswer>(`/map?${params}`, { signal });
      return { answer, window, second };
    },
    placeholderData: keepPreviousData,
    // Comparing two answers in depth costs more than drawing what differs.
    structuralSharing: false,
  });
}

/** What the drawer tells of some flows. */
export interface FlowStory {
  readonly flows: FlowsAnswer;
  readonly timeline: FlowTimelineAnswer;
}

const flowsShown = 6;

/** The last flows that fit `filter`, how many there are, and how they were spread over the window. */
export function useFlowStory(filter: string) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "map-story", filter, time.text.from, time.text.to],
    queryFn: async ({ signal }): Promise<FlowStory> => {
      const params = new URLSearchParams({ q: filter, ...span(time.resolve()) });
      const [flows, timeline] = await Promise.all([
        client.own<FlowsAnswer>(`/flows?${params}&limit=${flowsShown}&count=true`, { signal }),
        client.own<FlowTimelineAnswer>(`/flows/timeline?${params}&buckets=60`, { signal }),
      ]);
      return { flows, timeline };
    },
    placeholderData: keepPreviousData,
    enabled: filter !== "",
  });
}

/** Flows of the window grouped by fields: paths, DNS names, policies. */
export function useFlowGroups(filter: string, fields: string, limit: number) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "map-groups", filter, fields, time.text.from, time.text.to],
    queryFn: ({ signal }) => {
      const params = new URLSearchParams({
        q: filter,
        by: fields,
        limit: String(limit),
        ...span(time.resolve()),
      });
      return client.own<FlowGroupsAnswer>(`/flows/groups?${params}`, { signal });
    },
    placeholderData: keepPreviousData,
    enabled: filter !== "" && fields !== "",
  });
}

/** Verdicts of the last 24 hours, whatever the page's window is. */
export function useDayVerdicts(filter: string) {
  const client = useApi();
  return useQuery({
    queryKey: ["map-day", filter],
    queryFn: ({ signal }) => {
      const params = new URLSearchParams({ q: filter, by: "verdict", since: "24h", limit: "10" });
      return client.own<FlowGroupsAnswer>(`/flows/groups?${params}`, { signal });
    },
    staleTime: 30_000,
    enabled: filter !== "",
  });
}

/** Why the last dropped flow of `filter` was dropped, by the policies in force; null without one. Asked again as the page is. */
export function useDropReason(filter: string, isWanted: boolean) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "map-why", filter, time.text.from, time.text.to],
    queryFn: ({ signal }) => explainLastDrop(client, filter, { window: time.resolve(), signal }),
    enabled: isWanted && filter !== "",
  });
}

async function explainLastDrop(
  client: ApiClient,
  filter: string,
  { window, signal }: { readonly window: TimeRange; readonly signal: AbortSignal },
): Promise<WireFlowExplanation | null> {
  const params = new URLSearchParams({ q: `${filter} --verdict DROPPED`, ...span(window) });
  const { flows } = await client.own<FlowsAnswer>(`/flows?${params}&limit=1`, { signal });
  const [flow] = flows;
  if (flow === undefined) return null;
  try {
    return await client.own<WireFlowExplanation>("/flows/explain", {
      method: "POST",
      body: flow,
      signal,
    });
  } catch (thrown) {
    // A server without a view of the cluster's policies cannot explain.
    if (thrown instanceof ApiError && thrown.status === 404) return null;
    throw thrown;
  }
}

function span({ fromMs, toMs }: TimeRange): { since: string; until: string } {
  return { since: isoText(fromMs), until: isoText(toMs) };
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
