import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { type LabEvent, LabEventBus } from "../events.ts";
import type { LabEndpoint, LabNode, LabState } from "../lab-state.ts";
import { AgentApi } from "./agent-api.ts";
import { ControllerSet } from "./controller.ts";
import { type NodeWork, startNodeControllers } from "./node-controllers.ts";
import { ObjectStore, type StoreClient } from "./object-store.ts";
import { startOperatorControllers } from "./operator-controllers.ts";

let clock: FakeClock;
let bus: LabEventBus;
let events: LabEvent[];

beforeEach(() => {
  clock = new FakeClock(1_700_000_000_000);
  bus = new LabEventBus();
  events = [];
  bus.subscribe((event) => events.push(event));
});

function seen<Kind extends LabEvent["kind"]>(kind: Kind): Extract<LabEvent, { kind: Kind }>[] {
  return events.filter((event) => event.kind === kind) as Extract<LabEvent, { kind: Kind }>[];
}

const agent: StoreClient = { receiver: "agent", nodeName: "worker" };
const kubectl: StoreClient = { receiver: "other", nodeName: "" };

describe("a controller", () => {
  it("runs again after its interval, and every run is published with its outcome", async () => {
    const controllers = new ControllerSet({ clock, bus, logger: silentLogger });
    let runs = 0;
    const run = (): void => {
      runs++;
      if (runs === 2) throw new Error("no luck");
    };
    const group = "endpoint-gc";
    controllers.start({ receiver: "agent", nodeName: "worker", group, intervalMs: 1000, run });
    await clock.advance(2500);
    expect(seen("controller_run").map((event) => event.outcome)).toEqual([
      "success",
      "failure",
      "success",
    ]);
    expect(seen("log").map((event) => event.message)).toEqual(["endpoint-gc: no luck"]);
    controllers.close();
    await clock.advance(5000);
    expect(runs).toBe(3);
  });

  it("never runs beside itself", async () => {
    const controllers = new ControllerSet({ clock, bus, logger: silentLogger });
    let finish = (): void => {};
    let begun = 0;
    const run = (): Promise<void> => {
      begun++;
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const which = { receiver: "agent", nodeName: "worker", group: "g", intervalMs: 10 } as const;
    controllers.start({ ...which, run });
    await clock.advance(100);
    expect(begun).toBe(1);
    finish();
    await clock.advance(0);
    await clock.advance(10);
    expect(begun).toBe(2);
  });
});

describe("the object store", () => {
  const pod = {
    scope: "Pod",
    namespace: "default",
    name: "xwing",
    spec: { ip: "10.0.1.12" },
  } as const;

  it("tells watchers of objects that were there, of changes, and which changes matter", () => {
    const store = new ObjectStore(clock, bus);
    store.put(kubectl, pod);
    store.watch({ client: agent, scopes: ["Pod"] });
    store.put(kubectl, { ...pod, status: { phase: "Running" } });
    store.put(kubectl, { ...pod, status: { phase: "Running" } });
    store.put(kubectl, { ...pod, spec: { ip: "10.0.1.13" }, status: { phase: "Running" } });
    store.remove(kubectl, "Pod", "default", "xwing");
    expect(seen("k8s_event").map(({ action, isEqual }) => `${action} ${isEqual}`)).toEqual([
      "create false",
      "update true",
      "update false",
      "delete false",
    ]);
  });

  it("publishes calls of components, not those of others", () => {
    const store = new ObjectStore(clock, bus);
    store.put(kubectl, pod);
    store.put(agent, pod);
    store.get(agent, "Pod", "default", "nobody");
    store.remove(agent, "Pod", "default", "nobody");
    store.list(agent, "Pod");
    expect(
      seen("k8s_api_call").map(({ method, path, code }) => `${method} ${path} ${code}`),
    ).toEqual([
      "PUT /api/v1/namespaces/{namespace}/pods/{name} 200",
      "GET /api/v1/namespaces/{namespace}/pods/{name} 404",
      "DELETE /api/v1/namespaces/{namespace}/pods/{name} 404",
      "GET /api/v1/pods 200",
    ]);
  });

  it("counts an event whose handling failed as failed", () => {
    const store = new ObjectStore(clock, bus);
    const onEvent = (): never => {
      throw new Error("bad");
    };
    store.watch({ client: agent, scopes: ["Pod"], onEvent });
    store.put(kubectl, pod);
    expect(seen("k8s_event")[0]?.outcome).toBe("fail");
  });
});

const node: LabNode = {
  name: "worker",
  address: "172.18.0.3",
  address6: undefined,
  podCidr: "10.0.1.0/24",
  podCidr6: undefined,
  routerAddress: "10.0.1.1",
  agentPod: "cilium-aaaaa",
  isOperatorNode: true,
  labels: {},
  listeners: {
    host: "127.0.0.1",
    agentPort: 1,
    operatorPort: 2,
    envoyPort: 3,
    hubblePort: 4,
  },
};
const endpoint: LabEndpoint = {
  id: 814,
  clusterName: "default",
  nodeName: "worker",
  kind: "pod",
  namespace: "default",
  podName: "deathstar",
  address: "10.0.1.21",
  address6: undefined,
  identity: 31337,
  labels: ["k8s:class=deathstar"],
  workload: undefined,
  state: "ready",
  enforcement: "ingress",
  policyRevision: 2,
  redirects: { http: 1, dns: 0 },
};

function stateWith(endpoints: () => readonly LabEndpoint[]): LabState {
  return {
    clusterName: "default",
    ciliumVersion: "1.19",
    startedMs: 0,
    policyRevision: 2,
    unmanagedPodCount: 0,
    fqdnSelectorCount: 0,
    clusterCount: 1,
    hasIpv6: false,
    apiLimiters: () => [],
    endpointCount: () => 1,
    remoteClusters: () => [],
    nodes: () => [node],
    endpoints,
    identities: () => [],
    policies: () => [],
    services: () => [],
    conntrack: () => ({ tcp: 3, nonTcp: 1 }),
    addresses: () => ({ used: [], capacity: 254 }),
    maps: () => [],
    fqdn: () => [],
    unreachable: () => ({ nodes: 0, endpoints: 0 }),
  };
}

describe("an agent's controllers", () => {
  it("collect, probe, regenerate, synchronize and report", async () => {
    let endpoints: readonly LabEndpoint[] = [endpoint];
    const regenerated: string[] = [];
    let collected = 0;
    let unreachable = { nodes: -1, endpoints: -1 };
    const work: NodeWork = {
      collectConntrack: () => {
        collected++;
      },
      regenerateAll: async (reason) => {
        regenerated.push(reason);
      },
      probe: (_, type) => (type === "node" ? Promise.resolve() : Promise.reject(new Error("off"))),
      setUnreachable: (counts) => {
        unreachable = counts;
      },
      expireNames: () => {},
    };
    const state = stateWith(() => endpoints);
    const store = new ObjectStore(clock, bus);
    const controllers = new ControllerSet({ clock, bus, logger: silentLogger });
    const api = new AgentApi({ state, nodeName: "worker", clock, bus });
    const options = { nodeName: "worker", state, bus, clock, store, api, work, controllers };
    startNodeControllers(options);
    await clock.advance(40_000);
    expect(collected).toBeGreaterThan(5);
    expect(seen("node_probe").map(({ type, status }) => `${type} ${status}`)).toContain(
      "endpoint unreachable",
    );
    expect(unreachable).toEqual({ nodes: 0, endpoints: 1 });
    expect(regenerated).toContain("periodic endpoint regeneration");
    expect(store.get(kubectl, "CiliumEndpoint", "default", "deathstar")).toBeDefined();
    const writes = seen("k8s_api_call").filter(({ method }) => method !== "GET");
    expect(writes.map(({ path }) => path.split("/").at(-2))).toEqual([
      "ciliumnodes",
      "ciliumendpoints",
    ]);
    expect(seen("node_event").map(({ action, source }) => `${action} ${source}`)).toEqual([
      "add local",
    ]);
    const heartbeats = seen("k8s_event").filter(
      ({ scope, isEqual }) => scope === "Node" && isEqual,
    );
    expect(heartbeats.length).toBeGreaterThan(3);
    expect(seen("agent_api_call").map(({ path }) => path)).toContain("/v1/healthz");
    store.remove(kubectl, "CiliumEndpoint", "default", "deathstar");
    await clock.advance(35_000);
    expect(store.get(kubectl, "CiliumEndpoint", "default", "deathstar")).toBeDefined();
    endpoints = [];
    await clock.advance(5_000);
    expect(store.get(kubectl, "CiliumEndpoint", "default", "deathstar")).toBeUndefined();
    controllers.close();
  });
});

describe("the agent's API", () => {
  it("answers from the state and labels an endpoint's path without its number", () => {
    const api = new AgentApi({
      state: stateWith(() => [endpoint]),
      nodeName: "worker",
      clock,
      bus,
    });
    expect(JSON.parse(api.get("/v1/endpoint/814").body)).toMatchObject({ podName: "deathstar" });
    expect(api.get("/v1/endpoint/1").code).toBe(404);
    expect(api.get("/v1/nothing").code).toBe(404);
    expect(seen("agent_api_call").map(({ path, code }) => `${path} ${code}`)).toEqual([
      "/v1/endpoint/{id} 200",
      "/v1/endpoint/{id} 404",
      "/v1/nothing 404",
    ]);
  });
});

describe("the operator's controllers", () => {
  it("collect identities and the objects of nodes that are gone", async () => {
    const store = new ObjectStore(clock, bus);
    const object = { namespace: "", spec: {} } as const;
    store.put(kubectl, { ...object, scope: "Node", name: "worker" });
    store.put(kubectl, { ...object, scope: "CiliumNode", name: "worker" });
    store.put(kubectl, { ...object, scope: "CiliumNode", name: "gone" });
    const controllers = new ControllerSet({ clock, bus, logger: silentLogger });
    const collectIdentities = () => ({ aliveCount: 4, deletedCount: 1 });
    const options = { nodeName: "worker", bus, clock, store, controllers, collectIdentities };
    startOperatorControllers(options);
    await clock.advance(20_000);
    expect(seen("identity_gc")[0]).toMatchObject({ outcome: "success", aliveCount: 4 });
    expect(store.get(kubectl, "CiliumNode", "", "gone")).toBeUndefined();
    expect(store.get(kubectl, "CiliumNode", "", "worker")).toBeDefined();
    controllers.close();
  });
});
