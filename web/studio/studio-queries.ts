/** What the studio asks the server. A preview counts flows, so its answer is kept while the window stands. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  StudioAnswer,
  StudioApplyAnswer,
  StudioBackfillAnswer,
  StudioCheckAnswer,
  StudioHelmAnswer,
  StudioPreviewAnswer,
  StudioRequest,
} from "../../src/api/wire/studio.ts";
import type { ApiClient } from "../api/api-client.ts";
import { useApi } from "../api/server-queries.ts";

const previewFreshMs = 60_000;
const backfillEveryMs = 700;

function ask<Answer>(
  client: ApiClient,
  path: string,
  body: StudioRequest,
  signal?: AbortSignal,
): Promise<Answer> {
  return client.own<Answer>(`/studio${path}`, {
    method: "POST",
    body,
    ...(signal ? { signal } : {}),
  });
}

/** Handlers, contexts, labels, and what is counted now. */
export function useStudio() {
  const client = useApi();
  return useQuery({
    queryKey: ["studio"],
    queryFn: ({ signal }) => client.own<StudioAnswer>("/studio", { signal }),
    staleTime: 10_000,
  });
}

/** Counts; `isWanted` false asks nothing. */
export function usePreview(body: StudioRequest, isWanted = true) {
  const client = useApi();
  return useQuery({
    queryKey: ["studio-preview", body],
    queryFn: ({ signal }) => ask<StudioPreviewAnswer>(client, "/preview", body, signal),
    staleTime: previewFreshMs,
    enabled: isWanted,
    placeholderData: keepPreviousData,
  });
}

/** What the agent would make of the list. */
export function useCheck(metrics: readonly string[], isWanted: boolean) {
  const client = useApi();
  return useQuery({
    queryKey: ["studio-check", metrics],
    queryFn: ({ signal }) => ask<StudioCheckAnswer>(client, "/check", { metrics }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: isWanted,
    placeholderData: keepPreviousData,
  });
}

/** Helm values of a list. */
export function useHelm(metrics: readonly string[], dynamic: boolean, isWanted: boolean) {
  const client = useApi();
  return useQuery({
    queryKey: ["studio-helm", metrics, dynamic],
    queryFn: ({ signal }) => ask<StudioHelmAnswer>(client, "/helm", { metrics, dynamic }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: isWanted,
    placeholderData: keepPreviousData,
  });
}

/** Counts these here from now on. */
export function useApply() {
  const client = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (metrics: readonly string[]) =>
      ask<StudioApplyAnswer>(client, "/apply", { metrics }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ["studio"] });
      void cache.invalidateQueries({ queryKey: ["studio-preview"] });
    },
  });
}

/** The back-fill, looked at often while one runs. */
export function useBackfill() {
  const client = useApi();
  return useQuery({
    queryKey: ["studio-backfill"],
    queryFn: ({ signal }) => client.own<StudioBackfillAnswer>("/studio/backfill", { signal }),
    refetchInterval: ({ state }) => (state.data?.state === "running" ? backfillEveryMs : false),
  });
}

/** Begins or cancels a back-fill. */
export function useBackfillChange() {
  const client = useApi();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: StudioRequest | undefined) =>
      body === undefined
        ? client.own<StudioBackfillAnswer>("/studio/backfill", { method: "DELETE" })
        : ask<StudioBackfillAnswer>(client, "/backfill", body),
    onSuccess: (status) => cache.setQueryData(["studio-backfill"], status),
  });
}
