import { describe, expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "./policy-engine.ts";
import type { PolicyEndpoint } from "./verdict.ts";

function pod(app: string): PolicyEndpoint {
  return {
    labels: [
      `k8s:app=${app}`,
      "k8s:io.cilium.k8s.policy.cluster=default",
      "k8s:io.kubernetes.pod.namespace=default",
    ],
  };
}

const host: PolicyEndpoint = { labels: ["reserved:host"] };

/** Asks for TCP from the client (or `source`) to the web server under the rules. */
function ask(rules: string, port: number, source: PolicyEndpoint = pod("client")) {
  const text = `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: {endpointSelector: {matchLabels: {app: web}}, ${rules}}}`;
  const engine = new PolicyEngine(parsePolicies(text, { file: "p.yaml" }));
  const verdict = engine.resolveVerdict({
    source,
    destination: pod("web"),
    port,
    protocol: "TCP",
    direction: "ingress",
  });
  const { decision, match, matchedBy, auth, isAllowLocalhost } = verdict;
  const by = matchedBy.map(({ section, index }) => `${section}[${index}]`);
  return { decision, match, by, auth: auth?.mode, isDerived: auth?.isDerived, isAllowLocalhost };
}

const client = "fromEndpoints: [{matchLabels: {app: client}}]";
const port80 = 'toPorts: [{ports: [{port: "80", protocol: TCP}]}]';

describe("the deciding entry of the policy map", () => {
  it("is the broadest denial: narrower ones inside it are not in the map", () => {
    expect(ask(`ingressDeny: [{${client}}, {${port80}}]`, 80)).toMatchObject({
      decision: "denied",
      match: "l3-only",
      by: ["ingressDeny[0]"],
    });
  });

  it("is the one for every peer where the one for the peer does the same at the same port", () => {
    const rules = `ingress: [{${client}, ${port80}}, {${port80}}]`;
    expect(ask(rules, 80)).toMatchObject({ match: "l4-only", by: ["ingress[1]"] });
  });

  it("is the peer's own where neither names a port", () => {
    const rules = `ingress: [{${client}}, {fromEntities: [all]}]`;
    expect(ask(rules, 80)).toMatchObject({ match: "l3-only", by: ["ingress[0]"] });
  });

  it("is that of the smaller block where ranges are cut into blocks", () => {
    const range = (first: number, last: number) =>
      `toPorts: [{ports: [{port: "${first}", endPort: ${last}, protocol: TCP}]}]`;
    // 100 lies in 96-127 of the first range and in 64-127 of the second.
    const rules = `ingress: [{${client}, ${range(80, 180)}}, {fromEndpoints: [{}], ${range(64, 127)}}]`;
    expect(ask(rules, 100)).toMatchObject({ by: ["ingress[0]"] });
    // 128 to 159 is wider, but the second range ends before.
    expect(ask(rules, 130)).toMatchObject({ by: ["ingress[0]"] });
    expect(ask(rules, 70)).toMatchObject({ by: ["ingress[1]"] });
  });

  it("names rules of several selectors that come to the same key", () => {
    const rules = `ingress: [{${client}, ${port80}}, {fromEndpoints: [{}], ${port80}}]`;
    expect(ask(rules, 80)).toMatchObject({ match: "l3-l4", by: ["ingress[0]", "ingress[1]"] });
  });

  it("takes the authentication of the broader entry of the same peer", () => {
    const rules = `ingress: [{${client}, authentication: {mode: required}}, {${client}, ${port80}}]`;
    expect(ask(rules, 80)).toMatchObject({ by: ["ingress[1]"], auth: "required", isDerived: true });
  });

  it("lets the local host in beside rules that do, and not past a denial of just that", () => {
    const allowed = ask("ingress: [{fromEntities: [host]}]", 80, host);
    expect(allowed).toMatchObject({ by: ["ingress[0]"], isAllowLocalhost: true });
    const denied = ask("ingressDeny: [{fromEntities: [all]}]", 80, host);
    expect(denied).toMatchObject({ decision: "denied", match: "all" });
  });
});
