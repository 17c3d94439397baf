/** What the policies page asks the server. Answers of a window are kept while the page is open. */

import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  WireAppliedPolicy,
  WireDraft,
  WireMatrix,
  WirePolicyCheck,
  WirePolicyList,
  WireProposals,
  WireReplay,
  WireScoreAnswer,
} from "../../src/api/wire/policy.ts";
import { useApi } from "../api/server-queries.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";

/** A policy by kind, namespace ("" for cluster-wide ones) and name. */
export interface PolicyId {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Hits of the past change slowly, and counting them costs the server work. */
const staleMs = 10_000;

/** "since=…&until=…" of the page's window, in whole ten seconds so that all panes ask for the same. */
export function windowQuery({ fromMs, toMs }: { fromMs: number; toMs: number }): string {
  const step = 10_000;
  const iso = (ms: number) => new Date(Math.floor(ms / step) * step).toISOString();
  return `since=${iso(fromMs)}&until=${iso(toMs + step)}`;
}

/** Policies in force with their state. */
export function usePolicyList() {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "policy-list", time.text.from, time.text.to],
    queryFn: ({ signal }) =>
      client.own<WirePolicyList>(`/policy/list?${windowQuery(time.resolve())}`, { signal }),
    staleTime: staleMs,
    placeholderData: keepPreviousData,
  });
}

/** One policy with its hits. */
export function useAppliedPolicy(id: PolicyId | undefined) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "policy", id?.kind, id?.namespace, id?.name, time.text.from, time.text.to],
    queryFn: ({ signal }) => {
      const place = [id?.kind ?? "", id?.namespace || "-", id?.name ?? ""].map(encodeURIComponent);
      const path = `/policy/applied/${place.join("/")}?${windowQuery(time.resolve())}`;
      return client.own<WireAppliedPolicy>(path, { signal });
    },
    enabled: id !== undefined,
    staleTime: staleMs,
    placeholderData: (before) =>
      before?.policy.name === id?.name && before?.policy.namespace === id?.namespace
        ? before
        : undefined,
  });
}

/** Drafts on the server, newest first. */
export function useDrafts() {
  const client = useApi();
  return useQuery({
    queryKey: ["policy-drafts"],
    queryFn: ({ signal }) => client.own<readonly WireDraft[]>("/policy/drafts", { signal }),
    staleTime: 5000,
  });
}

/** To be called after a draft was written or removed. */
export function useDraftsChanged(): () => void {
  const cache = useQueryClient();
  return () => void cache.invalidateQueries({ queryKey: ["policy-drafts"] });
}

/** Findings of a text. */
export function usePolicyCheck(yaml: string, isWanted: boolean) {
  const client = useApi();
  return useQuery({
    queryKey: ["policy-check", yaml],
    queryFn: ({ signal }) =>
      client.own<WirePolicyCheck>("/policy/check", { method: "POST", body: { yaml }, signal }),
    enabled: isWanted,
    staleTime: 60_000,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** What is replayed: a text, and the window as it was when the replay was asked for. */
export interface ReplayOrder {
  readonly yaml: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The replay of a text; undefined asks nothing. Leaving ends it on the server too. */
export function useReplay(order: ReplayOrder | undefined) {
  const client = useApi();
  return useQuery({
    queryKey: ["policy-replay", order],
    queryFn: ({ signal }) => {
      const { yaml, ...window } = order as ReplayOrder;
      const path = `/policy/replay?${windowQuery(window)}`;
      return client.own<WireReplay>(path, { method: "POST", body: { yaml }, signal });
    },
    enabled: order !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** Who may reach whom; with a text, as if it were applied. */
export function useMatrix(namespaces: string, yaml: string | undefined) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "policy-matrix", namespaces, yaml, time.text.from, time.text.to],
    queryFn: ({ signal }) => {
      const chosen = namespaces === "" ? "" : `&ns=${encodeURIComponent(namespaces)}`;
      const path = `/policy/matrix?${windowQuery(time.resolve())}${chosen}`;
      return yaml === undefined
        ? client.own<WireMatrix>(path, { signal })
        : client.own<WireMatrix>(path, { method: "POST", body: { yaml }, signal });
    },
    staleTime: staleMs,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Where the simulator differs from what was observed. */
export function useScore(isWanted: boolean) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: ["policy-score", time.text.from, time.text.to],
    queryFn: ({ signal }) =>
      client.own<WireScoreAnswer>(`/policy/score?${windowQuery(time.resolve())}`, { signal }),
    enabled: isWanted,
    staleTime: staleMs,
  });
}

/** What proposals are made of. */
export interface ProposalOrder {
  readonly direction: "both" | "ingress" | "egress";
  readonly hasL7: boolean;
  readonly namespace: string;
}

/** Policies out of the traffic of the page's window. */
export function useProposals({ direction, hasL7, namespace }: ProposalOrder) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: ["policy-proposals", direction, hasL7, namespace, time.text.from, time.text.to],
    queryFn: ({ signal }) => {
      const chosen = namespace === "" ? "" : `&namespace=${encodeURIComponent(namespace)}`;
      const path = `/policy/propose?${windowQuery(time.resolve())}&direction=${direction}&l7=${hasL7}${chosen}`;
      return client.own<WireProposals>(path, { signal });
    },
    staleTime: staleMs,
    placeholderData: keepPreviousData,
  });
}
