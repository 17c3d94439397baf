/**
 * Dashboards in Grafana's v2 form (spec.elements and spec.layout, Grafana 12 and later) as classic JSON.
 * Spellings of v2alpha1, v2beta1 and v2 are read. What has no classic form becomes a text panel that
 * says so, in its place.
 */

import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  optional,
} from "../json-reader.ts";
import { placeLayout } from "./v2-layout.ts";
import { readV2Variable } from "./v2-variables.ts";

/** Classic dashboard JSON of a v2 spec; `uid` is the resource's name. */
export function convertV2Dashboard(spec: JsonObject, uid: string): JsonObject {
  const time = asObject(spec["timeSettings"]);
  const elements = asObject(spec["elements"]);
  const panels = placeLayout(asObject(spec["layout"]), (name) =>
    readElement(name, asObject(elements[name])),
  );
  return {
    uid,
    title: spec["title"],
    description: spec["description"],
    tags: spec["tags"],
    schemaVersion: classicSchemaVersion,
    timezone: time["timezone"],
    time: { from: asString(time["from"], "now-6h"), to: asString(time["to"], "now") },
    refresh: time["autoRefresh"],
    graphTooltip: cursorModes.indexOf(asString(spec["cursorSync"], "Off")),
    links: spec["links"],
    annotations: { list: asObjects(spec["annotations"]).map(readAnnotation) },
    templating: { list: asObjects(spec["variables"]).map(readV2Variable) },
    panels: numberPanels(panels),
  };
}

const classicSchemaVersion = 42;
const cursorModes = ["Off", "Crosshair", "Tooltip"];

/** Panels that stand more than once in a layout need ids of their own. */
function numberPanels(panels: readonly JsonObject[]): readonly JsonObject[] {
  const used = new Set<number>();
  let next = 10_000;
  const number = (panel: JsonObject): JsonObject => {
    const wanted = asNumber(panel["id"]);
    const id = wanted === undefined || used.has(wanted) ? next++ : wanted;
    used.add(id);
    const children = asObjects(panel["panels"]);
    return { ...panel, id, ...(children.length === 0 ? {} : { panels: children.map(number) }) };
  };
  return panels.map(number);
}

function readElement(name: string, element: JsonObject): JsonObject {
  const spec = asObject(element["spec"]);
  const head = { id: asNumber(spec["id"]), title: asString(spec["title"], name) };
  if (element["kind"] === "LibraryPanel") {
    return { ...head, libraryPanel: spec["libraryPanel"] };
  }
  if (element["kind"] !== "Panel") {
    const kind = asString(element["kind"]);
    return unconverted(
      head.title,
      kind === ""
        ? `The layout names the element ${JSON.stringify(name)}, which the dashboard does not have.`
        : `The element is of the kind ${JSON.stringify(kind)}, which has no classic form.`,
    );
  }
  const viz = asObject(spec["vizConfig"]);
  const vizSpec = asObject(viz["spec"]);
  const data = asObject(asObject(spec["data"])["spec"]);
  const queryOptions = asObject(data["queryOptions"]);
  return {
    ...head,
    type: kindOf(viz, "VizConfig"),
    description: spec["description"],
    transparent: spec["transparent"],
    links: spec["links"],
    options: vizSpec["options"],
    fieldConfig: vizSpec["fieldConfig"],
    targets: asObjects(data["queries"]).map(readQuery),
    transformations: asObjects(data["transformations"]).map(readTransformation),
    ...optional("maxDataPoints", asNumber(queryOptions["maxDataPoints"])),
    interval: queryOptions["interval"],
    timeFrom: queryOptions["timeFrom"],
    timeShift: queryOptions["timeShift"],
  };
}

/** A text panel in the place of something that cannot be drawn. */
export function unconverted(title: string, why: string): JsonObject {
  return { type: "text", title, options: { mode: "code", content: why } };
}

/** v2alpha1 has the plugin in `kind`; later ones have a fixed kind and the plugin in `group`. */
function kindOf(object: JsonObject, fixed: string): string {
  const kind = asString(object["kind"]);
  return kind === fixed ? asString(object["group"]) : kind;
}

function readQuery(query: JsonObject): JsonObject {
  const spec = asObject(query["spec"]);
  const inner = asObject(spec["query"]);
  const type = kindOf(inner, "DataQuery");
  const name = asObject(inner["datasource"])["name"] ?? asObject(spec["datasource"])["uid"];
  return {
    ...asObject(inner["spec"]),
    refId: spec["refId"],
    hide: asBoolean(spec["hidden"]),
    datasource: { type, ...optional("uid", typeof name === "string" ? name : undefined) },
  };
}

function readTransformation(transformation: JsonObject): JsonObject {
  const spec = asObject(transformation["spec"]);
  const kind = kindOf(transformation, "Transformation");
  return { ...spec, id: asString(spec["id"]) || kind };
}

function readAnnotation(annotation: JsonObject): JsonObject {
  const spec = asObject(annotation["spec"]);
  const query = asObject(spec["query"]);
  return {
    ...asObject(spec["legacyOptions"]),
    ...asObject(query["spec"]),
    name: spec["name"],
    enable: spec["enable"],
    hide: spec["hide"],
    iconColor: spec["iconColor"],
    builtIn: spec["builtIn"] === true ? 1 : 0,
    filter: spec["filter"],
    datasource: { type: kindOf(query, "DataQuery") },
  };
}

/** Whether a spec is in the v2 form. */
export function isV2Spec(spec: JsonObject): boolean {
  return (
    spec["elements"] !== undefined &&
    !Array.isArray(spec["panels"]) &&
    asArray(spec["rows"]).length === 0
  );
}
