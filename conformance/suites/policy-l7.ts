/** policy/l7http and policy/dnsproxy: requests and names against L7 rules, recorded from Cilium. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../src/base/errors.ts";
import type { L7Rules } from "../../src/policy/document/policy-document.ts";
import { parsePolicies } from "../../src/policy/document/policy-parse.ts";
import { matchL7Dns, matchL7Http } from "../../src/policy/engine/l7-match.ts";
import { normalizeName } from "../../src/policy/selector/fqdn-pattern.ts";
import { matchesPeer } from "../../src/policy/selector/peer-selector.ts";
import { reportCase, type Suite } from "../suite.ts";

interface HttpCase {
  readonly name: string;
  readonly rules: readonly unknown[];
  readonly sanitizeError?: string;
  readonly requests?: readonly {
    readonly method: string;
    readonly path: string;
    readonly host: string;
    readonly headers?: Readonly<Record<string, readonly string[]>>;
    readonly expect: string;
  }[];
}

interface DnsCase {
  readonly kind: "toFQDNs" | "dnsProxyRule";
  readonly selector?: unknown;
  readonly rules?: readonly unknown[];
  readonly error?: string;
  readonly results?: readonly { readonly name: string; readonly match: boolean }[];
}

export const policyHttpSuite: Suite = {
  name: "policy/l7http",
  countCases: async (dataDir) => readCases<HttpCase>(dataDir, "l7http").length,
  async run(dataDir, reporter) {
    for (const recorded of readCases<HttpCase>(dataDir, "l7http")) {
      await reportCase(reporter, recorded.name, () => runHttp(recorded));
    }
  },
};

export const policyDnsSuite: Suite = {
  name: "policy/dnsproxy",
  countCases: async (dataDir) => readCases<DnsCase>(dataDir, "dnsproxy").length,
  async run(dataDir, reporter) {
    for (const [index, recorded] of readCases<DnsCase>(dataDir, "dnsproxy").entries()) {
      const what = JSON.stringify(recorded.selector ?? recorded.rules).replaceAll(": ", ":");
      await reportCase(reporter, `${index} ${recorded.kind} ${what.slice(0, 80)}`, () =>
        runDns(recorded),
      );
    }
  },
};

function readCases<Case>(dataDir: string, file: string): Case[] {
  const text = readFileSync(join(dataDir, "policy", `${file}.json`), "utf8");
  return (JSON.parse(text) as { cases: Case[] }).cases;
}

/** A policy with one entry. */
function policyWith(entry: unknown): string {
  return JSON.stringify({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "case" },
    spec: { endpointSelector: {}, egress: [entry] },
  });
}

function readEntry(entry: unknown) {
  // Recorded from the agent alone: the API server would refuse an empty pattern.
  return parsePolicies(policyWith(entry), { file: "case", skipsSchema: true })[0]?.specs[0]
    ?.entries[0];
}

function refusal(read: () => unknown): string | undefined {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.message;
    throw thrown;
  }
  return undefined;
}

function rulesEntry(rules: unknown, port: string, protocol: string): unknown {
  return { toPorts: [{ ports: [{ port, protocol }], rules }] };
}

function l7Of(entry: unknown): L7Rules | undefined {
  return readEntry(entry)?.ports?.[0]?.l7;
}

function runHttp(recorded: HttpCase): string | undefined {
  const entry = rulesEntry({ http: recorded.rules }, "80", "TCP");
  const refused = refusal(() => readEntry(entry));
  if (recorded.sanitizeError !== undefined) {
    return refused === undefined ? `want an error: ${recorded.sanitizeError}` : undefined;
  }
  if (refused !== undefined) return `refused: ${refused}`;
  const l7 = l7Of(entry);
  if (l7?.parser !== "http") return "no HTTP rules read";
  for (const request of recorded.requests ?? []) {
    const headers = new Map(
      Object.entries(request.headers ?? {}).map(([name, values]) => [
        name.toLowerCase(),
        values.join(","),
      ]),
    );
    const have = matchL7Http(l7.http, { ...request, headers }) ? "allowed" : "denied";
    if (have !== request.expect) return `${JSON.stringify(request)}: have ${have}`;
  }
  return undefined;
}

function runDns(recorded: DnsCase): string | undefined {
  const isPeer = recorded.kind === "toFQDNs";
  const entry = isPeer
    ? { toFQDNs: [recorded.selector] }
    : rulesEntry({ dns: recorded.rules }, "53", "UDP");
  const refused = refusal(() => readEntry(entry));
  if (recorded.error !== undefined)
    return refused === undefined ? `want an error: ${recorded.error}` : undefined;
  if (refused !== undefined) return `refused: ${refused}`;
  const parsed = readEntry(entry);
  const peer = parsed?.peers?.[0];
  const l7 = parsed?.ports?.[0]?.l7;
  for (const { name, match } of recorded.results ?? []) {
    const have = isPeer
      ? peer !== undefined &&
        matchesPeer(
          peer,
          { labels: [], address: undefined, names: [normalizeName(name)] },
          "default",
        )
      : l7?.parser === "dns" && matchL7Dns(l7.dns, name);
    if (have !== match) return `${name}: want ${match}, have ${have}`;
  }
  return undefined;
}
