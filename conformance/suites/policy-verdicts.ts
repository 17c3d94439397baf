/** policy/cases: policies, endpoints and checks recorded from Cilium; every field of each check is compared. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  HttpRule,
  KafkaRule,
  PolicyProtocol,
  ServiceFacts,
} from "../../src/policy/document/policy-document.ts";
import { parsePolicies } from "../../src/policy/document/policy-parse.ts";
import type { PolicyEnforcementMode } from "../../src/policy/engine/endpoint-policy.ts";
import { matchL7Dns, matchL7Http } from "../../src/policy/engine/l7-match.ts";
import { PolicyEngine } from "../../src/policy/engine/policy-engine.ts";
import type {
  AuthVerdict,
  L7Verdict,
  NamedPort,
  PolicyEndpoint,
  Verdict,
} from "../../src/policy/engine/verdict.ts";
import { reportCase, type Suite } from "../suite.ts";

interface CaseEndpoint {
  readonly name: string;
  readonly namespace?: string;
  readonly kind: "pod" | "reserved" | "external";
  readonly ip?: string;
  readonly fqdns?: readonly string[];
  readonly identityLabels: readonly string[];
  readonly policyEnforcedHere: boolean;
  readonly namedPorts?: Readonly<Record<string, { port: number; protocol?: PolicyProtocol }>>;
}

interface CaseRequest {
  readonly method: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly expect: string;
}

interface CaseCheck {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
  readonly expect: {
    readonly ingress: string;
    readonly egress: string;
    readonly verdict: string;
    readonly l7: Readonly<Record<string, unknown>> | null;
    readonly detail: Readonly<Record<string, unknown>>;
    readonly http?: readonly CaseRequest[];
    readonly dns?: readonly { readonly name: string; readonly expect: string }[];
  };
}

interface VerdictCase {
  readonly name: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly policies: readonly unknown[];
  readonly services?: readonly (Omit<ServiceFacts, "labels"> & {
    readonly labels?: Readonly<Record<string, string>>;
  })[];
  readonly endpoints: readonly CaseEndpoint[];
  readonly enforcement: Readonly<
    Record<string, { ingress?: boolean; egress?: boolean; error?: string }>
  >;
  readonly checks: readonly CaseCheck[];
}

const folder = "policy/cases";

export const policyVerdictsSuite: Suite = {
  name: folder,
  countCases: async (dataDir) => caseFiles(dataDir).length,
  async run(dataDir, reporter) {
    for (const file of caseFiles(dataDir)) {
      const recorded = JSON.parse(readFileSync(join(dataDir, folder, file), "utf8")) as VerdictCase;
      await reportCase(reporter, recorded.name, () => runCase(recorded));
    }
  },
};

function caseFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, folder)).filter((file) => file.endsWith(".json"));
}

/** Agent options that the engine or the parser knows. */
const knownOptions = [
  "allow-localhost",
  // Changes which addresses exist, not what policies say.
  "enable-ipv6",
  "enable-policy",
  "enable-host-firewall",
  "enable-node-selector-labels",
];

function runCase(recorded: VerdictCase): string | undefined {
  const options = recorded.options ?? {};
  const unknownOptions = Object.keys(options).filter((name) => !knownOptions.includes(name));
  if (unknownOptions.length > 0) return `agent option not built: ${unknownOptions.join(", ")}`;
  const endpoints = new Map(recorded.endpoints.map((end) => [nameOf(end), end]));
  const engine = new PolicyEngine(
    recorded.policies.flatMap((policy) =>
      parsePolicies(JSON.stringify(policy), {
        file: recorded.name,
        hasNodeSelectorLabels: options["enable-node-selector-labels"] === "true",
      }),
    ),
    {
      allowLocalhost: options["allow-localhost"] !== "policy",
      enforcementMode: (options["enable-policy"] ?? "default") as PolicyEnforcementMode,
      hasHostFirewall: options["enable-host-firewall"] === "true",
      services: (recorded.services ?? []).map((service) => ({ labels: {}, ...service })),
      lookUpNamedPort: (name, protocol) => clusterPort(recorded.endpoints, name, protocol),
    },
  );
  const differences: string[] = [];
  for (const [name, expected] of Object.entries(recorded.enforcement)) {
    const end = endpoints.get(name);
    if (end === undefined) continue;
    const error = engine.policyError(toPolicyEndpoint(end));
    const have = error === undefined ? engine.enforcement(toPolicyEndpoint(end)) : { error };
    const want =
      expected.error === undefined
        ? { ingress: expected.ingress === true, egress: expected.egress === true }
        : { error: expected.error };
    compare(differences, `enforcement ${name}`, want, have);
  }
  for (const check of recorded.checks) {
    const what = `${check.from} -> ${check.to} ${check.protocol}/${check.port}`;
    compare(differences, what, check.expect, answer(engine, endpoints, check));
  }
  return differences.length === 0 ? undefined : differences.slice(0, 5).join("\n");
}

function nameOf(end: CaseEndpoint): string {
  return end.namespace === undefined ? end.name : `${end.namespace}/${end.name}`;
}

function toPolicyEndpoint(end: CaseEndpoint): PolicyEndpoint {
  const namedPorts = new Map<string, NamedPort>();
  for (const [name, { port, protocol }] of Object.entries(end.namedPorts ?? {})) {
    namedPorts.set(name.toLowerCase(), { port, protocol: protocol ?? "TCP" });
  }
  return { labels: end.identityLabels, namedPorts };
}

function clusterPort(
  endpoints: readonly CaseEndpoint[],
  name: string,
  protocol: PolicyProtocol | "ANY",
): number | undefined {
  const values = new Set<number>();
  for (const end of endpoints) {
    for (const [known, port] of toPolicyEndpoint(end).namedPorts ?? []) {
      if (known === name && (protocol === "ANY" || protocol === port.protocol))
        values.add(port.port);
    }
  }
  return values.size === 1 ? [...values][0] : undefined;
}

/** Our answer in the recorded shape. */
function answer(
  engine: PolicyEngine,
  endpoints: ReadonlyMap<string, CaseEndpoint>,
  check: CaseCheck,
): unknown {
  const from = endpoints.get(check.from) as CaseEndpoint;
  const to = endpoints.get(check.to) as CaseEndpoint;
  const query = {
    source: toPolicyEndpoint(from),
    destination: toPolicyEndpoint(to),
    port: check.port,
    protocol: check.protocol as PolicyProtocol,
  };
  const egress = from.policyEnforcedHere
    ? engine.resolveVerdict({ ...query, direction: "egress" })
    : undefined;
  const ingress = to.policyEnforcedHere
    ? engine.resolveVerdict({ ...query, direction: "ingress" })
    : undefined;
  const isDenied = [ingress, egress].some((side) => side?.decision === "denied");
  const isError = [ingress, egress].some((side) => side?.decision === "error");
  const sides = isDenied ? [] : [egress, ingress].filter((side) => side !== undefined);
  const l7 = isDenied ? {} : { ...l7Of("egress", egress), ...l7Of("ingress", ingress) };
  return {
    ingress: ingress?.decision ?? "not-enforced-here",
    egress: egress?.decision ?? "not-enforced-here",
    verdict: isError ? "error" : isDenied ? "denied" : "allowed",
    l7: Object.keys(l7).length === 0 ? null : l7,
    detail: { egress: detailOf(egress), ingress: detailOf(ingress) },
    ...(check.expect.http === undefined
      ? {}
      : { http: check.expect.http.map((request) => httpOutcome(sides, request)) }),
    ...(check.expect.dns === undefined
      ? {}
      : { dns: check.expect.dns.map(({ name }) => ({ name, expect: dnsOutcome(sides, name) })) }),
  };
}

function l7Of(direction: string, side: Verdict | undefined): Record<string, unknown> {
  const l7 = side?.l7;
  if (l7 === undefined) return {};
  const parser = l7.parser === "l7" ? l7.l7proto : l7.parser;
  return { [direction]: { parser, allowAll: l7.allowAll, ...l7Rules(l7) } };
}

function l7Rules(l7: L7Verdict): Record<string, unknown> {
  const names = l7.serverNames === undefined ? {} : { serverNames: l7.serverNames };
  switch (l7.parser) {
    case "http":
      return { http: l7.http.map(httpJson), ...names };
    case "dns":
      return { dns: l7.dns.map(dnsJson) };
    case "kafka":
      return { kafka: l7.kafka.map(kafkaJson), ...names };
    case "l7":
      return { l7: l7.l7, ...names };
    case "tls":
      return names;
    case "crd":
      return { listener: l7.listener, ...names };
  }
}

function kafkaJson({ role, apiKey, apiVersion, clientId, topic }: KafkaRule) {
  return defined({ role, apiKey, apiVersion, clientID: clientId, topic });
}

function httpJson(rule: HttpRule): Record<string, unknown> {
  const headers = rule.headers.map(({ text }) => text);
  return defined({
    method: rule.method,
    path: rule.path,
    host: rule.host,
    headers: headers.length === 0 ? undefined : headers,
  });
}

function dnsJson(rule: { matchName?: string | undefined; matchPattern?: string | undefined }) {
  return defined({ matchName: rule.matchName, matchPattern: rule.matchPattern });
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function detailOf(side: Verdict | undefined): Record<string, unknown> {
  if (side === undefined) return { decision: "not-enforced-here" };
  if (side.decision === "default-allow") return { decision: side.decision };
  if (side.decision === "error") return { decision: side.decision, reason: side.error };
  const names = side.matchedBy.map(({ kind, namespace, name }) =>
    namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`,
  );
  if (side.isAllowLocalhost) {
    names.push("reserved:io.cilium.policy.derived-from=allow-localhost-ingress");
  }
  const matchedBy = [...new Set(names)].sort();
  return defined({
    decision: side.decision,
    reason:
      side.decision !== "denied"
        ? undefined
        : side.dropReason === 181
          ? "explicit deny rule (drop reason 181 POLICY_DENY)"
          : "no-match (drop reason 133 POLICY_DENIED)",
    match: side.match,
    matchedBy: matchedBy.length === 0 ? undefined : matchedBy,
    policyLog: side.policyLog.length === 0 ? undefined : side.policyLog,
    auth: side.auth === undefined ? undefined : authText(side.auth),
  });
}

function authText({ mode, isDerived }: AuthVerdict): string {
  const text = mode === "required" ? "spire" : mode;
  return isDerived ? `${text} (derived)` : text;
}

function httpOutcome(sides: readonly Verdict[], request: CaseRequest): CaseRequest {
  const headers = new Map(
    Object.entries(request.headers ?? {}).map(([name, values]) => [
      name.toLowerCase(),
      values.join(","),
    ]),
  );
  const isForwarded = sides.every(
    ({ l7 }) =>
      l7?.parser !== "http" ||
      l7.allowAll ||
      matchL7Http(l7.http, { ...request, host: request.host ?? "", headers }),
  );
  return { ...request, expect: isForwarded ? "forwarded" : "denied" };
}

function dnsOutcome(sides: readonly Verdict[], name: string): string {
  const isForwarded = sides.every(
    ({ l7 }) => l7?.parser !== "dns" || l7.allowAll || matchL7Dns(l7.dns, name),
  );
  return isForwarded ? "forwarded" : "refused";
}

function compare(differences: string[], what: string, want: unknown, have: unknown): void {
  const wantText = canonical(want);
  const haveText = canonical(have);
  if (wantText !== haveText) differences.push(`${what}\n  want ${wantText}\n  have ${haveText}`);
}

/** JSON with sorted keys, and L7 rule lists as sets. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (key, part: unknown) => {
    if (Array.isArray(part)) {
      const isSet = ["http", "dns", "headers", "matchedBy", "policyLog"].includes(key);
      return isSet ? [...part].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : part;
    }
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
