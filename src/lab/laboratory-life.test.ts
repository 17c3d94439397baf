import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import WebSocket from "ws";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { LabEvent } from "./events.ts";
import { type Laboratory, startLaboratory } from "./laboratory.ts";
import { parseScene } from "./scenes/scene-schema.ts";

const sceneText = `
name: small
clusters:
  - { name: near, nodes: [one, two] }
  - { name: far, nodes: [three] }
workloads:
  - { name: dns, namespace: kube-system, labels: { k8s-app: kube-dns }, program: { kind: kube-dns }, ports: [{ name: dns, port: 53, protocol: UDP }] }
  - { name: web, labels: { app: web }, program: { kind: web, latencyMs: 0 }, ports: [{ name: http, port: 8080 }] }
  - { name: store, labels: { app: store }, program: { kind: echo }, ports: [{ name: raw, port: 6379 }, { name: raw-udp, port: 6379, protocol: UDP }] }
  - { name: client, kind: Pod, labels: { app: client } }
  - { name: old, kind: Pod, labels: { app: old }, unmanaged: true }
  - { name: web, cluster: far, labels: { app: web }, program: { kind: web, latencyMs: 0 }, ports: [{ name: http, port: 8080 }] }
services:
  - { name: kube-dns, namespace: kube-system, address: 10.96.0.10, selector: { k8s-app: kube-dns }, ports: [{ port: 53, protocol: UDP }] }
  - { name: web, address: 10.96.1.1, global: true, selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
  - { name: web, cluster: far, address: 10.97.1.1, global: true, selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
world:
  - { name: outside.example, address: 203.0.113.5, program: { kind: web, latencyMs: 0 }, ports: [{ port: 80 }] }
`;

let lab: Laboratory;
const events: LabEvent[] = [];

beforeAll(async () => {
  lab = await startLaboratory({
    scene: parseScene(sceneText, "small.yaml"),
    ciliumVersion: "1.19",
    clock: systemClock,
    logger: silentLogger,
    seed: 3,
    addressBase: "127.10.0",
    isEphemeral: true,
    hasTraffic: false,
    labDir: undefined,
  });
  lab.context.bus.subscribe((event) => events.push(event));
});

afterAll(() => lab.stop());

function policy(name: string, app: string, ingress: string): string {
  return `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: ${name}, namespace: default }\nspec:\n  endpointSelector: { matchLabels: { app: ${app} } }\n  ingress: ${ingress}\n`;
}

async function run(pod: string, ...command: string[]): Promise<string> {
  let out = "";
  const output = {
    stdout: (bytes: Buffer) => {
      out += bytes.toString();
    },
    stderr: (text: string) => {
      out += text;
    },
  };
  const request = { namespace: "default", pod, command };
  const code = await lab.exec(request, output, new AbortController().signal);
  return code === 0 ? out : `${out}exit ${code}`;
}

function pod(name: string) {
  const found = lab.workloads.podsOf("near", `default/${name}`)[0];
  if (found === undefined) throw new Error(`no pod of ${name}`);
  return found;
}

function nextData(stream: Duplex): Promise<string> {
  return new Promise((resolve) =>
    stream.once("data", (bytes: Buffer) => resolve(bytes.toString())),
  );
}

async function pageOf(job: string, node: string): Promise<string> {
  const url = lab.endpointUrls.find((one) => one.job === job && one.labels["node"] === node)?.url;
  const text = await (await fetch(url ?? "")).text();
  // A failing test prints what it compared: keep that short.
  return text
    .split("\n")
    .filter((line) => /clustermesh|kvstoremesh|policy_change|unmanaged/.test(line))
    .join("\n");
}

describe("a laboratory with two clusters", () => {
  it("gives pods of one cluster the backends of both, while the mesh is whole", async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 30; i++) answers.add(await run("client", "curl", "-s", "web"));
    expect(answers.size).toBe(2);
    lab.faults.inject({ kind: "mesh-unreachable", cluster: "far" });
    answers.clear();
    for (let i = 0; i < 10; i++) answers.add(await run("client", "curl", "-s", "web"));
    expect(answers.size).toBe(1);
    lab.faults.clear();
    // Agents look after their connections from time to time; one may have met the fault.
    await vi.waitFor(
      async () =>
        expect(await pageOf("cilium-agent", "one")).toContain(
          'cilium_clustermesh_remote_cluster_endpoints{target_cluster="far"} 3',
        ),
      { timeout: 10_000, interval: 200 },
    );
    expect(await pageOf("kvstoremesh", "one")).toContain("cilium_kvstoremesh_remote_clusters 1");
  });

  it("reaches servers outside by name, and says that they are the world", async () => {
    const before = events.length;
    expect(await run("client", "curl", "-s", "outside.example.")).toContain("hello from outside");
    const flows = events.slice(before).flatMap((one) => (one.kind === "flow" ? [one.flow] : []));
    const syn = flows.find((flow: Flow) => flow.destination?.labels?.[0] === "reserved:world");
    expect(syn).toMatchObject({ trace_observation_point: "TO_STACK", traffic_direction: "EGRESS" });
    expect(await run("client", "ping", "-c", "1", "203.0.113.5")).toContain("1 packets received");
    expect(await run("client", "ping", "-c", "1", "203.0.113.6")).toContain("exit 1");
  });

  it("carries UDP, and WebSocket through the L7 proxy", async () => {
    const answer = await lab.datapath.exchangeUdp(
      pod("client"),
      pod("store").facts.address,
      6379,
      Buffer.from("ping"),
    );
    expect(answer.toString()).toBe("ping");
    await lab
      .objects()
      .apply(
        policy(
          "web-l7",
          "web",
          "[{ toPorts: [{ ports: [{ port: http, protocol: TCP }], rules: { http: [{ path: /room }] } }] }]",
        ),
        "web.yaml",
      );
    const { stream } = await lab.datapath.connectTcp(pod("client"), pod("web").facts.address, 8080);
    const socket = new WebSocket("ws://web/room", { createConnection: () => stream });
    const echoed = await new Promise<string>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => socket.send("who goes there"));
      socket.on("message", (data) => resolve(String(data)));
    });
    expect(echoed).toBe("who goes there");
    socket.terminate();
    expect(events.some((one) => one.kind === "flow" && one.flow.l7?.http?.code === 101)).toBe(true);
    expect(await lab.objects().deleteOne("cnp", "default", "web-l7")).toBe(true);
  });

  it("drops the packets of a connection that a new policy forbids, and lets them through again", async () => {
    const { stream } = await lab.datapath.connectTcp(
      pod("client"),
      pod("store").facts.address,
      6379,
    );
    stream.write("one");
    expect(await nextData(stream)).toBe("one");
    await lab.objects().apply(policy("closed", "store", "[{}]"), "closed.yaml");
    const before = events.length;
    const answer = nextData(stream);
    stream.write("two");
    const drops = () =>
      events.slice(before).filter((one) => one.kind === "packet" && one.verdict === "dropped");
    expect(drops().length).toBeGreaterThan(0);
    await lab.objects().deleteOne("CiliumNetworkPolicy", "default", "closed");
    expect(await answer).toBe("two");
    stream.destroy();
  });

  it("ends the connections of a pod that goes, through every state", async () => {
    const key = "near/default/store";
    await lab.workloads.scale(key, 2);
    const second = lab.workloads.podsOf("near", "default/store")[1];
    if (second === undefined) throw new Error("no second pod");
    const { stream } = await lab.datapath.connectTcp(pod("client"), second.facts.address, 6379);
    const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
    stream.on("error", () => {});
    const { id, nodeName } = second.facts;
    await lab.workloads.scale(key, 1);
    await closed;
    const states = events.flatMap((one) =>
      one.kind === "endpoint_state" && one.endpointId === id && one.nodeName === nodeName
        ? [one.to]
        : [],
    );
    expect(states).toEqual([
      "creating",
      "waiting-for-identity",
      "waiting-to-regenerate",
      "regenerating",
      "ready",
      "disconnecting",
      "disconnected",
    ]);
  });

  it("counts pods that no agent manages, and enforces nothing on them", async () => {
    expect(await pageOf("cilium-operator", "one")).toContain("cilium_operator_unmanaged_pods 1");
    expect(lab.state.endpoints().some(({ podName }) => podName === "old")).toBe(false);
  });

  it("refuses and counts policies under the fault policy-import-error, and slows regeneration", async () => {
    lab.faults.inject({ kind: "policy-import-error" });
    await expect(lab.objects().apply(policy("p", "web", "[{}]"), "p.yaml")).rejects.toThrow(
      "the fault policy-import-error is in force",
    );
    lab.faults.clear();
    expect(await pageOf("cilium-agent", "one")).toContain(
      'cilium_policy_change_total{outcome="fail"} 1',
    );
    lab.faults.inject({ kind: "slow-regeneration", ms: 150 });
    const startMs = performance.now();
    await lab.objects().apply(policy("p", "web", "[{}]"), "p.yaml");
    expect(performance.now() - startMs).toBeGreaterThan(150);
    lab.faults.clear();
    await lab.objects().deleteOne("cnp", "default", "p");
  });

  it("forgets that a policy was refused once it is applied rightly, and applied none of it before", async () => {
    const refused = () => lab.cluster.policies.refused.list().map(({ name }) => name);
    const bad = `${policy("good", "web", "[{}]")}---\n${policy("late", "web", "[{fromCIDR: [nowhere]}]")}`;
    await expect(lab.objects().apply(bad, "late.yaml")).rejects.toThrow("late.yaml:");
    expect(refused()).toContain("late");
    const names = () => lab.cluster.policies.list().map(({ name }) => name);
    expect(names()).not.toContain("good");
    expect(names()).not.toContain("late");
    await lab.objects().apply(policy("late", "web", "[{}]"), "late.yaml");
    expect(refused()).not.toContain("late");
    expect(names()).toContain("late");
    await lab.objects().deleteOne("cnp", "default", "late");
  });

  it("loses a node: probes, its page and its pods answer nothing", async () => {
    lab.faults.inject({ kind: "node-down", node: "two" });
    await expect(pageOf("cilium-agent", "two")).rejects.toThrow();
    const { nodes } = lab.cluster;
    const down = lab.cluster.endpointOf(nodes[1]?.address ?? "");
    const up = lab.cluster.endpointOf(nodes[0]?.address ?? "");
    if (down === undefined || up === undefined) throw new Error("hosts are endpoints");
    expect(await lab.datapath.ping(up, down.facts.address)).toBe(false);
    lab.faults.clear();
    expect(await lab.datapath.ping(up, down.facts.address)).toBe(true);
  });

  it("takes namespaces, services and pods, and nothing of a text that has a fault", async () => {
    const objects = `kind: Namespace\nmetadata: { name: extra, labels: { team: red } }\n---\nkind: Pod\nmetadata: { name: solo, namespace: extra, labels: { app: solo } }\nspec: { containers: [{ ports: [{ name: http, containerPort: 80 }] }] }\n---\nkind: Service\nmetadata: { name: solo, namespace: extra }\nspec: { selector: { app: solo }, ports: [{ port: 80 }] }\n`;
    await expect(
      lab.objects().apply(`${objects}---\nkind: Ingress\nmetadata: { name: x }\n`, "o.yaml"),
    ).rejects.toThrow(/^o\.yaml:\d+: .*no Ingress/);
    expect(lab.cluster.namespaces.has("extra")).toBe(false);
    const outcomes = await lab.objects().apply(objects, "o.yaml");
    expect(outcomes.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
      "Namespace add",
      "Pod add",
      "Service add",
    ]);
    expect(await run("client", "curl", "-s", "solo.extra.svc.cluster.local")).toContain(
      "hello from solo",
    );
    const solo = lab.state.endpoints().find(({ podName }) => podName === "solo");
    expect(solo?.labels).toContain("k8s:io.cilium.k8s.namespace.labels.team=red");
    await lab.objects().delete(objects, "o.yaml");
    expect(lab.cluster.findPod("extra", "solo")).toBeUndefined();
  });
});
