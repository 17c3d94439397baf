import { expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import { FlowTally } from "../traffic/flow-tally.ts";
import { runPolicyTests } from "./policy-test.ts";
import { writeTestCase } from "./test-case.ts";

const policy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
  - fromEndpoints: [{matchLabels: {tier: front}}]
    toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: /ok, host: shop.local}]}}]
  egress:
  - toEndpoints: [{matchLabels: {app: dns}}]
    toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchName: good.example}]}}]
  - toFQDNs: [{matchName: good.example}]
`;

function pod(app: string, ...more: readonly string[]) {
  const labels = [
    `k8s:app=${app}`,
    "k8s:io.cilium.k8s.policy.cluster=west",
    "k8s:io.kubernetes.pod.namespace=default",
    ...more,
  ];
  return { namespace: "default", pod_name: app, labels };
}

const [web, dns] = [pod("web"), pod("dns")];
const http = (path: string) => ({
  l7: { type: "REQUEST", http: { method: "GET", url: `http://shop.local${path}` } },
});
const query = (name: string) => ({ l7: { type: "REQUEST", dns: { query: `${name}.` } } });
const udp = { l4: { UDP: { source_port: 40_000, destination_port: 53 } } };
const outward = { traffic_direction: "EGRESS" };
const world = { labels: ["reserved:world"] };
const flows: readonly object[] = [
  { source: pod("client", "k8s:tier=front"), destination: web },
  { source: pod("client", "k8s:tier=front"), destination: web, ...http("/ok") },
  { source: pod("client", "k8s:tier=front"), destination: web, ...http("/no") },
  // The same workload with other labels: another endpoint.
  { source: pod("client", "k8s:tier=back"), destination: web },
  { source: { labels: ["reserved:init"] }, destination: web },
  { source: web, destination: dns, ...udp, ...outward, ...query("good.example") },
  { source: web, destination: dns, ...udp, ...outward, ...query("bad.example") },
  {
    source: web,
    destination: world,
    IP: { source: "10.0.0.1", destination: "192.0.2.7" },
    destination_names: ["good.example"],
    ...outward,
  },
  { source: web, destination: world, IP: { destination: "192.0.2.8" }, ...outward },
];

it("writes a file that passes with the policies it was made with, and fails with others", () => {
  const tally = new FlowTally();
  for (const flow of flows) {
    const whole = {
      verdict: "FORWARDED",
      is_reply: false,
      traffic_direction: "INGRESS",
      l4: { TCP: { source_port: 40_000, destination_port: 80 } },
      ...flow,
    };
    tally.addLine(JSON.stringify({ flow: whole }));
  }
  const clusterName = "west";
  const engine = new PolicyEngine(parsePolicies(policy, { file: "web.yaml", clusterName }), {
    clusterName,
  });
  const options = { name: "web", policyFile: "web.yaml", clusterName };
  const text = writeTestCase(engine, tally.connections, options);
  const run = (yaml: string) =>
    runPolicyTests(text, {
      file: "web.test.yaml",
      readPolicies: (pattern) => [{ file: pattern, text: yaml }],
    }).results;
  const results = run(policy);
  expect(results.filter(({ isPassed }) => !isPassed)).toEqual([]);
  // Six connections, two HTTP requests, two DNS queries.
  expect(results).toHaveLength(10);
  expect(text.match(/expect: denied/g)).toHaveLength(5);
  const changed = run(policy.replace("tier: front", "tier: back"));
  expect(changed.filter(({ isPassed }) => !isPassed)).not.toEqual([]);
});
