import { describe, expect, it } from "vitest";
import { errorMessage } from "../../base/errors.ts";
import { checkPolicies, parsePolicies } from "./policy-parse.ts";

function policy(spec: string): string {
  const indented = spec
    .trim()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
  return `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: p\nspec:\n${indented}\n`;
}

function read(text: string) {
  return parsePolicies(text, { file: "p.yaml" });
}

function refusal(text: string): string {
  try {
    read(text);
  } catch (thrown) {
    return errorMessage(thrown);
  }
  return "accepted";
}

describe("parsePolicies", () => {
  it("names file, line, field and the nearest known word for a mistyped field", () => {
    expect(
      refusal(policy("endpointSelector: {}\ningress:\n- fromEndpoint:\n  - matchLabels: {a: b}")),
    ).toBe(
      'p.yaml:8: spec.ingress[0].fromEndpoint: unknown fields found, extra:[spec.ingress.0.fromEndpoint.0.matchLabels]; did you mean "fromEndpoints"?',
    );
  });

  it("asks for quotes around a port that YAML reads as a number", () => {
    const text = policy("endpointSelector: {}\ningress:\n- toPorts:\n  - ports:\n    - port: 80");
    expect(refusal(text)).toBe(
      'p.yaml:10: spec.ingress[0].toPorts[0].ports[0].port: json: cannot unmarshal number into Go struct field PortProtocol.spec.ingress.toPorts.ports.port of type string; quote it, as in "80"',
    );
  });

  it("refuses kinds that hold no policy, unless told to pass them over", () => {
    const text = "\nkind: Deployment\n";
    expect(refusal(text)).toContain('p.yaml:2: cannot read kind "Deployment"');
    expect(parsePolicies(text, { file: "p.yaml", skipsOtherKinds: true })).toEqual([]);
  });

  it("gives every fault of a text, by who would refuse it", () => {
    const text = policy(
      'endpointSelecter: {}\ningress:\n- toPorts:\n  - ports: [{port: "80", protocol: tcp}]',
    );
    const faults = checkPolicies(text, { file: "p.yaml" });
    expect(faults.map(({ stage, line }) => `${stage}:${line}`)).toEqual([
      "schema:9",
      "schema:5",
      "schema:5",
      "unknown-field:6",
      "agent:5",
    ]);
    expect(refusal(text)).toContain('"endpointSelecter": did you mean "endpointSelector"?');
  });

  it("takes what the agent alone takes when there is no API server", () => {
    const text = policy(
      'endpointSelector: {}\ningress:\n- fromCIDR: [10.0.0.1]\n  toPorts:\n  - ports: [{port: "80", protocol: tcp}]',
    );
    expect(refusal(text)).toContain("must be of type cidr");
    const [read] = parsePolicies(text, { file: "p.yaml", skipsSchema: true });
    expect(read?.specs[0]?.entries[0]?.ports?.[0]?.ports[0]?.protocol).toBe("TCP");
  });

  it("refuses an unreadable regular expression at its line", () => {
    const text = policy(
      'endpointSelector: {}\ningress:\n- toPorts:\n  - ports: [{port: "80", protocol: TCP}]\n    rules:\n      http:\n      - path: "/["',
    );
    expect(refusal(text)).toBe(
      "p.yaml:12: spec.ingress[0].toPorts[0].rules.http[0].path: error parsing regexp: missing closing ]: `[`",
    );
  });

  it("refuses HTTP rules on anything but TCP", () => {
    const text = policy(
      'endpointSelector: {}\ningress:\n- toPorts:\n  - ports: [{port: "80"}]\n    rules: {http: [{}]}',
    );
    expect(refusal(text)).toContain("L7 rules can only apply to TCP (not ANY)");
  });

  it("reads several documents, lists and specs, and counts their entries", () => {
    const one = policy("endpointSelector: {}\ningress:\n- {}\n- {}");
    expect(read(`${one}---\n${one}`).map(({ entryCount }) => entryCount)).toEqual([2, 2]);
    expect(read(JSON.stringify({ kind: "List", items: [] }))).toEqual([]);
  });

  it("says where the YAML itself is broken", () => {
    expect(refusal("kind: [")).toMatch(/^p\.yaml:\d+: cannot read YAML/);
  });
});
