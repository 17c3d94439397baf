/** Endpoints, identities and unmanaged pods: filtered, counted, sorted. Pure. */

import type { WireEndpoint, WireIdentity } from "../../src/api/wire/cluster.ts";
import type { GlyphKind } from "../ui/glyph.tsx";

/** What the address says about the lists. */
export interface EndpointFilter {
  readonly text: string;
  /** A state, "" for all. */
  readonly state: string;
  readonly node: string;
  readonly sort: EndpointSort;
  readonly isDescending: boolean;
}

/** Columns that can be sorted by. */
export type EndpointSort = "name" | "id" | "identity" | "node" | "state" | "revision";

const sorts: readonly EndpointSort[] = ["name", "id", "identity", "node", "state", "revision"];

/** Reads it; what it does not know is as if it were not there. */
export function readEndpointFilter(params: URLSearchParams): EndpointFilter {
  const written = params.get("sort") ?? "name";
  const name = written.replace(/^-/, "");
  return {
    text: params.get("q") ?? "",
    state: params.get("state") ?? "",
    node: params.get("node") ?? "",
    sort: sorts.find((one) => one === name) ?? "name",
    isDescending: written.startsWith("-"),
  };
}

/** "default/xwing", "health of kind-worker". */
export function endpointName({ kind, namespace, podName, nodeName }: WireEndpoint): string {
  return kind === "pod" ? `${namespace}/${podName}` : `${kind} of ${nodeName}`;
}

/** Tells endpoints apart: numbers are a node's own. */
export function endpointKey({ clusterName, nodeName, id }: WireEndpoint): string {
  return `${clusterName}/${nodeName}/${id}`;
}

/** Glyph and word of an endpoint's state, as its agent names it. */
export function stateBadge(state: string): { readonly kind: GlyphKind; readonly word: string } {
  const word = state === "" ? "Unknown" : `${state[0]?.toUpperCase()}${state.slice(1)}`;
  if (state === "ready") return { kind: "ok", word };
  if (state === "invalid" || state === "not-ready") return { kind: "crit", word };
  if (state.startsWith("disconnect")) return { kind: "mute", word };
  return { kind: "pending", word: word.replaceAll("-", " ") };
}

/** Endpoints by state, the most first. */
export function countStates(
  endpoints: readonly WireEndpoint[],
): readonly { readonly state: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { state } of endpoints) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts]
    .map(([state, count]) => ({ state, count }))
    .sort((a, b) => b.count - a.count || (a.state < b.state ? -1 : 1));
}

/** Those that state, node and every word of the text fit, in order. */
export function filterEndpoints(
  endpoints: readonly WireEndpoint[],
  filter: EndpointFilter,
): readonly WireEndpoint[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = endpoints.filter(
    (one) =>
      (filter.state === "" || one.state === filter.state) &&
      (filter.node === "" || one.nodeName === filter.node) &&
      words.every((word) => searchText(one).includes(word)),
  );
  const sign = filter.isDescending ? -1 : 1;
  return found.sort((a, b) => sign * compareBy(filter.sort, a, b) || byName(a, b));
}

function searchText(one: WireEndpoint): string {
  const { id, identity, ipv4, nodeName, labels, state, workload } = one;
  return [endpointName(one), id, identity, ipv4, nodeName, state, workload?.name, ...labels]
    .join(" ")
    .toLowerCase();
}

function byName(a: WireEndpoint, b: WireEndpoint): number {
  return endpointName(a) < endpointName(b) ? -1 : 1;
}

function compareBy(sort: EndpointSort, a: WireEndpoint, b: WireEndpoint): number {
  const text = (one: string, other: string) => (one === other ? 0 : one < other ? -1 : 1);
  switch (sort) {
    case "id":
      return a.id - b.id;
    case "identity":
      return a.identity - b.identity;
    case "revision":
      return a.policy.revision - b.policy.revision;
    case "node":
      return text(a.nodeName, b.nodeName);
    case "state":
      return text(a.state, b.state);
    case "name":
      // Pods before hosts and health endpoints.
      return text(a.kind === "pod" ? "" : "~", b.kind === "pod" ? "" : "~") || byName(a, b);
  }
}

/** Labels that users wrote, the short ones first; the agent's own come with the namespace anyway. */
export function tellingLabels(labels: readonly string[]): readonly string[] {
  const own = labels.filter((label) => !/^k8s:io\.(cilium|kubernetes)\./.test(label));
  return (own.length === 0 ? labels : own)
    .map((label) => label.replace(/^k8s:/, ""))
    .sort((a, b) => a.length - b.length);
}

/** Identities whose number or labels have every word of the text; reserved ones come last. */
export function filterIdentities(
  identities: readonly WireIdentity[],
  text: string,
): readonly WireIdentity[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return identities
    .filter(({ id, labels }) => {
      const all = [id, ...labels].join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .sort(
      (a, b) =>
        Number(a.isReserved) - Number(b.isReserved) ||
        b.endpointCount - a.endpointCount ||
        a.id - b.id,
    );
}
