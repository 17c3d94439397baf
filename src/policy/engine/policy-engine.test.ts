import { describe, expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { matchL7Dns, matchL7Http } from "./l7-match.ts";
import { PolicyEngine } from "./policy-engine.ts";
import type { PolicyEndpoint, Verdict } from "./verdict.ts";

const cluster = [
  "k8s:io.cilium.k8s.policy.cluster=default",
  "k8s:io.kubernetes.pod.namespace=default",
];

function pod(...labels: string[]): PolicyEndpoint {
  return { labels: [...labels.map((label) => `k8s:${label}`), ...cluster] };
}

const web = pod("app=web");
const client = pod("app=client");
const world: PolicyEndpoint = { labels: ["reserved:world"] };

function engine(...specs: string[]): PolicyEngine {
  const documents = specs.map(
    (spec, index) =>
      `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p${index}}\nspec: ${spec}\n`,
  );
  return new PolicyEngine(parsePolicies(documents.join("---\n"), { file: "p.yaml" }));
}

function ingress(policies: PolicyEngine, source: PolicyEndpoint, port = 80): Verdict {
  return policies.resolveVerdict({
    source,
    destination: web,
    port,
    protocol: "TCP",
    direction: "ingress",
  });
}

const toWeb = "endpointSelector: {matchLabels: {app: web}}";
const fromClient = "fromEndpoints: [{matchLabels: {app: client}}]";

describe("PolicyEngine", () => {
  it("allows by default, and denies what no rule allows once a policy selects the endpoint", () => {
    expect(ingress(engine(), client).decision).toBe("default-allow");
    const denied = ingress(engine(`{${toWeb}, ingress: [{${fromClient}}]}`), pod("app=other"));
    expect([denied.decision, denied.dropReason, denied.match]).toEqual(["denied", 133, "none"]);
    expect(denied.defaultDenyBy.map(({ name, line }) => `${name}:${line}`)).toEqual(["p0:4"]);
  });

  it("names the rule that allowed", () => {
    const { decision, matchedBy } = ingress(
      engine(`{${toWeb}, ingress: [{fromEntities: [host]}, {${fromClient}}]}`),
      client,
    );
    expect(decision).toBe("allowed");
    expect(matchedBy).toEqual([
      {
        kind: "CiliumNetworkPolicy",
        namespace: "default",
        name: "p0",
        file: "p.yaml",
        section: "ingress",
        index: 1,
        line: 4,
      },
    ]);
  });

  it("lets an explicit deny win over every allow", () => {
    const verdict = ingress(
      engine(
        `{${toWeb}, ingress: [{${fromClient}}], ingressDeny: [{${fromClient}, toPorts: [{ports: [{port: "80"}]}]}]}`,
      ),
      client,
    );
    expect([verdict.decision, verdict.dropReason, verdict.match]).toEqual(["denied", 181, "l3-l4"]);
  });

  it("does not let a peer selector reach other namespaces", () => {
    const other = {
      labels: [
        "k8s:app=client",
        "k8s:io.cilium.k8s.policy.cluster=default",
        "k8s:io.kubernetes.pod.namespace=prod",
      ],
    };
    expect(ingress(engine(`{${toWeb}, ingress: [{${fromClient}}]}`), other).decision).toBe(
      "denied",
    );
  });

  it("takes the union of L7 rules, and any rule without them opens every request", () => {
    const http = `{${toWeb}, ingress: [{${fromClient}, toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}`;
    const restricted = ingress(engine(http), client).l7;
    expect(restricted).toMatchObject({ parser: "http", allowAll: false });
    expect(
      ingress(engine(http, `{${toWeb}, ingress: [{${fromClient}}]}`), client).l7,
    ).toMatchObject({ allowAll: true });
  });

  it("selects the outside world by address, never pods", () => {
    const policies = engine(
      `{${toWeb}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]}`,
    );
    expect(ingress(policies, { ...world, address: "10.2.0.1" }).decision).toBe("allowed");
    expect(ingress(policies, { ...world, address: "10.1.0.1" }).decision).toBe("denied");
    expect(ingress(policies, { ...client, address: "10.2.0.1" }).decision).toBe("denied");
  });

  it("lets the local host in whatever policies say", () => {
    const verdict = ingress(engine(`{${toWeb}, ingress: [{}]}`), { labels: ["reserved:host"] });
    expect([verdict.decision, verdict.isAllowLocalhost]).toEqual(["allowed", true]);
  });
});

describe("L7 rules", () => {
  const request = {
    method: "POST",
    path: "/v1/request-landing",
    host: "a",
    headers: new Map<string, string>(),
  };
  const rule = {
    method: "POST",
    path: "/v1/request-landing",
    host: undefined,
    headers: [],
    line: 1,
  };

  it("match the whole path, query included", () => {
    expect(matchL7Http([rule], request)).toBe(true);
    expect(matchL7Http([rule], { ...request, path: "/v1/request-landing?x=1" })).toBe(false);
  });

  it("match DNS names without regard to case and final dot", () => {
    const names = [{ matchName: undefined, matchPattern: "*.cilium.io", line: 1 }];
    expect(matchL7Dns(names, "WWW.cilium.io.")).toBe(true);
    expect(matchL7Dns(names, "a.b.cilium.io")).toBe(false);
  });

  it("gives an error where rules for the same peers and port ask for different parsers or authentication", () => {
    const errorOf = (...rules: string[]) =>
      ingress(engine(`{${toWeb}, ingress: [${rules.join(", ")}]}`), client).error;
    const port = 'ports: [{port: "80", protocol: TCP}]';
    const http = `{${fromClient}, toPorts: [{${port}, rules: {http: [{}]}}]}`;
    const kafka = `{${fromClient}, toPorts: [{${port}, rules: {kafka: [{topic: a}]}}]}`;
    const names = `{${fromClient}, toPorts: [{${port}, serverNames: [a.com]}]}`;
    expect(errorOf(http, kafka)).toBe("cannot merge conflicting L7 parsers (http/kafka)");
    expect(errorOf(names, http)).toBeUndefined();
    const asks = (mode: string) => `{${fromClient}, authentication: {mode: ${mode}}}`;
    expect(errorOf(asks("required"), asks("disabled"))).toBe(
      "cannot merge conflicting authentication types (disabled/required)",
    );
  });

  it("opens the ports of toServices to everyone where the service is not there", () => {
    const spec = `{${toWeb}, egress: [{toServices: [{k8sService: {serviceName: db}}], toPorts: [{ports: [{port: "80"}]}]}]}`;
    const { policies } = engine(spec);
    const decide = (
      services: { name: string; namespace: string; labels: object; backends: string[] }[],
    ) =>
      new PolicyEngine(policies, {
        services: services.map((one) => ({ ...one, labels: {} })),
      }).resolveVerdict({
        source: web,
        destination: { labels: ["reserved:world"], address: "192.0.2.1" },
        port: 80,
        protocol: "TCP",
        direction: "egress",
      }).decision;
    expect(decide([])).toBe("allowed");
    const db = { name: "db", namespace: "default", labels: {} };
    expect(decide([{ ...db, backends: ["192.0.2.1"] }])).toBe("allowed");
    expect(decide([{ ...db, backends: ["192.0.2.2"] }])).toBe("denied");
  });

  it("knows the addresses of CIDR groups", () => {
    const { policies } = engine(`{${toWeb}, egress: [{toCIDRSet: [{cidrGroupRef: office}]}]}`);
    const withGroup = new PolicyEngine(policies, {
      cidrGroups: [{ name: "office", labels: {}, cidrs: ["192.0.2.0/24"] }],
    });
    const decide = (address: string) =>
      withGroup.resolveVerdict({
        source: web,
        destination: { labels: ["reserved:world"], address },
        port: 80,
        protocol: "TCP",
        direction: "egress",
      }).decision;
    expect([decide("192.0.2.9"), decide("198.51.100.1")]).toEqual(["allowed", "denied"]);
  });
});
