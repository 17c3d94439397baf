/**
 * Requests against L7 rules: HTTP (method, path, host: RE2 full matches; headers: literal) and DNS
 * names. Rules of a list are ORed, fields of a rule ANDed. Compile once per rule set; a match costs
 * the sum of its rules.
 */

import { ParseError } from "../../base/errors.ts";
import { compileAnchoredRegexp } from "../../model/regexp.ts";
import type { DnsRule, HttpHeaderRule, HttpRule, KafkaRule } from "../document/policy-document.ts";
import {
  compileMatchName,
  compileMatchPattern,
  type FqdnPattern,
  normalizeName,
} from "../selector/fqdn-pattern.ts";

/** A request as the proxy sees it. */
export interface HttpRequestHead {
  readonly method: string;
  /** The raw request target, query included, nothing decoded. */
  readonly path: string;
  /** Host or :authority, port included. */
  readonly host: string;
  /** Lower-case names; repeated headers joined with ",". */
  readonly headers: ReadonlyMap<string, string>;
}

/** Compiled HTTP rules. */
export interface HttpMatcher {
  /** Index of the first rule that allows the request, -1 where none does. */
  match(request: HttpRequestHead): number;
}

/** Compiles a list of HTTP rules; an unreadable regular expression never matches (Cilium checks path and method at parse). */
export function compileHttpRules(rules: readonly HttpRule[]): HttpMatcher {
  const compiled = rules.map(compileHttpRule);
  return { match: (request) => compiled.findIndex((matches) => matches(request)) };
}

/** Whether some rule allows the request. Compiles each time: proxies keep a matcher instead. */
export function matchL7Http(rules: readonly HttpRule[], request: HttpRequestHead): boolean {
  return compileHttpRules(rules).match(request) >= 0;
}

/** Compiles a list of DNS rules into a test of one queried name. */
export function compileDnsRules(rules: readonly DnsRule[]): (name: string) => boolean {
  // In rules.dns a bare * is really everything, the root and odd names included.
  if (rules.some((rule) => rule.matchPattern !== undefined && /^\*+\.?$/.test(rule.matchPattern))) {
    return () => true;
  }
  const patterns = rules.map(compileDnsRule);
  return (name) => {
    const normal = normalizeName(name);
    return patterns.some((pattern) => pattern?.matches(normal) === true);
  };
}

/** Whether some DNS rule allows the name. */
export function matchL7Dns(rules: readonly DnsRule[], name: string): boolean {
  return compileDnsRules(rules)(name);
}

function compileDnsRule(rule: DnsRule): FqdnPattern | undefined {
  if (rule.matchName !== undefined && rule.matchName !== "")
    return compileMatchName(rule.matchName);
  if (rule.matchPattern !== undefined && rule.matchPattern !== "") {
    return compileMatchPattern(rule.matchPattern);
  }
  // An empty rule selects nothing.
  return undefined;
}

function compileHttpRule(rule: HttpRule): (request: HttpRequestHead) => boolean {
  const method = compileField(rule.method);
  const path = compileField(rule.path);
  const host = compileField(rule.host);
  const { headers } = rule;
  return (request) =>
    method(request.method) &&
    path(request.path) &&
    host(request.host) &&
    headers.every((header) => matchesHeader(header, request.headers));
}

function compileField(source: string | undefined): (text: string) => boolean {
  if (source === undefined || source === "") return () => true;
  try {
    const pattern = compileAnchoredRegexp(source);
    return (text) => pattern.matches(text);
  } catch (thrown) {
    // Only `host` can come here unreadable; Envoy refuses such a rule, so it allows nothing.
    if (thrown instanceof ParseError) return () => false;
    throw thrown;
  }
}

function matchesHeader(rule: HttpHeaderRule, headers: ReadonlyMap<string, string>): boolean {
  // LOG, ADD, DELETE and REPLACE change or note the request; they never refuse it.
  if (rule.mismatch !== undefined) return true;
  if (rule.hasUnknownValue === true) return false;
  const value = headers.get(rule.name);
  if (value === undefined) return false;
  return rule.value === undefined || rule.value === value;
}

/** A Kafka request as the proxy sees it. */
export interface KafkaRequestHead {
  /** Lower case: "produce", "fetch". */
  readonly apiKey: string;
  readonly apiVersion: number;
  readonly clientId: string;
  /** Every topic of the request must be allowed. */
  readonly topics: readonly string[];
}

/** API keys that a role stands for. */
const kafkaRoleKeys: Readonly<Record<string, readonly string[]>> = {
  produce: ["produce", "metadata", "apiversions"],
  consume: [
    "fetch",
    "offsets",
    "metadata",
    "offsetcommit",
    "offsetfetch",
    "findcoordinator",
    "joingroup",
    "heartbeat",
    "leavegroup",
    "syncgroup",
    "apiversions",
  ],
};

/** Whether the rules together allow the request: each topic needs a rule that takes everything else too. */
export function matchL7Kafka(rules: readonly KafkaRule[], request: KafkaRequestHead): boolean {
  const fitting = rules.filter((rule) => matchesKafkaHead(rule, request));
  if (request.topics.length === 0) return fitting.length > 0;
  return request.topics.every((topic) =>
    fitting.some((rule) => rule.topic === undefined || rule.topic === topic),
  );
}

function matchesKafkaHead(rule: KafkaRule, request: KafkaRequestHead): boolean {
  const keys = rule.role === undefined ? undefined : kafkaRoleKeys[rule.role];
  return (
    (keys === undefined || keys.includes(request.apiKey)) &&
    (rule.apiKey === undefined || rule.apiKey === request.apiKey) &&
    (rule.apiVersion === undefined || Number(rule.apiVersion) === request.apiVersion) &&
    (rule.clientId === undefined || rule.clientId === request.clientId)
  );
}
