/**
 * What an edge of the map says: which verdict it is drawn by, its label, its width, the change against a
 * second window, and the sentence for readers of the page who do not see it. Pure.
 */

import type { MapEdgeAnswer } from "../../src/api/wire/map.ts";
import { durationText } from "../ui/duration-text.ts";
import type { Verdict } from "../ui/verdict.ts";
import type { MapMetric } from "./map-state.ts";

/** Shares of flows by verdict. */
export interface VerdictCounts {
  readonly dropped: number;
  readonly audit: number;
  readonly redirected: number;
  readonly forwarded: number;
}

/** How an edge is drawn. */
export interface LinkLook {
  /** Solid, dashed, dotted, violet (UI.md 5). */
  readonly verdict: Verdict;
  /** A part of the flows was dropped, less than half. */
  readonly isPartlyDropped: boolean;
  /** px. */
  readonly width: number;
  readonly label: string;
  /** The label's colour and glyph; undefined: plain. */
  readonly mark: Verdict | undefined;
}

/** Verdicts as drawers name them. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  forwarded: "Forwarded",
  dropped: "Dropped",
  audit: "Audit",
  redirected: "To L7 proxy",
};

/** Rates that differ by less are the same. */
const changeMin = 0.1;

/** Flows by what became of them; errors count as dropped, translated ones as forwarded. */
export function verdictCounts(verdicts: Readonly<Record<string, number>>): VerdictCounts {
  const { DROPPED = 0, ERROR = 0, AUDIT = 0, REDIRECTED = 0 } = verdicts;
  let all = 0;
  for (const flows of Object.values(verdicts)) all += flows;
  const dropped = DROPPED + ERROR;
  return {
    dropped,
    audit: AUDIT,
    redirected: REDIRECTED,
    forwarded: all - dropped - AUDIT - REDIRECTED,
  };
}

/** The verdict an edge or a node is drawn by: dropped where at least half was. */
export function mainVerdict(counts: VerdictCounts): Verdict {
  const all = counts.dropped + counts.audit + counts.redirected + counts.forwarded;
  if (counts.dropped > 0 && counts.dropped * 2 >= all) return "dropped";
  if (counts.audit > 0) return "audit";
  return counts.redirected > 0 ? "redirected" : "forwarded";
}

/** How `edge` is drawn. */
export function lookOf(edge: MapEdgeAnswer, metric: MapMetric): LinkLook {
  const counts = verdictCounts(edge.verdicts);
  const verdict = mainVerdict(counts);
  const isPartlyDropped = counts.dropped > 0 && verdict !== "dropped";
  const mark = isPartlyDropped || verdict === "dropped" ? "dropped" : verdict;
  const rate = edge.change === "gone" ? (edge.vs?.perSecond ?? 0) : edge.perSecond;
  return {
    verdict,
    isPartlyDropped,
    width: Math.round((1 + Math.log10(1 + rate) * 1.7) * 10) / 10,
    label: labelOf(edge, metric, counts),
    mark: mark === "forwarded" ? undefined : mark,
  };
}

function labelOf(edge: MapEdgeAnswer, metric: MapMetric, counts: VerdictCounts): string {
  const change = changeText(edge);
  if (change !== "") return change;
  if (metric === "errors") return errorLabel(edge, counts);
  if (metric === "latency") {
    return edge.latency === null ? "" : shortDuration(edge.latency.p90Ms);
  }
  const rate = rateText(edge.perSecond);
  return edge.latency === null ? rate : `${rate}, ${shortDuration(edge.latency.p50Ms)}`;
}

/** `0.4 ms`, `23 ms`, `1.2 s`: quantiles are right within 9 %, so two digits say it. */
function shortDuration(ms: number): string {
  if (ms >= 995) return `${Number((ms / 1000).toPrecision(2))} s`;
  return `${Number(ms.toPrecision(2))} ms`;
}

/** Share of flows dropped and of L7 answers that are errors: the larger one. */
function errorLabel(edge: MapEdgeAnswer, counts: VerdictCounts): string {
  const share = Math.max(
    edge.flows === 0 ? 0 : counts.dropped / edge.flows,
    ...edge.l7.map((l7) => l7.errorShare),
  );
  return share === 0 ? "" : percentText(share);
}

/** "new", "gone", "+120 %" beside a second window; "" without one, "same" left out too. */
export function changeText(edge: MapEdgeAnswer): string {
  if (edge.change === "new" || edge.change === "gone") return edge.change;
  const share = rateChange(edge);
  if (share === undefined || Math.abs(share) < changeMin) return "";
  if (share > 9) return `×${(share + 1).toFixed(0)}`;
  return `${share > 0 ? "+" : "−"}${Math.round(Math.abs(share) * 100)} %`;
}

/** By how much the rate rose against the second window, as a share; undefined where it cannot be said. */
export function rateChange(edge: MapEdgeAnswer): number | undefined {
  if (edge.vs === null || edge.vs.perSecond === 0) return undefined;
  return edge.perSecond / edge.vs.perSecond - 1;
}

/** `2.1 /s`, `34 /s`, `1 200 /s`; rare flows by the minute: `0.5 /min`. Two digits, so that labels rest. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return "0 /s";
  if (perSecond < 0.095) return `${twoDigits(perSecond * 60)} /min`;
  return `${twoDigits(perSecond)} /s`;
}

function twoDigits(value: number): string {
  if (value >= 9.95) {
    const step = value >= 100 ? 10 ** (Math.floor(Math.log10(value)) - 1) : 1;
    return String(Math.round(value / step) * step).replace(/\B(?=(\d{3})+$)/g, "\u2009");
  }
  return String(Number(value.toPrecision(2)));
}

/** `0.4 %`, `12 %`. */
export function percentText(share: number): string {
  const percent = share * 100;
  return `${percent < 9.95 ? Number(percent.toPrecision(2)) : Math.round(percent)} %`;
}

/** One edge in words. */
export function linkSentence(edge: MapEdgeAnswer, source: string, destination: string): string {
  const counts = verdictCounts(edge.verdicts);
  const parts = [`${source} to ${destination}`, mainVerdict(counts)];
  if (counts.dropped > 0) parts.push(`${percentText(counts.dropped / sum(counts))} dropped`);
  parts.push(rateText(edge.perSecond));
  if (edge.latency !== null) parts.push(`p90 ${durationText(edge.latency.p90Ms)}`);
  const ports = topNames(edge.ports, 2);
  if (ports.length > 0) parts.push(ports.join(" and "));
  const change = changeText(edge);
  if (change !== "") parts.push(change);
  return parts.join(", ");
}

function sum({ dropped, audit, redirected, forwarded }: VerdictCounts): number {
  return Math.max(1, dropped + audit + redirected + forwarded);
}

/** Names by count, the largest first. */
export function topNames(counts: Readonly<Record<string, number>>, max: number): readonly string[] {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .slice(0, max)
    .map(([name]) => name);
}

/** Several edges as one: counts added, the slowest latency, the latest change. `edges` is not empty. */
export function mergeEdges(
  edges: readonly MapEdgeAnswer[],
  ends: { readonly id: string; readonly source: string; readonly destination: string },
): MapEdgeAnswer {
  const [first] = edges;
  if (first !== undefined && edges.length === 1) return { ...first, ...ends };
  const total = (read: (edge: MapEdgeAnswer) => number) =>
    edges.reduce((all, edge) => all + read(edge), 0);
  const slowest = edges.reduce<MapEdgeAnswer["latency"]>(
    (worst, { latency }) =>
      worst === null || (latency?.p90Ms ?? 0) > worst.p90Ms ? latency : worst,
    null,
  );
  const verdicts = addCounts(edges.map((edge) => edge.verdicts));
  const ports = addCounts(edges.map((edge) => edge.ports));
  const hasVs = edges.some((edge) => edge.vs !== null);
  return {
    ...ends,
    flows: total((edge) => edge.flows),
    perSecond: total((edge) => edge.perSecond),
    verdict: "",
    verdicts,
    dropReasons: addCounts(edges.map((edge) => edge.dropReasons)),
    ports,
    // Edges may share ports: at least so many.
    portCount: Math.max(Object.keys(ports).length, ...edges.map((edge) => edge.portCount)),
    l7: mergeL7(edges.flatMap((edge) => edge.l7)),
    latency:
      slowest === null ? null : { ...slowest, count: total((edge) => edge.latency?.count ?? 0) },
    history: [],
    dropHistory: [],
    firstMs: Math.min(...edges.map((edge) => edge.firstMs)),
    lastMs: Math.max(...edges.map((edge) => edge.lastMs)),
    change: edges.every((edge) => edge.change === first?.change) ? (first?.change ?? "") : "same",
    vs: hasVs
      ? {
          flows: total((edge) => edge.vs?.flows ?? 0),
          perSecond: total((edge) => edge.vs?.perSecond ?? 0),
          verdicts: addCounts(edges.map((edge) => edge.vs?.verdicts ?? {})),
          p90Ms: null,
        }
      : null,
  };
}

type L7 = MapEdgeAnswer["l7"][number];

function mergeL7(all: readonly L7[]): readonly L7[] {
  const protocols = [...new Set(all.map((l7) => l7.protocol))];
  return protocols.map((protocol) => {
    const some = all.filter((l7) => l7.protocol === protocol);
    const total = (read: (l7: L7) => number) => some.reduce((sum, l7) => sum + read(l7), 0);
    const responses = total((l7) => l7.responses);
    return {
      protocol,
      requests: total((l7) => l7.requests),
      responses,
      requestsPerSecond: total((l7) => l7.requestsPerSecond),
      operations: addCounts(some.map((l7) => l7.operations)),
      statuses: addCounts(some.map((l7) => l7.statuses)),
      errorShare: responses === 0 ? 0 : total((l7) => l7.errorShare * l7.responses) / responses,
    };
  });
}

function addCounts(
  parts: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return Object.fromEntries(sums);
}
