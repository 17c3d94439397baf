/**
 * From a place or an edge of the map to other pages: the flow filter in the grammar of `hubble observe`,
 * and PromQL for its metrics. Names are quoted where the grammar needs it. Pure.
 */

import type { MapEdgeAnswer, MapNodeAnswer } from "../../src/api/wire/map.ts";
import { quoteValue } from "../flows/filter-text.ts";
import type { MapModel, MapPlace } from "./map-model.ts";

type Side = "" | "from-" | "to-";

/** Filters that a place with several members is asked with at most. */
const membersMax = 12;

/** The flows of one node, on any side or on one. */
export function nodeFilter(node: MapNodeAnswer, side: Side = ""): string {
  const flag = (name: string, value: string | number) =>
    `--${side}${name} ${quoteValue(String(value))}`;
  const [identity] = node.identities;
  if (node.kind === "Namespace") return flag("namespace", node.namespace);
  if (node.kind === "fqdn") return flag("fqdn", node.name);
  if (node.kind === "cidr" || node.kind === "entity") {
    return identity === undefined ? "" : flag("identity", identity);
  }
  if (node.kind === "Pod") return flag("pod", `${node.namespace}/${node.name}`);
  const workload = flag("workload", `${node.kind}/${node.name}`);
  // Without a side the namespace would be asked of either end.
  return side === "" ? workload : `${workload} ${flag("namespace", node.namespace)}`;
}

/** The flows of a place; of a folded island those of its namespace; in a mesh of its cluster alone. */
export function placeFilter(place: MapPlace, side: Side = ""): string {
  const filter = membersFilter(place, side);
  const isOpen = filter === "" || place.cluster === "";
  return isOpen ? filter : `${filter} --${side}cluster ${quoteValue(place.cluster)}`;
}

function membersFilter(place: MapPlace, side: Side): string {
  const [first] = place.members;
  if (first === undefined) return "";
  if (place.kind === "island" && first.namespace !== "") {
    return `--${side}namespace ${quoteValue(first.namespace)}`;
  }
  if (place.members.length === 1) return nodeFilter(first, side);
  return place.members
    .slice(0, membersMax)
    .map((node) => nodeFilter(node, side))
    .join(" ");
}

/** The flows from one place to another, in the direction of the call. */
export function pairFilter(
  source: MapPlace | undefined,
  destination: MapPlace | undefined,
): string {
  const from = source === undefined ? "" : placeFilter(source, "from-");
  const to = destination === undefined ? "" : placeFilter(destination, "to-");
  return [from, to].filter((part) => part !== "").join(" ");
}

/** A place or a link by its id, as a filter; "" where there is no such. */
export function filterOf(model: MapModel, id: string): string {
  const place = model.places.get(id);
  if (place !== undefined) return placeFilter(place);
  const link = model.links.find((one) => one.id === id);
  if (link === undefined) return "";
  return pairFilter(model.places.get(link.source), model.places.get(link.destination));
}

/** Metric queries for Explore, the first the plainest. Labels are those of the shipped Hubble options. */
export function metricQueries(
  source: MapPlace | undefined,
  destination: MapPlace | undefined,
  edge: MapEdgeAnswer | undefined,
): readonly { readonly label: string; readonly query: string }[] {
  const match = [...matchers("source", source), ...matchers("destination", destination)].join(", ");
  const selector = match === "" ? "" : `{${match}}`;
  const queries = [
    {
      label: "Flows by verdict",
      query: `sum by (verdict) (rate(hubble_flows_processed_total${selector}[1m]))`,
    },
    {
      label: "Drops by reason",
      query: `sum by (reason) (rate(hubble_drop_total${dropSelector(source, destination)}[1m]))`,
    },
  ];
  const protocols = new Set(edge?.l7.map((l7) => l7.protocol));
  if (protocols.has("HTTP")) {
    queries.push({
      label: "HTTP requests by status",
      query: `sum by (status) (rate(hubble_http_requests_total${selector}[1m]))`,
    });
  }
  if (protocols.has("DNS")) {
    queries.push({
      label: "DNS queries by name",
      query: `topk(10, sum by (query) (rate(hubble_dns_queries_total${selector}[1m])))`,
    });
  }
  return queries;
}

function matchers(side: "source" | "destination", place: MapPlace | undefined): readonly string[] {
  const [node] = place?.members ?? [];
  if (place === undefined || node === undefined) return [];
  const namespace =
    node.namespace === "" ? [] : [`${side}_namespace=${JSON.stringify(node.namespace)}`];
  const isOne = place.members.length === 1 && node.kind !== "Namespace" && node.kind !== "cidr";
  return isOne ? [`${side}=${JSON.stringify(node.name)}`, ...namespace] : namespace;
}

/** The drop handler names pods where others name workloads: a pattern fits both. */
function dropSelector(source: MapPlace | undefined, destination: MapPlace | undefined): string {
  const match = [
    ...dropMatchers("source", source),
    ...dropMatchers("destination", destination),
  ].join(", ");
  return match === "" ? "" : `{${match}}`;
}

function dropMatchers(
  side: "source" | "destination",
  place: MapPlace | undefined,
): readonly string[] {
  const [node] = place?.members ?? [];
  if (place === undefined || node === undefined) return [];
  const namespace =
    node.namespace === "" ? [] : [`${side}_namespace=${JSON.stringify(node.namespace)}`];
  if (place.members.length !== 1 || node.namespace === "" || node.kind === "Namespace") {
    return namespace;
  }
  const pattern = `(.*/)?${node.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(-.+)?`;
  return [`${side}=~${JSON.stringify(pattern)}`, ...namespace];
}
