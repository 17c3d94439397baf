/**
 * The service map of any window: cells of the blocks added up by workload, identity, namespace or pod.
 * Blocks on disk give the minutes they were sealed with; what is in memory, or filtered, is counted
 * row by row. The window is widened to whole minutes where it is not filtered. Yields between blocks.
 */

import type { ColumnSource } from "../store/column-source.ts";
import { eachBlock } from "../store/flow-groups.ts";
import type { FlowStore } from "../store/flow-store.ts";
import type { RowFilter, TimeSpan } from "../store/row-filter.ts";
import { StoredBlock } from "../store/stored-block.ts";
import {
  bucketMs,
  countCells,
  type MapCells,
  type MapDetail,
  mapTable,
  readCells,
} from "./map-cells.ts";
import { type MapEnd, type MapLevel, nodeKey } from "./map-end.ts";

/** Nodes and edges of one map; what is beyond is counted in `otherFlows`. */
const nodesMax = 20_000;
const edgesMax = 50_000;
const podsMax = 1000;
const minuteMs = 60_000;
/** Points of an edge's history. */
const historyMax = 60;
const labelsMax = 40;

/** What to draw. */
export interface MapSearch {
  readonly span: TimeSpan;
  readonly level: MapLevel;
  /** Only these flows; absent = all. */
  readonly filter?: RowFilter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A node. */
export interface MapNode {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly identities: Set<number>;
  readonly pods: Set<string>;
  readonly labels: readonly string[];
}

/** An edge from client to server. */
export interface MapEdge {
  readonly source: string;
  readonly destination: string;
  flows: number;
  readonly verdicts: Map<string, number>;
  readonly dropReasons: Map<string, number>;
  /** "TCP 80" → flows. */
  readonly ports: Map<string, number>;
  /** Protocol of layer 7 → what was asked and answered. */
  readonly l7: Map<string, MapL7>;
  /** Latency bucket → responses. */
  readonly latencies: Map<number, number>;
  /** Flows and drops by part of the window. */
  readonly history: Float64Array;
  readonly dropHistory: Float64Array;
  firstMs: number;
  lastMs: number;
}

/** Layer 7 on an edge. */
export interface MapL7 {
  requests: number;
  responses: number;
  readonly operations: Map<string, number>;
  readonly statuses: Map<number, number>;
}

/** The answer. */
export interface ServiceMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  readonly flows: number;
  /** Flows of nodes and edges beyond the limits. */
  readonly otherFlows: number;
  /** What was counted, ms: whole minutes. */
  readonly startMs: number;
  readonly endMs: number;
  readonly historyStepMs: number;
  readonly blocksRead: number;
}

/** Adds up a map. */
export async function buildServiceMap(store: FlowStore, search: MapSearch): Promise<ServiceMap> {
  const window = wholeMinutes(store, search.span);
  const builder = new MapBuilder(search.level, window);
  const isFiltered = search.filter !== undefined && !search.filter.isEmpty;
  const span = isFiltered
    ? search.span
    : { sinceMs: window.startMs, untilMs: window.endMs - Number.EPSILON };
  const blocksRead = await eachBlock(store, { span, signal: search.signal }, (source) => {
    if (isFiltered) {
      builder.add(countCells(source, search.filter?.select(source, search.span)));
      return;
    }
    builder.add(cellsOf(source));
  });
  return builder.finish(blocksRead);
}

/** Cells of several blocks as one map, over all minutes that they have. */
export function sumCells(parts: readonly MapCells[], level: MapLevel): ServiceMap {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const { minutes } of parts) {
    for (const { minute } of minutes) {
      startMs = Math.min(startMs, minute * minuteMs);
      endMs = Math.max(endMs, (minute + 1) * minuteMs);
    }
  }
  const builder = new MapBuilder(
    level,
    startMs < endMs ? { startMs, endMs } : { startMs: 0, endMs: minuteMs },
  );
  for (const part of parts) builder.add(part);
  return builder.finish(parts.length);
}

function cellsOf(source: ColumnSource): MapCells {
  if (source instanceof StoredBlock && source.hasDictionary(mapTable.path)) {
    return readCells(source.texts(mapTable.path));
  }
  return countCells(source, undefined);
}

interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

function wholeMinutes(store: FlowStore, { sinceMs, untilMs }: TimeSpan): Window {
  const { oldestMs = 0, newestMs = 0 } = store.stats();
  const startMs = Math.floor((sinceMs ?? oldestMs) / minuteMs) * minuteMs;
  const endMs = Math.ceil((untilMs ?? newestMs + 0.001) / minuteMs) * minuteMs;
  return { startMs, endMs: Math.max(endMs, startMs + minuteMs) };
}

class MapBuilder {
  readonly #level: MapLevel;
  readonly #window: Window;
  readonly #stepMs: number;
  readonly #historyLength: number;
  readonly #nodes = new Map<string, MapNode>();
  readonly #edges = new Map<string, MapEdge>();
  #flows = 0;
  #otherFlows = 0;

  constructor(level: MapLevel, window: Window) {
    this.#level = level;
    this.#window = window;
    const minutes = Math.round((window.endMs - window.startMs) / minuteMs);
    this.#stepMs = Math.ceil(minutes / historyMax) * minuteMs;
    this.#historyLength = Math.ceil((window.endMs - window.startMs) / this.#stepMs);
  }

  add({ ends, details, minutes }: MapCells): void {
    const nodes = ends.map((end) => this.#nodeOf(end));
    // Edge by pair of ends: most cells of a minute share them.
    const edges = new Map<number, MapEdge | undefined>();
    for (const { minute, cells } of minutes) {
      const timeMs = minute * minuteMs;
      if (timeMs < this.#window.startMs || timeMs >= this.#window.endMs) continue;
      const slot = Math.floor((timeMs - this.#window.startMs) / this.#stepMs);
      for (let i = 0; i < cells.length; i += 5) {
        const flows = cells[i + 4]!;
        this.#flows += flows;
        const pair = cells[i]! * ends.length + cells[i + 1]!;
        let edge = edges.get(pair);
        if (edge === undefined) {
          edge = this.#edgeOf(nodes[cells[i]!], nodes[cells[i + 1]!]);
          edges.set(pair, edge);
        }
        if (edge === undefined) {
          this.#otherFlows += flows;
          continue;
        }
        edge.history[slot] = edge.history[slot]! + flows;
        if (timeMs < edge.firstMs) edge.firstMs = timeMs;
        if (timeMs > edge.lastMs) edge.lastMs = timeMs;
        addCell(edge, details[cells[i + 2]!]!, { flows, latency: cells[i + 3]!, slot });
      }
    }
  }

  finish(blocksRead: number): ServiceMap {
    return {
      nodes: [...this.#nodes.values()],
      edges: [...this.#edges.values()].sort((a, b) => b.flows - a.flows),
      flows: this.#flows,
      otherFlows: this.#otherFlows,
      ...this.#window,
      historyStepMs: this.#stepMs,
      blocksRead,
    };
  }

  #nodeOf(end: MapEnd): MapNode | undefined {
    const key = nodeKey(end, this.#level);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      if (this.#nodes.size >= nodesMax) return undefined;
      node = { key, ...faceOf(end, this.#level), identities: new Set(), pods: new Set() };
      this.#nodes.set(key, node);
    }
    if (end.identity !== 0) node.identities.add(end.identity);
    if (end.pod !== "" && node.pods.size < podsMax) node.pods.add(end.pod);
    return node;
  }

  #edgeOf(source: MapNode | undefined, destination: MapNode | undefined): MapEdge | undefined {
    if (source === undefined || destination === undefined) return undefined;
    const key = `${source.key}\u0000${destination.key}`;
    const known = this.#edges.get(key);
    if (known !== undefined || this.#edges.size >= edgesMax) return known;
    const made: MapEdge = {
      source: source.key,
      destination: destination.key,
      flows: 0,
      verdicts: new Map(),
      dropReasons: new Map(),
      ports: new Map(),
      l7: new Map(),
      latencies: new Map(),
      history: new Float64Array(this.#historyLength),
      dropHistory: new Float64Array(this.#historyLength),
      firstMs: Number.POSITIVE_INFINITY,
      lastMs: Number.NEGATIVE_INFINITY,
    };
    this.#edges.set(key, made);
    return made;
  }
}

/** What a node is called at a level. */
function faceOf(
  end: MapEnd,
  level: MapLevel,
): Pick<MapNode, "kind" | "name" | "namespace" | "cluster" | "labels"> {
  const { namespace, cluster } = end;
  const labels = level === "namespace" ? [] : end.labels.slice(0, labelsMax);
  if (level === "namespace" && namespace !== "") {
    return { kind: "Namespace", name: namespace, namespace, cluster, labels };
  }
  const isPod = level === "pod" && end.pod !== "";
  const name = isPod ? end.pod : end.name;
  return { kind: isPod ? "Pod" : end.kind, name, namespace, cluster, labels };
}

interface CellCount {
  readonly flows: number;
  readonly latency: number;
  readonly slot: number;
}

function addCell(edge: MapEdge, detail: MapDetail, { flows, latency, slot }: CellCount): void {
  edge.flows += flows;
  count(edge.verdicts, detail.verdict === "" ? "VERDICT_UNKNOWN" : detail.verdict, flows);
  if (detail.verdict === "DROPPED") {
    edge.dropHistory[slot] = edge.dropHistory[slot]! + flows;
    count(edge.dropReasons, dropReasonOf(detail), flows);
  }
  const { protocol, port } = detail;
  if (protocol !== "") count(edge.ports, port === 0 ? protocol : `${protocol} ${port}`, flows);
  if (latency !== 0) count(edge.latencies, latency, flows);
  if (detail.l7Type === "") return;
  let l7 = edge.l7.get(protocol);
  if (l7 === undefined) {
    l7 = { requests: 0, responses: 0, operations: new Map(), statuses: new Map() };
    edge.l7.set(protocol, l7);
  }
  if (detail.l7Type === "REQUEST") {
    l7.requests += flows;
    if (detail.operation !== "") count(l7.operations, detail.operation, flows);
  } else if (detail.l7Type === "RESPONSE") {
    l7.responses += flows;
    if (detail.status >= 0) count(l7.statuses, detail.status, flows);
  }
}

function count<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

/** A quantile (0..1) of an edge's latencies, ms; undefined without any. Right within 9 %. */
export function latencyQuantile(
  latencies: ReadonlyMap<number, number>,
  quantile: number,
): number | undefined {
  let total = 0;
  for (const responses of latencies.values()) total += responses;
  if (total === 0) return undefined;
  let rank = Math.ceil(quantile * total);
  for (const [bucket, responses] of [...latencies].sort(([a], [b]) => a - b)) {
    rank -= responses;
    if (rank <= 0) return bucketMs(bucket);
  }
  return undefined;
}

/** A proxy that denies gives no reason: that it was one says it. */
function dropReasonOf({ dropReason, l7Type }: MapDetail): string {
  if (dropReason !== "") return dropReason;
  return l7Type === "" ? "DROP_REASON_UNKNOWN" : "Policy denied (L7)";
}
