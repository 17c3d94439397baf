/** GET map, relative to /api/ciliascope/v1: the service map of a window, beside a second one where asked. */

import { type Context, Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { type MapLevel, mapLevels } from "../flow/map/map-end.ts";
import type { MapRollups } from "../flow/map/map-rollups.ts";
import {
  buildServiceMap,
  latencyQuantile,
  type MapEdge,
  type MapNode,
  type ServiceMap,
} from "../flow/map/service-map.ts";
import type { CompletenessLog } from "../flow/store/completeness-log.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { RowFilter, type TimeSpan } from "../flow/store/row-filter.ts";
import { filterError, readFilter, readSpan, readTime } from "./flow-request.ts";
import type { MapAnswer, MapChange, MapEdgeAnswer, MapNodeAnswer } from "./wire/map.ts";

/** Pods named with a node; the count is whole. */
const podsShown = 50;
/** Ports named with an edge: a scan would name thousands. */
const portsShown = 32;
/** The verdict that an edge is drawn by: the first of these that it has. */
const verdictOrder = ["DROPPED", "ERROR", "AUDIT", "REDIRECTED", "FORWARDED"];
const outsideKinds: ReadonlySet<string> = new Set(["fqdn", "cidr", "entity"]);

/** What the map is made of. */
export interface MapRouteSources {
  readonly store: FlowStore;
  readonly rollups: MapRollups;
  readonly completeness: CompletenessLog;
  readonly clock: Clock;
}

/** The route. */
export function mapRoutes(sources: MapRouteSources): Hono {
  const routes = new Hono();
  routes.get("/map", async (context) => {
    try {
      return await map(sources, context);
    } catch (thrown) {
      return filterError(thrown, context.req.query("q") ?? "");
    }
  });
  return routes;
}

async function map(sources: MapRouteSources, context: Context): Promise<Response> {
  const { store, rollups, clock } = sources;
  const startedMs = clock.monotonicMs();
  const query = context.req.query();
  const nowMs = clock.nowMs();
  const level = readLevel(query["level"]);
  const filter = new RowFilter(readFilter(query));
  const signal = context.req.raw.signal;
  const build = async (span: TimeSpan): Promise<HeldMap> => {
    const built = await buildServiceMap(store, { span, level, filter, signal, rollups });
    return { ...built, seconds: heldSeconds(built, store, nowMs) };
  };
  const now = await build(readSpan(query, nowMs));
  const vsSpan = readSecond(query, nowMs);
  const before = vsSpan === undefined ? undefined : await build(vsSpan);
  const { oldestMs } = store.stats();
  const answer: MapAnswer = {
    level,
    startMs: now.startMs,
    endMs: now.endMs,
    seconds: now.seconds,
    heldSinceMs: oldestMs !== undefined && oldestMs > now.startMs ? oldestMs : null,
    completeness: completenessOf(sources, now),
    nodes: nodesOf(now, before, level),
    edges: edgesOf(now, before),
    flows: now.flows,
    other: now.otherFlows,
    historyStepMs: now.historyStepMs,
    vs: before === undefined ? null : windowOf(before),
    tookMs: clock.monotonicMs() - startedMs,
  };
  return Response.json(answer);
}

/** A map, and how long flows were held within its window: rates over more would be too low. */
interface HeldMap extends ServiceMap {
  readonly seconds: number;
}

function heldSeconds({ startMs, endMs }: ServiceMap, store: FlowStore, nowMs: number): number {
  const { oldestMs = startMs } = store.stats();
  const fromMs = Math.max(startMs, oldestMs);
  return Math.max(1, (Math.min(endMs, nowMs) - fromMs) / 1000);
}

function windowOf({ startMs, endMs, seconds, flows }: HeldMap): MapAnswer["vs"] {
  return { startMs, endMs, seconds, flows };
}

function completenessOf(
  { completeness }: MapRouteSources,
  { startMs, endMs }: ServiceMap,
): MapAnswer["completeness"] {
  const { nodes, off } = completeness.within({ sinceMs: startMs, untilMs: endMs });
  let seen = 0;
  let lost = 0;
  for (const node of nodes) {
    seen += node.seen;
    for (const events of Object.values(node.lost)) lost += events;
  }
  const offMs = off.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
  return { seen, lost, share: seen + lost === 0 ? 1 : seen / (seen + lost), offMs };
}

function readLevel(text = "workload"): MapLevel {
  const level = mapLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new ConfigError(`${JSON.stringify(text)} is none of ${mapLevels.join(", ")}`, {
    path: "level",
  });
}

/** `vs-since` and `vs-until`: the window to compare with. */
function readSecond(query: Readonly<Record<string, string>>, nowMs: number): TimeSpan | undefined {
  const sinceMs = readTime(query["vs-since"], "vs-since", nowMs);
  const untilMs = readTime(query["vs-until"], "vs-until", nowMs);
  return sinceMs === undefined && untilMs === undefined ? undefined : { sinceMs, untilMs };
}

function nodesOf(
  now: ServiceMap,
  before: ServiceMap | undefined,
  level: MapLevel,
): MapNodeAnswer[] {
  const nowKeys = new Set(edgeNodes(now));
  const beforeKeys = new Set(before === undefined ? [] : edgeNodes(before));
  const all = new Map<string, MapNode>();
  for (const node of before?.nodes ?? []) if (beforeKeys.has(node.key)) all.set(node.key, node);
  for (const node of now.nodes) if (nowKeys.has(node.key)) all.set(node.key, node);
  return [...all.values()].map((node) => ({
    id: node.key,
    kind: node.kind,
    name: node.name,
    namespace: node.namespace,
    cluster: node.cluster,
    identities: [...node.identities].slice(0, podsShown),
    podCount: node.pods.size,
    pods: [...node.pods].sort().slice(0, podsShown),
    labels: node.labels,
    isOutside: outsideKinds.has(node.kind),
    change: changeOf(before, nowKeys.has(node.key), beforeKeys.has(node.key)),
    filter: nodeFilter(node, level),
  }));
}

function* edgeNodes({ edges }: ServiceMap): Generator<string> {
  for (const { source, destination } of edges) {
    yield source;
    yield destination;
  }
}

function changeOf(before: ServiceMap | undefined, isNow: boolean, wasBefore: boolean): MapChange {
  if (before === undefined) return "";
  if (isNow && wasBefore) return "same";
  return isNow ? "new" : "gone";
}

/** What asks the flow routes for a node's flows. */
function nodeFilter(node: MapNode, level: MapLevel): string {
  const [identity] = node.identities;
  if (node.kind === "Namespace") return `--namespace ${node.namespace}`;
  if (level === "identity" && identity !== undefined) return `--identity ${identity}`;
  if (node.kind === "fqdn") return `--fqdn ${node.name}`;
  if (node.kind === "Pod") return `--pod ${node.namespace}/${node.name}`;
  if (outsideKinds.has(node.kind)) return identity === undefined ? "" : `--identity ${identity}`;
  return `--workload ${node.kind}/${node.name}`;
}

function edgesOf(now: HeldMap, before: HeldMap | undefined): MapEdgeAnswer[] {
  const { seconds } = now;
  const key = ({ source, destination }: MapEdge) => `${source} -> ${destination}`;
  const others = new Map((before?.edges ?? []).map((edge) => [key(edge), edge]));
  const beforeSeconds = before?.seconds ?? 1;
  const answers: MapEdgeAnswer[] = [];
  for (const edge of now.edges) {
    const id = key(edge);
    const other = others.get(id);
    others.delete(id);
    const change = changeOf(before, true, other !== undefined);
    const vs = before === undefined ? null : secondOf(other, beforeSeconds);
    answers.push({ ...edgeAnswer(edge, id, seconds), change, vs });
  }
  for (const [id, edge] of others) {
    const gone = { ...edgeAnswer(edge, id, beforeSeconds), flows: 0, perSecond: 0 };
    answers.push({ ...gone, change: "gone", vs: secondOf(edge, beforeSeconds) });
  }
  return answers;
}

function secondOf(edge: MapEdge | undefined, seconds: number): MapEdgeAnswer["vs"] {
  if (edge === undefined) return { flows: 0, perSecond: 0, verdicts: {}, p90Ms: null };
  return {
    flows: edge.flows,
    perSecond: edge.flows / seconds,
    verdicts: Object.fromEntries(edge.verdicts),
    p90Ms: latencyQuantile(edge.latencies, 0.9) ?? null,
  };
}

function edgeAnswer(
  edge: MapEdge,
  id: string,
  seconds: number,
): Omit<MapEdgeAnswer, "change" | "vs"> {
  const { source, destination, flows, verdicts, firstMs, lastMs } = edge;
  const verdict = verdictOrder.find((name) => verdicts.has(name)) ?? [...verdicts.keys()][0] ?? "";
  return {
    id,
    source,
    destination,
    flows,
    perSecond: flows / seconds,
    verdict,
    verdicts: Object.fromEntries(verdicts),
    dropReasons: Object.fromEntries(edge.dropReasons),
    ports: busiest(edge.ports, portsShown),
    portCount: edge.ports.size,
    l7: [...edge.l7].map(([protocol, l7]) => ({
      protocol,
      requests: l7.requests,
      responses: l7.responses,
      requestsPerSecond: l7.requests / seconds,
      operations: Object.fromEntries(l7.operations),
      statuses: Object.fromEntries(l7.statuses),
      errorShare: errorShare(protocol, l7.statuses),
    })),
    latency: latencyOf(edge),
    history: [...edge.history],
    dropHistory: [...edge.dropHistory],
    firstMs,
    lastMs,
  };
}

/** The largest counts; of equal ones those whose names come first, so that answers agree. */
function busiest(counts: ReadonlyMap<string, number>, max: number): Record<string, number> {
  if (counts.size <= max) return Object.fromEntries(counts);
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.slice(0, max));
}

function latencyOf({ latencies }: MapEdge): MapEdgeAnswer["latency"] {
  const p50Ms = latencyQuantile(latencies, 0.5);
  const p90Ms = latencyQuantile(latencies, 0.9);
  const p99Ms = latencyQuantile(latencies, 0.99);
  if (p50Ms === undefined || p90Ms === undefined || p99Ms === undefined) return null;
  let count = 0;
  for (const responses of latencies.values()) count += responses;
  return { count, p50Ms, p90Ms, p99Ms };
}

function errorShare(protocol: string, statuses: ReadonlyMap<number, number>): number {
  let all = 0;
  let errors = 0;
  for (const [status, responses] of statuses) {
    all += responses;
    if (protocol === "HTTP" ? status >= 500 : status !== 0) errors += responses;
  }
  return all === 0 ? 0 : errors / all;
}
