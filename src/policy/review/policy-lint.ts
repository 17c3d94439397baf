/**
 * What Cilium accepts and its author will regret: rules that nothing reaches, selectors that select
 * nothing, mistyped labels, rules that open or close more than meant. Each finding names file and line.
 */

import { nearestWord } from "../../schema/did-you-mean.ts";
import type {
  PolicyDocument,
  PolicyEntry,
  PolicySpec,
  ServiceFacts,
} from "../document/policy-document.ts";
import { formatOrigin } from "../engine/explanation.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { findServices } from "../engine/resolved-spec.ts";
import {
  type IdentityLabel,
  type LabelSelector,
  matchesSelector,
  namespaceMetadataPrefix,
  parseIdentityLabel,
} from "../selector/label-selector.ts";
import { formatPeer, isWildcardPeer, type PeerSelector } from "../selector/peer-selector.ts";
import { l7Findings } from "./l7-lint.ts";
import type { LintFinding, Report } from "./lint-finding.ts";
import { coversEntry, coversSubject } from "./rule-cover.ts";
import type { SceneEndpoint } from "./scene.ts";

/** What the linter may compare with. */
export interface LintFacts {
  /** Endpoints of the cluster; undefined = unknown, then selectors and labels are not compared. */
  readonly endpoints: readonly SceneEndpoint[] | undefined;
  /** Services of the cluster; undefined = unknown. */
  readonly services: readonly ServiceFacts[] | undefined;
}

/** Checks the policies of an engine, each for itself and against the others; sorted by file and line. */
export function lintPolicies(engine: PolicyEngine, facts: LintFacts): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const document of engine.policies) {
    const { kind, namespace, name, file } = document;
    const policy = `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
    const report: Report = (severity, code, line, message) => {
      findings.push({ severity, code, file, line, policy, message });
    };
    for (const spec of document.specs) lintSpec(document, spec, { engine, facts, report });
  }
  const order = (a: LintFinding, b: LintFinding) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1;
  return findings.sort(order);
}

interface LintContext {
  readonly engine: PolicyEngine;
  readonly facts: LintFacts;
  readonly report: Report;
}

function lintSpec(document: PolicyDocument, spec: PolicySpec, context: LintContext): void {
  const { engine, facts, report } = context;
  if (document.kind === "CiliumClusterwideNetworkPolicy" && spec.subject.conditions.length === 0) {
    const what = spec.subjectKind === "node" ? "every node" : "every pod, kube-system's too";
    report("note", "selects-everything", spec.line, `the subject is ${what}`);
  }
  lintDenyOnly(spec, report);
  if (facts.endpoints !== undefined) lintSubject(spec, facts.endpoints, report);
  for (const entry of spec.entries) {
    lintEmpty(entry, facts, report);
    lintOpen(entry, report);
    lintReach(entry, spec, engine, report);
    lintFqdn(entry, spec, engine, report);
    if (facts.endpoints !== undefined) lintPeers(entry, facts.endpoints, report);
    l7Findings(entry, spec, report);
  }
}

/** A policy of deny rules only closes everything else as well. */
function lintDenyOnly(spec: PolicySpec, report: Report): void {
  for (const direction of ["ingress", "egress"] as const) {
    const entries = spec.entries.filter((entry) => entry.direction === direction);
    const first = entries[0];
    if (first === undefined || !spec.defaultDeny[direction]) continue;
    if (!entries.every(({ isDeny }) => isDeny)) continue;
    report(
      "warning",
      "deny-only",
      first.origin.line,
      `only deny rules for ${direction}: they turn default deny on, so everything else is closed too; add ${direction}: [{${direction === "ingress" ? "from" : "to"}Entities: [all]}] or enableDefaultDeny: {${direction}: false}`,
    );
  }
}

function lintEmpty(entry: PolicyEntry, facts: LintFacts, report: Report): void {
  const { origin, emptyPeerFields, peers, ports } = entry;
  const { line } = origin;
  for (const field of emptyPeerFields) {
    const failsOpen = peers === undefined && (field === "toFQDNs" || field === "toServices");
    if (failsOpen) {
      report(
        "warning",
        "fails-open",
        line,
        `${field}: [] with toPorts allows everyone on these ports`,
      );
    } else if (peers?.length === 0) {
      report(
        "warning",
        "selects-nobody",
        line,
        `${field}: [] selects nobody: the rule does nothing`,
      );
    }
  }
  for (const rule of ports ?? []) {
    if (rule.ports.length > 0) continue;
    report(
      "warning",
      "selects-nothing",
      rule.line,
      "ports: [] selects no port: the rule does nothing",
    );
  }
  if (entry.auth !== undefined && peers?.length === 0 && ports === undefined) {
    report("warning", "selects-nobody", line, "a rule with only authentication allows nobody");
  }
  lintServices(entry, facts.services, report);
}

function lintServices(
  { origin, peers, ports }: PolicyEntry,
  services: readonly ServiceFacts[] | undefined,
  report: Report,
): void {
  for (const peer of peers ?? []) {
    if (peer.kind !== "service") continue;
    const isMissing = services !== undefined && findServices(peer.service, services).length === 0;
    if (isMissing && ports !== undefined) {
      report(
        "warning",
        "fails-open",
        origin.line,
        `there is no ${formatPeer(peer)}: with toPorts the rule allows everyone on these ports`,
      );
    } else if (isMissing) {
      report("warning", "selects-nobody", origin.line, `there is no ${formatPeer(peer)}`);
    } else if (services === undefined && ports !== undefined) {
      report(
        "note",
        "may-fail-open",
        origin.line,
        `should ${formatPeer(peer)} not exist, these ports are open to everyone`,
      );
    }
  }
}

function lintOpen(entry: PolicyEntry, report: Report): void {
  const { origin, isDeny, direction, peers, ports } = entry;
  if (isDeny) return;
  const everyone = peers === undefined || peers.some(isWorldWide);
  if (everyone && ports === undefined && direction === "ingress") {
    report("warning", "opens-all", origin.line, "everyone, the world too, reaches every port");
  } else if (everyone && ports !== undefined && direction === "ingress" && peers === undefined) {
    report(
      "note",
      "opens-ports",
      origin.line,
      "no peers named: everyone, the world too, reaches these ports",
    );
  }
  for (const rule of ports ?? []) {
    if (rule.ports.some(({ protocol, last }) => protocol.startsWith("ICMP") && last === 65_535)) {
      report(
        "warning",
        "icmp-type-0",
        rule.line,
        "type 0 (EchoReply) becomes port 0: every ICMP type is allowed",
      );
    }
  }
}

function isWorldWide(peer: PeerSelector): boolean {
  if (isWildcardPeer(peer)) return true;
  if (peer.kind === "entity") return peer.entity === "world";
  return peer.kind === "cidr" && peer.except.length === 0 && /\/0$/.test(peer.cidr.text);
}

/** Denied by a rule that has all of it, or allowed already by one. */
function lintReach(
  entry: PolicyEntry,
  spec: PolicySpec,
  engine: PolicyEngine,
  report: Report,
): void {
  if (entry.peers?.length === 0) return;
  for (const other of engine.policies.flatMap(({ specs }) => specs)) {
    if (!coversSubject(other, spec)) continue;
    for (const wide of other.entries) {
      if (wide.origin === entry.origin || !coversEntry(wide, entry)) continue;
      const message = reachMessage(
        entry,
        wide,
        coversEntry(entry, wide) && coversSubject(spec, other),
      );
      if (message === undefined) continue;
      report(message.severity, message.code, entry.origin.line, message.text);
      return;
    }
  }
}

function reachMessage(
  entry: PolicyEntry,
  wide: PolicyEntry,
  isMutual: boolean,
): { severity: LintFinding["severity"]; code: string; text: string } | undefined {
  const where = formatOrigin(wide.origin);
  if (wide.isDeny && !entry.isDeny) {
    const text = `never reached: everything it allows is denied by ${where}`;
    return { severity: "warning", code: "unreachable-rule", text };
  }
  if (wide.isDeny !== entry.isDeny) return undefined;
  const hasL7 = entry.ports?.some(({ l7 }) => l7 !== undefined) ?? false;
  const isWideOpen = wide.ports?.every(({ l7 }) => l7 === undefined) ?? true;
  // Of two equal rules only the later is said to be superfluous.
  const isLater = !isMutual || isAfter(entry, wide);
  if (!isWideOpen || wide.auth !== entry.auth) return undefined;
  if (hasL7) {
    const text = `its L7 rules restrict nothing: ${where} allows the same peers and ports without any`;
    return { severity: "warning", code: "l7-lifted", text };
  }
  if (!isLater) return undefined;
  const text = `superfluous: ${where} says as much`;
  return { severity: "note", code: "redundant-rule", text };
}

function isAfter({ origin: a }: PolicyEntry, { origin: b }: PolicyEntry): boolean {
  return a.file === b.file
    ? a.line > b.line || (a.line === b.line && a.index > b.index)
    : a.file > b.file;
}

/** toFQDNs learns addresses from the DNS proxy; without DNS rules it never sees an answer. */
function lintFqdn(
  entry: PolicyEntry,
  spec: PolicySpec,
  engine: PolicyEngine,
  report: Report,
): void {
  if (!entry.peers?.some(({ kind }) => kind === "fqdn")) return;
  const hasDns = engine.policies.some(({ specs }) =>
    specs.some(
      (other) =>
        (coversSubject(other, spec) || coversSubject(spec, other)) &&
        other.entries.some(
          ({ direction, ports }) =>
            direction === "egress" && ports?.some(({ l7 }) => l7?.parser === "dns"),
        ),
    ),
  );
  if (hasDns) return;
  report(
    "warning",
    "fqdn-without-dns",
    entry.origin.line,
    'toFQDNs learns addresses from DNS answers that pass the DNS proxy, and no rule sends any there; add an egress rule to kube-dns, port 53, with rules: {dns: [{matchPattern: "*"}]}',
  );
}

function lintSubject(spec: PolicySpec, endpoints: readonly SceneEndpoint[], report: Report): void {
  const isSelected = endpoints.some(({ endpoint }) =>
    matchesSelector(spec.subject, endpoint.labels.map(parseIdentityLabel)),
  );
  if (isSelected) return;
  report(
    "warning",
    "selects-nothing",
    spec.line,
    `the subject selects none of the ${endpoints.length} endpoints${typoHint(spec.subject, endpoints)}`,
  );
}

function lintPeers(
  { origin, peers }: PolicyEntry,
  endpoints: readonly SceneEndpoint[],
  report: Report,
): void {
  for (const peer of peers ?? []) {
    if (peer.kind !== "labels") continue;
    const { selector } = peer;
    const isSelected = endpoints.some(({ endpoint }) =>
      matchesSelector(selector, endpoint.labels.map(parseIdentityLabel)),
    );
    if (isSelected) continue;
    report(
      "warning",
      "selects-nothing",
      origin.line,
      `${formatPeer(peer)} selects none of the ${endpoints.length} endpoints${typoHint(selector, endpoints)}`,
    );
  }
}

/** The first condition that no endpoint fulfils, with the nearest key or value that is known. */
function typoHint({ conditions }: LabelSelector, endpoints: readonly SceneEndpoint[]): string {
  const labels: IdentityLabel[] = endpoints.flatMap(({ endpoint }) =>
    endpoint.labels.map(parseIdentityLabel),
  );
  for (const { key, operator, values } of conditions) {
    if (operator === "NotIn" || operator === "DoesNotExist") continue;
    const withKey = labels.filter((label) => label.key === key);
    if (withKey.length === 0) {
      const nearest = nearestWord(key, new Set(labels.map((label) => label.key)));
      const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
      return `: none has the label ${key.replace(namespaceMetadataPrefix, "of its namespace ")}${hint}`;
    }
    const known = new Set(withKey.map(({ value }) => value));
    const missing = operator === "In" ? values.filter((value) => !known.has(value)) : [];
    const [first] = missing;
    if (first === undefined || missing.length < values.length) continue;
    const nearest = nearestWord(first, known);
    return `: none has ${key}=${first}${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`;
  }
  return conditions.length > 1 ? ": none has all of these labels together" : "";
}
