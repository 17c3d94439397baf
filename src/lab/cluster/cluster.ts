/**
 * The model of one cluster: nodes, address pools, endpoints, identities, services, policies.
 * Everything that changes here is published. It knows nothing of sockets; the datapath asks it who is who.
 */

import type { PolicyProtocol } from "../../policy/document/policy-document.ts";
import { addressesOf, addressOn, type DualAddress, hostPort } from "../address-family.ts";
import type { ObjectScope, ObjectStore, StoreClient } from "../controllers/object-store.ts";
import type { LabContext } from "../lab-context.ts";
import { measureSeconds } from "../lab-context.ts";
import type { LabNode, LabService, NodeListeners } from "../lab-state.ts";
import { randomInteger } from "../random.ts";
import type { ScenePod, SceneService } from "../scenes/scene.ts";
import { AddressPool } from "./address-pool.ts";
import { Endpoint, type EndpointFacts } from "./endpoint.ts";
import { EndpointApi } from "./endpoint-api.ts";
import { IdentityAllocator, podIdentityLabels } from "./identity-allocator.ts";
import { type PolicyChange, PolicyRepository } from "./policy-repository.ts";
import { PolicyCache, regenerate } from "./regeneration.ts";
import { ServiceTable } from "./service-table.ts";

/** Endpoint ids are numbers of a node's lxc map. */
const endpointIdMin = 10;
const endpointIdMax = 4095;
/** Who creates pods, services and policies: nobody's component. */
const kubectl: StoreClient = { receiver: "other", nodeName: "" };
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";
const serviceMaps = ["cilium_lb4_services_v2", "cilium_lb4_backends_v3", "cilium_lb4_reverse_nat"];

/** What a cluster begins with. */
export interface ClusterOptions {
  readonly name: string;
  /** Place among the clusters of a mesh, from 0: part of addresses and identities. */
  readonly index: number;
  readonly nodes: readonly { readonly name: string; readonly listeners?: NodeListeners }[];
  /** Dual stack: nodes and pods have an IPv6 address too. */
  readonly hasIpv6?: boolean;
  /** Pods have no sockets and no CNI plugin. */
  readonly isSimulated?: boolean;
}

/** A node with what only the cluster needs. */
export interface ClusterNode extends LabNode {
  readonly pool: AddressPool;
  /** Undefined where the scene has IPv4 only. */
  readonly pool6: AddressPool | undefined;
  readonly api: EndpointApi;
  /** Changed by setNodeLabel. */
  labels: Readonly<Record<string, string>>;
}

/** The model. */
export class Cluster {
  readonly name: string;
  readonly index: number;
  /** Dual stack. */
  readonly hasIpv6: boolean;
  readonly identities: IdentityAllocator;
  readonly policies: PolicyRepository;
  readonly services: ServiceTable;
  readonly nodes: readonly ClusterNode[];
  /** Hears of endpoints that left, so that their connections end. */
  onGone: (endpoint: Endpoint) => void = () => {};
  /** Hears when endpoints run other policies than before. */
  onPolicyChange: () => void = () => {};
  readonly #context: LabContext;
  readonly #store: ObjectStore;
  readonly #byAddress = new Map<string, Endpoint>();
  readonly #byPod = new Map<string, Endpoint>();
  readonly #byNode = new Map<string, Set<Endpoint>>();
  readonly #byNamespace = new Map<string, Set<Endpoint>>();
  readonly #unmanaged = new Set<Endpoint>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** "http TCP" → port → pods that have it. */
  readonly #namedPorts = new Map<string, Map<number, number>>();
  readonly #nodeByName: ReadonlyMap<string, ClusterNode>;
  readonly #slices = new Map<string, string>();
  readonly #isSimulated: boolean;

  constructor(context: LabContext, store: ObjectStore, options: ClusterOptions) {
    this.#context = context;
    this.#store = store;
    this.name = options.name;
    this.index = options.index;
    this.hasIpv6 = options.hasIpv6 === true;
    this.#isSimulated = options.isSimulated === true;
    this.identities = new IdentityAllocator(context, options.index);
    this.services = new ServiceTable({ podsOf: (namespace) => this.#podsOf(namespace) });
    this.policies = new PolicyRepository(context, options.name, {
      services: () =>
        this.services.list().map(({ namespace, name, labels, selector }) => ({
          namespace,
          name,
          labels,
          selector,
        })),
      lookUpNamedPort: (name, protocol) => this.#lookUpNamedPort(name, protocol),
    });
    this.nodes = options.nodes.map(({ name, listeners }, index) =>
      this.#createNode(name, index, listeners),
    );
    this.#nodeByName = new Map(this.nodes.map((node) => [node.name, node]));
  }

  /** Endpoints that agents manage. */
  *endpoints(nodeName?: string): Iterable<Endpoint> {
    if (nodeName !== undefined) {
      yield* this.#byNode.get(nodeName) ?? [];
      return;
    }
    for (const ofNode of this.#byNode.values()) yield* ofNode;
  }

  endpointCount(nodeName?: string): number {
    if (nodeName !== undefined) return this.#byNode.get(nodeName)?.size ?? 0;
    let count = 0;
    for (const ofNode of this.#byNode.values()) count += ofNode.size;
    return count;
  }

  /** Pods that started before Cilium. */
  get unmanagedCount(): number {
    return this.#unmanaged.size;
  }

  /** The same, by name. */
  unmanagedPods() {
    return [...this.#unmanaged].map(({ facts }) => ({
      nodeName: facts.nodeName,
      namespace: facts.namespace,
      podName: facts.podName,
      workload: facts.workload,
      ipv4: facts.address,
    }));
  }

  get namespaces(): ReadonlyMap<string, Readonly<Record<string, string>>> {
    return this.#namespaces;
  }

  node(name: string): ClusterNode | undefined {
    return this.#nodeByName.get(name);
  }

  endpointOf(address: string): Endpoint | undefined {
    return this.#byAddress.get(address);
  }

  findPod(namespace: string, name: string): Endpoint | undefined {
    return this.#byPod.get(`${namespace}/${name}`);
  }

  /** The node's own endpoint. */
  nodeEndpoint(nodeName: string, kind: "host" | "health"): Endpoint | undefined {
    for (const endpoint of this.endpoints(nodeName))
      if (endpoint.facts.kind === kind) return endpoint;
    return undefined;
  }

  serviceViews(): LabService[] {
    // Ports of a service often lead to the same port of a pod: DNS over UDP and TCP.
    const backends = new Map<SceneService, Set<string>>();
    for (const frontend of this.services.frontends()) {
      const list = backends.get(frontend.service) ?? new Set<string>();
      backends.set(frontend.service, list);
      for (const { endpoint, port } of frontend.backends) {
        const address = addressOn(endpoint.facts, frontend.family);
        if (address !== undefined) list.add(hostPort(address, port));
      }
    }
    return this.services.list().map((service) => ({
      namespace: service.namespace,
      name: service.name,
      clusterAddress: service.clusterAddress,
      clusterAddress6: service.clusterAddress6,
      isGlobal: service.isGlobal,
      ports: service.ports.map(({ port, protocol }) => ({ port, protocol })),
      backends: [...(backends.get(service) ?? [])],
    }));
  }

  /** Creates the node's own endpoints: the host and the health endpoint. */
  async addNodeEndpoints(node: ClusterNode): Promise<void> {
    const { address, address6 } = node;
    const host = this.#createEndpoint(node, { kind: "host", address, address6 });
    const health = this.#createEndpoint(node, { kind: "health", ...allocateOn(node) });
    await Promise.all([
      this.#regenerate(host, "Host endpoint"),
      this.#regenerate(health, "Health endpoint"),
    ]);
  }

  /** Creates a pod's endpoint, at once known to services and policies; `ready` resolves when it runs its policy. */
  addPod(pod: ScenePod): { readonly endpoint: Endpoint; readonly ready: Promise<void> } {
    const node = this.node(pod.nodeName) ?? this.nodes[0];
    if (node === undefined) throw new RangeError("a scene needs a node");
    const { namespace, name, labels, serviceAccount } = pod;
    if (!this.#namespaces.has(namespace)) this.addNamespace(namespace);
    // The address first: a full node refuses the pod before anybody has heard of it.
    const addresses = allocateOn(node);
    this.#store.put(kubectl, {
      scope: "Pod",
      namespace,
      name,
      spec: { nodeName: node.name, labels, serviceAccount },
    });
    const endpoint = this.#createEndpoint(node, { kind: "pod", ...addresses, pod });
    this.services.forget();
    this.#countNamedPorts(endpoint, 1);
    if (pod.isUnmanaged) return { endpoint, ready: Promise.resolve() };
    const built = node.api.call("endpoint-create", () =>
      this.#regenerate(endpoint, "Initial build on endpoint creation"),
    );
    return { endpoint, ready: built.then(() => this.services.forget()) };
  }

  /** Takes a pod away; false where there is none. */
  removePod(namespace: string, name: string): boolean {
    const endpoint = this.findPod(namespace, name);
    if (endpoint === undefined) return false;
    endpoint.setState("disconnecting");
    this.#byPod.delete(`${namespace}/${name}`);
    this.#byNamespace.get(namespace)?.delete(endpoint);
    this.services.forget();
    this.#countNamedPorts(endpoint, -1);
    this.onGone(endpoint);
    const remove = (): void => this.#removeEndpoint(endpoint);
    if (endpoint.facts.isManaged)
      void this.node(endpoint.facts.nodeName)?.api.call("endpoint-delete", remove);
    else remove();
    this.#store.remove(kubectl, "Pod", namespace, name);
    return true;
  }

  /** Creates a namespace, or changes its labels. */
  addNamespace(name: string, labels: Readonly<Record<string, string>> = {}): void {
    this.#namespaces.set(name, labels);
    this.#store.put(kubectl, { scope: "Namespace", namespace: "", name, spec: { labels } });
  }

  /** Takes a namespace away, with what is in it; false where there is none. */
  removeNamespace(name: string): boolean {
    if (!this.#namespaces.delete(name)) return false;
    for (const { namespace, name: service } of this.services.list())
      if (namespace === name) this.removeService(namespace, service);
    this.#store.remove(kubectl, "Namespace", "", name);
    return true;
  }

  /** Adds or changes a service and tells every agent. */
  setService(service: SceneService): "add" | "update" {
    const { namespace, name, ...spec } = service;
    const action = this.services.get(namespace, name) === undefined ? "add" : "update";
    const durationSeconds = measureSeconds(this.#context.clock, () => this.services.set(service));
    this.#store.put(kubectl, { scope: "Service", namespace, name, spec });
    this.#publishService(action, durationSeconds);
    return action;
  }

  /** Takes a service away; false where there is none. */
  removeService(namespace: string, name: string): boolean {
    if (!this.services.delete(namespace, name)) return false;
    this.#store.remove(kubectl, "Service", namespace, name);
    this.#store.remove(kubectl, "Endpoint", namespace, name);
    this.#slices.delete(`${namespace}/${name}`);
    this.#publishService("delete", 0);
    return true;
  }

  /** Writes the endpoint slices that changed; agents put the new backends into their maps. */
  publishEndpointSlices(): void {
    for (const { namespace, name, backends } of this.serviceViews()) {
      const key = `${namespace}/${name}`;
      const text = backends.join(" ");
      const before = this.#slices.get(key);
      if (before === text) continue;
      this.#slices.set(key, text);
      this.#store.put(kubectl, { scope: "Endpoint", namespace, name, spec: backends });
      if (before !== undefined) this.#publishService("update", 0);
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

  /** Takes a policy away, a refused one too; resolves to whether there was one, when all endpoints run without it. */
  async removePolicy(namespace: string, name: string, kind?: string): Promise<boolean> {
    const receivedMs = this.#context.clock.monotonicMs();
    const wasRefused = this.policies.refused.remove(namespace, name, kind);
    const change = this.policies.remove(namespace, name, kind);
    if (change === undefined) return wasRefused;
    await this.#rollOut([change], receivedMs);
    return true;
  }

  /** Gives a node a label, or takes it away; its kubelet and agent tell the others. False where there is no such node. */
  setNodeLabel(nodeName: string, key: string, value: string | undefined): boolean {
    const node = this.node(nodeName);
    if (node === undefined) return false;
    const { [key]: _before, ...rest } = node.labels;
    node.labels = value === undefined ? rest : { ...rest, [key]: value };
    return true;
  }

  /** Regenerates every endpoint of a node, as the agent does from time to time. */
  async regenerateNode(nodeName: string, reason: string): Promise<void> {
    const builds: Promise<void>[] = [];
    for (const endpoint of this.endpoints(nodeName))
      builds.push(this.#regenerate(endpoint, reason));
    await Promise.all(builds);
    this.onPolicyChange();
  }

  /** Policies that look at services or named ports see the present ones; regenerates where that matters. */
  async refreshPolicies(reason: string): Promise<void> {
    if (!this.policies.refresh()) return;
    await Promise.all(this.nodes.map(({ name }) => this.regenerateNode(name, reason)));
  }

  async #rollOut(changes: readonly PolicyChange[], receivedMs: number): Promise<void> {
    const { bus, clock } = this.#context;
    for (const { action, document } of changes) {
      const { namespace, name, text } = document;
      const scope = scopeOf(document.kind);
      if (action === "delete") this.#store.remove(kubectl, scope, namespace, name);
      else this.#store.put(kubectl, { scope, namespace, name, spec: text });
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

  readonly #cache = new PolicyCache();

  #regenerate(endpoint: Endpoint, reason: string): Promise<void> {
    return regenerate(this.#context, endpoint, reason, () => ({
      engine: this.policies.engine,
      revision: this.policies.revision,
      identities: this.identities,
      cache: this.#cache,
    }));
  }

  *#podsOf(namespace: string): Iterable<Endpoint> {
    for (const endpoint of this.#byNamespace.get(namespace) ?? []) yield endpoint;
  }

  #countNamedPorts({ facts }: Endpoint, step: 1 | -1): void {
    for (const [name, { port, protocol }] of facts.namedPorts) {
      const key = `${name} ${protocol}`;
      const counts = this.#namedPorts.get(key) ?? new Map<number, number>();
      this.#namedPorts.set(key, counts);
      const count = (counts.get(port) ?? 0) + step;
      if (count > 0) counts.set(port, count);
      else counts.delete(port);
    }
  }

  /** One value over all pods, or none where they disagree. */
  #lookUpNamedPort(name: string, protocol: PolicyProtocol | "ANY"): number | undefined {
    const found = new Set<number>();
    for (const one of protocol === "ANY" ? ["TCP", "UDP", "SCTP"] : [protocol])
      for (const port of this.#namedPorts.get(`${name} ${one}`)?.keys() ?? []) found.add(port);
    return found.size === 1 ? [...found][0] : undefined;
  }

  #publishService(action: "add" | "update" | "delete", durationSeconds: number): void {
    const { bus, clock } = this.#context;
    for (const { name: nodeName } of this.nodes) {
      const timeMs = clock.nowMs();
      bus.publish({ kind: "service_event", timeMs, nodeName, action, durationSeconds });
      for (const mapName of serviceMaps) {
        bus.publish({
          kind: "map_op",
          timeMs,
          nodeName,
          mapName,
          operation: action === "delete" ? "delete" : "update",
          outcome: "success",
          durationSeconds,
        });
      }
    }
  }

  #createNode(name: string, index: number, listeners: NodeListeners | undefined): ClusterNode {
    const { hasIpv6 } = this;
    const place = { cluster: this.index, node: index };
    const pool = new AddressPool(this.#context, name, "ipv4", place);
    const pool6 = hasIpv6 ? new AddressPool(this.#context, name, "ipv6", place) : undefined;
    const { random } = this.#context;
    const suffix = Array.from(
      { length: 5 },
      () => suffixLetters[randomInteger(random, 0, suffixLetters.length - 1)],
    );
    return {
      name,
      address: `172.18.${this.index}.${index + 2}`,
      address6: hasIpv6
        ? `fd00:172:18:${(this.index + 1).toString(16)}::${(index + 2).toString(16)}`
        : undefined,
      podCidr: pool.cidr,
      podCidr6: pool6?.cidr,
      routerAddress: pool.allocate(),
      agentPod: `cilium-${suffix.join("")}`,
      isOperatorNode: index === 0,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
      listeners: listeners ?? {
        host: "127.0.0.1",
        agentPort: 0,
        operatorPort: undefined,
        envoyPort: 0,
        hubblePort: 0,
      },
      pool,
      pool6,
      api: new EndpointApi(this.#context, name, this.#isSimulated),
    };
  }

  #createEndpoint(
    node: ClusterNode,
    made: { kind: "pod" | "host" | "health"; pod?: ScenePod } & DualAddress,
  ): Endpoint {
    const { kind, address, address6, pod } = made;
    const facts: EndpointFacts = {
      id: this.#freeEndpointId(node.name),
      clusterName: this.name,
      nodeName: node.name,
      kind,
      isManaged: pod?.isUnmanaged !== true,
      namespace: pod?.namespace ?? "",
      podName: pod?.name ?? "",
      address,
      address6,
      identity: this.#identityFor(node, kind, pod),
      workload: pod?.workload,
      namedPorts: new Map(
        pod?.ports
          .filter(({ name }) => name !== "")
          .map(({ name, port, protocol }) => [name.toLowerCase(), { port, protocol }]),
      ),
      podLabels: pod?.labels ?? {},
    };
    const endpoint = new Endpoint(this.#context, facts);
    for (const one of addressesOf(facts)) this.#byAddress.set(one, endpoint);
    if (kind === "pod") {
      this.#byPod.set(`${facts.namespace}/${facts.podName}`, endpoint);
      addTo(this.#byNamespace, facts.namespace, endpoint);
    }
    if (facts.isManaged) {
      addTo(this.#byNode, node.name, endpoint);
      this.#announce(endpoint);
    } else this.#unmanaged.add(endpoint);
    return endpoint;
  }

  #identityFor(node: ClusterNode, kind: "pod" | "host" | "health", pod: ScenePod | undefined) {
    if (pod === undefined) return this.identities.reserved(kind === "host" ? "host" : "health");
    if (pod.isUnmanaged) return this.identities.reserved("unmanaged");
    const namespaceLabels = this.#namespaces.get(pod.namespace) ?? {};
    return this.identities.acquire(podIdentityLabels(pod, this.name, namespaceLabels), node.name);
  }

  #announce(endpoint: Endpoint): void {
    const { bus, clock } = this.#context;
    const { nodeName } = endpoint.facts;
    endpoint.setState("creating");
    const head = { timeMs: clock.nowMs(), nodeName };
    bus.publish({ kind: "endpoint_created", ...head, endpoint: endpoint.view() });
    this.#publishMap(nodeName, "cilium_lxc", "update");
    endpoint.setState("waiting-for-identity");
    const durationSeconds = measureSeconds(clock, () =>
      this.policies.engine.enforcement(endpoint.policyEndpoint),
    );
    this.#publishIpcache(endpoint, "upsert", durationSeconds);
  }

  #removeEndpoint(endpoint: Endpoint): void {
    const { bus, clock } = this.#context;
    const { nodeName, address, address6, identity, isManaged } = endpoint.facts;
    for (const one of addressesOf(endpoint.facts)) this.#byAddress.delete(one);
    const node = this.node(nodeName);
    node?.pool.release(address);
    if (address6 !== undefined) node?.pool6?.release(address6);
    if (!isManaged) {
      this.#unmanaged.delete(endpoint);
      return;
    }
    this.#byNode.get(nodeName)?.delete(endpoint);
    endpoint.removePolicy();
    this.#publishMap(nodeName, "cilium_lxc", "delete");
    const durationSeconds = measureSeconds(clock, () => this.identities.release(identity));
    this.#publishIpcache(endpoint, "delete", durationSeconds);
    endpoint.setState("disconnected");
    const head = { timeMs: clock.nowMs(), nodeName };
    bus.publish({ kind: "endpoint_deleted", ...head, endpoint: endpoint.view() });
  }

  #publishIpcache(endpoint: Endpoint, action: "upsert" | "delete", durationSeconds: number): void {
    const { bus, clock } = this.#context;
    const { identity } = endpoint.facts;
    for (const node of this.nodes ?? []) {
      const head = { timeMs: clock.nowMs(), nodeName: node.name };
      for (const address of addressesOf(endpoint.facts)) {
        bus.publish({ kind: "ipcache", ...head, action, address, identity: identity.id });
        this.#publishMap(node.name, "cilium_ipcache_v2", action === "upsert" ? "update" : "delete");
      }
      bus.publish({ kind: "policy_incremental_update", ...head, scope: "global", durationSeconds });
    }
  }

  #publishMap(nodeName: string, mapName: string, operation: "update" | "delete"): void {
    const { bus, clock } = this.#context;
    const timeMs = clock.nowMs();
    const outcome = "success";
    bus.publish({
      kind: "map_op",
      timeMs,
      nodeName,
      mapName,
      operation,
      outcome,
      durationSeconds: 0,
    });
  }

  #freeEndpointId(nodeName: string): number {
    const used = new Set<number>();
    for (const { facts } of this.endpoints(nodeName)) used.add(facts.id);
    for (;;) {
      const id = randomInteger(this.#context.random, endpointIdMin, endpointIdMax);
      if (!used.has(id)) return id;
    }
  }
}

/** An address of each family that the node has. */
function allocateOn({ pool, pool6 }: ClusterNode): DualAddress {
  const address = pool.allocate();
  return { address, address6: pool6?.allocate() };
}

function addTo(groups: Map<string, Set<Endpoint>>, key: string, endpoint: Endpoint): void {
  const group = groups.get(key) ?? new Set<Endpoint>();
  groups.set(key, group);
  group.add(endpoint);
}

/** The kinds of policy that the API server holds. */
function scopeOf(kind: string): ObjectScope {
  return kind === "NetworkPolicy" || kind === "CiliumClusterwideNetworkPolicy"
    ? kind
    : "CiliumNetworkPolicy";
}
