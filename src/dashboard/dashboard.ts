/**
 * Reads Grafana's dashboard JSON of any schema from 14 to 42 into the one model (model.ts). Files do
 * not keep to their version number, so each part is migrated by the shape it has. Throws only where
 * the JSON is no dashboard at all; everything else that is not understood becomes a problem.
 */

import { readAnnotations } from "./annotations.ts";
import { toClassicDashboard } from "./envelope.ts";
import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  type JsonObject,
} from "./json-reader.ts";
import { readLinks } from "./links.ts";
import type { Dashboard, Panel } from "./model.ts";
import { readPanel } from "./panel.ts";
import { flattenRows } from "./rows-to-grid.ts";
import { readVariable } from "./variable.ts";

/** A dashboard and what of it is not drawn as the file means it. */
export interface ParsedDashboard {
  readonly dashboard: Dashboard;
  readonly problems: readonly string[];
}

/** Reads a dashboard, with or without the envelope of Grafana's API or of a v1 resource. Throws ParseError. */
export function parseDashboard(json: unknown): ParsedDashboard {
  const raw = toClassicDashboard(json);
  const panels = readPanels(raw);
  const annotations = readAnnotations(asObjects(asObject(raw["annotations"])["list"]));
  const dashboard: Dashboard = {
    uid: asString(raw["uid"]),
    title: asString(raw["title"], "Untitled"),
    description: asString(raw["description"]),
    tags: asStrings(raw["tags"]),
    timezone: asString(raw["timezone"]) || "browser",
    time: readTime(raw["time"]),
    refresh: asString(raw["refresh"]),
    crosshair: readCrosshair(raw),
    variables: asObjects(asObject(raw["templating"])["list"]).map(readVariable),
    panels,
    links: readLinks(raw["links"]),
    annotations: annotations.annotations,
    panelCount: countPanels(panels),
    schemaVersion: asNumber(raw["schemaVersion"]) ?? 0,
  };
  const problems = [...annotations.problems, ...panelProblems(panels)];
  return { dashboard, problems };
}

function readPanels(raw: JsonObject): Panel[] {
  const rows = asObjects(raw["rows"]);
  const flat =
    rows.length > 0 && asArray(raw["panels"]).length === 0
      ? flattenRows(rows)
      : asObjects(raw["panels"]);
  // Clones that an old Grafana saved for a repeat are made anew here.
  return flat
    .filter((panel) => panel["repeatPanelId"] === undefined && panel["repeatByRow"] === undefined)
    .map((panel, index) => readPanel(panel, index + 1));
}

function readTime(value: unknown): { from: string; to: string } {
  const time = asObject(value);
  return { from: asString(time["from"], "now-6h"), to: asString(time["to"], "now") };
}

function readCrosshair(raw: JsonObject): Dashboard["crosshair"] {
  const mode = asNumber(raw["graphTooltip"]) ?? (raw["sharedCrosshair"] === true ? 1 : 0);
  if (mode === 2) return "tooltip";
  return mode === 1 ? "crosshair" : "off";
}

function countPanels(panels: readonly Panel[]): number {
  return panels.reduce(
    (count, panel) => count + (panel.type === "row" ? countPanels(panel.panels) : 1),
    0,
  );
}

function panelProblems(panels: readonly Panel[]): string[] {
  return panels.flatMap((panel) => [
    ...panel.problems.map(
      (problem) => `panel ${JSON.stringify(panel.title || String(panel.id))}: ${problem}`,
    ),
    ...panelProblems(panel.panels),
  ]);
}
