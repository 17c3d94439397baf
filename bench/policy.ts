/**
 * `npx tsx bench/policy.ts [--policies N] [--identities N] [--verdicts N]`: policies parsed and compiled,
 * and verdicts per second of CPU on one core. Three orders of questions: pairs drawn from all of them
 * (identities x identities), the same thousand pairs again and again as in a replay, and peers outside
 * the cluster by address. Each order is run twice; the first run meets every identity for the first time.
 */

import { parseArgs } from "node:util";
import { seededRandom } from "../src/base/seeded-random.ts";
import { parsePolicies } from "../src/policy/document/policy-parse.ts";
import { PolicyEngine } from "../src/policy/engine/policy-engine.ts";
import type { PolicyEndpoint } from "../src/policy/engine/verdict.ts";

const { values: flags } = parseArgs({
  options: {
    policies: { type: "string", default: "1000" },
    identities: { type: "string", default: "5000" },
    verdicts: { type: "string", default: "3000000" },
  },
});
const policyCount = Number(flags.policies);
const identityCount = Number(flags.identities);
const verdictCount = Number(flags.verdicts);
const namespaceCount = 50;
/** As many as there are policies in a namespace: each identity is selected by some. */
const appCount = 20;
const hotPairCount = 1000;
/** Questions drawn; more verdicts than that go round. */
const drawnCount = 500_000;
const ports = [80, 443, 8080, 9090, 5432, 22];

/** The same questions in every run. */
const random = seededRandom(42);

function below(limit: number): number {
  return Math.floor(random() * limit);
}

function policyText(index: number): string {
  const namespace = `ns-${index % namespaceCount}`;
  const app = `app-${Math.floor(index / namespaceCount) % appCount}`;
  const subject = index % 10 === 0 ? "{}" : `{matchLabels: {app: ${app}}}`;
  const peers = Array.from({ length: 3 }, () => `{matchLabels: {app: app-${below(appCount)}}}`);
  const rules = index % 5 === 0 ? '\n      rules: {http: [{method: GET, path: "/api/.*"}]}' : "";
  const extra =
    index % 4 === 0
      ? `\n  - fromEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: ns-${below(namespaceCount)}}}]\n    toPorts: [{ports: [{port: "9000", endPort: 9100, protocol: TCP}]}]`
      : "";
  const deny =
    index % 7 === 0 ? "\n  ingressDeny:\n  - fromEndpoints: [{matchLabels: {tier: legacy}}]" : "";
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p-${index}, namespace: ${namespace}}
spec:
  endpointSelector: ${subject}
  ingress:
  - fromEndpoints: [${peers.join(", ")}]
    toPorts:
    - ports: [{port: "80", protocol: TCP}, {port: "8080", protocol: TCP}]${rules}${extra}${deny}
  egress:
  - toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.${below(250)}.0.0/16]}]
  - toEntities: [kube-apiserver]
    toPorts: [{ports: [{port: "443", protocol: TCP}]}]
  - toFQDNs: [{matchPattern: "*.example-${below(20)}.com"}]
`;
}

function identityLabels(index: number): string[] {
  const namespace = `ns-${index % namespaceCount}`;
  return [
    `k8s:app=app-${Math.floor(index / namespaceCount) % appCount}`,
    `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
    "k8s:io.cilium.k8s.policy.cluster=default",
    "k8s:io.cilium.k8s.policy.serviceaccount=default",
    `k8s:io.kubernetes.pod.namespace=${namespace}`,
    `k8s:tier=${index % 11 === 0 ? "legacy" : "current"}`,
    `k8s:version=v${index % 9}`,
  ];
}

const text = Array.from({ length: policyCount }, (_, index) => policyText(index)).join("---\n");
let before = process.cpuUsage();
const policies = parsePolicies(text, { file: "bench.yaml" });
console.log(`parse ${policyCount} policies: ${cpuMs(before).toFixed(0)} ms of CPU`);
before = process.cpuUsage();
const engine = new PolicyEngine(policies);
const identities: PolicyEndpoint[] = Array.from({ length: identityCount }, (_, index) => ({
  labels: identityLabels(index),
}));
for (const identity of identities) engine.enforcement(identity);
console.log(
  `compile, and resolve ${identityCount} endpoints: ${cpuMs(before).toFixed(0)} ms of CPU`,
);

const world = ["reserved:world"];
const outside: PolicyEndpoint[] = Array.from({ length: 10_000 }, (_, index) => ({
  labels: world,
  address: `10.${Math.floor(index / 100)}.0.${index % 100}`,
}));
measureTwice("all pairs", identities, identityCount);
measureTwice("1000 pairs", identities, Math.floor(Math.sqrt(hotPairCount)));
measureTwice("peers by address", outside, identityCount);
console.log(`memory: ${(process.memoryUsage().rss / 1024 / 1024).toFixed(0)} MiB resident`);

function measureTwice(name: string, peers: readonly PolicyEndpoint[], subjectCount: number): void {
  const peerCount = Math.min(peers.length, subjectCount);
  const questions = {
    subjects: draw(subjectCount),
    peers: draw(peerCount),
    ports: draw(ports.length),
  };
  measure(`${name}, first time`, peers, questions, drawnCount);
  measure(`${name}, again`, peers, questions, verdictCount);
}

interface Questions {
  readonly subjects: Uint16Array;
  readonly peers: Uint16Array;
  readonly ports: Uint16Array;
}

/** Numbers below `limit`, drawn beforehand: the generator is not measured. */
function draw(limit: number): Uint16Array {
  return Uint16Array.from({ length: drawnCount }, () => below(limit));
}

function measure(
  name: string,
  peers: readonly PolicyEndpoint[],
  drawn: Questions,
  count: number,
): void {
  const start = process.cpuUsage();
  let deniedCount = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const subject = identities[drawn.subjects[next] as number] as PolicyEndpoint;
    const peer = peers[drawn.peers[next] as number] as PolicyEndpoint;
    const isEgress = peer.address !== undefined || (i & 3) === 0;
    const { decision } = engine.resolveVerdict({
      source: isEgress ? subject : peer,
      destination: isEgress ? peer : subject,
      port: ports[drawn.ports[next] as number] as number,
      protocol: "TCP",
      direction: isEgress ? "egress" : "ingress",
    });
    if (decision === "denied") deniedCount++;
    if (++next === drawnCount) next = 0;
  }
  const seconds = cpuMs(start) / 1000;
  const rate = Math.round(count / seconds / 1000);
  const deniedPercent = ((100 * deniedCount) / count).toFixed(1);
  console.log(`${name}: ${rate} k verdicts per CPU second, ${deniedPercent} % denied`);
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
