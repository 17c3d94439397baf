import { expect, it } from "vitest";
import { PolicyError } from "../../policy/document/policy-fault.ts";
import { parsePolicies } from "../../policy/document/policy-parse.ts";
import { RefusedPolicies } from "./refused-policies.ts";

const good = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: good
spec:
  endpointSelector: {}
  ingress: [{}]
`;
const bad = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: bad
  namespace: shop
spec:
  endpointSelector: {}
  ingress:
  - fromEndpoint: []
`;

function refuse(text: string, inForce: (name: string) => string | undefined = () => undefined) {
  const refused = new RefusedPolicies("default");
  let thrown: unknown;
  try {
    parsePolicies(text, { file: "bad.yaml", clusterName: "default" });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PolicyError);
  refused.note({ text, file: "bad.yaml", thrown }, ({ name }) => inForce(name));
  return refused;
}

function shown(refused: RefusedPolicies) {
  return refused.list().map(({ namespace, name, error }) => [namespace, name, error.line]);
}

it("keeps name, text and fault of a refused policy until it is deleted", () => {
  const refused = refuse(bad);
  expect(refused.list()).toMatchObject([
    {
      kind: "CiliumNetworkPolicy",
      namespace: "shop",
      name: "bad",
      yaml: bad,
      error: { file: "bad.yaml", line: 9, mend: 'did you mean "fromEndpoints"?' },
    },
  ]);
  expect(refused.remove("default", "bad", undefined)).toBe(false);
  expect(refused.remove("shop", "bad", "CiliumNetworkPolicy")).toBe(true);
  expect(refused.list()).toEqual([]);
});

it("counts lines within the document and names neighbours that are not applied either", () => {
  const refused = refuse(`${good}---\n${bad}`);
  expect(shown(refused)).toEqual([
    ["default", "good", 1],
    ["shop", "bad", 9],
  ]);
  expect(refused.list()[0]?.error.message).toBe(
    "not applied, since line 17 of bad.yaml has a fault",
  );
  expect(shown(refuse(`${good}---\n${bad}`, () => good))).toEqual([["shop", "bad", 9]]);
});

it("reads the name of a text whose YAML is broken", () => {
  const refused = refuse(good.replace("endpointSelector: {}", "endpointSelector: {"));
  expect(shown(refused)[0]?.slice(0, 2)).toEqual(["default", "good"]);
});
