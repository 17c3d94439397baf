/**
 * The service map of any window: sums (map-sums.ts) added up by workload, identity, namespace or pod.
 * Segments and blocks that lie within the window give the sums that they keep; a block that the window
 * cuts, what is in memory, and what is filtered are counted row by row. Without a filter the window is
 * widened to whole minutes. Yields between blocks.
 */

import type { ColumnSource } from "../store/column-source.ts";
import type { BlockRef, SegmentRef } from "../store/flow-blocks.ts";
import type { FlowStore } from "../store/flow-store.ts";
import type { RowFilter, TimeSpan } from "../store/row-filter.ts";
import { inSlices, nextTurn } from "../turns.ts";
import { type MapEnd, type MapLevel, nodeKey } from "./map-end.ts";
import type { MapRollups } from "./map-rollups.ts";
import type { MapFact, MapSums } from "./map-sums.ts";
import { PairCounts } from "./pair-counts.ts";
import { bucketMs, countRows } from "./row-counter.ts";

/** Nodes and edges of one map; what is beyond is counted in `otherFlows`. */
const nodesMax = 20_000;
const edgesMax = 50_000;
const podsMax = 20_000;
const minuteMs = 60_000;
/** Points of an edge's history. */
const historyMax = 60;
/** Windows with flows of more than this are widened to whole tens of minutes, as sums of long segments have them. */
const fineWindowMinutesMax = 600;
const wideUnitMinutes = 10;
const labelsMax = 40;

/** What to draw. */
export interface MapSearch {
  readonly span: TimeSpan;
  readonly level: MapLevel;
  /** Only these flows; absent = all. */
  readonly filter?: RowFilter | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sums that are kept; absent: blocks are added up anew. */
  readonly rollups?: MapRollups | undefined;
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
  /** What was counted, ms: whole minutes, tens of them in long windows. */
  readonly startMs: number;
  readonly endMs: number;
  readonly historyStepMs: number;
}

/** Adds up a map. */
export async function buildServiceMap(store: FlowStore, search: MapSearch): Promise<ServiceMap> {
  const { span, filter, level } = search;
  const window = wholeUnits(store, span);
  const builder = new MapBuilder(level, window);
  const { segments, memory, release } = store.acquireSegments();
  const reader = new WindowReader(store, search, window, builder);
  try {
    for (const segment of segments) {
      if (filter === undefined || filter.isEmpty) await reader.addSegment(segment);
      else for (const block of segment.blocks) await reader.addBlock(block, filter);
      if (search.signal?.aborted === true) break;
    }
    for (const block of memory) await reader.addBlock(block, filter);
  } finally {
    release();
  }
  return builder.finish();
}

/** Sums as one map, over all minutes that they have. */
export function mapOfSums(sums: MapSums, level: MapLevel): ServiceMap {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (let pair = 0; pair < sums.clients.length; pair++) {
    startMs = Math.min(startMs, sums.firstMinutes[pair]! * minuteMs);
    endMs = Math.max(endMs, (sums.lastMinutes[pair]! + 1) * minuteMs);
  }
  const window = startMs < endMs ? { startMs, endMs } : { startMs: 0, endMs: minuteMs };
  const builder = new MapBuilder(level, { ...window, unitMinutes: 1 });
  builder.add(sums);
  return builder.finish();
}

/** What is counted: whole units. */
interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly unitMinutes: number;
}

function wholeUnits(store: FlowStore, { sinceMs, untilMs }: TimeSpan): Window {
  const { oldestMs = 0, newestMs = 0 } = store.stats();
  const fromMs = sinceMs ?? oldestMs;
  const toMs = untilMs ?? newestMs + 0.001;
  // What is held of it counts: a day's window over an hour of flows stays fine.
  const heldMs = Math.min(toMs, newestMs) - Math.max(fromMs, oldestMs);
  const isLong = heldMs > fineWindowMinutesMax * minuteMs;
  const unitMinutes = isLong ? wideUnitMinutes : 1;
  const unitMs = unitMinutes * minuteMs;
  const startMs = Math.floor(fromMs / unitMs) * unitMs;
  const endMs = Math.max(Math.ceil(toMs / unitMs) * unitMs, startMs + unitMs);
  return { startMs, endMs, unitMinutes };
}

/** Takes from segments and blocks what lies in a window, from the coarsest sums that are exact. */
class WindowReader {
  readonly #store: FlowStore;
  readonly #search: MapSearch;
  readonly #window: Window;
  readonly #builder: MapBuilder;

  constructor(store: FlowStore, search: MapSearch, window: Window, builder: MapBuilder) {
    this.#store = store;
    this.#search = search;
    this.#window = window;
    this.#builder = builder;
  }

  async addSegment(segment: SegmentRef): Promise<void> {
    const { rollups } = this.#search;
    const isWhole = segment.blocks.every((block) => this.#holds(block));
    if (
      rollups !== undefined &&
      isWhole &&
      this.#window.unitMinutes % rollups.stepMinutes(segment) === 0
    ) {
      this.#builder.add(await rollups.ofSegment(segment));
      await nextTurn();
      return;
    }
    for (const block of segment.blocks) await this.addBlock(block, undefined);
  }

  /** Adds a block; with a filter, its rows of the asked span. */
  async addBlock(block: BlockRef, filter: RowFilter | undefined): Promise<void> {
    const { signal } = this.#search;
    const { startMs, endMs } = this.#window;
    if (signal?.aborted === true || block.maxMs < startMs || block.minMs >= endMs) return;
    try {
      this.#builder.add(await this.#sumsOf(block, filter?.isEmpty === true ? undefined : filter));
    } catch (thrown) {
      this.#store.noteDamage(block, thrown);
    }
    await nextTurn();
  }

  async #sumsOf(block: BlockRef, filter: RowFilter | undefined): Promise<MapSums> {
    const { span, rollups } = this.#search;
    if (filter !== undefined) {
      const source = block.open();
      return await inSlices(countRows(source, filter.select(source, span)));
    }
    if (this.#holds(block)) {
      if (rollups !== undefined) return await rollups.ofBlock(block);
      return await inSlices(countRows(block.open()));
    }
    const source = block.open();
    return await inSlices(countRows(source, rowsWithin(source, this.#window)));
  }

  #holds({ minMs, maxMs }: BlockRef): boolean {
    return minMs >= this.#window.startMs && maxMs < this.#window.endMs;
  }
}

/** Rows whose minutes lie in the window. */
function rowsWithin(source: ColumnSource, { startMs, endMs }: Window): Uint32Array {
  const offsets = source.offsetsNs();
  const rows = new Uint32Array(source.rowCount);
  let count = 0;
  for (let row = 0; row < source.rowCount; row++) {
    const ms = source.baseMs + offsets[row]! / 1e6;
    if (ms >= startMs && ms < endMs) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/** Adds up sums by the nodes and edges of a level. */
class MapBuilder {
  readonly #level: MapLevel;
  readonly #window: Window;
  readonly #stepMs: number;
  readonly #historyLength: number;
  readonly #nodes = new Map<string, MapNode>();
  readonly #edges: MapEdge[] = [];
  /** Place of an edge in `#edges`. */
  readonly #edgePlaces = new Map<string, number>();
  readonly #facts: MapFact[] = [];
  readonly #factPlaces = new Map<string, number>();
  /** Flows by edge and fact. */
  readonly #counts = new PairCounts();
  #flows = 0;
  #otherFlows = 0;

  constructor(level: MapLevel, window: Window) {
    this.#level = level;
    this.#window = window;
    const units = Math.round((window.endMs - window.startMs) / (window.unitMinutes * minuteMs));
    this.#stepMs = Math.ceil(units / historyMax) * window.unitMinutes * minuteMs;
    this.#historyLength = Math.ceil((window.endMs - window.startMs) / this.#stepMs);
  }

  add(sums: MapSums): void {
    const edges = this.#edgesOf(sums);
    this.#addHistory(sums, edges);
    const facts = sums.facts.map((fact) => this.#factOf(fact));
    for (let i = 0; i < sums.factIds.length; i++) {
      const edge = edges[sums.factPairs[i]!]!;
      if (edge >= 0) this.#counts.add(edge, facts[sums.factIds[i]!]!, sums.factFlows[i]!);
    }
  }

  finish(): ServiceMap {
    for (const entry of this.#byFactName()) {
      addFact(
        this.#edges[this.#counts.left[entry]!]!,
        this.#facts[this.#counts.right[entry]!]!,
        this.#counts.counts[entry]!,
      );
    }
    const { startMs, endMs } = this.#window;
    return {
      nodes: [...this.#nodes.values()],
      edges: this.#edges.sort((a, b) => b.flows - a.flows),
      flows: this.#flows,
      otherFlows: this.#otherFlows,
      startMs,
      endMs,
      historyStepMs: this.#stepMs,
    };
  }

  /** By pair, the place of its edge; -1 = beyond the limits. */
  #edgesOf(sums: MapSums): Int32Array {
    const nodes = new Map<number, MapNode | undefined>();
    const nodeOf = (end: number): MapNode | undefined => {
      if (!nodes.has(end)) nodes.set(end, this.#nodeOf(sums.ends[end]!));
      return nodes.get(end);
    };
    const edges = new Int32Array(sums.clients.length);
    for (let pair = 0; pair < edges.length; pair++) {
      const place = this.#edgeOf(nodeOf(sums.clients[pair]!), nodeOf(sums.servers[pair]!));
      edges[pair] = place;
      const edge = this.#edges[place];
      if (edge === undefined) continue;
      edge.firstMs = Math.min(edge.firstMs, sums.firstMinutes[pair]! * minuteMs);
      edge.lastMs = Math.max(edge.lastMs, sums.lastMinutes[pair]! * minuteMs);
    }
    return edges;
  }

  #addHistory(sums: MapSums, edges: Int32Array): void {
    const stepMs = sums.stepMinutes * minuteMs;
    for (let i = 0; i < sums.steps.length; i++) {
      const flows = sums.stepFlows[i]!;
      this.#flows += flows;
      const edge = this.#edges[edges[sums.stepPairs[i]!]!];
      if (edge === undefined) {
        this.#otherFlows += flows;
        continue;
      }
      const slot = Math.floor((sums.steps[i]! * stepMs - this.#window.startMs) / this.#stepMs);
      edge.flows += flows;
      edge.history[slot] = edge.history[slot]! + flows;
      edge.dropHistory[slot] = edge.dropHistory[slot]! + sums.stepDrops[i]!;
    }
  }

  /** Entries of the counts by the name of their fact: the same map, however it was added up. O(entries). */
  #byFactName(): Uint32Array {
    const names = [...this.#factPlaces].sort(([a], [b]) => (a < b ? -1 : 1));
    const starts = new Uint32Array(this.#facts.length + 1);
    const { size, right } = this.#counts;
    for (let i = 0; i < size; i++) starts[right[i]!] = starts[right[i]!]! + 1;
    let next = 0;
    for (const [, fact] of names) {
      const count = starts[fact]!;
      starts[fact] = next;
      next += count;
    }
    const order = new Uint32Array(size);
    for (let i = 0; i < size; i++) {
      const fact = right[i]!;
      order[starts[fact]!] = i;
      starts[fact] = starts[fact]! + 1;
    }
    return order;
  }

  #factOf(fact: MapFact): number {
    const key = fact.join("\u0000");
    const known = this.#factPlaces.get(key);
    if (known !== undefined) return known;
    const place = this.#facts.push(fact) - 1;
    this.#factPlaces.set(key, place);
    return place;
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

  #edgeOf(source: MapNode | undefined, destination: MapNode | undefined): number {
    if (source === undefined || destination === undefined) return -1;
    const key = `${source.key}\u0000${destination.key}`;
    const known = this.#edgePlaces.get(key);
    if (known !== undefined) return known;
    if (this.#edges.length >= edgesMax) return -1;
    const place = this.#edges.push({
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
    });
    this.#edgePlaces.set(key, place - 1);
    return place - 1;
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

function addFact(edge: MapEdge, fact: MapFact, flows: number): void {
  switch (fact[0]) {
    case "verdict":
      edge.verdicts.set(fact[1], flows);
      return;
    case "reason":
      edge.dropReasons.set(fact[1], flows);
      return;
    case "port":
      edge.ports.set(fact[1], flows);
      return;
    case "latency":
      edge.latencies.set(fact[1], flows);
      return;
    case "requests":
      layer7Of(edge, fact[1]).requests = flows;
      return;
    case "responses":
      layer7Of(edge, fact[1]).responses = flows;
      return;
    case "operation":
      layer7Of(edge, fact[1]).operations.set(fact[2], flows);
      return;
    case "status":
      layer7Of(edge, fact[1]).statuses.set(fact[2], flows);
      return;
  }
}

function layer7Of(edge: MapEdge, protocol: string): MapL7 {
  let l7 = edge.l7.get(protocol);
  if (l7 === undefined) {
    l7 = { requests: 0, responses: 0, operations: new Map(), statuses: new Map() };
    edge.l7.set(protocol, l7);
  }
  return l7;
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
