/** What components ask the server, as hooks on the one query cache. Query keys live here and nowhere else. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { DashboardAnswer, DashboardSummary, ServerStatus } from "../../src/api/wire/server.ts";
import { assert } from "../../src/base/assert.ts";
import { timedKey } from "../time/time-context.tsx";
import type { ApiClient } from "./api-client.ts";
import { type QueryData, type QueryResult, readQueryData } from "./query-series.ts";

/** Holds the application's client. */
export const ApiContext = createContext<ApiClient | null>(null);

/** The client itself, for queries of a component's own. */
export function useApi(): ApiClient {
  const client = useContext(ApiContext);
  assert(client !== null, "a component stands outside of ApiContext");
  return client;
}

/** The server's state is read this often; after a failure sooner. */
const statusEveryMs = 10_000;
export const statusRetryMs = 4000;

/** Version, mode and warnings; its failure is how the page knows that the server is gone. */
export function useServerStatus() {
  const client = useApi();
  const cache = useQueryClient();
  return useQuery({
    queryKey: ["status"],
    queryFn: async ({ signal }) => {
      const status = await client.own<ServerStatus>("/status", { signal });
      // The server is back: what failed while it was gone is asked again.
      if (cache.getQueryState(["status"])?.status === "error") {
        void cache.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "status" });
      }
      return status;
    },
    refetchInterval: (query) => (query.state.status === "error" ? statusRetryMs : statusEveryMs),
    refetchIntervalInBackground: false,
  });
}

/** Shipped and imported dashboards. */
export function useDashboardList() {
  const client = useApi();
  return useQuery({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) => client.own<readonly DashboardSummary[]>("/dashboards", { signal }),
    staleTime: 30_000,
  });
}

/** One dashboard's JSON. */
export function useDashboardAnswer(uid: string) {
  const client = useApi();
  return useQuery({
    queryKey: ["dashboard", uid],
    queryFn: ({ signal }) =>
      client.own<DashboardAnswer>(`/dashboards/${encodeURIComponent(uid)}`, { signal }),
    staleTime: 30_000,
  });
}

/** After an import or a removal: lists and dashboards are read again. */
export function useDashboardsChanged(): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ["dashboards"] });
    void client.invalidateQueries({ queryKey: ["dashboard"] });
  };
}

/** Help and kind of a metric, as targets exposed it. */
export interface MetricMetadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** Names of all metrics, for palette, browser and empty panels. `isWanted` false asks nothing. */
export function useMetricNames(isWanted = true) {
  const client = useApi();
  return useQuery({
    queryKey: ["metric-names"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<readonly string[]>("label/__name__/values", {}, { signal })).data,
    staleTime: 30_000,
    enabled: isWanted,
  });
}

/** Metadata of all metrics. */
export function useMetadata(isWanted = true) {
  const client = useApi();
  return useQuery({
    queryKey: ["metadata"],
    queryFn: async ({ signal }) =>
      (
        await client.prometheus<Readonly<Record<string, readonly MetricMetadata[]>>>(
          "metadata",
          {},
          { signal },
        )
      ).data,
    staleTime: 60_000,
    enabled: isWanted,
  });
}

/** A target as /api/v1/targets lists it. */
export interface ActiveTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  /** RFC 3339; the year 1 before the first scrape. */
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: "up" | "down" | "unknown";
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** The answer of /api/v1/targets. */
export interface TargetsData {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets: readonly {
    readonly discoveredLabels: Readonly<Record<string, string>>;
    readonly scrapePool?: string;
  }[];
  readonly droppedTargetCounts?: Readonly<Record<string, number>>;
}

/** All targets; follows the page's refresh. `isWanted` false asks nothing. */
export function useTargets(isWanted = true) {
  const client = useApi();
  return useQuery({
    queryKey: [timedKey, "targets"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<TargetsData>("targets", {}, { signal })).data,
    staleTime: 1000,
    enabled: isWanted,
  });
}

/** An answer with what the page says about it. */
export interface RunQuery extends QueryResult {
  readonly durationMs: number;
  readonly notes: readonly string[];
}

/** A query over a window; throws ApiError. Waits at the gate. */
export async function runRangeQuery(
  client: ApiClient,
  query: { expr: string; refId: string; fromMs: number; toMs: number; stepMs: number },
  signal?: AbortSignal,
): Promise<RunQuery> {
  const answer = await client.prometheus<QueryData>(
    "query_range",
    {
      query: query.expr,
      start: query.fromMs / 1000,
      end: query.toMs / 1000,
      step: query.stepMs / 1000,
    },
    { isQuery: true, ...(signal ? { signal } : {}) },
  );
  return finish(answer, query.refId);
}

/** A query at one instant; throws ApiError. Waits at the gate. */
export async function runInstantQuery(
  client: ApiClient,
  query: { expr: string; refId: string; atMs: number },
  signal?: AbortSignal,
): Promise<RunQuery> {
  const answer = await client.prometheus<QueryData>(
    "query",
    { query: query.expr, time: query.atMs / 1000 },
    { isQuery: true, ...(signal ? { signal } : {}) },
  );
  return finish(answer, query.refId);
}

function finish(
  answer: {
    data: QueryData;
    warnings: readonly string[];
    infos: readonly string[];
    durationMs: number;
  },
  refId: string,
): RunQuery {
  return {
    ...readQueryData(answer.data, refId),
    durationMs: answer.durationMs,
    notes: [...answer.warnings, ...answer.infos],
  };
}
