/** The row of figures: each with its comparison, state, history and the place it comes from. Pure. */

import type { FlowCompletenessAnswer } from "../../src/api/wire/flows.ts";
import type { AlertAnswer } from "../../src/api/wire/rules.ts";
import type { QuerySeries } from "../api/query-series.ts";
import { completeShare, shareText } from "../app/loss-text.ts";
import type { Column } from "../charts/chart-columns.ts";
import { groupThousands } from "../charts/plain-number.ts";
import type { GlyphKind } from "../ui/glyph.tsx";
import { percentText, rateText } from "./figure-text.ts";
import { exploreHref } from "./findings.ts";
import {
  type FigureName,
  figureExpressions,
  lastValue,
  partOf,
  type Usual,
} from "./overview-queries.ts";

/** One figure. */
export interface Figure {
  readonly label: string;
  /** "–" where nothing tells. */
  readonly value: string;
  readonly unit: string;
  readonly note: string;
  readonly state: GlyphKind;
  readonly history: Column;
  /** Token of the line. */
  readonly color: string;
  readonly path: string;
}

/** What figures are made of. */
export interface FigureInput {
  readonly series: readonly QuerySeries[];
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly stepMs: number;
  readonly window: string;
  readonly usual: Usual | undefined;
  readonly importErrors: number | undefined;
  readonly completeness: FlowCompletenessAnswer | null | undefined;
  readonly alerts: readonly AlertAnswer[] | undefined;
  readonly endpointStates: readonly { readonly state: string; readonly count: number }[];
}

/** A rate above this many times the usual is drawn in its meaning's colour. */
const unusualFactor = 3;

/** All figures in their order. */
export function makeFigures(input: FigureInput): readonly Figure[] {
  const read = new Reader(input);
  return [
    nodesFigure(read),
    endpointsFigure(read, input.endpointStates),
    unmanagedFigure(read),
    policiesFigure(read, input.importErrors),
    rateFigure(read, {
      name: "drops",
      label: "Drops",
      usual: input.usual?.drops,
      missing: "no cilium_drop_count_total",
      path: `/flows?q=${encodeURIComponent("--verdict DROPPED")}`,
    }),
    rateFigure(read, {
      name: "l7",
      label: "L7 denials",
      usual: input.usual?.l7,
      missing: "no cilium_policy_l7_total",
      path: `/flows?q=${encodeURIComponent("--verdict DROPPED --type l7")}`,
    }),
    dnsFigure(read, input.usual?.dns),
    seenFigure(read, input.completeness),
    alertsFigure(read, input.alerts),
  ];
}

/** Last values and histories by name. */
class Reader {
  readonly #input: FigureInput;
  readonly #expressions: Readonly<Record<FigureName, string>>;

  constructor(input: FigureInput) {
    this.#input = input;
    this.#expressions = figureExpressions(input.window);
  }

  last(name: FigureName): number | undefined {
    return lastValue(partOf(this.#input.series, name)[0]);
  }

  explore(...names: FigureName[]): string {
    return exploreHref(names.map((name) => this.#expressions[name]));
  }

  /** Values on the window's grid; null where nothing was recorded. */
  history(name: FigureName): Column {
    const { range, stepMs } = this.#input;
    const count = Math.floor((range.toMs - range.fromMs) / stepMs) + 1;
    const column: Column = new Array<number | null>(count).fill(null);
    const [series] = partOf(this.#input.series, name);
    series?.timesMs.forEach((atMs, index) => {
      const row = Math.round((atMs - range.fromMs) / stepMs);
      const value = series.values[index] ?? Number.NaN;
      if (row >= 0 && row < count && Number.isFinite(value)) column[row] = value;
    });
    return column;
  }
}

const quiet = "--fg-3";
const missing = { value: "–", unit: "", state: "mute", color: quiet } as const;

function nodesFigure(read: Reader): Figure {
  const nodes = read.last("nodes");
  const unreachable = read.last("unreachable") ?? 0;
  const rest = {
    label: "Nodes reachable",
    history: read.history("unreachable"),
    path: read.explore("unreachable", "nodes"),
  };
  if (nodes === undefined) return { ...rest, ...missing, note: "no cilium_unreachable_nodes" };
  const isWell = unreachable === 0;
  return {
    ...rest,
    value: String(nodes - unreachable),
    unit: `of ${nodes}`,
    note: isWell ? "all probes answered" : `${unreachable} without an answer`,
    state: isWell ? "ok" : "crit",
    color: isWell ? quiet : "--crit",
  };
}

function endpointsFigure(
  read: Reader,
  states: readonly { readonly state: string; readonly count: number }[],
): Figure {
  const all = read.last("endpoints");
  const ready = read.last("ready") ?? 0;
  const rest = { label: "Endpoints ready", history: read.history("ready"), path: "/endpoints" };
  if (all === undefined) return { ...rest, ...missing, note: "no cilium_endpoint_state" };
  const others = states.filter(({ state, count }) => state !== "ready" && count > 0);
  // Two numbers of five digits have no room side by side: the second one goes below.
  const isLong = all >= 10_000;
  const whole = groupThousands(all);
  const othersText = others.map(({ state, count }) => `${count} ${state}`).join(", ");
  return {
    ...rest,
    value: groupThousands(ready),
    unit: isLong ? "" : `of ${whole}`,
    note:
      others.length === 0
        ? `all of ${isLong ? whole : "them"}`
        : `${isLong ? `of ${whole}, ` : ""}${othersText}`,
    state: others.length === 0 ? "ok" : "pending",
    color: quiet,
  };
}

function unmanagedFigure(read: Reader): Figure {
  const count = read.last("unmanaged");
  const rest = {
    label: "Unmanaged",
    history: read.history("unmanaged"),
    path: read.explore("unmanaged"),
    color: quiet,
  };
  if (count === undefined) return { ...rest, ...missing, note: "the operator is not scraped" };
  return {
    ...rest,
    value: groupThousands(count),
    unit: count === 1 ? "pod" : "pods",
    note: count === 0 ? "Cilium has all" : "policies skip them",
    state: count === 0 ? "ok" : "info",
  };
}

function policiesFigure(read: Reader, importErrors: number | undefined): Figure {
  const count = read.last("policies");
  const revision = read.last("revision");
  const rest = { label: "Policy rules", history: read.history("policies"), path: "/policies" };
  if (count === undefined) return { ...rest, ...missing, note: "no cilium_policy" };
  const errors = Math.round(importErrors ?? 0);
  return {
    ...rest,
    value: groupThousands(count),
    unit: "",
    note:
      errors > 0
        ? `${errors} import ${errors === 1 ? "error" : "errors"}`
        : revision === undefined
          ? "no import error"
          : `no error, rev. ${revision}`,
    state: errors > 0 ? "crit" : "ok",
    color: errors > 0 ? "--crit" : quiet,
  };
}

function rateFigure(
  read: Reader,
  about: {
    readonly name: "drops" | "l7";
    readonly label: string;
    readonly usual: number | undefined;
    readonly missing: string;
    readonly path: string;
  },
): Figure {
  const now = read.last(about.name);
  const rest = { label: about.label, history: read.history(about.name), path: about.path };
  if (now === undefined) return { ...rest, ...missing, note: about.missing };
  const isUnusual =
    now > 0.01 && (about.usual === undefined || now > Math.max(about.usual * unusualFactor, 0.05));
  return {
    ...rest,
    value: rateText(now),
    unit: "/s",
    note: about.usual === undefined ? "no usual rate known" : `usual ${rateText(about.usual)}`,
    state: now < 0.005 ? "ok" : isUnusual ? "crit" : "warn",
    color: now < 0.005 ? quiet : isUnusual ? "--dropped" : quiet,
  };
}

function dnsFigure(read: Reader, usual: number | undefined): Figure {
  const now = read.last("dns");
  const rest = {
    label: "DNS errors",
    history: read.history("dns"),
    path: exploreHref(["sum by (rcode) (rate(hubble_dns_responses_total[5m]))"]),
  };
  if (now === undefined) return { ...rest, ...missing, note: "no DNS answers seen" };
  const isUnusual = now > 0.05 && usual !== undefined && now > usual * 1.5;
  return {
    ...rest,
    value: percentText(now),
    unit: "%",
    note: usual === undefined ? "of DNS answers" : `usual ${percentText(usual)} %`,
    state: isUnusual ? "warn" : now === 0 ? "ok" : "info",
    color: isUnusual ? "--warn" : quiet,
  };
}

function seenFigure(read: Reader, completeness: FlowCompletenessAnswer | null | undefined): Figure {
  const rest = {
    label: "Flows seen",
    history: read.history("seen"),
    path: exploreHref([
      "sum by (node) (rate(hubble_flows_processed_total[5m]))",
      "sum by (node, source) (rate(hubble_lost_events_total[5m]))",
    ]),
  };
  if (completeness === undefined) return { ...rest, ...missing, note: "" };
  if (completeness === null) return { ...rest, ...missing, note: "no flows came" };
  const { share, lost, seen } = completeness;
  const isPartial = share < completeShare;
  return {
    ...rest,
    value: shareText(share).replace(" %", ""),
    unit: "%",
    note: lost === 0 ? `${groupThousands(seen)}, none lost` : `${groupThousands(lost)} lost`,
    state: isPartial ? "warn" : "ok",
    color: isPartial ? "--warn" : quiet,
  };
}

function alertsFigure(read: Reader, alerts: readonly AlertAnswer[] | undefined): Figure {
  const firing = (alerts ?? []).filter(({ state }) => state === "firing").length;
  const pending = (alerts ?? []).length - firing;
  return {
    label: "Firing alerts",
    value: alerts === undefined ? "–" : String(firing),
    unit: "",
    note: pending > 0 ? `${pending} pending` : "none pending",
    state: firing > 0 ? "crit" : "ok",
    history: read.history("alerts"),
    color: firing > 0 ? "--crit" : quiet,
    path: "/alerts",
  };
}
