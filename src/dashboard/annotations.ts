/**
 * Annotations of a dashboard: its queries read from the file, and their answers as events over time.
 * A series' samples that are not zero are events; those a step apart are one region, as in Grafana.
 * The built-in query is ours: alerts that fire, and policies that changed.
 */

import { labelValue } from "./frame.ts";
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import { renderLegendFormat } from "./legend-format.ts";
import type { AnnotationQuery } from "./model.ts";
import type { PrometheusSeries } from "./prometheus-frames.ts";
import { readDataSource } from "./target.ts";

/** One event or region, times in ms. */
export interface AnnotationEvent {
  /** Name of the annotation query. */
  readonly source: string;
  readonly timeMs: number;
  /** A region's end; the same as its start for an event. */
  readonly endMs: number;
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly color: string;
  /** Panels that show it; undefined: all. */
  readonly panels?: AnnotationQuery["panels"];
}

const colorDefault = "--fg-3";

/** The two queries that stand for Grafana's built-in one. */
const builtInQueries: readonly AnnotationQuery[] = [
  {
    name: "Firing alerts",
    kind: "samples",
    expr: 'ALERTS{alertstate="firing"}',
    titleFormat: "{{alertname}}",
    textFormat: "{{severity}}",
    tagKeys: [],
    color: "--crit",
    isEnabled: true,
    isHidden: false,
    usesValueForTime: false,
  },
  {
    name: "Policy changes",
    kind: "changes",
    expr: "max(cilium_policy_max_revision)",
    titleFormat: "policy changed",
    textFormat: "",
    tagKeys: [],
    color: colorDefault,
    isEnabled: true,
    isHidden: false,
    usesValueForTime: false,
  },
];

/** The queries of `annotations.list`; those of other sources are left out with a sentence in `problems`. */
export function readAnnotations(list: readonly JsonObject[]): {
  readonly annotations: readonly AnnotationQuery[];
  readonly problems: readonly string[];
} {
  const annotations: AnnotationQuery[] = [];
  const problems: string[] = [];
  for (const raw of list) {
    const name = asString(raw["name"], "Annotations");
    const expr = asString(raw["expr"]) || asString(asObject(raw["target"])["expr"]);
    if (isBuiltIn(raw)) {
      if (raw["enable"] !== false) annotations.push(...builtInQueries);
    } else if (expr === "") {
      if (raw["enable"] !== false)
        problems.push(
          `annotation ${JSON.stringify(name)} is not of Prometheus (${sourceName(raw)}) and is not drawn`,
        );
    } else annotations.push(readQuery(raw, name, expr));
  }
  return { annotations, problems };
}

/** `builtIn` is absent in old files, where the source says it. */
function isBuiltIn(raw: JsonObject): boolean {
  return raw["builtIn"] === 1 || raw["builtIn"] === true;
}

function sourceName(raw: JsonObject): string {
  const source = readDataSource(raw["datasource"]);
  return source?.type ?? source?.uid ?? "no query";
}

function readQuery(raw: JsonObject, name: string, expr: string): AnnotationQuery {
  const filter = asObject(raw["filter"]);
  const ids = asArray(filter["ids"]).flatMap((id) => asNumber(id) ?? []);
  const keys = raw["tagKeys"];
  return {
    name,
    kind: "samples",
    expr,
    titleFormat: asString(raw["titleFormat"]),
    textFormat: asString(raw["textFormat"]),
    tagKeys: (typeof keys === "string" ? keys.split(",") : asArray(keys).map(String))
      .map((key) => key.trim())
      .filter((key) => key !== ""),
    color: asString(raw["iconColor"], colorDefault),
    isEnabled: raw["enable"] !== false,
    isHidden: raw["hide"] === true,
    usesValueForTime: asBoolean(raw["useValueForTime"]) || raw["useValueForTime"] === "on",
    ...optional("step", asString(raw["step"]) || undefined),
    ...optional(
      "panels",
      isObject(raw["filter"]) ? { ids, isExcluded: asBoolean(filter["exclude"]) } : undefined,
    ),
  };
}

/** Events drawn of one query; a series that is never zero would cover the chart. */
const eventsMax = 200;

/** The events of a query's answer, oldest first. O(samples). */
export function annotationEvents(
  query: AnnotationQuery,
  series: readonly PrometheusSeries[],
  stepMs: number,
): AnnotationEvent[] {
  const events = series.flatMap((one) =>
    query.kind === "changes" ? changeEvents(query, one) : sampleEvents(query, one, stepMs),
  );
  return events.sort((a, b) => a.timeMs - b.timeMs).slice(-eventsMax);
}

/** Slack of neighbouring samples: a late scrape is no gap. */
const latenessMax = 1.5;

function sampleEvents(
  query: AnnotationQuery,
  series: PrometheusSeries,
  stepMs: number,
): AnnotationEvent[] {
  const events: AnnotationEvent[] = [];
  let fromMs: number | undefined;
  let lastMs = 0;
  const close = () => {
    if (fromMs !== undefined) events.push(eventOf(query, series, fromMs, lastMs));
    fromMs = undefined;
  };
  for (let index = 0; index < series.values.length; index++) {
    const value = series.values[index] ?? 0;
    const timeMs = series.timesMs[index] ?? 0;
    if (value === 0 || Number.isNaN(value)) {
      close();
      continue;
    }
    if (query.usesValueForTime) {
      events.push(eventOf(query, series, Math.floor(value), Math.floor(value)));
      continue;
    }
    if (fromMs !== undefined && timeMs - lastMs > stepMs * latenessMax) close();
    fromMs ??= timeMs;
    lastMs = timeMs;
  }
  close();
  return uniqueTimes(events);
}

/** A value used as a time repeats with each scrape. */
function uniqueTimes(events: readonly AnnotationEvent[]): AnnotationEvent[] {
  const seen = new Set<number>();
  return events.filter(({ timeMs }) => !seen.has(timeMs) && seen.add(timeMs) !== undefined);
}

/** An event where the value is another than before. */
function changeEvents(query: AnnotationQuery, series: PrometheusSeries): AnnotationEvent[] {
  const events: AnnotationEvent[] = [];
  for (let index = 1; index < series.values.length; index++) {
    if (series.values[index] === series.values[index - 1]) continue;
    const timeMs = series.timesMs[index] ?? 0;
    events.push(eventOf(query, series, timeMs, timeMs));
  }
  return events;
}

function eventOf(
  query: AnnotationQuery,
  { labels }: PrometheusSeries,
  timeMs: number,
  endMs: number,
): AnnotationEvent {
  return {
    source: query.name,
    timeMs,
    endMs,
    title: renderLegendFormat(query.titleFormat === "" ? query.name : query.titleFormat, labels),
    text: renderLegendFormat(query.textFormat, labels),
    tags: query.tagKeys.flatMap((key) => labelValue(labels, key) ?? []),
    color: query.color,
    ...optional("panels", query.panels),
  };
}

/** Whether a panel shows an event. */
export function isShownOn(event: Pick<AnnotationEvent, "panels">, panelId: number): boolean {
  const { panels } = event;
  return panels === undefined || panels.ids.includes(panelId) !== panels.isExcluded;
}
