/** A field's values as they are shown: mapped, in their unit, with the colour of their mode. */

import { type ColorContext, type ColorScale, createColorScale } from "./color/color-scale.ts";
import { fallbackColor, resolveColor } from "./color/named-color.ts";
import { paletteColors } from "./color/palette.ts";
import { dateTimePattern, formatDate } from "./date-format.ts";
import { parseIsoDate } from "./date-math.ts";
import type { Field } from "./frame.ts";
import { asArray, asObject, asString } from "./json-reader.ts";
import { browserZone, utcZone } from "./time-zone.ts";
import type { Decimals, FormattedValue } from "./units/number-text.ts";
import { type UnitContext, type UnitFormat, unitFormat } from "./units/unit-format.ts";
import { createValueMap, type ValueMap } from "./value-map.ts";

/** A shown value: `prefix + text + suffix` in `color`. */
export interface DisplayValue extends FormattedValue {
  /** NaN for what is no number. */
  readonly numeric: number;
  readonly color: string;
  /** Share of the field's range; absent where a mapping gave the colour. */
  readonly percent?: number;
  readonly icon?: string;
}

/** Unit and colour contexts together. */
export type DisplayContext = UnitContext & ColorContext;

/**
 * Shows one value of the field. `decimals` are those of the values beside it (axes): they count for
 * numbers whose unit has no form of its own, and zeros that end them are left out.
 */
export type Display = (value: unknown, decimals?: Decimals) => DisplayValue;

/** What display needs of a field. */
export type DisplayField = Pick<Field, "type" | "config" | "values" | "state">;

/** Looks up unit, mappings and colours once; then call it per value. O(values) where the range is not set. */
export function createDisplay(field: DisplayField, context: DisplayContext = {}): Display {
  const { config } = field;
  const unit = displayUnit(field);
  const isDate = field.type === "time" || isDateUnit(config.unit);
  const format = displayFormat(field, unit);
  const map = hasMappings(field) ? createValueMap(config.mappings) : enumMap(field, context);
  const scale = createColorScale(field, context);
  const trims = canTrimZeros(field, unit);
  const write = (value: unknown, numeric: number, decimals: Decimals): FormattedValue => {
    if (Number.isNaN(numeric) || typeof value === "boolean") {
      return { text: plainText(value) || (config.noValue ?? "") };
    }
    return trims && typeof decimals === "number"
      ? trimZeros(format(numeric, decimals, context))
      : format(numeric, config.decimals, context);
  };
  return (given, decimals) => {
    const value = isDate && typeof given === "string" ? parseTime(given) : given;
    const numeric = unit === "string" ? Number.NaN : toNumber(value);
    const { text, color: ownColor, icon } = map(value) ?? {};
    const shown = {
      ...(text === undefined ? write(value, numeric, decimals) : { text }),
      numeric,
      ...(icon === undefined ? {} : { icon }),
    };
    if (ownColor !== undefined) {
      return { ...shown, color: resolveColor(ownColor, context.theme) };
    }
    return { ...shown, ...colorOf(scale, numeric) };
  };
}

function colorOf(scale: ColorScale, numeric: number): { color: string; percent: number } {
  const { color, percent } = scale(Number.isNaN(numeric) ? Number.NEGATIVE_INFINITY : numeric);
  return { color, percent };
}

/** One value of a field; for many make a display. */
export function displayValue(
  value: unknown,
  field: DisplayField,
  context: DisplayContext = {},
): DisplayValue {
  return createDisplay(field, context)(value);
}

function displayUnit({ type, config }: DisplayField): string | undefined {
  const { unit } = config;
  if (type === "time") return isDateUnit(unit) ? unit : systemDateUnit;
  if (type === "boolean") return unit?.startsWith("bool") === true ? unit : "bool";
  return type === "string" && (unit === undefined || unit === "") ? "string" : unit;
}

/** What times are shown in where no other date unit is chosen. */
const systemDateUnit = "dateTimeAsSystem";

/** Units in which texts are read as dates. */
function isDateUnit(unit: string | undefined): boolean {
  if (unit === undefined || unit === systemDateUnit) return false;
  return unit.startsWith("dateTime") || unit.startsWith("time:");
}

function displayFormat(field: DisplayField, unit: string | undefined): UnitFormat {
  return showsMilliseconds(field) ? formatMilliseconds : unitFormat(unit);
}

/** Times of less than a minute in all are told apart by their milliseconds. */
function showsMilliseconds({ type, config, values }: DisplayField): boolean {
  if (type !== "time" || isDateUnit(config.unit) || values.length < 2) return false;
  const [first, last] = [values[0], values[values.length - 1]];
  const secondsOf = (value: unknown) =>
    typeof first === "string" ? Math.floor(parseTime(String(value)) / 1000) : Number(value) / 1000;
  return Math.abs(secondsOf(last) - secondsOf(first)) < 60;
}

function canTrimZeros({ type, config }: DisplayField, unit: string | undefined): boolean {
  const hasOwnForm = isDateUnit(unit) || /^(?:currency|bool)/.test(unit ?? "") || unit === "locale";
  return type === "number" && !hasOwnForm && isNothing(config.decimals);
}

function trimZeros(shown: FormattedValue): FormattedValue {
  const number = Number(shown.text);
  return Number.isNaN(number) ? shown : { ...shown, text: String(number) };
}

function hasMappings({ config }: DisplayField): boolean {
  return config.mappings !== undefined && config.mappings.length > 0;
}

/** Texts and colours of an enumeration's numbers, as its column holds them (`config.type.enum`). */
function enumMap({ type, config }: DisplayField, { theme }: DisplayContext): ValueMap {
  if (type !== "enum") return () => undefined;
  const described = asObject(config["type"])["enum"];
  const raw = asObject(described);
  const [texts, colors] = [asArray(raw["text"]), asArray(raw["color"])];
  const palette = paletteColors("palette-classic", theme ?? "dark") ?? [];
  return (value) => {
    if (isNothing(value)) return { text: "", color: fallbackColor };
    if (described === undefined) return undefined;
    const index = Number(value);
    const text = raw["text"] === undefined ? String(value) : texts[index];
    const color = asString(colors[index]) || palette[index % palette.length];
    return {
      ...(typeof text === "string" ? { text } : {}),
      ...(color === undefined ? {} : { color }),
    };
  };
}

const formatMilliseconds: UnitFormat = (value, _decimals, { zone = browserZone }) => ({
  text: formatDate(value ?? Number.NaN, `${dateTimePattern}.SSS`, zone),
});

/** ISO dates, and what else engines read as one; times without a zone are UTC, as in Grafana. */
function parseTime(text: string): number {
  const isoMs = parseIsoDate(text, utcZone);
  if (isoMs !== undefined) return isoMs;
  const utcMs = Date.parse(`${text} UTC`);
  return Number.isNaN(utcMs) ? Date.parse(text) : utcMs;
}

/** As a number what reads as one: texts without blanks around, booleans, numbers. */
function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" && value !== "" ? Number(value) : Number.NaN;
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
