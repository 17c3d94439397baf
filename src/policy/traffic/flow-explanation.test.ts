import { describe, expect, it } from "vitest";
import type { Flow } from "../../flow/model/flow.ts";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import { explainFlow } from "./flow-explanation.ts";

const rule1 = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: rule1
spec:
  endpointSelector:
    matchLabels:
      class: deathstar
  ingress:
    - fromEndpoints:
        - matchLabels:
            org: empire
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
          rules:
            http:
              - method: POST
                path: /v1/request-landing
`;
const engine = new PolicyEngine(parsePolicies(rule1, { file: "rule1.yaml" }));

function pod(name: string, org: string) {
  const labels = [
    `k8s:class=${name}`,
    "k8s:io.cilium.k8s.policy.cluster=default",
    "k8s:io.kubernetes.pod.namespace=default",
    `k8s:org=${org}`,
  ];
  return { namespace: "default", pod_name: name, labels };
}

function flowFrom(name: string, org: string, more: Partial<Flow> = {}): Flow {
  return {
    verdict: "DROPPED",
    drop_reason_desc: "POLICY_DENIED",
    traffic_direction: "INGRESS",
    source: pod(name, org),
    destination: pod("deathstar", "empire"),
    l4: { TCP: { source_port: 1, destination_port: 80, flags: { SYN: true } } },
    event_type: { type: 5 },
    ...more,
  };
}

describe("explainFlow", () => {
  it("names the label that differs, with its line, and who turned default deny on", () => {
    const { sides, agrees } = explainFlow(engine, flowFrom("xwing", "alliance"));
    expect(agrees).toBe(true);
    const [egress, ingress] = sides;
    expect(egress?.steps.map(({ state, title }) => [state, title])).toEqual([
      ["allows", "Egress of xwing: allowed"],
    ]);
    expect(ingress?.steps.map(({ state, title, line }) => [state, title, line])).toEqual([
      ["closes", "Ingress of deathstar: default deny is on", 6],
      ["misses", "rule1, ingress[0]: does not match", 12],
      ["denies", "No other rule is left: dropped", undefined],
    ]);
    expect(ingress?.steps[1]?.text).toBe("It wants org=empire; xwing has org=alliance.");
  });

  it("tells a port that the rule has not", () => {
    const l4 = { TCP: { destination_port: 443, flags: { SYN: true } } };
    const { sides } = explainFlow(engine, flowFrom("tiefighter", "empire", { l4 }));
    expect(sides[1]?.steps[1]?.text).toBe(
      "It selects tiefighter, but only TCP/80; this is TCP/443.",
    );
  });

  it("tells which request the proxy refuses and which line it would let pass", () => {
    const http = (method: string, path: string): Partial<Flow> => ({
      l7: { type: "REQUEST", http: { method, url: `http://deathstar${path}` } },
      event_type: { type: 129 },
    });
    const refused = explainFlow(
      engine,
      flowFrom("tiefighter", "empire", http("PUT", "/v1/exhaust-port")),
    );
    const steps = refused.sides[1]?.steps ?? [];
    expect(steps.map(({ title }) => title)).toEqual([
      "Ingress of deathstar: default deny is on",
      "rule1, ingress[0]: matches",
      "The proxy refuses PUT /v1/exhaust-port",
      "The request is dropped",
    ]);
    expect(steps[2]).toMatchObject({ state: "denies", line: 19 });
    const landing = http("POST", "/v1/request-landing");
    const passed = explainFlow(
      engine,
      flowFrom("tiefighter", "empire", { ...landing, verdict: "FORWARDED" }),
    );
    expect(passed.agrees).toBe(true);
    expect(passed.sides[1]?.isDenied).toBe(false);
  });

  it("says where engine and datapath differ", () => {
    const flow = flowFrom("xwing", "alliance", { verdict: "FORWARDED", is_reply: false });
    expect(explainFlow(engine, flow).agrees).toBe(false);
  });

  it("says why policies are silent about an answer", () => {
    const flow = flowFrom("xwing", "alliance", {
      verdict: "FORWARDED",
      is_reply: true,
      event_type: { type: 4 },
    });
    expect(explainFlow(engine, flow)).toEqual({
      silentBecause: "reply",
      sides: [],
      agrees: undefined,
    });
  });
});
