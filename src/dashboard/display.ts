/** A field's values as they are shown: mapped, in their unit, with the colour of their mode. */

import { type ColorContext, createColorScale } from "./color/color-scale.ts";
import { resolveColor } from "./color/named-color.ts";
import { dateTimePattern, formatDate } from "./date-format.ts";
import { parseIsoDate } from "./date-math.ts";
import type { Field } from "./frame.ts";
import { browserZone, type TimeZone, toInstant } from "./time-zone.ts";
import type { Decimals, FormattedValue } from "./units/number-text.ts";
import { type UnitContext, type UnitFormat, unitFormat } from "./units/unit-format.ts";
import { createValueMap } from "./value-map.ts";

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

/** Shows one value of the field; `decimals` replaces the field's own (axes). */
export type Display = (value: unknown, decimals?: Decimals) => DisplayValue;

/** What display needs of a field. */
export type DisplayField = Pick<Field, "type" | "config" | "values" | "state">;

/** Looks up unit, mappings and colours once; then call it per value. O(values) where the range is not set. */
export function createDisplay(field: DisplayField, context: DisplayContext = {}): Display {
  const { config } = field;
  const unit = displayUnit(field);
  const isDate = isDateUnit(unit);
  const format: UnitFormat =
    isDate && showsMilliseconds(field) ? formatMilliseconds : unitFormat(unit);
  const map = createValueMap(config.mappings);
  const scale = createColorScale(field, context);
  const noValue = config.noValue ?? "";
  const zone = context.zone ?? browserZone;
  const read = (given: unknown) =>
    isDate && typeof given === "string" ? parseTime(given, zone) : given;
  return (given, decimals = config.decimals) => {
    const value = read(given);
    const numeric = unit === "string" ? Number.NaN : toNumber(value);
    const mapped = map(value);
    let shown: FormattedValue = { text: mapped?.text ?? "" };
    if (mapped?.text === undefined) {
      shown =
        Number.isNaN(numeric) || typeof value === "boolean"
          ? { text: plainText(value) }
          : format(numeric, decimals, context);
    }
    if (shown.text === "") shown = { text: noValue };
    const icon = mapped?.icon === undefined ? {} : { icon: mapped.icon };
    if (mapped?.color !== undefined) {
      return { ...shown, numeric, color: resolveColor(mapped.color, context.theme), ...icon };
    }
    const { color, percent } = scale(Number.isNaN(numeric) ? Number.NEGATIVE_INFINITY : numeric);
    return { ...shown, numeric, color, percent, ...icon };
  };
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
  if (type === "time" && !isDateUnit(unit)) return "dateTimeAsSystem";
  return type === "string" && (unit === undefined || unit === "") ? "string" : unit;
}

function isDateUnit(unit: string | undefined): boolean {
  return unit !== undefined && (unit.startsWith("dateTime") || unit.startsWith("time:"));
}

/** Times of less than a minute in all are told apart by their milliseconds. */
function showsMilliseconds({ type, config, values }: DisplayField): boolean {
  if (type !== "time" || isDateUnit(config.unit) || values.length < 2) return false;
  const [first, last] = [values[0], values[values.length - 1]];
  return typeof first === "number" && typeof last === "number" && last - first < 60_000;
}

const formatMilliseconds: UnitFormat = (value, _decimals, { zone = browserZone }) => ({
  text: formatDate(value ?? Number.NaN, `${dateTimePattern}.SSS`, zone),
});

/** ISO dates, and what else engines read as one; times without a zone are the given one's. */
function parseTime(text: string, zone: TimeZone): number {
  const isoMs = parseIsoDate(text, zone);
  if (isoMs !== undefined) return isoMs;
  const localMs = Date.parse(`${text} UTC`);
  if (Number.isNaN(localMs)) return Date.parse(text);
  return toInstant(localMs, zone, zone.offsetMs(localMs));
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
