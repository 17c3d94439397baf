/**
 * Unit tests for policies: a YAML file names endpoints and policy files, and says which connections
 * must pass. Runs without a cluster. docs/policy.md shows the format; every failure explains the
 * verdict that came instead.
 */

import type { PolicyDirection, PolicyProtocol } from "../document/policy-document.ts";
import { type PolicyObjects, parsePolicyObjects } from "../document/policy-parse.ts";
import { openYaml, type YamlCursor } from "../document/yaml-cursor.ts";
import type { PolicyEnforcementMode } from "../engine/endpoint-policy.ts";
import { explainQuery, formatPolicyName } from "../engine/explanation.ts";
import { matchL7Dns, matchL7Http } from "../engine/l7-match.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import type { Verdict } from "../engine/verdict.ts";
import { normalizeName } from "../selector/fqdn-pattern.ts";
import { parseSceneEndpoints, type SceneEndpoint, scenePortLookup } from "./scene.ts";

/** One expectation and what became of it. */
export interface TestResult {
  /** "an x-wing stays out: default/xwing -> default/deathstar TCP/80". */
  readonly name: string;
  readonly line: number;
  readonly isPassed: boolean;
  /** What came instead, and why; a line each. */
  readonly details: readonly string[];
}

/** One test file. */
export interface TestSuiteResult {
  readonly name: string;
  readonly file: string;
  readonly results: readonly TestResult[];
}

/** How test files are read. */
export interface TestOptions {
  readonly file: string;
  /** Reads the policy files that the pattern means, relative to the test file. */
  readonly readPolicies: (
    pattern: string,
    at: YamlCursor,
  ) => readonly { file: string; text: string }[];
}

const suiteFields = ["name", "policies", "endpoints", "services", "options", "tests"] as const;
const testFields = [
  "name",
  "from",
  "to",
  "port",
  "protocol",
  "expect",
  "by",
  "http",
  "dns",
] as const;
const outcomes = ["allowed", "denied"] as const;
const protocols: readonly PolicyProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "ICMPV6"];

/** Whether the text is a test file: it has `tests`. Throws PolicyError for broken YAML. */
export function isTestFile(text: string, file: string): boolean {
  return openYaml(text, file).some((cursor) => cursor.field("tests") !== undefined);
}

/** Runs every test of a file. Throws PolicyError where file or policies cannot be read. */
export function runPolicyTests(text: string, options: TestOptions): TestSuiteResult {
  const cursors = openYaml(text, options.file);
  const cursor = cursors.find((one) => one.field("tests") !== undefined) ?? cursors[0];
  if (cursor === undefined) return { name: options.file, file: options.file, results: [] };
  refuseUnknown(cursor, suiteFields);
  const scene = readScene(cursor, options);
  const results = (cursor.field("tests")?.items() ?? []).flatMap((item) => runTest(item, scene));
  return { name: cursor.field("name")?.text() ?? options.file, file: options.file, results };
}

interface TestScene {
  readonly engine: PolicyEngine;
  readonly endpoints: ReadonlyMap<string, SceneEndpoint>;
}

function refuseUnknown(cursor: YamlCursor, known: readonly string[]): void {
  for (const [key, value] of cursor.entries()) {
    if (!known.includes(key)) {
      value.fail(`unknown field "${key}"`, `known here: ${known.join(", ")}`);
    }
  }
}

function readScene(cursor: YamlCursor, { file, readPolicies }: TestOptions): TestScene {
  const settings = cursor.field("options");
  const clusterName = settings?.field("clusterName")?.text() ?? "default";
  const objects: PolicyObjects[] = [];
  for (const item of cursor.field("policies")?.items() ?? []) {
    for (const one of readPolicies(item.text(), item)) {
      objects.push(
        parsePolicyObjects(one.text, {
          file: one.file,
          clusterName,
          skipsOtherKinds: true,
          hasNodeSelectorLabels: settings?.field("nodeSelectorLabels")?.boolean() ?? false,
        }),
      );
    }
  }
  const list = cursor.field("endpoints");
  const endpoints = list === undefined ? [] : parseSceneEndpoints(list, { file, clusterName });
  const services = (cursor.field("services")?.items() ?? []).map(readService);
  const engine = new PolicyEngine(
    objects.flatMap(({ policies }) => policies),
    {
      clusterName,
      enforcementMode: (settings?.field("enforcement")?.text() ??
        "default") as PolicyEnforcementMode,
      hasHostFirewall: settings?.field("hostFirewall")?.boolean() ?? false,
      allowLocalhost: settings?.field("allowLocalhost")?.boolean() ?? true,
      services: [...services, ...objects.flatMap((one) => one.services)],
      cidrGroups: objects.flatMap(({ cidrGroups }) => cidrGroups),
      lookUpNamedPort: scenePortLookup(endpoints),
    },
  );
  return { engine, endpoints: byName(endpoints) };
}

/** By full name, and by short name where it is the only one. */
function byName(endpoints: readonly SceneEndpoint[]): Map<string, SceneEndpoint> {
  const found = new Map(endpoints.map((one) => [one.name, one]));
  for (const one of endpoints) {
    const short = one.name.slice(one.name.indexOf("/") + 1);
    const isOnly = endpoints.filter(({ name }) => name.endsWith(`/${short}`)).length === 1;
    if (isOnly && !found.has(short)) found.set(short, one);
  }
  return found;
}

function readService(cursor: YamlCursor) {
  const textsOf = (name: string) =>
    Object.fromEntries(
      (cursor.field(name)?.entries() ?? []).map(([key, value]) => [key, value.text()]),
    );
  return {
    name: cursor.field("name")?.text() ?? cursor.fail("name is missing"),
    namespace: cursor.field("namespace")?.text() ?? "default",
    labels: textsOf("labels"),
    selector: textsOf("selector"),
    backends: (cursor.field("backends")?.items() ?? []).map((item) => item.text()),
  };
}

interface Connection {
  readonly source: SceneEndpoint;
  readonly destination: SceneEndpoint;
  readonly port: number;
  readonly protocol: PolicyProtocol;
}

function runTest(cursor: YamlCursor, scene: TestScene): TestResult[] {
  refuseUnknown(cursor, testFields);
  const expect = readOutcome(cursor.field("expect") ?? cursor.fail("expect is missing"));
  const { port, protocol } = readPort(cursor);
  const title = cursor.field("name")?.text();
  return namesOf(cursor, "from").flatMap((source) =>
    namesOf(cursor, "to").flatMap((destination) => {
      const connection: Connection = {
        source: endpointOf(source, scene),
        destination: endpointOf(destination, scene),
        port,
        protocol,
      };
      const words = `${connection.source.name} -> ${connection.destination.name} ${protocol}/${port}`;
      const name = title === undefined ? words : `${title}: ${words}`;
      return runConnection(cursor, scene, { connection, expect, name });
    }),
  );
}

function readOutcome(cursor: YamlCursor): (typeof outcomes)[number] {
  const text = cursor.text();
  const outcome = outcomes.find((known) => known === text);
  return outcome ?? cursor.fail(`unknown outcome "${text}"`, `want ${outcomes.join(" or ")}`);
}

/** `port: 80`, `port: 53/UDP`, or port and protocol apart. */
function readPort(cursor: YamlCursor): { port: number; protocol: PolicyProtocol } {
  const field = cursor.field("port") ?? cursor.fail("port is missing", "for ICMP it is the type");
  const [number = "", suffix] = String(field.scalar()).split("/");
  const text = (suffix ?? cursor.field("protocol")?.text() ?? "TCP").toUpperCase();
  const protocol = protocols.find((known) => known === text);
  if (protocol === undefined) {
    return field.fail(`unknown protocol "${text}"`, `want ${protocols.join(", ")}`);
  }
  if (!/^\d+$/.test(number)) field.fail(`"${number}" is no port number`);
  return { port: Number(number), protocol };
}

function namesOf(cursor: YamlCursor, key: string): YamlCursor[] {
  const field = cursor.field(key) ?? cursor.fail(`${key} is missing`);
  return field.jsonType === "array" ? field.items() : [field];
}

function endpointOf(cursor: YamlCursor, { endpoints }: TestScene): SceneEndpoint {
  const name = cursor.text();
  const known = endpoints.get(name);
  if (known !== undefined) return known;
  return cursor.fail(
    `there is no endpoint "${name}"`,
    `there are ${[...endpoints.keys()].slice(0, 20).join(", ")}`,
  );
}

function runConnection(
  cursor: YamlCursor,
  { engine }: TestScene,
  { connection, expect, name }: { connection: Connection; expect: string; name: string },
): TestResult[] {
  const { source, destination, port, protocol } = connection;
  const sides = (["egress", "ingress"] as const).flatMap((direction): Side[] => {
    const subject = direction === "egress" ? source : destination;
    if (!subject.isLocal) return [];
    const query = {
      source: source.endpoint,
      destination: destination.endpoint,
      port,
      protocol,
      direction,
    };
    const verdict = engine.resolveVerdict(query);
    return [{ direction, verdict, explain: () => explainQuery(engine, query) }];
  });
  const isError = sides.some(({ verdict }) => verdict.decision === "error");
  const isDenied = sides.some(({ verdict }) => verdict.decision === "denied");
  const have = isError ? "error" : isDenied ? "denied" : "allowed";
  const details: string[] = [];
  if (have !== expect) {
    details.push(`want ${expect}, have ${have}`);
    for (const { direction, explain } of sides) {
      details.push(...explain().map((line) => `${direction}: ${line}`));
    }
  }
  const by = cursor.field("by")?.text();
  if (by !== undefined && !namedBy(sides).includes(by)) {
    details.push(`want it decided by ${by}, have ${namedBy(sides).join(", ") || "no policy"}`);
  }
  const results: TestResult[] = [
    { name, line: cursor.line, isPassed: details.length === 0, details },
  ];
  return [...results, ...runRequests(cursor, sides, name)];
}

interface Side {
  readonly direction: PolicyDirection;
  readonly verdict: Verdict;
  readonly explain: () => string[];
}

/** Policies that decided, those behind a default deny included. */
function namedBy(sides: readonly Side[]): string[] {
  const deciding = sides.filter(({ verdict }) => verdict.decision === "denied");
  return (deciding.length === 0 ? sides : deciding).flatMap(({ verdict }) =>
    [...verdict.matchedBy, ...verdict.defaultDenyBy].map(formatPolicyName),
  );
}

function runRequests(cursor: YamlCursor, sides: readonly Side[], name: string): TestResult[] {
  const isOpen = sides.every(({ verdict }) => !["denied", "error"].includes(verdict.decision));
  const http = (cursor.field("http")?.items() ?? []).map((item) => {
    const request = readRequest(item);
    const isAllowed = sides.every(
      ({ verdict: { l7 } }) =>
        l7?.parser !== "http" || l7.allowAll || matchL7Http(l7.http, request),
    );
    return resultOf(item, isOpen && isAllowed, `${name} ${request.method} ${request.path}`);
  });
  const dns = (cursor.field("dns")?.items() ?? []).map((item) => {
    const query = item.field("name")?.text() ?? item.fail("name is missing");
    const isAllowed = sides.every(
      ({ verdict: { l7 } }) =>
        l7?.parser !== "dns" || l7.allowAll || matchL7Dns(l7.dns, normalizeName(query)),
    );
    return resultOf(item, isOpen && isAllowed, `${name} ${query}`);
  });
  return [...http, ...dns];
}

function resultOf(cursor: YamlCursor, isAllowed: boolean, name: string): TestResult {
  const expect = readOutcome(cursor.field("expect") ?? cursor.fail("expect is missing"));
  const have = isAllowed ? "allowed" : "denied";
  const isPassed = have === expect;
  return {
    name,
    line: cursor.line,
    isPassed,
    details: isPassed ? [] : [`want the request ${expect}, have it ${have} by the L7 rules`],
  };
}

function readRequest(cursor: YamlCursor) {
  refuseUnknown(cursor, ["method", "path", "host", "headers", "expect"]);
  const headers = new Map<string, string>();
  for (const [key, value] of cursor.field("headers")?.entries() ?? []) {
    headers.set(key.toLowerCase(), value.text());
  }
  return {
    method: cursor.field("method")?.text() ?? "GET",
    path: cursor.field("path")?.text() ?? "/",
    host: cursor.field("host")?.text() ?? "",
    headers,
  };
}
