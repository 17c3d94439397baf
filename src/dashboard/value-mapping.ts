/** Value mappings: today's four kinds as they are, the two older spellings rewritten. */

import {
  asNumber,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import type { MappingResult, ValueMapping } from "./model.ts";

/** Matched by the special mapping of Grafana. */
const specialMatches = new Set(["null", "nan", "null+nan", "empty", "true", "false"]);

/** Mappings of `fieldConfig.defaults.mappings`, also `{type: 1, value, text}` and `{type: 2, from, to, text}`. */
export function readMappings(value: unknown): ValueMapping[] {
  return asObjects(value).flatMap((raw) => readMapping(raw) ?? []);
}

function readMapping(raw: JsonObject): ValueMapping | undefined {
  const options = asObject(raw["options"]);
  switch (raw["type"]) {
    case 1:
      return valueOrSpecial(asText(raw["value"]), { text: asString(raw["text"]) });
    case 2:
      return rangeMapping(raw["from"], raw["to"], { text: asString(raw["text"]) });
    case "value": {
      const results = Object.entries(options).map(
        ([key, result]) => [key, readResult(result)] as const,
      );
      return { type: "value", options: Object.fromEntries(results) };
    }
    case "range":
      return rangeMapping(options["from"], options["to"], readResult(options["result"]));
    case "regex":
      return {
        type: "regex",
        options: { pattern: asString(options["pattern"]), result: readResult(options["result"]) },
      };
    case "special":
      return {
        type: "special",
        options: { match: asString(options["match"]), result: readResult(options["result"]) },
      };
    default:
      return undefined;
  }
}

/** Maps of Angular panels: `valueMaps` first, else `rangeMaps` where `mappingType` says so. */
export function convertAngularMappings(raw: JsonObject): ValueMapping[] {
  const mappingType =
    asNumber(raw["mappingType"]) ?? (asObjects(raw["valueMaps"]).length > 0 ? 1 : 2);
  if (mappingType === 2) {
    return asObjects(raw["rangeMaps"]).flatMap((map) => rangeOrNull(map));
  }
  const values: Record<string, MappingResult> = {};
  const specials: ValueMapping[] = [];
  for (const map of asObjects(raw["valueMaps"])) {
    const key = asText(map["value"]);
    const result = { text: asString(map["text"]) };
    if (specialMatches.has(key))
      specials.push({ type: "special", options: { match: key, result } });
    else values[key] = result;
  }
  const hasValues = Object.keys(values).length > 0;
  const valueMappings: ValueMapping[] = hasValues ? [{ type: "value", options: values }] : [];
  const startsWithSpecial = specialMatches.has(asText(asObjects(raw["valueMaps"])[0]?.["value"]));
  return startsWithSpecial ? [...specials, ...valueMappings] : [...valueMappings, ...specials];
}

function rangeOrNull(map: JsonObject): ValueMapping[] {
  const result = { text: asString(map["text"]) };
  if (map["from"] === "null" && map["to"] === "null") {
    return [{ type: "special", options: { match: "null", result } }];
  }
  return [rangeMapping(map["from"], map["to"], result)];
}

function valueOrSpecial(key: string, result: MappingResult): ValueMapping {
  return specialMatches.has(key)
    ? { type: "special", options: { match: key, result } }
    : { type: "value", options: { [key]: result } };
}

function rangeMapping(from: unknown, to: unknown, result: MappingResult): ValueMapping {
  return {
    type: "range",
    options: { from: asNumber(from) ?? null, to: asNumber(to) ?? null, result },
  };
}

function readResult(value: unknown): MappingResult {
  const raw = isObject(value) ? value : {};
  return {
    ...optional("text", typeof raw["text"] === "string" ? raw["text"] : undefined),
    ...optional("color", typeof raw["color"] === "string" ? raw["color"] : undefined),
    ...optional("icon", typeof raw["icon"] === "string" ? raw["icon"] : undefined),
    ...optional("index", asNumber(raw["index"])),
  };
}

function asText(value: unknown): string {
  return value === null || value === undefined ? "null" : String(value);
}
