import { describe, expect, it } from "vitest";
import { ConfigError } from "../base/errors.ts";
import type { Flow } from "../flow/model/flow.ts";
import { type ContextIdentifier, compileContext } from "./context.ts";
import { parseMetricSpecs } from "./spec.ts";

function contextOf(options: string) {
  return compileContext(parseMetricSpecs(`flow:${options}`)[0]!);
}

function valuesOf(options: string, flow: Flow): string[] {
  const values: string[] = [];
  contextOf(options).write(flow, values, 0);
  return values;
}

const flow: Flow = {
  traffic_direction: "EGRESS",
  IP: { source: "10.0.0.1", destination: "10.0.0.2" },
  source_names: ["a.example", "b.example"],
  source: {
    namespace: "default",
    pod_name: "xwing",
    labels: ["k8s:app=", "k8s:k8s-app=fighter", "reserved:init", "reserved:kube-apiserver"],
    workloads: [{ name: "wing", kind: "Deployment" }, { name: "other" }],
  },
  destination: { labels: ["reserved:world"] },
};

describe("a context identifier", () => {
  it("reads what it is named for", () => {
    const check = (identifier: ContextIdentifier, want: string) =>
      expect(valuesOf(`sourceContext=${identifier}`, flow), identifier).toEqual([want]);
    check("identity", "k8s:app=,k8s:k8s-app=fighter,reserved:init,reserved:kube-apiserver");
    check("namespace", "default");
    check("pod", "default/xwing");
    check("pod-name", "xwing");
    check("dns", "a.example,b.example");
    check("ip", "10.0.0.1");
    check("reserved-identity", "reserved:kube-apiserver");
    check("workload", "default/wing");
    check("workload-name", "wing");
    check("app", "fighter");
  });

  it("gives way to the next of a chain only when it is empty", () => {
    expect(valuesOf("destinationContext=workload-name|reserved-identity", flow)).toEqual([
      "reserved:world",
    ]);
    const namespaceOnly: Flow = { source: { namespace: "n" }, IP: { source: "10.0.0.1" } };
    expect(valuesOf("sourceContext=pod|ip", namespaceOnly)).toEqual(["n/"]);
  });

  it("for one direction replaces the general one there", () => {
    const options = "sourceContext=namespace;sourceEgressContext=dns|ip";
    expect(valuesOf(options, flow)).toEqual(["a.example,b.example"]);
    expect(valuesOf(options, { ...flow, traffic_direction: "INGRESS" })).toEqual(["default"]);
    expect(valuesOf("sourceIngressContext=ip", flow)).toEqual([""]);
  });
});

describe("labelsContext", () => {
  it("gives labels in a fixed order, before source and destination, empty where unknown", () => {
    const context = contextOf(
      "destinationContext=ip;sourceContext=ip;labelsContext=traffic_direction,source_pod,destination_pod",
    );
    expect(context.labelNames).toEqual([
      "source_pod",
      "destination_pod",
      "traffic_direction",
      "source",
      "destination",
    ]);
    const values: string[] = [];
    context.write(flow, values, 0);
    expect(values).toEqual(["xwing", "", "egress", "10.0.0.1", "10.0.0.2"]);
    context.writeInverted(flow, values, 0);
    expect(values).toEqual(["", "xwing", "egress", "10.0.0.2", "10.0.0.1"]);
  });
});

describe("context options", () => {
  it("print their status as the agent does", () => {
    expect(contextOf("sourceContext=POD|ip;labelsContext=source_ip").status).toBe(
      "labels=source_ip,source=pod|ip",
    );
    expect(contextOf("sourceContext=pod-name").status).toBe("source=4");
  });

  it("are refused when unknown, with what would do", () => {
    expect(() => contextOf("sourceContext=bogus")).toThrow(/unknown context 'bogus'; use one of/);
    expect(() => contextOf("labelsContext=Source_ip")).toThrow(ConfigError);
    expect(() => contextOf("sourceContext")).toThrow(/unknown context ''/);
    const faults = "sourceIngressContext=one;labelsContext=two;sourceContext=three";
    expect(() => contextOf(faults)).toThrow(/unknown context 'one'/);
  });

  it("name the labels by which a pod's series are deleted", () => {
    const matches = contextOf("sourceEgressContext=pod;labelsContext=destination_pod").podMatches(
      "default",
      "xwing",
    );
    expect(matches).toEqual([new Map([["source", "default/xwing"]])]);
  });
});
