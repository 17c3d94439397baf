/**
 * A policy test (docs/policy.md, `policy test`) made of recorded connections: each says what the given
 * engine decides, so that a draft that was found good stays good. One test per pair, port and outcome.
 */

import type { HttpRequestHead } from "../engine/l7-match.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { isDeniedSide, verdictsOf } from "../traffic/connection-verdict.ts";
import type { Connection, ConnectionEnd } from "../traffic/flow-tally.ts";

/** Tests in one file at most; the most frequent connections come first. */
const testsMax = 200;

/** What the file says beside its tests. */
export interface TestCaseOptions {
  readonly name: string;
  /** As the test file names the policy files: "rule1.yaml". */
  readonly policyFile: string;
  readonly clusterName: string;
}

interface Expectation {
  readonly source: ConnectionEnd;
  readonly destination: ConnectionEnd;
  readonly port: string;
  readonly isAllowed: boolean;
  /** By the request as the file says it. */
  readonly http: Map<string, boolean>;
  readonly dns: Map<string, boolean>;
  flowCount: number;
}

/** The YAML text of a test file. */
export function writeTestCase(
  engine: PolicyEngine,
  connections: Iterable<Connection>,
  { name, policyFile, clusterName }: TestCaseOptions,
): string {
  const found = new Map<string, Expectation>();
  const names = new EndNames();
  for (const connection of connections) addExpectation(engine, connection, { found, names });
  const tests = [...found.values()].sort((a, b) => b.flowCount - a.flowCount).slice(0, testsMax);
  const ends = new Map<string, ConnectionEnd>();
  for (const { source, destination } of tests) {
    ends.set(names.of(source), source);
    ends.set(names.of(destination), destination);
  }
  return [
    `# Made of recorded flows. Save the policies as ${policyFile} beside this file, then: ciliascope policy test .`,
    `name: ${JSON.stringify(name)}`,
    `policies: [${JSON.stringify(policyFile)}]`,
    `options: {clusterName: ${JSON.stringify(clusterName)}, nodeSelectorLabels: true}`,
    "endpoints:",
    ...[...ends].flatMap(([key, end]) => endLines(key, end)),
    "tests:",
    ...tests.flatMap((test) => testLines(test, names)),
    "",
  ].join("\n");
}

function addExpectation(
  engine: PolicyEngine,
  connection: Connection,
  { found, names }: { readonly found: Map<string, Expectation>; readonly names: EndNames },
): void {
  const { source, destination, protocol, port, request } = connection;
  const sides = verdictsOf(engine, connection);
  // What cannot be decided (rules that contradict) is nothing to expect.
  if (sides.length === 0 || sides.some(({ verdict }) => verdict.decision === "error")) return;
  const isConnectionAllowed = sides.every(({ verdict }) => verdict.decision !== "denied");
  const key = `${names.of(source)} ${names.of(destination)} ${protocol}/${port}`;
  let expectation = found.get(key);
  if (expectation === undefined) {
    expectation = {
      source,
      destination,
      port: `${port}/${protocol}`,
      isAllowed: isConnectionAllowed,
      http: new Map(),
      dns: new Map(),
      flowCount: 0,
    };
    found.set(key, expectation);
  }
  expectation.flowCount += connection.forwardedCount + connection.deniedCount;
  if (request === undefined || !isConnectionAllowed) return;
  if (!sides.some(({ verdict }) => verdict.l7?.parser === request.parser)) return;
  const isAllowed = !sides.some(isDeniedSide);
  if (request.parser === "http") expectation.http.set(httpText(request.http), isAllowed);
  else expectation.dns.set(`name: ${JSON.stringify(request.name)}`, isAllowed);
}

function httpText({ method, path, host, headers }: HttpRequestHead): string {
  const fields = [`method: ${JSON.stringify(method)}`, `path: ${JSON.stringify(path)}`];
  if (host !== "") fields.push(`host: ${JSON.stringify(host)}`);
  const pairs = [...headers].map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  if (pairs.length > 0) fields.push(`headers: {${pairs.join(", ")}}`);
  return fields.join(", ");
}

/** Names for the file: an address outside is its own; pods of one workload whose labels differ are told apart. */
class EndNames {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  of({ name, endpoint }: ConnectionEnd): string {
    const plain = endpoint.address === undefined ? name.replaceAll("/", ".") : endpoint.address;
    const key = `${plain} ${endpoint.labels.join(",")} ${(endpoint.names ?? []).join(",")}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(plain) ?? 0) + 1;
    this.#counts.set(plain, count);
    const unique = count === 1 ? plain : `${plain} (${count})`;
    this.#names.set(key, unique);
    return unique;
  }
}

function endLines(key: string, { endpoint }: ConnectionEnd): string[] {
  const { labels, address, names } = endpoint;
  if (address !== undefined) {
    const fqdns = (names ?? []).map((one) => JSON.stringify(one)).join(", ");
    const tail = fqdns === "" ? "" : `, fqdns: [${fqdns}]`;
    return [`- {name: ${JSON.stringify(key)}, ip: ${JSON.stringify(address)}${tail}}`];
  }
  return [
    `- name: ${JSON.stringify(key)}`,
    "  identityLabels:",
    ...labels.map((label) => `  - ${JSON.stringify(label)}`),
  ];
}

function testLines(test: Expectation, names: EndNames): string[] {
  const { source, destination, port, isAllowed, http, dns, flowCount } = test;
  const outcome = (allowed: boolean) => (allowed ? "allowed" : "denied");
  const lines = [
    `- name: ${JSON.stringify(`${source.name} to ${destination.name} ${port}`)} # ${flowCount} flows`,
    `  from: ${JSON.stringify(names.of(source))}`,
    `  to: ${JSON.stringify(names.of(destination))}`,
    `  port: ${JSON.stringify(port)}`,
    `  expect: ${outcome(isAllowed)}`,
  ];
  for (const [parser, requests] of [
    ["http", http],
    ["dns", dns],
  ] as const) {
    if (requests.size > 0) lines.push(`  ${parser}:`);
    for (const [text, passes] of requests) lines.push(`  - {${text}, expect: ${outcome(passes)}}`);
  }
  return lines;
}
