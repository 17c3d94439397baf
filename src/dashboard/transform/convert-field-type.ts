/** convertFieldType: a column's values as numbers, texts, times, booleans or JSON. */

import { formatDate, formatIso } from "../date-format.ts";
import { parseIsoDate } from "../date-math.ts";
import { createFieldMatcher } from "../field-matcher.ts";
import { createFieldNamer } from "../field-name.ts";
import type { Field, FieldType } from "../frame.ts";
import { asArray, asObject, asObjects, asString, type JsonObject } from "../json-reader.ts";
import { browserZone, openTimeZone, type TimeZone, toInstant } from "../time-zone.ts";
import { type TransformStep, withValues } from "./step.ts";

export const convertFieldType: TransformStep = (frames, options, scope) => {
  const defaultZone = scope.zone ?? browserZone;
  let converted = [...frames];
  for (const conversion of asObjects(options["conversions"])) {
    const name = asString(conversion["targetField"]);
    if (name === "") continue;
    const matcher = createFieldMatcher(
      { id: "byName", options: name },
      createFieldNamer(converted),
    );
    converted = converted.map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) =>
        (matcher?.(field, frame) ?? false) ? convertField(field, conversion, defaultZone) : field,
      ),
    }));
  }
  return converted;
};

function convertField(field: Field, conversion: JsonObject, defaultZone: TimeZone): Field {
  const zoneName = asString(conversion["timezone"]);
  const zone = zoneName === "" ? defaultZone : openTimeZone(zoneName);
  const pattern = asString(conversion["dateFormat"]);
  switch (conversion["destinationType"]) {
    case "number":
      return mapCells(field, "number", toNumberCell);
    case "string":
      return fieldToText(field, { pattern, zone, joinWith: asString(conversion["joinWith"]) });
    case "boolean":
      return mapCells(field, "boolean", Boolean);
    case "time":
      return fieldToTime(field, pattern, zone);
    case "enum":
      return fieldToEnum(field, asObject(conversion["enumConfig"]));
    case "other":
      return mapCells(field, "other", toJsonCell);
    default:
      return field;
  }
}

function mapCells(field: Field, type: FieldType, convert: (value: unknown) => unknown): Field {
  return { ...withValues(field, [...field.values].map(convert)), type };
}

/** Thousands may be parted by commas. */
function toNumberCell(value: unknown): number | null {
  const plain = typeof value === "string" ? value.replaceAll(",", "") : value;
  if (plain === null || plain === undefined || plain === "") return null;
  const number = Number(plain);
  return Number.isFinite(number) ? number : null;
}

/** How a field becomes text. */
export interface TextForm {
  /** Of times; "" is ISO. */
  readonly pattern: string;
  readonly zone: TimeZone;
  /** Between the items of a list; "" leaves lists as JSON. */
  readonly joinWith?: string;
}

/** A field's values as texts: times by the pattern, texts and objects as JSON (texts so get quotes), as in Grafana. */
export function fieldToText(field: Field, { pattern, zone, joinWith = "" }: TextForm): Field {
  switch (field.type) {
    case "time":
      return mapCells(field, "string", (value) => dateText(value, pattern, zone));
    case "string":
    case "other":
      return mapCells(field, "string", (value) =>
        joinWith !== "" && Array.isArray(value) ? value.join(joinWith) : JSON.stringify(value),
      );
    default:
      return mapCells(field, "string", String);
  }
}

function dateText(value: unknown, pattern: string, zone: TimeZone): string {
  const instantMs = typeof value === "string" ? parseIsoDate(value, zone) : (value ?? Number.NaN);
  if (typeof instantMs !== "number" || Number.isNaN(instantMs)) return "Invalid date";
  return pattern === "" ? formatIso(instantMs, zone) : formatDate(instantMs, pattern, zone);
}

/** Numbers are taken for times as they are; all else is read, and what cannot be read is empty. */
function fieldToTime(field: Field, pattern: string, zone: TimeZone): Field {
  const isSeconds = pattern === "X";
  if (typeof field.values[0] === "number" && (field.type === "time" || !isSeconds)) {
    return field.type === "time" ? field : { ...field, type: "time" };
  }
  const factor = isSeconds && typeof field.values[0] === "number" ? 1000 : 1;
  return mapCells(field, "time", (value) => {
    if (typeof value === "number")
      return value === 0 || !Number.isFinite(value) ? null : value * factor;
    return typeof value === "string" && value !== "" ? parseTimeCell(value, pattern, zone) : null;
  });
}

/** Texts as their places in the list; without a list the field stays. */
function fieldToEnum(field: Field, config: JsonObject): Field {
  const texts = asArray(config["text"]);
  if (texts.length === 0) return field;
  const place = (value: unknown) => {
    const index = texts.lastIndexOf(value);
    return index < 0 ? undefined : index;
  };
  const converted = mapCells(field, "enum", place);
  return { ...converted, config: { ...field.config, type: { enum: config } } };
}

function toJsonCell(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    // Text that is no JSON is an empty cell, as in Grafana.
    return null;
  }
}

function parseTimeCell(text: string, pattern: string, zone: TimeZone): number | null {
  if (pattern === "") return parseIsoDate(text, zone) ?? null;
  return parseByPattern(text, pattern, zone) ?? null;
}

/** Digits of each token and the place of what they say: year, month, day, hour, minute, second, ms. */
const dateTokens: Readonly<Record<string, readonly [string, number]>> = {
  YYYY: ["(\\d{4})", 0],
  MM: ["(\\d{2})", 1],
  M: ["(\\d{1,2})", 1],
  DD: ["(\\d{2})", 2],
  D: ["(\\d{1,2})", 2],
  HH: ["(\\d{2})", 3],
  H: ["(\\d{1,2})", 3],
  mm: ["(\\d{2})", 4],
  m: ["(\\d{1,2})", 4],
  ss: ["(\\d{2})", 5],
  s: ["(\\d{1,2})", 5],
  SSS: ["(\\d{3})", 6],
};

function parseByPattern(text: string, pattern: string, zone: TimeZone): number | undefined {
  if (pattern === "X" || pattern === "x") {
    const number = Number(text);
    return Number.isNaN(number) ? undefined : number * (pattern === "X" ? 1000 : 1);
  }
  const places: number[] = [];
  const source = pattern.replace(/YYYY|MM?|DD?|HH?|mm?|SSS|ss?|[.*+?^${}()|[\]\\]/g, (token) => {
    const known = dateTokens[token];
    if (known === undefined) return `\\${token}`;
    places.push(known[1]);
    return known[0];
  });
  const match = new RegExp(`^${source}$`).exec(text.trim());
  if (match === null) return undefined;
  const parts = [1970, 1, 1, 0, 0, 0, 0];
  for (const [index, place] of places.entries()) parts[place] = Number(match[index + 1]);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = parts;
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  return toInstant(localMs, zone, zone.offsetMs(localMs));
}
