/**
 * Which parser a Content-Type asks for, with Prometheus' warnings and the reasons of Go's
 * mime.ParseMediaType inside them.
 */

import { quoteString } from "../model/labels.ts";

/** The formats that we read; their names are what Prometheus compares media types with. */
export type ExpositionMediaType = "text/plain" | "application/openmetrics-text";

/** What came of the negotiation. */
export interface MediaTypeChoice {
  /** undefined: no parser, the scrape fails with `warning`. */
  readonly mediaType: ExpositionMediaType | undefined;
  /** What to tell the user; "" where the Content-Type was fine. */
  readonly warning: string;
}

const protobufType = "application/vnd.google.protobuf";
const quotableSpecials = '()<>@,;:\\"/[]?=';

/** Chooses by the answer's Content-Type, else by the scrape config's fallback (used as written). */
export function chooseMediaType(contentType: string, fallback: string): MediaTypeChoice {
  // Fast path: what nearly every answer says.
  const { mediaType, problem } = parseMediaType(contentType);
  if (problem === "" && isReadable(mediaType)) return { mediaType, warning: "" };
  const using = `using fallback_scrape_protocol ${quoteString(fallback)}`;
  if (contentType === "") {
    const blank = "non-compliant scrape target sending blank Content-Type";
    const specified = `${blank} and no fallback_scrape_protocol specified for target`;
    return fallBack(fallback, fallback === "" ? specified : `${blank}, ${using}`);
  }
  const quoted = quoteString(contentType);
  if (problem !== "") {
    const none = `cannot parse Content-Type ${quoted} and no fallback_scrape_protocol for target`;
    const some = `could not parse received Content-Type ${quoted}, ${using}`;
    return fallBack(fallback, `${fallback === "" ? none : some}\n${problem}`);
  }
  if (mediaType === protobufType) {
    return {
      mediaType: undefined,
      warning: `cannot read Content-Type ${quoted}: protobuf exposition is not supported`,
    };
  }
  const unsupported = `received unsupported Content-Type ${quoted}`;
  const none = `${unsupported} and no fallback_scrape_protocol specified for target`;
  return fallBack(fallback, fallback === "" ? none : `${unsupported}, ${using}`);
}

function isReadable(mediaType: string): mediaType is ExpositionMediaType {
  return mediaType === "text/plain" || mediaType === "application/openmetrics-text";
}

function fallBack(fallback: string, warning: string): MediaTypeChoice {
  return { mediaType: isReadable(fallback) ? fallback : undefined, warning };
}

interface ParsedMediaType {
  readonly mediaType: string;
  readonly problem: string;
}

function parseMediaType(text: string): ParsedMediaType {
  const base = text.split(";", 1)[0] as string;
  const mediaType = base.toLowerCase().trim();
  const problem = checkTypeAndSubtype(mediaType) || checkParameters(text.slice(base.length));
  return { mediaType, problem };
}

function checkTypeAndSubtype(text: string): string {
  const type = tokenAt(text);
  if (type === "") return "mime: no media type";
  const rest = text.slice(type.length);
  if (rest === "") return "";
  if (!rest.startsWith("/")) return "mime: expected slash after first token";
  const subtype = tokenAt(rest.slice(1));
  if (subtype === "") return "mime: expected token after slash";
  return rest.length > 1 + subtype.length ? "mime: unexpected content after media subtype" : "";
}

function checkParameters(text: string): string {
  const seen = new Map<string, string>();
  let rest = text.trimStart();
  while (rest !== "") {
    const parameter = parameterAt(rest);
    // One semicolon too many at the end is forgiven.
    if (parameter === undefined) return rest.trim() === ";" ? "" : "mime: invalid media parameter";
    const before = seen.get(parameter.name);
    if (before !== undefined && before !== parameter.value) return "mime: duplicate parameter name";
    seen.set(parameter.name, parameter.value);
    rest = parameter.rest.trimStart();
  }
  return "";
}

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly rest: string;
}

function parameterAt(text: string): Parameter | undefined {
  if (!text.startsWith(";")) return undefined;
  let rest = text.slice(1).trimStart();
  const name = tokenAt(rest);
  rest = rest.slice(name.length).trimStart();
  if (name === "" || !rest.startsWith("=")) return undefined;
  rest = rest.slice(1).trimStart();
  if (!rest.startsWith('"')) {
    const value = tokenAt(rest);
    if (value === "") return undefined;
    return { name: name.toLowerCase(), value, rest: rest.slice(value.length) };
  }
  const quoted = quotedAt(rest);
  return quoted && { name: name.toLowerCase(), ...quoted };
}

function quotedAt(text: string): { value: string; rest: string } | undefined {
  let value = "";
  for (let i = 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return { value, rest: text.slice(i + 1) };
    if (char === "\r" || char === "\n") return undefined;
    const next = text[i + 1];
    if (char === "\\" && next !== undefined && quotableSpecials.includes(next)) {
      value += next;
      i++;
    } else value += char;
  }
  return undefined;
}

/** The token (RFC 2045) that `text` begins with. */
function tokenAt(text: string): string {
  return /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]*/.exec(text)?.[0] ?? "";
}
