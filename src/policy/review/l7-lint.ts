/** Oddities of L7 rules: headers that ask for a strange name, paths that match more than they seem to. */

import type { HttpRule, PolicyEntry, PolicySpec } from "../document/policy-document.ts";
import type { Report } from "./lint-finding.ts";

/** Reports on the L7 rules of an entry. */
export function l7Findings(entry: PolicyEntry, spec: PolicySpec, report: Report): void {
  for (const rule of entry.ports ?? []) {
    const { l7 } = rule;
    if (l7 === undefined) continue;
    if (!spec.defaultDeny[entry.direction]) {
      report(
        "warning",
        "l7-not-enforced",
        rule.line,
        "L7 rules restrict nothing while enableDefaultDeny is off, unless another policy closes the direction",
      );
    }
    if (l7.parser === "http") for (const http of l7.http) lintHttp(http, report);
    if (
      l7.parser === "dns" &&
      l7.dns.some(({ matchName, matchPattern }) => !matchName && !matchPattern)
    ) {
      report("warning", "selects-nothing", rule.line, "an empty DNS rule allows no name");
    }
  }
}

function lintHttp(rule: HttpRule, report: Report): void {
  const { method, path, host, headers, line } = rule;
  if (!method && !path && !host && headers.length === 0) {
    report("note", "http-open", line, "an empty HTTP rule allows every request");
  }
  for (const { text, value } of headers) {
    if (value === undefined && /^[^\s:]+:./.test(text)) {
      report(
        "warning",
        "header-colon",
        line,
        `"${text}" asks for a header of that very name, colon included; write "${text.replace(":", ": ")}"`,
      );
    }
  }
  if (path !== undefined && path !== "" && !/^(\(\?\w+\))?[\^(.[/\\]/.test(path)) {
    report(
      "warning",
      "path-without-slash",
      line,
      `path "${path}" matches nothing: requests begin with "/"`,
    );
  }
  if (path !== undefined && /[A-Za-z0-9]\.\*$/.test(path)) {
    const stem = path.slice(0, -2);
    report(
      "note",
      "path-prefix",
      line,
      `path "${path}" also matches "${stem}-anything"; for what lies below write "${stem}(/.*)?"`,
    );
  }
  if (method !== undefined && /^[a-z]+$/.test(method)) {
    report(
      "warning",
      "method-case",
      line,
      `method "${method}" matches nothing: methods are capitals`,
    );
  }
}
