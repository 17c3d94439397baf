import { expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import { verdictsOf } from "./connection-verdict.ts";
import { FlowTally } from "./flow-tally.ts";
import { proposePolicies } from "./policy-proposal.ts";

const web = {
  namespace: "default",
  pod_name: "web",
  labels: ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=default"],
};
const starting = { namespace: "default", pod_name: "starting", labels: ["reserved:init"] };

function tallyOf(source: object, destination: object): FlowTally {
  const tally = new FlowTally();
  for (const traffic_direction of ["EGRESS", "INGRESS"]) {
    const l4 = { TCP: { source_port: 40_000, destination_port: 80 } };
    const flow = {
      is_reply: false,
      verdict: "FORWARDED",
      l4,
      source,
      destination,
      traffic_direction,
    };
    tally.addLine(JSON.stringify({ flow: { time: "2026-01-01T00:00:00Z", ...flow } }));
  }
  return tally;
}

it.each([
  ["from an endpoint without labels", starting, web],
  ["to an endpoint without labels", web, starting],
])("proposes for traffic %s what selects it, is valid and passes it", (_name, from, to) => {
  const tally = tallyOf(from, to);
  const proposals = proposePolicies(tally, { directions: ["ingress", "egress"], hasL7: true });
  expect(proposals.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    "/init-observed",
    "default/web-observed",
  ]);
  const text = proposals.map(({ yaml }) => yaml).join("---\n");
  expect(text).toContain("of endpoints whose labels were not known yet (reserved:init)");
  const engine = new PolicyEngine(parsePolicies(text, { file: "proposal" }));
  const sides = [...tally.connections].flatMap((one) => verdictsOf(engine, one));
  expect(sides.map(({ verdict }) => verdict.decision)).toEqual(sides.map(() => "allowed"));
  expect(
    new Set(sides.flatMap(({ verdict }) => verdict.matchedBy.map(({ kind }) => kind))),
  ).toEqual(new Set(["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"]));
});

it("proposes the cluster-wide policy with those of a namespace that its endpoints talk with", () => {
  const tally = tallyOf(starting, web);
  const namesOf = (namespace: string) =>
    proposePolicies(tally, { directions: ["ingress", "egress"], hasL7: true, namespace }).map(
      ({ name }) => name,
    );
  expect(namesOf("default")).toEqual(["init-observed", "web-observed"]);
  expect(namesOf("other")).toEqual([]);
});
