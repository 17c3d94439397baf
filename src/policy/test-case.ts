/**
 * A policy test (docs/policy.md, `policy test`) made of recorded connections: each says what the given
 * engine decides, so that a draft that was found good stays good. One test per pair, port and outcome.
 */

import { isDeniedSide, verdictsOf } from "./connection-verdict.ts";
import type { Connection, ConnectionEnd } from "./flow-tally.ts";
import type { PolicyEngine } from "./policy-engine.ts";

/** Tests in one file at most; the most frequent connections come first. */
const testsMax = 200;

/** What the file says beside its tests. */
export interface TestCaseOptions {
  readonly name: string;
  /** As the test file names the policy files: "rule1.yaml". */
  readonly policyFile: string;
}

interface Expectation {
  readonly source: ConnectionEnd;
  readonly destination: ConnectionEnd;
  readonly port: string;
  readonly isAllowed: boolean;
  readonly http: Map<string, { method: string; path: string; isAllowed: boolean }>;
  flowCount: number;
}

/** The YAML text of a test file. */
export function writeTestCase(
  engine: PolicyEngine,
  connections: Iterable<Connection>,
  { name, policyFile }: TestCaseOptions,
): string {
  const found = new Map<string, Expectation>();
  for (const connection of connections) addExpectation(engine, connection, found);
  const tests = [...found.values()].sort((a, b) => b.flowCount - a.flowCount).slice(0, testsMax);
  const ends = new Map<string, ConnectionEnd>();
  for (const { source, destination } of tests) {
    ends.set(endName(source), source);
    ends.set(endName(destination), destination);
  }
  return [
    `# Made of recorded flows. Save the policies as ${policyFile} beside this file, then: ciliascope policy test .`,
    `name: ${JSON.stringify(name)}`,
    `policies: [${JSON.stringify(policyFile)}]`,
    "endpoints:",
    ...[...ends].flatMap(([key, end]) => endLines(key, end)),
    "tests:",
    ...tests.flatMap(testLines),
    "",
  ].join("\n");
}

function addExpectation(
  engine: PolicyEngine,
  connection: Connection,
  found: Map<string, Expectation>,
): void {
  const { source, destination, protocol, port, request } = connection;
  const sides = verdictsOf(engine, connection);
  if (sides.length === 0) return;
  const isConnectionAllowed = sides.every(
    ({ verdict }) => verdict.decision !== "denied" && verdict.decision !== "error",
  );
  const key = `${endName(source)} ${endName(destination)} ${protocol}/${port}`;
  let expectation = found.get(key);
  if (expectation === undefined) {
    expectation = {
      source,
      destination,
      port: `${port}/${protocol}`,
      isAllowed: isConnectionAllowed,
      http: new Map(),
      flowCount: 0,
    };
    found.set(key, expectation);
  }
  expectation.flowCount += connection.forwardedCount + connection.deniedCount;
  if (request?.parser !== "http" || !isConnectionAllowed) return;
  const { method, path } = request.http;
  if (!sides.some(({ verdict }) => verdict.l7?.parser === "http")) return;
  const isAllowed = !sides.some(isDeniedSide);
  expectation.http.set(`${method} ${path}`, { method, path, isAllowed });
}

/** Names must be unique: an address outside is its own. */
function endName({ name, endpoint }: ConnectionEnd): string {
  return endpoint.address === undefined ? name.replaceAll("/", ".") : endpoint.address;
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

function testLines({
  source,
  destination,
  port,
  isAllowed,
  http,
  flowCount,
}: Expectation): string[] {
  const outcome = (allowed: boolean) => (allowed ? "allowed" : "denied");
  const lines = [
    `- name: ${JSON.stringify(`${source.name} to ${destination.name} ${port}`)} # ${flowCount} flows`,
    `  from: ${JSON.stringify(endName(source))}`,
    `  to: ${JSON.stringify(endName(destination))}`,
    `  port: ${JSON.stringify(port)}`,
    `  expect: ${outcome(isAllowed)}`,
  ];
  if (http.size === 0) return lines;
  lines.push("  http:");
  for (const { method, path, isAllowed: passes } of http.values()) {
    lines.push(
      `  - {method: ${JSON.stringify(method)}, path: ${JSON.stringify(path)}, expect: ${outcome(passes)}}`,
    );
  }
  return lines;
}
