/**
 * The cluster's model: nodes, address pools, endpoints, identities, services, policies. Everything
 * that changes here is published. It knows nothing of sockets; the datapath asks it who is who.
 */

import type { ObjectStore, StoreClient } from "../controllers/object-store.ts";
import type { LabContext } from "../lab-context.ts";
import { measureSeconds } from "../lab-context.ts";
import type { LabNode, LabService, NodeListeners } from "../lab-state.ts";
import { randomInteger } from "../random.ts";
import type { Scene, ScenePod, SceneService } from "../scenes/scene.ts";
import { AddressPool } from "./address-pool.ts";
import { Endpoint, type EndpointFacts } from "./endpoint.ts";
import { IdentityAllocator, podIdentityLabels } from "./identity-allocator.ts";
import { type PolicyChange, PolicyRepository } from "./policy-repository.ts";
import { regenerate } from "./regeneration.ts";

/** Endpoint ids are numbers of a node's lxc map. */
const endpointIdMin = 10;
const endpointIdMax = 4095;
/** Who creates pods, services and policies: nobody's component. */
const kubectl: StoreClient = { receiver: "other", nodeName: "" };
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";

/** A node with what only the cluster needs. */
export interface ClusterNode extends LabNode {
  readonly pool: AddressPool;
}

/** A backend of a service. */
export interface ServiceBackend {
  readonly endpoint: Endpoint;
  readonly port: number;
}

/** The model. */
export class Cluster {
  readonly name: string;
  readonly identities: IdentityAllocator;
  readonly policies: PolicyRepository;
  readonly nodes: readonly ClusterNode[];
  readonly #context: LabContext;
  readonly #store: ObjectStore;
  readonly #byAddress = new Map<string, Endpoint>();
  readonly #endpoints: Endpoint[] = [];
  readonly #services: SceneService[] = [];

  constructor(
    context: LabContext,
    store: ObjectStore,
    scene: Scene,
    listeners: readonly NodeListeners[],
  ) {
    this.#context = context;
    this.#store = store;
    this.name = scene.clusterName;
    this.identities = new IdentityAllocator(context);
    this.policies = new PolicyRepository(context, scene.clusterName);
    this.nodes = scene.nodeNames.map((name, index) =>
      this.#createNode(name, index, listeners[index]),
    );
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  get services(): readonly SceneService[] {
    return this.#services;
  }

  node(name: string): ClusterNode | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  endpointOf(address: string): Endpoint | undefined {
    return this.#byAddress.get(address);
  }

  findPod(namespace: string, name: string): Endpoint | undefined {
    return this.#endpoints.find(
      ({ facts }) =>
        facts.kind === "pod" && facts.namespace === namespace && facts.podName === name,
    );
  }

  /** The service behind a cluster address and port. */
  findService(
    address: string,
    port: number,
    protocol: "TCP" | "UDP",
  ): { service: SceneService; targetPort: number } | undefined {
    for (const service of this.#services) {
      if (service.clusterAddress !== address) continue;
      const found = service.ports.find(
        (candidate) => candidate.port === port && candidate.protocol === protocol,
      );
      if (found !== undefined) return { service, targetPort: found.targetPort };
    }
    return undefined;
  }

  /** Ready pods that the service selects. */
  backendsOf(service: SceneService, targetPort: number): ServiceBackend[] {
    const wanted = Object.entries(service.selector);
    return this.#endpoints
      .filter(
        ({ facts, state }) =>
          facts.kind === "pod" &&
          facts.namespace === service.namespace &&
          state !== "disconnected" &&
          wanted.every(([key, value]) => facts.podLabels[key] === value),
      )
      .map((endpoint) => ({ endpoint, port: targetPort }));
  }

  /** The service that has the pod's port behind it, for the service names in flows. */
  serviceOf(endpoint: Endpoint, port: number): SceneService | undefined {
    return this.#services.find((service) =>
      service.ports.some(
        ({ targetPort }) =>
          targetPort === port &&
          this.backendsOf(service, targetPort).some((backend) => backend.endpoint === endpoint),
      ),
    );
  }

  serviceViews(): LabService[] {
    return this.#services.map((service) => ({
      namespace: service.namespace,
      name: service.name,
      clusterAddress: service.clusterAddress,
      ports: service.ports.map(({ port, protocol }) => ({ port, protocol })),
      backends: service.ports.flatMap(({ targetPort }) =>
        this.backendsOf(service, targetPort).map(
          ({ endpoint }) => `${endpoint.facts.address}:${targetPort}`,
        ),
      ),
    }));
  }

  /** Creates the node's own endpoints: the host and the health endpoint. */
  async addNodeEndpoints(node: ClusterNode): Promise<void> {
    const host = this.#createEndpoint(node, { kind: "host", address: node.address });
    const health = this.#createEndpoint(node, { kind: "health", address: node.pool.allocate() });
    await Promise.all([
      this.#regenerate(host, "Host endpoint"),
      this.#regenerate(health, "Health endpoint"),
    ]);
  }

  /** Creates a pod's endpoint; resolves when it is ready. */
  async addPod(pod: ScenePod): Promise<Endpoint> {
    const node = this.node(pod.nodeName) ?? this.nodes[0];
    if (node === undefined) throw new RangeError("a scene needs a node");
    const { namespace, name, labels } = pod;
    this.#store.put(kubectl, {
      scope: "Pod",
      namespace,
      name,
      spec: { nodeName: node.name, labels },
    });
    const endpoint = this.#createEndpoint(node, {
      kind: "pod",
      address: node.pool.allocate(),
      pod,
    });
    await this.#regenerate(endpoint, "Initial build on endpoint creation");
    return endpoint;
  }

  /** Creates a namespace. */
  addNamespace(name: string): void {
    this.#store.put(kubectl, { scope: "Namespace", namespace: "", name, spec: {} });
  }

  /** Adds a service and tells every agent. */
  addService(service: SceneService): void {
    const { bus, clock } = this.#context;
    const durationSeconds = measureSeconds(clock, () => this.#services.push(service));
    const { namespace, name, ...spec } = service;
    this.#store.put(kubectl, { scope: "Service", namespace, name, spec });
    for (const { name: nodeName } of this.nodes) {
      const timeMs = clock.nowMs();
      bus.publish({ kind: "service_event", timeMs, nodeName, action: "add", durationSeconds });
      for (const mapName of [
        "cilium_lb4_services_v2",
        "cilium_lb4_backends_v3",
        "cilium_lb4_reverse_nat",
      ]) {
        bus.publish({
          kind: "map_op",
          timeMs,
          nodeName,
          mapName,
          operation: "update",
          outcome: "success",
          durationSeconds,
        });
      }
    }
  }

  /** Writes the endpoint slices of the services; to be called when their pods are there. */
  publishEndpointSlices(): void {
    for (const { namespace, name, backends } of this.serviceViews()) {
      this.#store.put(kubectl, { scope: "Endpoint", namespace, name, spec: backends });
    }
  }

  /** Puts policies in force on every node; resolves when all endpoints run them. Throws ConfigError. */
  async applyPolicies(text: string, file: string): Promise<readonly PolicyChange[]> {
    const receivedMs = this.#context.clock.monotonicMs();
    const changes = this.policies.apply(
      text,
      file,
      this.nodes.map(({ name }) => name),
    );
    await this.#rollOut(changes, receivedMs);
    return changes;
  }

  /** Takes a policy away; resolves to whether there was one, when all endpoints run without it. */
  async removePolicy(namespace: string, name: string): Promise<boolean> {
    const receivedMs = this.#context.clock.monotonicMs();
    const change = this.policies.remove(namespace, name);
    if (change === undefined) return false;
    await this.#rollOut([change], receivedMs);
    return true;
  }

  /** Regenerates every endpoint of a node, as the agent does from time to time. */
  async regenerateNode(nodeName: string, reason: string): Promise<void> {
    await Promise.all(
      this.#endpoints
        .filter(({ facts }) => facts.nodeName === nodeName)
        .map((endpoint) => this.#regenerate(endpoint, reason)),
    );
  }

  async #rollOut(changes: readonly PolicyChange[], receivedMs: number): Promise<void> {
    const { bus, clock } = this.#context;
    for (const { action, document } of changes) {
      const { namespace, name, text } = document;
      if (action === "delete") this.#store.remove(kubectl, "CiliumNetworkPolicy", namespace, name);
      else this.#store.put(kubectl, { scope: "CiliumNetworkPolicy", namespace, name, spec: text });
    }
    await Promise.all(
      this.nodes.map(async ({ name: nodeName }) => {
        await this.regenerateNode(nodeName, "policy rules added");
        const delaySeconds = (clock.monotonicMs() - receivedMs) / 1000;
        for (const { action, document } of changes) {
          bus.publish({
            kind: "policy_changed",
            timeMs: clock.nowMs(),
            nodeName,
            action,
            namespace: document.namespace,
            name: document.name,
            entryCount: document.entryCount,
            revision: this.policies.revision,
            source: "k8s",
            delaySeconds,
          });
        }
      }),
    );
  }

  #regenerate(endpoint: Endpoint, reason: string): Promise<void> {
    return regenerate(this.#context, endpoint, reason, () => ({
      engine: this.policies.engine,
      revision: this.policies.revision,
      identityLabels: this.identities.list().map(({ labels }) => labels),
    }));
  }

  #createNode(name: string, index: number, listeners: NodeListeners | undefined): ClusterNode {
    const pool = new AddressPool(this.#context, name, index);
    const { random } = this.#context;
    const suffix = Array.from(
      { length: 5 },
      () => suffixLetters[randomInteger(random, 0, suffixLetters.length - 1)],
    );
    return {
      name,
      address: `172.18.0.${index + 2}`,
      podCidr: pool.cidr,
      routerAddress: pool.allocate(),
      agentPod: `cilium-${suffix.join("")}`,
      isOperatorNode: index === 0,
      listeners: listeners ?? {
        host: "127.0.0.1",
        agentPort: 0,
        operatorPort: undefined,
        envoyPort: 0,
        hubblePort: 0,
      },
      pool,
    };
  }

  #createEndpoint(
    node: ClusterNode,
    made: { kind: "pod" | "host" | "health"; address: string; pod?: ScenePod },
  ): Endpoint {
    const { kind, address, pod } = made;
    const identity =
      pod === undefined
        ? this.identities.reserved(kind === "host" ? "host" : "health")
        : this.identities.acquire(podIdentityLabels(pod, this.name), node.name);
    const facts: EndpointFacts = {
      id: this.#freeEndpointId(node.name),
      nodeName: node.name,
      kind,
      namespace: pod?.namespace ?? "",
      podName: pod?.name ?? "",
      address,
      identity,
      workload: pod?.workload,
      namedPorts: new Map(
        pod?.ports.map(({ name, port, protocol }) => [name.toLowerCase(), { port, protocol }]),
      ),
      podLabels: pod?.labels ?? {},
    };
    const endpoint = new Endpoint(this.#context, facts);
    this.#endpoints.push(endpoint);
    this.#byAddress.set(address, endpoint);
    this.#announce(endpoint);
    return endpoint;
  }

  #announce(endpoint: Endpoint): void {
    const { bus, clock } = this.#context;
    const { facts } = endpoint;
    const { nodeName, address, identity } = facts;
    endpoint.setState("creating");
    bus.publish({
      kind: "endpoint_created",
      timeMs: clock.nowMs(),
      nodeName,
      endpoint: endpoint.view(),
    });
    bus.publish({
      kind: "map_op",
      timeMs: clock.nowMs(),
      nodeName,
      mapName: "cilium_lxc",
      operation: "update",
      outcome: "success",
      durationSeconds: 0,
    });
    endpoint.setState("waiting-for-identity");
    const durationSeconds = measureSeconds(clock, () =>
      this.policies.engine.enforcement(endpoint.policyEndpoint),
    );
    for (const node of this.nodes.length > 0 ? this.nodes : []) {
      const head = { timeMs: clock.nowMs(), nodeName: node.name };
      bus.publish({ kind: "ipcache", ...head, action: "upsert", address, identity: identity.id });
      bus.publish({
        kind: "map_op",
        ...head,
        mapName: "cilium_ipcache_v2",
        operation: "update",
        outcome: "success",
        durationSeconds: 0,
      });
      bus.publish({ kind: "policy_incremental_update", ...head, scope: "global", durationSeconds });
    }
  }

  #freeEndpointId(nodeName: string): number {
    for (;;) {
      const id = randomInteger(this.#context.random, endpointIdMin, endpointIdMax);
      if (!this.#endpoints.some(({ facts }) => facts.nodeName === nodeName && facts.id === id))
        return id;
    }
  }
}
