/** Filters over the HTTP record of a flow: status codes, methods, paths, URLs, headers. */

import { RE2JS } from "re2js";
import { ConfigError, errorMessage } from "../../base/errors.ts";
import { quoteString } from "../../model/labels.ts";
import type { HTTP, HTTPHeader } from "../model/generated/messages.ts";
import { requestPath } from "./request-uri.ts";

/** Tests one HTTP record. */
export type HttpTest = (http: HTTP) => boolean;

/** "404" or a prefix: "4+", "40+". A record without a code never matches. Throws ConfigError. */
export function compileStatusCodes(codes: readonly string[]): HttpTest {
  const full = new Set<string>();
  const prefixes: string[] = [];
  for (const code of codes) {
    if (/^[1-5][0-9]{2}$/.test(code)) full.add(code);
    else if (/^[1-5][0-9]?\+$/.test(code)) prefixes.push(code.slice(0, -1));
    else refuse(`invalid status code prefix: ${quoteString(code)}`);
  }
  return (http) => {
    const code = http.code ?? 0;
    if (code === 0) return false;
    const text = String(code).padStart(3, "0");
    return full.has(text) || prefixes.some((prefix) => text.startsWith(prefix));
  };
}

/** Methods, whatever their case. */
export function compileMethods(methods: readonly string[]): HttpTest {
  const wanted = new Set(methods.map((method) => method.toUpperCase()));
  return ({ method = "" }) => method !== "" && wanted.has(method.toUpperCase());
}

/** Unanchored expressions over the URL's path, percent-decoded, without the query. Throws ConfigError. */
export function compilePaths(sources: readonly string[]): HttpTest {
  const search = compileSearches(sources);
  return ({ url = "" }) => {
    const path = requestPath(url);
    return path !== undefined && search(path);
  };
}

/** Unanchored expressions over the URL as recorded. Throws ConfigError. */
export function compileUrls(sources: readonly string[]): HttpTest {
  const search = compileSearches(sources);
  return ({ url = "" }) => url !== "" && search(url);
}

/** Key and value as recorded, case included. */
export function compileHeaders(headers: readonly HTTPHeader[]): HttpTest {
  return ({ headers: recorded = [] }) =>
    headers.some(({ key = "", value = "" }) =>
      recorded.some((header) => (header.key ?? "") === key && (header.value ?? "") === value),
    );
}

/** Go's regular expression, unanchored; throws ConfigError "error parsing regexp: …". */
export function compileSearch(source: string): (text: string) => boolean {
  let regexp: RE2JS;
  try {
    regexp = RE2JS.compile(source);
  } catch (thrown) {
    const message = errorMessage(thrown);
    // Go takes a name twice.
    if (message.includes("duplicate capture group name")) return compileSearch(unnamed(source));
    // RE2JS leaves out an empty quotation.
    refuse(message.endsWith("end of expression") ? `${message}: \`\`` : message);
  }
  return (text) => regexp.matcher(text).find();
}

/** The same expression with groups that have no names. */
function unnamed(source: string): string {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|\(\?P?<\w+>/gs, (part) =>
    part.startsWith("(") ? "(" : part,
  );
}

function compileSearches(sources: readonly string[]): (text: string) => boolean {
  const searches = sources.map((source) => {
    try {
      return compileSearch(source);
    } catch (thrown) {
      return refuse(`${source}: ${errorMessage(thrown)}`);
    }
  });
  return (text) => searches.some((search) => search(text));
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}
