import { describe, expect, it } from "vitest";
import { checkPolicies } from "./policy-parse.ts";

/** What the agent says of a policy with the spec. */
function agentSays(spec: string, metadata = "{name: p}"): string[] {
  const text = `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: ${metadata}, spec: ${spec}}`;
  return checkPolicies(text, { file: "p.yaml" })
    .filter(({ stage }) => stage === "agent")
    .map(({ reason }) => reason.replace("json: cannot unmarshal ", ""));
}

describe("decodeAsGo", () => {
  it("names the innermost struct, the path with embedded structs, and the Go type", () => {
    expect(agentSays("{endpointSelector: {}, ingress: [{toPorts: [{ports: 80}]}]}")).toEqual([
      "number into Go struct field PortRule.spec.ingress.toPorts.ports of type []api.PortProtocol",
    ]);
    expect(agentSays("{endpointSelector: {}, egress: [{toCIDRSet: [10.0.0.0/8]}]}")).toEqual([
      "string into Go struct field EgressRule.spec.egress.EgressCommonRule.toCIDRSet of type api.CIDRRule",
    ]);
    expect(agentSays("[]")).toEqual([
      "array into Go struct field CiliumNetworkPolicy.spec of type api.Rule",
    ]);
  });

  it("tells the first in the order of names, but a selector's fault before all others", () => {
    const rules = "ingress: x, egress: y";
    expect(agentSays(`{endpointSelector: {}, ${rules}}`)).toEqual([
      "string into Go struct field Rule.spec.egress of type []api.EgressRule",
    ]);
    expect(agentSays(`{endpointSelector: {matchLabels: {app: 1}}, ${rules}}`)).toEqual([
      "number into Go struct field Rule.spec.endpointSelector.matchLabels of type string",
    ]);
  });

  it("looks into metadata, and passes over nulls", () => {
    expect(agentSays("{endpointSelector: {}, ingress: [{}]}", "{name: [p]}")).toEqual([
      "array into Go struct field ObjectMeta.metadata.name of type string",
    ]);
    expect(agentSays("{endpointSelector: null, ingress: [{fromEndpoints: null}]}")).toEqual([]);
  });
});
