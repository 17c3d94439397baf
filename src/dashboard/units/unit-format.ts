/**
 * Units of Grafana by id: "bytes", "s", "reqps", "time:HH:mm", "suffix: pods", "si:mV"… An id that is
 * none of them is written behind the number. Look a unit up once, then call it per value.
 */

import { dateTimePattern, formatDate, formatDistance, formatIso } from "../date-format.ts";
import { browserZone, type TimeZone, toLocal } from "../time-zone.ts";
import {
  type Decimals,
  type FormattedValue,
  infinityText,
  scaleValue,
  toFixed,
} from "./number-text.ts";
import {
  formatClock,
  formatDhms,
  formatDurationWords,
  formatHms,
  formatTimeUnit,
  isTimeUnit,
} from "./time-units.ts";
import {
  binaryUnits,
  countUnits,
  currencyPrefixes,
  currencySuffixes,
  fixedUnits,
  siUnits,
} from "./unit-tables.ts";

/** What dates need beside the value. */
export interface UnitContext {
  /** Zone of dates; the browser's where absent. */
  readonly zone?: TimeZone;
  /** For distances from now and for "no date if today"; those units give the whole date without it. */
  readonly nowMs?: number;
  /** Zone that decides what "today" is; Grafana takes the browser's. */
  readonly todayZone?: TimeZone;
  /** Of the units that follow the user's language; the browser's where absent. */
  readonly locale?: string;
}

/** Writes values of one unit. */
export type UnitFormat = (
  value: number | null,
  decimals: Decimals,
  context: UnitContext,
) => FormattedValue;

/** The format of a unit id; "" and undefined are plain numbers. */
export function unitFormat(id: string | undefined): UnitFormat {
  if (id === undefined || id === "") return fixed("");
  return special(id) ?? tableUnit(id) ?? customUnit(id) ?? fixed(id);
}

const siPrefixes = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
const siBase = siPrefixes.indexOf("");
const binaryPrefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const countSuffixes = ["", "K", "M", "B", "T"];
const shortSuffixes = ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"];

function special(id: string): UnitFormat | undefined {
  if (isTimeUnit(id)) return (value, decimals) => formatTimeUnit(value, id, decimals);
  return Object.hasOwn(specialUnits, id) ? specialUnits[id] : undefined;
}

function tableUnit(id: string): UnitFormat | undefined {
  const find = (table: Readonly<Record<string, string>>) =>
    Object.hasOwn(table, id) ? table[id] : undefined;
  const suffix = find(fixedUnits);
  if (suffix !== undefined) return fixed(suffix);
  const si = find(siUnits);
  if (si !== undefined) return prefixed(si, siPrefixes, { factor: 1000, base: siBase });
  const binary = find(binaryUnits);
  if (binary !== undefined) return prefixed(binary, binaryPrefixes, { factor: 1024, base: 0 });
  const count = find(countUnits);
  if (count !== undefined) return counted(count);
  const symbol = find(currencyPrefixes);
  if (symbol !== undefined) return currency(symbol, false);
  const behind = find(currencySuffixes);
  return behind === undefined ? undefined : currency(behind, true);
}

/** `kind:rest` ids. */
function customUnit(id: string): UnitFormat | undefined {
  const colon = id.indexOf(":");
  if (colon <= 0) return undefined;
  const rest = id.slice(colon + 1);
  switch (id.slice(0, colon)) {
    case "prefix":
      return (value, decimals) =>
        withAffixes(value, toFixed(value, decimals), rest === "" ? {} : { prefix: rest });
    case "suffix":
      return fixed(rest);
    case "time":
      return (value, _decimals, { zone = browserZone }) => ({
        text: value === null ? "Invalid date" : writeDate(value, rest, zone),
      });
    case "si":
      return customSi(rest);
    case "count":
      return counted(rest);
    case "currency":
      return rest.startsWith("financial:") ? financial(rest.slice(10)) : currency(rest, false);
    case "bool":
      return boolean(...splitWords(rest));
    default:
      return undefined;
  }
}

/** The first sign is the prefix the number counts in, if it is one. */
function customSi(rest: string): UnitFormat {
  const prefix = rest.charAt(0).replace("μ", "µ");
  const index = siPrefixes.indexOf(prefix);
  const hasPrefix = prefix !== "" && index >= 0;
  return prefixed(hasPrefix ? `${prefix} ${rest.slice(1)}` : `  ${rest}`, siPrefixes, {
    factor: 1000,
    base: siBase,
  });
}

function splitWords(rest: string): [string, string] {
  const slash = rest.indexOf("/");
  return slash < 0 ? [rest, "-"] : [rest.slice(0, slash), rest.slice(slash + 1)];
}

function writeDate(value: number, pattern: string, zone: TimeZone): string {
  if (Number.isNaN(new Date(value).getTime())) return "Invalid date";
  return pattern === "" ? formatIso(value, zone) : formatDate(value, pattern, zone);
}

/** A text behind the number, after a blank. */
function fixed(unit: string): UnitFormat {
  const affixes = unit === "" ? {} : { suffix: ` ${unit}` };
  return (value, decimals) => withAffixes(value, toFixed(value, decimals), affixes);
}

/** null is '' without its unit. */
function withAffixes(
  value: number | null,
  text: string,
  affixes: { prefix?: string; suffix?: string },
): FormattedValue {
  return value === null ? { text: "" } : { text, ...affixes };
}

/** "k W" counts in kW and scales to W, MW…; a custom unit without a prefix begins with two blanks. */
function prefixed(
  spec: string,
  prefixes: readonly string[],
  { factor, base }: { factor: number; base: number },
): UnitFormat {
  const blank = spec.indexOf(" ");
  const own = blank < 0 ? "" : spec.slice(0, blank);
  const unit = spec.startsWith("  ") ? spec.slice(2) : spec.slice(blank + 1);
  const baseIndex = own === "" ? base : prefixes.indexOf(own);
  const scale = { factor, unitCount: prefixes.length, baseIndex };
  return (value, decimals) => {
    const { text, unitIndex } = scaleValue(value, decimals, scale);
    return unitIndex === undefined ? { text } : { text, suffix: ` ${prefixes[unitIndex]}${unit}` };
  };
}

/** Suffixes as they are, scaled by 1000. */
function scaled(suffixes: readonly string[]): UnitFormat {
  const scale = { factor: 1000, unitCount: suffixes.length, baseIndex: 0 };
  return (value, decimals) => {
    const { text, unitIndex } = scaleValue(value, decimals, scale);
    return unitIndex === undefined ? { text } : { text, suffix: suffixes[unitIndex] ?? "" };
  };
}

/** "1.5K req/s". Grafana prints "undefined req/s" for NaN and infinities, and dashboards show that. */
function counted(unit: string): UnitFormat {
  const scale = scaled(countSuffixes);
  return (value, decimals, context) => {
    const { text, suffix } = scale(value, decimals, context);
    return value === null ? { text } : { text, suffix: `${suffix} ${unit}` };
  };
}

/** "$1.50K": the minus goes before the symbol. */
function currency(symbol: string, isBehind: boolean): UnitFormat {
  const scale = scaled(countSuffixes);
  return (value, decimals, context) => {
    if (value === null) return { text: "" };
    const { text, suffix } = scale(Math.abs(value), decimals, context);
    const sign = value < 0 ? "-" : "";
    const prefix = isBehind ? sign : sign + symbol;
    return {
      text,
      ...(suffix === undefined ? {} : { suffix: isBehind ? suffix + symbol : suffix }),
      ...(isBehind && sign === "" ? {} : { prefix }),
    };
  };
}

/** "£1,234.5": in full, in the user's language. */
function financial(rest: string): UnitFormat {
  const isBehind = rest.endsWith(":suffix");
  const symbol = isBehind ? rest.slice(0, -":suffix".length) : rest;
  return (value, decimals, { locale }) => {
    if (value === null) return { text: "" };
    const digits =
      decimals === null || decimals === undefined
        ? { maximumFractionDigits: 1 }
        : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const text = localeText(value, digits, locale);
    return { text, prefix: isBehind ? "" : symbol, suffix: isBehind ? symbol : "" };
  };
}

function localeText(
  value: number,
  digits: Intl.NumberFormatOptions,
  locale: string | undefined,
): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : infinityText(value);
  return value.toLocaleString(locale, digits);
}

function boolean(yes: string, no: string): UnitFormat {
  return (value) => ({ text: value ? yes : no });
}

/** A date; where `shortPattern` is given, times of today are without it. */
function date(
  write: (value: number, context: UnitContext, isShort: boolean) => string,
  isShortToday = false,
): UnitFormat {
  return (value, _decimals, context) => {
    if (value === null || Number.isNaN(new Date(value).getTime())) return { text: "Invalid date" };
    return { text: write(value, context, isShortToday && isToday(value, context)) };
  };
}

function isToday(value: number, { nowMs, todayZone = browserZone }: UnitContext): boolean {
  if (nowMs === undefined) return false;
  const dayOf = (instantMs: number) => Math.floor(toLocal(instantMs, todayZone) / 86_400_000);
  return dayOf(value) === dayOf(nowMs);
}

function isoDate(value: number, { zone = browserZone }: UnitContext, isShort: boolean): string {
  return formatDate(value, isShort ? "HH:mm:ss" : dateTimePattern, zone);
}

function usDate(value: number, { zone = browserZone }: UnitContext, isShort: boolean): string {
  return formatDate(value, isShort ? "h:mm:ss a" : "MM/DD/YYYY h:mm:ss a", zone);
}

function localDate(value: number, { zone = browserZone, locale }: UnitContext, isShort: boolean) {
  const day = isShort ? {} : ({ year: "numeric", month: "2-digit", day: "2-digit" } as const);
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  const format = new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...day, ...clock });
  // The parts keep the locale's own blanks, which format() makes plain.
  const parts = format.formatToParts(toLocal(Math.trunc(value), zone));
  return parts.map((part) => part.value).join("");
}

function hexText(value: number, decimals: Decimals): string {
  return Number.parseFloat(toFixed(value, decimals)).toString(16).toUpperCase();
}

const specialUnits: Readonly<Record<string, UnitFormat>> = {
  none: fixed(""),
  string: (value) => ({ text: String(value) }),
  short: scaled(shortSuffixes),
  sishort: prefixed("", siPrefixes, { factor: 1000, base: siBase }),
  pressurepsi: scaled(["psi", "ksi", "Mpsi"]),
  percent: (value, decimals) => withAffixes(value, toFixed(value, decimals), { suffix: "%" }),
  percentunit: (value, decimals) =>
    value === null ? { text: "" } : { text: toFixed(value * 100, decimals), suffix: "%" },
  hex: (value, decimals) => ({ text: value === null ? "" : hexText(value, decimals) }),
  hex0x: (value, decimals) => {
    if (value === null) return { text: "" };
    const text = hexText(value, decimals);
    return { text: text.startsWith("-") ? `-0x${text.slice(1)}` : `0x${text}` };
  },
  sci: (value, decimals) => ({ text: value?.toExponential(decimals ?? undefined) ?? "" }),
  locale: (value, decimals, { locale }) => ({
    text:
      value === null
        ? ""
        : localeText(
            value,
            typeof decimals === "number" ? { maximumFractionDigits: decimals } : {},
            locale,
          ),
  }),
  dateTimeAsIso: date(isoDate),
  dateTimeAsIsoNoDateIfToday: date(isoDate, true),
  dateTimeAsUS: date(usDate),
  dateTimeAsUSNoDateIfToday: date(usDate, true),
  dateTimeAsLocal: date(localDate),
  dateTimeAsLocalNoDateIfToday: date(localDate, true),
  dateTimeAsSystem: date(isoDate),
  dateTimeFromNow: date((value, context) =>
    context.nowMs === undefined
      ? isoDate(value, context, false)
      : formatDistance(value, context.nowMs),
  ),
  dtdurationms: (value, decimals) => formatDurationWords(value, "millisecond", decimals),
  dtdurations: (value, decimals) => formatDurationWords(value, "second", decimals),
  dthms: formatHms,
  dtdhms: formatDhms,
  timeticks: (value, decimals) => formatTimeUnit((value ?? 0) / 100, "s", decimals),
  clockms: formatClock,
  clocks: (value, decimals) => formatClock((value ?? 0) * 1000, decimals),
  bool: boolean("True", "False"),
  bool_yes_no: boolean("Yes", "No"),
  bool_on_off: boolean("On", "Off"),
};
