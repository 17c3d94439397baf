/**
 * From whatever Grafana exports to the classic dashboard JSON: the envelope of its HTTP API, v1 and v2
 * resources, files shared externally with their library panels and inputs beside the dashboard. Pure.
 */

import { ParseError } from "../base/errors.ts";
import {
  asNumber,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
} from "./json-reader.ts";
import { convertV2Dashboard, isV2Spec, unconverted } from "./v2/v2-dashboard.ts";

/** Classic JSON. Throws ParseError where there is no dashboard in it. */
export function toClassicDashboard(json: unknown): JsonObject {
  const raw = unwrapEnvelope(json, "");
  const filled = fillInputs(raw);
  const library = asObject(filled["__elements"]);
  const { __elements, __inputs, __requires, ...rest } = filled;
  const panels = rest["panels"];
  return Array.isArray(panels) ? { ...rest, panels: inlineLibrary(panels, library) } : rest;
}

function refuse(why: string): never {
  throw new ParseError(`it is no Grafana dashboard: ${why}`, { input: "", start: 0, end: 0 });
}

/** `{dashboard: {…}}` of the HTTP API; `{apiVersion, kind, metadata, spec}` of resources. */
function unwrapEnvelope(json: unknown, uid: string): JsonObject {
  if (!isObject(json)) return refuse("the JSON is no object");
  if (isObject(json["dashboard"]) && json["panels"] === undefined)
    return unwrapEnvelope(json["dashboard"], uid);
  if (isObject(json["spec"])) {
    const name = asString(json["uid"]) || asString(asObject(json["metadata"])["name"], uid);
    return unwrapEnvelope(json["spec"], name);
  }
  if (isV2Spec(json)) return convertV2Dashboard(json, asString(json["uid"], uid));
  if (!Array.isArray(json["panels"]) && !Array.isArray(json["rows"])) {
    return refuse("it has neither `panels` nor `rows`");
  }
  return asString(json["uid"]) === "" && uid !== "" ? { ...json, uid } : json;
}

/** `${VAR_X}` of constants asked for at import stands for the value that the file gives. */
function fillInputs(raw: JsonObject): JsonObject {
  const constants = asObjects(raw["__inputs"]).filter(
    (input) => input["type"] === "constant" && typeof input["value"] === "string",
  );
  if (constants.length === 0) return raw;
  const values = new Map(
    constants.map((input) => [`\${${asString(input["name"])}}`, asString(input["value"])]),
  );
  const fill = (value: unknown): unknown => {
    if (typeof value === "string") return values.get(value) ?? replaceAll(value, values);
    if (Array.isArray(value)) return value.map(fill);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  const { __inputs, ...rest } = raw;
  return { ...asObject(fill(rest)), __inputs };
}

function replaceAll(text: string, values: ReadonlyMap<string, string>): string {
  if (!text.includes("${")) return text;
  let filled = text;
  for (const [reference, value] of values) filled = filled.replaceAll(reference, value);
  return filled;
}

/** Library panels from the file's own copies; one that is not in the file says so in its place. */
function inlineLibrary(panels: readonly unknown[], library: JsonObject): unknown[] {
  return panels.map((panel) => {
    if (!isObject(panel)) return panel;
    const children = panel["panels"];
    const own = Array.isArray(children)
      ? { ...panel, panels: inlineLibrary(children, library) }
      : panel;
    const reference = asObject(panel["libraryPanel"]);
    const isBare = panel["type"] === undefined || panel["type"] === "library-panel-ref";
    if (panel["libraryPanel"] === undefined) return own;
    const uid = asString(reference["uid"]);
    const model = asObject(asObject(library[uid])["model"] ?? reference["model"]);
    const { libraryPanel, ...place } = own as JsonObject;
    if (Object.keys(model).length > 0) {
      return {
        ...model,
        id: asNumber(panel["id"]),
        gridPos: panel["gridPos"],
        ...(panel["title"] === undefined ? {} : { title: panel["title"] }),
      };
    }
    if (!isBare) return place;
    const title = asString(panel["title"]) || asString(reference["name"], "Library panel");
    return {
      ...place,
      ...unconverted(
        title,
        `The library panel ${JSON.stringify(asString(reference["name"], uid))} is not in the file. Export the dashboard with “Export for sharing externally”, which puts its library panels beside it.`,
      ),
    };
  });
}
