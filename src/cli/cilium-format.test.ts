import { describe, expect, it } from "vitest";
import type { ClusterEndpoint } from "../cilium/cluster-view.ts";
import { endpointModel, formatEndpointList, policyRules } from "./cilium-format.ts";
import { findEndpoints } from "./commands/cluster-commands.ts";

const xwing: ClusterEndpoint = {
  id: 814,
  clusterName: "default",
  nodeName: "worker",
  kind: "pod",
  namespace: "default",
  podName: "xwing",
  workload: { name: "xwing", kind: "Pod" },
  ipv4: "10.0.1.7",
  ipv6: undefined,
  identity: 1234,
  labels: ["k8s:class=xwing", "k8s:org=alliance"],
  state: "ready",
  policy: { ingress: true, egress: false, revision: 3 },
  redirects: { http: 0, dns: 2 },
};

describe("cilium's own output", () => {
  it("lists endpoints with one label a line", () => {
    expect(formatEndpointList([xwing]).split("\n")).toEqual([
      "ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6   IPv4       STATUS",
      "           ENFORCEMENT        ENFORCEMENT",
      "814        Enabled            Disabled          1234       k8s:class=xwing                      10.0.1.7   ready",
      "                                                           k8s:org=alliance",
      "",
    ]);
  });

  it("models an endpoint as the agent's API does", () => {
    expect(endpointModel(xwing)).toMatchObject({
      id: 814,
      status: {
        "external-identifiers": { "pod-name": "default/xwing" },
        identity: { id: 1234 },
        policy: {
          "proxy-statistics": [{ count: 2, protocol: "dns" }],
          realized: { "policy-enabled": "ingress", "policy-revision": 3 },
        },
        state: "ready",
      },
    });
  });

  it("finds endpoints by number, pod and address", () => {
    for (const text of ["814", "cilium-local:814", "pod-name:default:xwing", "ipv4:10.0.1.7"])
      expect(findEndpoints([xwing], text, undefined)).toEqual([xwing]);
    expect(() => findEndpoints([xwing], "7", undefined)).toThrow("cannot find endpoint 7");
    expect(() => findEndpoints([xwing], "814", "other")).toThrow("cannot find endpoint 814");
  });

  it("gives the rules of a policy by its labels", () => {
    const yaml = "kind: CiliumNetworkPolicy\nspec:\n  endpointSelector: {}\n";
    const policies = {
      clusterName: "default",
      revision: 2,
      policies: [
        {
          clusterName: "default",
          kind: "CiliumNetworkPolicy",
          namespace: "default",
          name: "rule1",
          yaml,
        },
      ],
      refused: [],
    };
    const [rule] = policyRules(policies, ["k8s:io.cilium.k8s.policy.name=rule1"]);
    expect(rule).toMatchObject({ endpointSelector: {} });
    expect(rule?.labels.map(({ key }) => key)).toContain("io.cilium.k8s.policy.namespace");
    expect(policyRules(policies, ["io.cilium.k8s.policy.name=rule2"])).toEqual([]);
  });
});
