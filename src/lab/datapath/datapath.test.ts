import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { Cluster } from "../cluster/cluster.ts";
import { ClusterSet } from "../cluster/cluster-set.ts";
import { ObjectStore } from "../controllers/object-store.ts";
import { type LabEvent, LabEventBus } from "../events.ts";
import { FaultBoard } from "../faults/fault-board.ts";
import { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { PodRunner } from "../pods/pod-runner.ts";
import { PodResolver } from "../pods/resolver.ts";
import { loadScene } from "../scenes/scene-file.ts";
import { WorkloadSet } from "../workload-set.ts";
import { Datapath } from "./datapath.ts";

async function startCluster() {
  const clock = new FakeClock(1_700_000_000_000);
  const bus = new LabEventBus();
  const faults = new FaultBoard(clock);
  const random = seededRandom(3);
  const context: LabContext = { clock, bus, faults, logger: silentLogger, random };
  const scene = loadScene("star-wars");
  const nodes = (scene.clusters[0]?.nodeNames ?? []).map((name) => ({ name }));
  const cluster = new Cluster(context, new ObjectStore(clock, bus), {
    name: "default",
    index: 0,
    nodes,
  });
  const clusters = new ClusterSet([cluster]);
  const emitter = new FlowEmitter(context, clusters, "1.19.0");
  const nobody = () => {
    throw new Error("no proxy here");
  };
  const datapath = new Datapath(context, {
    clusters,
    emitter,
    proxyPorts: { http: 1, dns: 2 },
    httpProxy: { accept: nobody },
    dnsProxy: { handle: nobody, accept: nobody, namesOf: () => [] },
  });
  const resolver = new PodResolver(datapath, "10.96.0.10", random);
  const runner = new PodRunner(context, {
    scene: { ...scene, isSimulated: true },
    clusters,
    datapath,
    resolver: () => resolver,
  });
  const workloads = new WorkloadSet(context, clusters, runner);
  for (const service of scene.services) cluster.setService(service);
  const pods = Promise.all(
    scene.workloads
      .filter(({ program }) => program.kind !== "kube-dns")
      .map((workload) => workloads.apply(workload)),
  );
  for (let i = 0; i < 20; i++) await clock.advance(100);
  await pods;
  for (const { text, file } of scene.policies) {
    const applied = cluster.applyPolicies(text, file);
    await clock.advance(100);
    await applied;
  }
  const events: LabEvent[] = [];
  bus.subscribe((event) => events.push(event));
  return { clock, cluster, datapath, events };
}

describe("Datapath", () => {
  it("counts and reports each SYN that the policy drops, until the client is told of the timeout", async () => {
    const { clock, cluster, datapath, events } = await startCluster();
    const xwing = cluster.findPod("default", "xwing");
    if (xwing === undefined) throw new Error("the scene has an xwing");
    const outcome = datapath
      .connectTcp(xwing, "10.96.110.8", 80)
      .catch((thrown: unknown) => thrown);
    const startMs = clock.nowMs();
    await clock.advance(140_000);
    expect(await outcome).toMatchObject({ code: "ETIMEDOUT" });
    const drops = events.filter((event) => event.kind === "packet" && event.verdict === "dropped");
    expect(drops.map(({ timeMs }) => (timeMs - startMs) / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63]);
    const flows = events.flatMap((event) => (event.kind === "flow" ? [event.flow] : []));
    expect(
      flows.filter((flow) => flow.verdict === "DROPPED" && flow.event_type?.type === 1),
    ).toHaveLength(7);
    expect(flows.find((flow) => flow.event_type?.type === 1)).toMatchObject({
      drop_reason_desc: "POLICY_DENIED",
      traffic_direction: "INGRESS",
      source: { pod_name: "xwing" },
      Summary: "TCP Flags: SYN",
    });
  });

  it("answers ICMP between nodes and reports both directions", async () => {
    const { cluster, datapath, events, clock } = await startCluster();
    for (const node of cluster.nodes) {
      const added = cluster.addNodeEndpoints(node);
      await clock.advance(100);
      await added;
    }
    const [first, second] = cluster.nodes;
    const host = cluster.endpointOf(first?.address ?? "");
    if (host === undefined || second === undefined) throw new Error("the scene has two nodes");
    events.length = 0;
    expect(await datapath.ping(host, second.address)).toBe(true);
    const summaries = events.flatMap((event) =>
      event.kind === "flow" ? [event.flow.Summary] : [],
    );
    expect(summaries).toEqual([
      "ICMPv4 EchoRequest",
      "ICMPv4 EchoRequest",
      "ICMPv4 EchoReply",
      "ICMPv4 EchoReply",
    ]);
  });
});
