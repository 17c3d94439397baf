/** Flows of a stream added up to a service map, for `observe --aggregate-by`: what a store does with its blocks. */

import type { Flow } from "../model/flow.ts";
import { FlowColumns } from "../store/flow-columns.ts";
import type { MapLevel } from "./map-end.ts";
import { SumsBuilder } from "./map-sums.ts";
import { countRows } from "./row-counter.ts";
import {
  latencyQuantile,
  type MapEdge,
  type MapNode,
  mapOfSums,
  type ServiceMap,
} from "./service-map.ts";

const batchRows = 65_536;

/** Takes flows one by one. */
export class FlowAggregate {
  readonly #level: MapLevel;
  readonly #sums = new SumsBuilder();
  #columns = new FlowColumns();

  constructor(level: MapLevel) {
    this.#level = level;
  }

  /** The flow must not change any more. */
  add(flow: Flow): void {
    if (!this.#columns.append(flow, 0)) {
      this.#fold();
      this.#columns.append(flow, 0);
    }
    if (this.#columns.rowCount >= batchRows) this.#fold();
  }

  /** What came so far. */
  finish(): ServiceMap {
    this.#fold();
    return mapOfSums(this.#sums.finish(), this.#level);
  }

  #fold(): void {
    if (this.#columns.rowCount > 0) this.#sums.add(atOnce(countRows(this.#columns)));
    this.#columns = new FlowColumns();
  }
}

/** A command has nobody to give a turn to. */
function atOnce<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

const columns = [
  "SOURCE",
  "DESTINATION",
  "PORTS",
  "FLOWS",
  "FORWARDED",
  "DROPPED",
  "OTHER",
  "REASONS",
  "STATUS",
  "P50",
  "P99",
];

/** One row an edge, as cells of a table with its head. */
export function aggregateRows({ nodes, edges }: ServiceMap): string[][] {
  const names = new Map(nodes.map((node) => [node.key, nodeName(node)]));
  return [columns, ...edges.map((edge) => edgeRow(edge, names))];
}

function edgeRow(edge: MapEdge, names: ReadonlyMap<string, string>): string[] {
  const forwarded = edge.verdicts.get("FORWARDED") ?? 0;
  const dropped = edge.verdicts.get("DROPPED") ?? 0;
  const statuses = [...edge.l7.values()].flatMap((l7) => [...l7.statuses]);
  const ms = (quantile: number) => {
    const value = latencyQuantile(edge.latencies, quantile);
    return value === undefined ? "" : `${value < 10 ? value.toFixed(1) : value.toFixed(0)}ms`;
  };
  return [
    names.get(edge.source) ?? "",
    names.get(edge.destination) ?? "",
    top(edge.ports),
    String(edge.flows),
    String(forwarded),
    String(dropped),
    String(edge.flows - forwarded - dropped),
    top(edge.dropReasons),
    statuses.map(([status, responses]) => `${status}:${responses}`).join(" "),
    ms(0.5),
    ms(0.99),
  ];
}

function nodeName({ kind, name, namespace, identities }: MapNode): string {
  if (kind === "Namespace") return name;
  const place = namespace === "" ? name : `${namespace}/${name}`;
  return kind === "entity" || identities.size !== 1 ? place : `${place} (${[...identities][0]})`;
}

/** The three largest. */
function top(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name);
  return sorted.length > 3 ? `${sorted.slice(0, 3).join(", ")}…` : sorted.join(", ");
}
