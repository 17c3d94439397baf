/**
 * How a variable's value is written into a text: the formats of `${name:format}` and the Prometheus
 * data source's own rules. Values are what the variable holds: a text, a number, or a list of texts.
 */

import { formatDate } from "./date-format.ts";
import { browserZone, type TimeZone } from "./time-zone.ts";

/** A value in a text: a list where several are chosen. */
export type VariableValue = string | number | boolean | readonly (string | number | boolean)[];

/** What a format may ask of the variable besides its value. */
export interface FormatSubject {
  readonly name: string;
  readonly isMulti: boolean;
  readonly includesAll: boolean;
  /** What the user sees chosen: "All", "Pod One + Pod Two". */
  readonly text: string;
  /** The choice as a link carries it ("$__all" for All); absent for values that are in no link. */
  readonly urlValue?: VariableValue;
  readonly zone?: TimeZone;
}

/** Writes a value into a text. `args` are what follows the format's name, split at ":". */
export type VariableFormat = (
  value: VariableValue,
  subject: FormatSubject,
  args: readonly string[],
) => string;

/** `format` is "csv", "date:YYYY-MM", …; one that is not known is glob. */
export function formatVariable(
  value: VariableValue,
  format: string,
  subject: FormatSubject,
): string {
  const [id = "", ...args] = format.split(":");
  return (formats.get(id) ?? formatGlob)(value, subject, args);
}

/** `{a,b}` for several, the bare value for one: Grafana's format where none is named. */
export const formatGlob: VariableFormat = (value) =>
  isList(value) && value.length > 1 ? `{${value.join(",")}}` : String(value);

/**
 * As Grafana's Prometheus data source writes it into an expression: `(a|b)` with escapes fit for a
 * quoted regexp where the variable may be several, otherwise only what breaks a quoted string.
 */
export const formatPrometheus: VariableFormat = (value, subject) =>
  writePrometheus(value, subject, false);

/** The same with quotes in values escaped too (Grafana's toggle prometheusSpecialCharsInLabelValues). */
export const formatPrometheusQuoted: VariableFormat = (value, subject) =>
  writePrometheus(value, subject, true);

function writePrometheus(
  value: VariableValue,
  subject: FormatSubject,
  escapesQuotes: boolean,
): string {
  if (!subject.isMulti && !subject.includesAll) {
    return typeof value === "string" ? escapeQuotedText(value, escapesQuotes) : String(value);
  }
  const escapeItem = (item: unknown) => escapeQuotedRegexp(String(item), escapesQuotes);
  if (!isList(value)) return escapeItem(value);
  const escaped = value.map(escapeItem);
  return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
}

function escapeQuotedText(text: string, escapesQuotes: boolean): string {
  if (!escapesQuotes) return text.replace(/\\/g, "\\\\").replace(/'/g, "\\\\'");
  // A whole label matcher keeps its own quotes.
  if (/^\w+(?:=|!=|=~|!~)".*"$/.test(text)) return text;
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"');
}

function escapeQuotedRegexp(text: string, escapesQuotes: boolean): string {
  const doubled = text.replace(/\\/g, "\\\\\\\\");
  if (!escapesQuotes) return doubled.replace(/[$^*{}[\]+?.()|]/g, "\\\\$&");
  return doubled.replace(/"/g, '\\\\\\"').replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&");
}

/** `text` so that a regexp matches it literally. */
export function escapeRegexp(text: string): string {
  return text.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}

/** encodeURIComponent that leaves none of !'()* either. */
export function encodeUriStrict(text: string): string {
  return encodeAscii(encodeURIComponent(text));
}

/** `name=value` pairs of a link as Grafana writes them: some signs stay readable. */
export function formatUrlParameter(name: string, value: VariableValue): string {
  const items = isList(value) ? (value.length === 0 ? [""] : value) : [value];
  return items.map((item) => `${encodeForUrl(name)}=${encodeForUrl(String(item))}`).join("&");
}

function encodeForUrl(text: string): string {
  return encodeUriStrict(text).replace(/%(?:40|3A|24|2C|3B)/g, decodeURIComponent);
}

function encodeAscii(text: string): string {
  return text.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function isList(value: VariableValue): value is readonly (string | number | boolean)[] {
  return Array.isArray(value);
}

function joined(separator: string): VariableFormat {
  return (value) => (isList(value) ? value.join(separator) : String(value));
}

/** Each item between `quote`s, its own quotes escaped. */
function quoted(quote: string, escapeText: (text: string) => string): VariableFormat {
  return (value) => {
    const items = isList(value) ? value : [value];
    return items.map((item) => `${quote}${escapeText(String(item))}${quote}`).join(",");
  };
}

const formatRegexp: VariableFormat = (value) => {
  if (!isList(value)) return escapeRegexp(String(value));
  const escaped = value.map((item) => escapeRegexp(String(item)));
  return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
};

const formatLucene: VariableFormat = (value) => {
  const escapeItem = (item: unknown) =>
    String(item).replace(/[!*+\-=<>\s&|()[\]{}^~?:\\/"]/g, "\\$&");
  if (!isList(value)) return escapeItem(value);
  if (value.length === 0) return "__empty__";
  return `(${value.map((item) => `"${escapeItem(item)}"`).join(" OR ")})`;
};

const formatDistributed: VariableFormat = (value, { name }) =>
  isList(value)
    ? value.map((item, index) => (index === 0 ? item : `${name}=${item}`)).join(",")
    : String(value);

const htmlEscapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&quot;",
};

const formatHtml: VariableFormat = (value) =>
  joined(", ")(value, emptySubject, []).replace(/[&<>'"]/g, (sign) => htmlEscapes[sign] ?? sign);

const formatDateValue: VariableFormat = (value, { zone }, args) => {
  const instantMs = isList(value)
    ? Number.NaN
    : typeof value === "number"
      ? value
      : Number.parseInt(String(value), 10);
  if (Number.isNaN(instantMs)) return "NaN";
  switch (args[0] ?? "iso") {
    case "ms":
      return String(value);
    case "seconds":
      return String(Math.round(instantMs / 1000));
    case "iso":
      return new Date(instantMs).toISOString();
    default:
      return formatDate(instantMs, args.join(":"), zone ?? browserZone);
  }
};

const formatQueryParameter: VariableFormat = (value, { name, urlValue }) => {
  if (urlValue !== undefined) return formatUrlParameter(`var-${name}`, urlValue);
  const items = isList(value) ? value : [value];
  return items.map((item) => `var-${name}=${encodeUriStrict(String(item))}`).join("&");
};

/** `${x:customqueryparam:name:prefix}`. */
const formatCustomQueryParameter: VariableFormat = (value, subject, args) => {
  const name = encodeUriStrict(args[0] || subject.name);
  const prefix = encodeUriStrict(args[1] ?? "");
  const items = isList(value) ? value : [value];
  return items.map((item) => `${name}=${prefix}${encodeUriStrict(String(item))}`).join("&");
};

const emptySubject: FormatSubject = { name: "", isMulti: false, includesAll: false, text: "" };

/** A list is written as glob before it is encoded, even a list of one. */
function braced(value: VariableValue): string {
  return isList(value) ? `{${value.join(",")}}` : String(value);
}

const formats: ReadonlyMap<string, VariableFormat> = new Map<string, VariableFormat>([
  ["glob", formatGlob],
  ["raw", joined(",")],
  ["csv", joined(",")],
  ["pipe", joined("|")],
  ["join", (value, subject, args) => joined(args[0] ?? ",")(value, subject, [])],
  ["regex", formatRegexp],
  ["lucene", formatLucene],
  ["distributed", formatDistributed],
  ["html", formatHtml],
  ["json", (value) => (typeof value === "string" ? value : JSON.stringify(value))],
  ["percentencode", (value) => encodeUriStrict(braced(value))],
  ["uriencode", (value) => encodeAscii(encodeURI(braced(value)))],
  ["singlequote", quoted("'", (text) => text.replaceAll("'", "\\'"))],
  ["doublequote", quoted('"', (text) => text.replaceAll('"', '\\"'))],
  ["sqlstring", quoted("'", (text) => text.replaceAll("'", "''").replaceAll('"', '\\"'))],
  ["date", formatDateValue],
  ["text", (_value, { text }) => text],
  ["queryparam", formatQueryParameter],
  ["customqueryparam", formatCustomQueryParameter],
]);
