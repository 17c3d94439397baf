/**
 * The map's state as its address holds it (UI.md 2): what is shown, how, where the view stands, what is
 * chosen and what is compared. Pure; a link restores all of it.
 */

import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { formatDuration, parseDuration } from "../../src/model/duration.ts";
import type { ParamUpdate } from "../router/history-router.ts";

/** What a node stands for. */
export type MapPageLevel = "workload" | "namespace";
/** What the edges say. */
export type MapMetric = "rate" | "latency" | "errors";
/** Traffic that can be left out. */
export type HiddenTraffic = "probes" | "dns" | "world";

/** The part of the canvas on screen: its left upper corner and the scale. */
export interface MapView {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** What a link to the map says. */
export interface MapState {
  /** Namespaces that are open; empty = all. */
  readonly namespaces: readonly string[];
  readonly level: MapPageLevel;
  readonly metric: MapMetric;
  readonly hidden: ReadonlySet<HiddenTraffic>;
  /** Id of an edge or a node, "" = none. */
  readonly chosen: string;
  /** Undefined = all that there is, fitted. */
  readonly view: MapView | undefined;
  /** The second window as it is written, "" = none. */
  readonly vs: string;
  readonly isList: boolean;
  /** Text searched for. */
  readonly find: string;
  /** Islands folded or opened by hand. */
  readonly folded: ReadonlySet<string>;
  readonly opened: ReadonlySet<string>;
}

/** Kinds of hidden traffic in the order of the menu, with what they mean. */
export const hiddenKinds: readonly {
  readonly kind: HiddenTraffic;
  readonly label: string;
  readonly help: string;
}[] = [
  { kind: "probes", label: "Probes", help: "host, remote nodes and health endpoints" },
  { kind: "dns", label: "DNS", help: "questions at port 53" },
  { kind: "world", label: "World", help: "everything outside the cluster" },
];

const metrics: readonly MapMetric[] = ["rate", "latency", "errors"];

/** Reads the query string; unknown words fall back. Probes are hidden unless the address says otherwise. */
export function readMapState(params: URLSearchParams): MapState {
  const hide = params.get("hide") ?? "probes";
  const words = hide.split(",");
  return {
    namespaces: list(params.get("ns")),
    level: params.get("level") === "namespace" ? "namespace" : "workload",
    metric: metrics.find((metric) => metric === params.get("metric")) ?? "rate",
    hidden: new Set(hiddenKinds.map(({ kind }) => kind).filter((kind) => words.includes(kind))),
    chosen: params.get("sel") ?? "",
    view: readView(params),
    vs: params.get("vs") ?? "",
    isList: params.get("view") === "list",
    find: params.get("find") ?? "",
    folded: new Set(list(params.get("fold"))),
    opened: new Set(list(params.get("open"))),
  };
}

/** The change of the query string that stores `state`; defaults leave no trace. */
export function writeMapState(state: Partial<MapState>): ParamUpdate {
  const { namespaces, level, metric, hidden, chosen, vs, isList, find, folded, opened } = state;
  return {
    ...(namespaces === undefined ? {} : { ns: joined(namespaces) }),
    ...(level === undefined ? {} : { level: level === "workload" ? null : level }),
    ...(metric === undefined ? {} : { metric: metric === "rate" ? null : metric }),
    ...(hidden === undefined ? {} : { hide: hideText(hidden) }),
    ...(chosen === undefined ? {} : { sel: chosen || null }),
    ...(vs === undefined ? {} : { vs: vs || null }),
    ...(isList === undefined ? {} : { view: isList ? "list" : null }),
    ...(find === undefined ? {} : { find: find || null }),
    ...(folded === undefined ? {} : { fold: joined([...folded]) }),
    ...(opened === undefined ? {} : { open: joined([...opened]) }),
    ...("view" in state ? viewUpdate(state.view) : {}),
  };
}

/**
 * The second window: "prev" is as long as the first and ends where it begins, a duration lies that much
 * earlier, "FROM,TO" is itself (Unix ms). Undefined for none or nonsense.
 */
export function secondWindow(vs: string, first: TimeRange): TimeRange | undefined {
  if (vs === "") return undefined;
  const span = first.toMs - first.fromMs;
  if (vs === "prev") return { fromMs: first.fromMs - span, toMs: first.fromMs };
  const fixed = /^(\d{10,16}),(\d{10,16})$/.exec(vs);
  if (fixed !== null) {
    const [fromMs, toMs] = [Number(fixed[1]), Number(fixed[2])];
    return toMs > fromMs ? { fromMs, toMs } : undefined;
  }
  const back = parseDuration(vs);
  if (back === undefined || back <= 0) return undefined;
  return { fromMs: first.fromMs - back, toMs: first.toMs - back };
}

/** What a second window is called. */
export function secondLabel(vs: string): string {
  if (vs === "prev") return "the window before";
  const back = parseDuration(vs);
  if (back === undefined) return "a fixed window";
  return back === 86_400_000 ? "a day before" : `${formatDuration(back)} before`;
}

function list(text: string | null): readonly string[] {
  return (text ?? "").split(",").filter((word) => word !== "");
}

function joined(words: readonly string[]): string | null {
  return words.length === 0 ? null : words.join(",");
}

function hideText(hidden: ReadonlySet<HiddenTraffic>): string | null {
  const words = hiddenKinds.map(({ kind }) => kind).filter((kind) => hidden.has(kind));
  const text = words.length === 0 ? "none" : words.join(",");
  return text === "probes" ? null : text;
}

function readView(params: URLSearchParams): MapView | undefined {
  const [x, y, zoom] = ["x", "y", "z"].map((name) => Number(params.get(name) ?? Number.NaN));
  if (![x, y, zoom].every(Number.isFinite) || (zoom ?? 0) <= 0) return undefined;
  return { x: x ?? 0, y: y ?? 0, zoom: zoom ?? 1 };
}

function viewUpdate(view: MapView | undefined): ParamUpdate {
  if (view === undefined) return { x: null, y: null, z: null };
  return {
    x: String(Math.round(view.x)),
    y: String(Math.round(view.y)),
    z: String(Math.round(view.zoom * 1000) / 1000),
  };
}
