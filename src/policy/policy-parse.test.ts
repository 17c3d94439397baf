import { describe, expect, it } from "vitest";
import { errorMessage } from "../base/errors.ts";
import { parsePolicies } from "./policy-parse.ts";

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
      'p.yaml:8: spec.ingress[0].fromEndpoint: unknown field "fromEndpoint"; did you mean "fromEndpoints"?',
    );
  });

  it("asks for quotes around a port that YAML reads as a number", () => {
    const text = policy("endpointSelector: {}\ningress:\n- toPorts:\n  - ports:\n    - port: 80");
    expect(refusal(text)).toBe(
      'p.yaml:10: spec.ingress[0].toPorts[0].ports[0].port: want a text, have the number 80; quote the port, as in "80"',
    );
  });

  it("refuses kinds that are not built yet by name", () => {
    expect(refusal("\nkind: NetworkPolicy\n")).toContain(
      "p.yaml:2: Kubernetes NetworkPolicy objects",
    );
    expect(refusal("kind: CiliumClusterwideNetworkPolicy")).toContain("not built yet");
  });

  it("refuses fields that it does not obey", () => {
    const text = policy(
      "endpointSelector: {}\negress:\n- toServices:\n  - k8sService: {serviceName: a}",
    );
    expect(refusal(text)).toBe("p.yaml:8: spec.egress[0].toServices: toServices is not built yet");
  });

  it("refuses an unreadable regular expression at its line", () => {
    const text = policy(
      'endpointSelector: {}\ningress:\n- toPorts:\n  - ports: [{port: "80", protocol: TCP}]\n    rules:\n      http:\n      - path: "/["',
    );
    expect(refusal(text)).toMatch(
      /^p\.yaml:12: spec\.ingress\[0\]\.toPorts\[0\]\.rules\.http\[0\]\.path: invalid regular expression/,
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
