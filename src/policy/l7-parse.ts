/** `rules` of a toPorts item: HTTP and DNS rules from YAML, with the checks of Cilium's agent. */

import { errorMessage } from "../base/errors.ts";
import { compileAnchoredRegexp } from "../model/regexp.ts";
import { fqdnLengthMax, isNameText, isPatternText } from "./fqdn-pattern.ts";
import type { DnsRule, HttpHeaderRule, HttpRule, L7Rules } from "./policy-document.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

const mismatchActions = ["LOG", "ADD", "DELETE", "REPLACE"] as const;

/** Reads `rules`; undefined where its list is empty, which restricts nothing. */
export function parseRules(cursor: YamlCursor): L7Rules | undefined {
  const fields = cursor.fields(["http", "dns", "kafka", "l7proto", "l7"]);
  (fields.kafka ?? fields.l7proto ?? fields.l7)?.fail("only http and dns rules are built yet");
  if (fields.http !== undefined && fields.dns !== undefined) {
    cursor.fail(
      "multiple L7 protocol rule types specified in single rule; write two toPorts items",
    );
  }
  if (fields.http !== undefined) {
    const http = fields.http.items().map(parseHttpRule);
    return http.length === 0 ? undefined : { parser: "http", http };
  }
  if (fields.dns !== undefined) {
    const dns = fields.dns.items().map(parseDnsRule);
    return dns.length === 0 ? undefined : { parser: "dns", dns };
  }
  return cursor.fail("want http or dns in rules");
}

function parseHttpRule(cursor: YamlCursor): HttpRule {
  const fields = cursor.fields(["method", "path", "host", "headers", "headerMatches"]);
  const { method, path } = fields;
  return {
    method: method === undefined ? undefined : checkRegexp(method, method.text()),
    path: path === undefined ? undefined : checkRegexp(path, path.text()),
    host: fields.host?.text(),
    headers: [
      ...(fields.headers?.items() ?? []).map(parseHeader),
      ...(fields.headerMatches?.items() ?? []).map(parseHeaderMatch),
    ],
    line: cursor.line,
  };
}

/** "Name: value": split at the first blank, the name's colon taken off; without a blank, presence. */
function parseHeader(cursor: YamlCursor): HttpHeaderRule {
  const text = cursor.text();
  const blank = text.indexOf(" ");
  if (blank < 0) return { name: text.toLowerCase(), value: undefined, text, mismatch: undefined };
  const name = text.slice(0, blank).replace(/:$/, "");
  return { name: name.toLowerCase(), value: text.slice(blank + 1), text, mismatch: undefined };
}

function parseHeaderMatch(cursor: YamlCursor): HttpHeaderRule {
  const fields = cursor.fields(["name", "value", "mismatch", "secret"]);
  fields.secret?.fail("headerMatches.secret is not built yet; write the value");
  const name = (fields.name ?? cursor.fail("name is missing")).text();
  const action = fields.mismatch?.text() ?? "";
  const mismatch = mismatchActions.find((known) => known === action);
  if (action !== "" && mismatch === undefined) {
    fields.mismatch?.fail(`unsupported mismatch "${action}"; want ${mismatchActions.join(", ")}`);
  }
  const value = fields.value?.text() ?? "";
  return {
    name: name.toLowerCase(),
    value: value === "" ? undefined : value,
    text: name,
    mismatch,
  };
}

/** Reads matchName or matchPattern: an item of `toFQDNs` or `rules.dns`. */
export function parseDnsRule(cursor: YamlCursor): DnsRule {
  const fields = cursor.fields(["matchName", "matchPattern"]);
  if (fields.matchName !== undefined && fields.matchPattern !== undefined) {
    cursor.fail("only one of matchName or matchPattern is allowed");
  }
  const matchName = fields.matchName?.text();
  const matchPattern = fields.matchPattern?.text();
  if (matchName === undefined && matchPattern === undefined) {
    cursor.fail("want matchName or matchPattern");
  }
  if (matchName !== undefined && !isNameText(matchName)) {
    fields.matchName?.fail(
      `invalid characters in matchName "${matchName}": only 0-9, a-z, A-Z and ., -, _; patterns go into matchPattern`,
    );
  }
  if (matchPattern !== undefined && !isPatternText(matchPattern)) {
    fields.matchPattern?.fail(
      `invalid characters in matchPattern "${matchPattern}": only 0-9, a-z, A-Z and ., -, _ and *`,
    );
  }
  if ((matchName ?? matchPattern ?? "").length > fqdnLengthMax) {
    cursor.fail(`name or pattern longer than ${fqdnLengthMax} characters`);
  }
  return { matchName, matchPattern, line: cursor.line };
}

/** Fails at `cursor` unless `source` is a regular expression that RE2 takes. */
function checkRegexp(cursor: YamlCursor, source: string): string {
  try {
    compileAnchoredRegexp(source);
  } catch (thrown) {
    cursor.fail(`invalid regular expression "${source}": ${errorMessage(thrown)}`);
  }
  return source;
}
