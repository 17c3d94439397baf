import { describe, expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { PolicyEngine } from "../engine/policy-engine.ts";
import { replayFlows, scoreSimulation } from "./flow-replay.ts";
import { FlowTally } from "./flow-tally.ts";
import { measureUsage } from "./rule-usage.ts";

interface FlowParts {
  readonly from?: string;
  readonly port?: number;
  readonly verdict?: string;
  readonly reason?: string;
  readonly isReply?: boolean;
  readonly second?: number;
  readonly l7?: unknown;
}

function end(app: string) {
  const labels = [`k8s:app=${app}`, "k8s:io.kubernetes.pod.namespace=default"];
  return { namespace: "default", labels, pod_name: app };
}

function line({ from = "client", port = 80, verdict = "FORWARDED", ...rest }: FlowParts): string {
  const { reason, isReply = false, second = 0, l7 } = rest;
  const flow = {
    time: `2026-01-01T00:00:0${second}Z`,
    uuid: `${second}`,
    verdict,
    l4: { TCP: { source_port: 40_000 + second, destination_port: port } },
    source: end(from),
    destination: end("web"),
    l7,
    traffic_direction: "INGRESS",
    drop_reason_desc: reason,
    is_reply: isReply,
    Summary: "",
  };
  return JSON.stringify({ flow });
}

function tallyOf(...parts: readonly FlowParts[]): FlowTally {
  const tally = new FlowTally();
  for (const one of parts) tally.addLine(line(one));
  return tally;
}

const engine = new PolicyEngine(
  parsePolicies(
    `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: /a}]}}]}, {fromEntities: [host]}]}}`,
    { file: "p.yaml" },
  ),
);

describe("FlowTally", () => {
  it("counts lines that differ in time and source port only as one connection", () => {
    const [connection, ...more] = tallyOf({ second: 1 }, { second: 3 }, { second: 2 }).connections;
    expect(more).toEqual([]);
    expect(connection).toMatchObject({
      forwardedCount: 3,
      auditedCount: 0,
      firstTime: "2026-01-01T00:00:01Z",
      lastTime: "2026-01-01T00:00:03Z",
    });
  });

  it("passes over replies and drops that no policy is behind, and says how many", () => {
    const tally = tallyOf(
      { isReply: true },
      { verdict: "DROPPED", reason: "CT_MAP_INSERTION_FAILED" },
      { verdict: "DROPPED", reason: "POLICY_DENIED" },
    );
    expect([...tally.connections]).toHaveLength(1);
    expect(Object.fromEntries(tally.skipped)).toEqual({ reply: 1, "dropped otherwise": 1 });
  });

  it("takes lines of any form, though slower", () => {
    const tally = new FlowTally();
    tally.addLine(line({}));
    tally.addLine(
      line({}).replace("drop_reason_desc", "dropReasonDesc").replace('"flow":{', '"flow": {'),
    );
    expect(tally.flowCount).toBe(2);
    expect([...tally.connections]).toHaveLength(1);
  });
});

describe("replayFlows", () => {
  it("groups what would be dropped and what would newly pass, with the reason", () => {
    const report = replayFlows(
      engine,
      tallyOf(
        { second: 1 },
        { from: "other", second: 2 },
        { from: "other", second: 3 },
        { port: 80, verdict: "DROPPED", reason: "POLICY_DENIED", second: 4 },
      ),
    );
    expect(report.unchangedCount).toBe(1);
    expect(report.wouldDrop).toMatchObject([
      { source: "default/other", destination: "default/web", service: "TCP/80", flowCount: 2 },
    ]);
    expect(report.wouldDrop[0]?.reason).toContain(
      "default deny is created by CiliumNetworkPolicy default/p",
    );
    expect(report.wouldAllow).toMatchObject([{ source: "default/client", flowCount: 1 }]);
  });

  it("asks the L7 rules about requests", () => {
    const request = (path: string) => ({
      l7: { type: "REQUEST", http: { method: "GET", url: `http://web${path}` } },
    });
    const { wouldDrop } = replayFlows(engine, tallyOf(request("/a"), request("/b")));
    expect(wouldDrop.map(({ service }) => service)).toEqual(["TCP/80 GET /b"]);
  });
});

describe("scoreSimulation", () => {
  it("counts flows whose verdict was told right", () => {
    const score = scoreSimulation(
      engine,
      tallyOf(
        {},
        { from: "other" },
        { from: "other", verdict: "DROPPED", reason: "POLICY_DENIED" },
      ),
    );
    expect([score.comparedCount, score.equalCount]).toEqual([3, 2]);
  });
});

describe("measureUsage", () => {
  it("counts flows by the rules that apply to them", () => {
    const usage = measureUsage(engine, tallyOf({}, {}));
    expect(usage.map(({ flowCount }) => flowCount)).toEqual([2, 0]);
  });
});
