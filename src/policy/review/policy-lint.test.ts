import { describe, expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import { lintPolicies } from "./policy-lint.ts";
import { parseSceneFile } from "./scene.ts";

const endpoints = parseSceneFile(
  "endpoints: [{name: web, labels: {app: web}}, {name: client, labels: {app: client}}]",
  { file: "endpoints.yaml" },
);

function check(spec: string, want: readonly string[], knowsEndpoints = false): void {
  const text = `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p}\nspec: ${spec}\n`;
  const engine = new PolicyEngine(parsePolicies(text, { file: "p.yaml" }));
  const findings = lintPolicies(engine, {
    endpoints: knowsEndpoints ? endpoints : undefined,
    services: [],
  });
  expect(findings.map(({ code }) => code)).toEqual(want);
}

const web = "endpointSelector: {matchLabels: {app: web}}";
const client = "fromEndpoints: [{matchLabels: {app: client}}]";
const port80 = 'toPorts: [{ports: [{port: "80", protocol: TCP}]}]';

function http(rule: string): string {
  return `{${web}, ingress: [{${client}, toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [${rule}]}}]}]}`;
}

describe("lintPolicies", () => {
  it("has nothing to say about a plain rule", () => {
    check(`{${web}, ingress: [{${client}, ${port80}}]}`, [], true);
    check(`{${web}, ingress: [{}]}`, []);
  });

  it("finds rules that a deny rule takes away, and rules said twice", () => {
    const allow = `{${client}, ${port80}}`;
    check(`{${web}, ingress: [${allow}], ingressDeny: [{${client}}]}`, ["unreachable-rule"]);
    check(`{${web}, ingress: [${allow}, {${client}}]}`, ["redundant-rule"]);
    check(`{${web}, ingress: [${allow}, ${allow}]}`, ["redundant-rule"]);
  });

  it("finds L7 rules that another rule lifts", () => {
    const spec = http("{path: /a}").replace("ingress: [", `ingress: [{${client}}, `);
    check(spec, ["l7-lifted"]);
  });

  it("finds what fails open", () => {
    check(`{${web}, egress: [{toFQDNs: [], ${port80}}]}`, ["fails-open"]);
    check(`{${web}, egress: [{toServices: [{k8sService: {serviceName: a}}], ${port80}}]}`, [
      "fails-open",
    ]);
    check(`{${web}, ingress: [{fromEntities: [world]}]}`, ["opens-all"]);
  });

  it("finds selectors of nobody, and names the word that was meant", () => {
    check(`{${web}, ingress: [{fromEndpoints: []}]}`, ["selects-nobody"]);
    check(
      `{${web}, ingress: [{fromEndpoints: [{matchLabels: {ap: client}}]}]}`,
      ["selects-nothing"],
      true,
    );
  });

  it("finds deny rules that close everything else", () => {
    check(`{${web}, ingressDeny: [{${client}}]}`, ["deny-only"]);
    check(`{${web}, enableDefaultDeny: {ingress: false}, ingressDeny: [{${client}}]}`, []);
  });

  it("finds toFQDNs that never learn an address", () => {
    const fqdn = "{toFQDNs: [{matchName: a.com}]}";
    check(`{${web}, egress: [${fqdn}]}`, ["fqdn-without-dns"]);
    const dns =
      '{toEntities: [all], toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]}';
    check(`{${web}, egress: [${fqdn}, ${dns}]}`, []);
  });

  it("finds HTTP rules that match otherwise than meant", () => {
    check(http('{headers: ["X-A:b"]}'), ["header-colon"]);
    check(http("{path: public}"), ["path-without-slash"]);
    check(http("{path: /public.*}"), ["path-prefix"]);
    check(http("{method: get}"), ["method-case"]);
    check(http("{}"), ["http-open"]);
    check(http('{path: "/public/.*", method: GET}'), []);
  });
});
