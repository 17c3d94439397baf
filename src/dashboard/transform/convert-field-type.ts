/** convertFieldType: a column's values as numbers, texts, times, booleans or JSON. */

import { formatDate } from "../date-format.ts";
import { parseIsoDate } from "../date-math.ts";
import { createFieldNamer } from "../field-name.ts";
import type { Field, FieldType, Frame } from "../frame.ts";
import { asObjects, asString, type JsonObject } from "../json-reader.ts";
import { browserZone, openTimeZone, type TimeZone, toInstant } from "../time-zone.ts";
import { type TransformStep, withValues } from "./step.ts";

export const convertFieldType: TransformStep = (frames, options, scope) => {
  const defaultZone = scope.zone ?? browserZone;
  const conversions = asObjects(options["conversions"]);
  return frames.map((frame): Frame => {
    const namer = createFieldNamer([frame]);
    return {
      ...frame,
      fields: frame.fields.map((field) => {
        const conversion = conversions.find(
          ({ targetField }) => targetField === namer(field, frame) || targetField === field.name,
        );
        return conversion === undefined ? field : convertField(field, conversion, defaultZone);
      }),
    };
  });
};

type CellConversion = (value: unknown) => unknown;

function convertField(field: Field, conversion: JsonObject, defaultZone: TimeZone): Field {
  const type = asString(conversion["destinationType"]) as FieldType;
  const zoneName = asString(conversion["timezone"]);
  const zone = zoneName === "" ? defaultZone : openTimeZone(zoneName);
  const convert = cellConversion(type, { field, conversion, zone });
  if (convert === undefined) return field;
  return { ...withValues(field, [...field.values].map(convert)), type };
}

function cellConversion(
  type: FieldType,
  { field, conversion, zone }: { field: Field; conversion: JsonObject; zone: TimeZone },
): CellConversion | undefined {
  const pattern = asString(conversion["dateFormat"]);
  switch (type) {
    case "number":
      return toNumberCell;
    case "string": {
      const separator = asString(conversion["joinWith"], ",");
      const isDate = field.type === "time" && pattern !== "";
      return (value) => {
        if (isDate && typeof value === "number") return formatDate(value, pattern, zone);
        return Array.isArray(value) ? value.join(separator) : String(value);
      };
    }
    case "boolean":
      return (value) => Boolean(value);
    case "time":
      return (value) => (typeof value === "string" ? parseTimeCell(value, pattern, zone) : value);
    case "other":
      return toJsonCell;
    default:
      return undefined;
  }
}

function toNumberCell(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function toJsonCell(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
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
