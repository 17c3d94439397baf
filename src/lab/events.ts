/**
 * What happens in the laboratory, as typed events on one bus. Producers: datapath, proxies, endpoint
 * manager, probes. Consumers: the flow log, the flow metrics, the agent and operator counters
 * (cilium-metrics/). A counter of the laboratory may rise only because an event took place here.
 * Delivery is synchronous and in order of publication; a consumer must not throw and must not block.
 */

import type { Flow } from "../flow/model/flow.ts";
import type { AddressFamily } from "./address-family.ts";
import type { EndpointState, LabEndpoint, LabIdentity } from "./lab-state.ts";

/** As Cilium's `direction` label spells it. */
export type PacketDirection = "INGRESS" | "EGRESS";

/** How Cilium's conntrack garbage collector groups protocols. */
export type ConntrackProtocol = "TCP" | "non-TCP";

/** Proxies as `cilium_policy_l7_total{proxy_type}` names them. */
export type ProxyType = "envoy" | "fqdn";

interface EventHead {
  /** Wall clock, ms since the epoch. */
  readonly timeMs: number;
  /** The node whose agent saw it; the operator's node for operator events. */
  readonly nodeName: string;
}

/** The agent on `nodeName` finished starting. `scopes`: seconds per bootstrap scope (`cilium_agent_bootstrap_seconds`). */
export interface AgentStarted extends EventHead {
  readonly kind: "agent_started";
  readonly scopes: Readonly<Record<string, number>>;
}
/** An endpoint came to life on the node. */
export interface EndpointCreated extends EventHead {
  readonly kind: "endpoint_created";
  readonly endpoint: LabEndpoint;
}
/** An endpoint left. */
export interface EndpointDeleted extends EventHead {
  readonly kind: "endpoint_deleted";
  readonly endpoint: LabEndpoint;
}
/** An endpoint changed state; `from` is undefined for the first state. */
export interface EndpointStateChanged extends EventHead {
  readonly kind: "endpoint_state";
  readonly endpointId: number;
  readonly from: EndpointState | undefined;
  readonly to: EndpointState;
}
/** One regeneration. `scopes`: seconds by `cilium_endpoint_regeneration_time_stats_seconds{scope}`, "total" included. */
export interface EndpointRegenerated extends EventHead {
  readonly kind: "endpoint_regenerated";
  readonly endpointId: number;
  readonly outcome: "success" | "fail";
  readonly reason: string;
  readonly scopes: Readonly<Record<string, number>>;
}
/** A security identity was allocated. Cluster-wide: sent once, with the node that asked. */
export interface IdentityAllocated extends EventHead {
  readonly kind: "identity_allocated";
  readonly identity: LabIdentity;
}
/** A security identity was given back. */
export interface IdentityReleased extends EventHead {
  readonly kind: "identity_released";
  readonly identity: LabIdentity;
}
/** A policy change took effect on the node. `entryCount` = list items of ingress, egress and the deny lists. */
export interface PolicyChanged extends EventHead {
  readonly kind: "policy_changed";
  readonly action: "add" | "update" | "delete";
  readonly namespace: string;
  readonly name: string;
  readonly entryCount: number;
  /** The repository's revision after the change. */
  readonly revision: number;
  /** `cilium_policy_implementation_delay{source}`. */
  readonly source: "k8s" | "custom-resource" | "api";
  /** From receipt until every endpoint of the node ran it. */
  readonly delaySeconds: number;
}
/** A policy was refused. */
export interface PolicyFailed extends EventHead {
  readonly kind: "policy_failed";
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}
/** The selector cache took an identity in or out (`cilium_policy_incremental_update_duration`, scope global|endpoint). */
export interface PolicyIncrementalUpdate extends EventHead {
  readonly kind: "policy_incremental_update";
  readonly scope: "global" | "endpoint";
  readonly durationSeconds: number;
}
/** A packet left the datapath: forwarded (reason undefined) or dropped. Sizes are whole IP packets. */
export interface PacketSeen extends EventHead {
  readonly kind: "packet";
  readonly verdict: "forwarded" | "dropped";
  readonly direction: PacketDirection;
  readonly sizeBytes: number;
  readonly protocol: "TCP" | "UDP" | "ICMPv4" | "ICMPv6";
  /** `cilium_drop_count_total{reason}`: "Policy denied" (133), "Policy denied by denylist" (181)… */
  readonly dropReason?: string;
  readonly dropReasonCode?: number;
}
/** A conntrack entry began or ended. Current sizes: LabState.conntrack. */
export interface ConntrackChanged extends EventHead {
  readonly kind: "conntrack";
  readonly action: "created" | "ended";
  readonly protocol: ConntrackProtocol;
  readonly family: AddressFamily;
}
/** One run of the conntrack garbage collector over one map. */
export interface ConntrackCollected extends EventHead {
  readonly kind: "conntrack_gc";
  readonly protocol: ConntrackProtocol;
  readonly family: AddressFamily;
  readonly aliveCount: number;
  readonly deletedCount: number;
  readonly durationSeconds: number;
}
/**
 * One message seen by an L7 proxy: requests and responses. A denied request's own answer (403,
 * REFUSED) is also a message: a response with verdict "forwarded". `parse_error` counts as received.
 */
export interface L7Message extends EventHead {
  readonly kind: "l7";
  readonly proxyType: ProxyType;
  readonly message: "request" | "response";
  readonly verdict: "forwarded" | "denied" | "parse_error";
  readonly direction: PacketDirection;
  readonly protocol: "http" | "dns";
}
/** A proxied request was answered: `cilium_proxy_upstream_reply_seconds{protocol_l7, scope, error}`. */
export interface ProxyReply extends EventHead {
  readonly kind: "proxy_reply";
  readonly protocol: "http" | "dns";
  /** "" or why the upstream failed ("timeout", "denied", "proxy_error"). */
  readonly error: string;
  /** Seconds per scope: "upstreamTime", "processingTime", "policyCheckTime", "totalTime"… */
  readonly scopes: Readonly<Record<string, number>>;
}
/** What can become of a connection of the HTTP proxy. */
export type ProxyConnectionChange =
  /** A request waits for a connection to the server; `opened`, `connect_failed` or `cancelled` follow. */
  | "pending"
  | "opened"
  | "connect_failed"
  /** The client went before the server's connection was there. */
  | "cancelled"
  | "protocol_error"
  | "request"
  | "answer"
  /** The answer was sent before the request was whole. */
  | "early_answer"
  /** The answer broke off after its head had gone out. */
  | "broken_answer"
  | "upgraded"
  /** Reading stopped, since the other side takes no more, and went on. */
  | "reading_paused"
  | "reading_resumed"
  /** Bytes wait to be written, and were written. */
  | "backed_up"
  | "drained"
  | "closed";
/**
 * A connection of the HTTP proxy: to its client ("downstream"), or to the server behind it ("upstream").
 * `request` and `answer` also tell the bytes since the event before.
 */
export interface ProxyConnectionEvent extends EventHead {
  readonly kind: "proxy_connection";
  readonly side: "downstream" | "upstream";
  readonly direction: PacketDirection;
  /** ADDRESS:PORT of the other end. */
  readonly peer: string;
  readonly change: ProxyConnectionChange;
  /** ms: until it was open (opened), since the request (answer), of its whole life (closed); else 0. */
  readonly durationMs: number;
  /** Status of an answer, else 0. */
  readonly code: number;
  /** Bytes since the connection's event before. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Requests of the connection so far. */
  readonly requestCount: number;
  /** Closed by the proxy (true) or by its peer. */
  readonly isClosedHere: boolean;
  /** Whether a request was still without its answer when it closed. */
  readonly hasRequest: boolean;
}
/** DNS names and addresses learned by the DNS proxy of an endpoint; counts after the change. */
export interface FqdnCacheChanged extends EventHead {
  readonly kind: "fqdn_cache";
  readonly endpointId: number;
  readonly activeNames: number;
  readonly activeIps: number;
  /** Names and addresses thrown out by this change (`cilium_fqdn_gc_deletions_total`). */
  readonly deletedCount: number;
}
/** A redirect to a proxy was installed or removed for an endpoint. */
export interface ProxyRedirectChanged extends EventHead {
  readonly kind: "proxy_redirect";
  readonly action: "added" | "removed";
  readonly protocol: "http" | "dns";
  readonly endpointId: number;
}
/** A health probe of the agent on `nodeName` to `target`. */
export interface NodeProbed extends EventHead {
  readonly kind: "node_probe";
  readonly target: string;
  /** The node itself or its health endpoint. */
  readonly type: "node" | "endpoint";
  readonly addressType: "primary" | "secondary";
  readonly protocol: "icmp" | "http";
  readonly status: "reachable" | "unreachable";
  readonly latencySeconds: number;
}
/** A node was learned, changed or lost. */
export interface NodeEvent extends EventHead {
  readonly kind: "node_event";
  readonly action: "add" | "update" | "delete";
  readonly source: "local" | "custom-resource" | "kvstore";
  readonly target: string;
}
/** A Kubernetes watch event reached the agent (or the operator, when `receiver` says so). */
export interface K8sEvent extends EventHead {
  readonly kind: "k8s_event";
  readonly receiver: "agent" | "operator";
  /** "CiliumNetworkPolicy", "CiliumEndpoint", "CiliumNode", "Pod", "Service", "EndpointSlice", "Namespace", "Node"… */
  readonly scope: string;
  readonly action: "create" | "update" | "delete";
  readonly isValid: boolean;
  /** Nothing that matters had changed. */
  readonly isEqual: boolean;
  readonly outcome: "success" | "fail";
}
/** The agent or operator called the Kubernetes API. */
export interface K8sApiCalled extends EventHead {
  readonly kind: "k8s_api_call";
  readonly receiver: "agent" | "operator";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** "/apis/cilium.io/v2/namespaces/{namespace}/ciliumendpoints/{name}". */
  readonly path: string;
  readonly code: number;
  readonly durationSeconds: number;
}
/** A service or its backends changed. */
export interface ServiceEvent extends EventHead {
  readonly kind: "service_event";
  readonly action: "add" | "update" | "delete";
  readonly durationSeconds: number;
}
/** The agent's ipcache took in or threw out an address. */
export interface IpcacheChanged extends EventHead {
  readonly kind: "ipcache";
  readonly action: "upsert" | "delete";
  readonly address: string;
  readonly identity: number;
}
/** An address was given to or taken from an endpoint. */
export interface AddressAllocated extends EventHead {
  readonly kind: "ipam";
  readonly action: "allocate" | "release";
  readonly family: AddressFamily;
  readonly address: string;
}
/** An operation on one of the datapath's maps ("lxc", "ipcache", "lb4_services_v2", "cilium_policy_…", "ct4_global"…). */
export interface MapOperation extends EventHead {
  readonly kind: "map_op";
  readonly mapName: string;
  readonly operation: "update" | "delete" | "lookup" | "getNextKey";
  readonly outcome: "success" | "fail";
  readonly durationSeconds: number;
  /** So many of them at once; 1 unless told. */
  readonly count?: number;
}
/** A controller of the agent (or operator) ran: "sync-policymap", "endpoint-gc", "cilium-health-ep"… */
export interface ControllerRan extends EventHead {
  readonly kind: "controller_run";
  readonly receiver: "agent" | "operator";
  /** The controller's group: its name without the endpoint number. */
  readonly group: string;
  readonly outcome: "success" | "failure";
  readonly durationSeconds: number;
}
/** A request on the agent's own REST API (/healthz, /endpoint/{id}, /ipam…). */
export interface AgentApiCalled extends EventHead {
  readonly kind: "agent_api_call";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly code: number;
  readonly durationSeconds: number;
}
/** A call went through a limiter: of an agent's API ("endpoint-create"), or of a component's etcd client ("etcd"). */
export interface ApiLimited extends EventHead {
  readonly kind: "api_limited";
  readonly component: MeshComponent;
  readonly call: string;
  readonly outcome: "success" | "fail";
  /** HTTP status. */
  readonly code: number;
  readonly waitSeconds: number;
}
/** A work queue of watch events (client-go's): an event was put in, or was worked off. */
export interface WorkQueueStep extends EventHead {
  readonly kind: "workqueue";
  readonly receiver: "agent" | "operator";
  /** "ciliumnode". */
  readonly queue: string;
  readonly step: "added" | "done";
  /** Of "done": time in the queue, and of the work. */
  readonly queueSeconds: number;
  readonly workSeconds: number;
}
/** A component of the mesh has begun its work. */
export interface MeshStarted extends EventHead {
  readonly kind: "mesh_started";
  readonly component: MeshComponent;
  readonly durationSeconds: number;
}
/** The component logged a warning or an error (`cilium_errors_warnings_total`). */
export interface ComponentLogged extends EventHead {
  readonly kind: "log";
  readonly receiver: "agent" | "operator";
  readonly level: "warning" | "error";
  readonly subsystem: string;
  readonly message: string;
}
/** The operator looked for identities that no endpoint uses. Counts after the run. */
export interface IdentityCollected extends EventHead {
  readonly kind: "identity_gc";
  readonly outcome: "success" | "fail";
  readonly aliveCount: number;
  readonly deletedCount: number;
  readonly durationSeconds: number;
}
/** Events that the observer could not keep. */
export interface EventsLost extends EventHead {
  readonly kind: "lost_events";
  readonly source: "perf_event_ring_buffer" | "observer_events_queue" | "hubble_ring_buffer";
  readonly count: number;
}
/** A call of the agent's Observer by gRPC: that it began, a message of it, that it ended. */
export interface ObserverCall extends EventHead {
  readonly kind: "observer_call";
  /** "GetFlows"; those of other services too. */
  readonly method: string;
  readonly step: "started" | "received" | "sent" | "ended";
  /** gRPC status code; of "ended". */
  readonly code: number;
}
/** An operation on the kvstore of a Cluster Mesh: agents and KVStoreMesh read, the API server writes. */
export interface KvstoreOperation extends EventHead {
  readonly kind: "kvstore_op";
  readonly component: MeshComponent;
  /** "cilium/state/nodes/v1": what `scope` or `kind` are made of. */
  readonly scope: string;
  readonly action: "read" | "set" | "delete" | "update" | "lock";
  readonly outcome: "success" | "error";
  readonly durationSeconds: number;
}
/** A watch event of the kvstore reached a component. */
export interface KvstoreEvent extends EventHead {
  readonly kind: "kvstore_event";
  readonly component: MeshComponent;
  readonly scope: string;
  readonly action: "create" | "modify" | "delete";
  /** Time between arrival and processing. */
  readonly queueSeconds: number;
}
/** The connection of a component to another cluster changed, or was found as it was. */
export interface MeshStatus extends EventHead {
  readonly kind: "mesh_status";
  readonly component: MeshComponent;
  readonly remoteCluster: string;
  readonly isReady: boolean;
  /** A connection broke or could not be made: counted. */
  readonly isFailure: boolean;
  /** What had been learned of the cluster is not used any more. */
  readonly isRevocation: boolean;
}
/** Who speaks to the kvstore of a Cluster Mesh. */
export type MeshComponent = "agent" | "clustermesh-apiserver" | "kvstoremesh";
/** A finished Hubble flow as the agent on `nodeName` reports it. `flow.node_name` has the cluster in front. */
export interface FlowSeen extends EventHead {
  readonly kind: "flow";
  readonly flow: Flow;
}

/** Everything that can happen. */
export type LabEvent =
  | AgentStarted
  | EndpointCreated
  | EndpointDeleted
  | EndpointStateChanged
  | EndpointRegenerated
  | IdentityAllocated
  | IdentityReleased
  | PolicyChanged
  | PolicyFailed
  | PolicyIncrementalUpdate
  | PacketSeen
  | ConntrackChanged
  | ConntrackCollected
  | L7Message
  | ProxyReply
  | ProxyConnectionEvent
  | FqdnCacheChanged
  | ProxyRedirectChanged
  | NodeProbed
  | NodeEvent
  | K8sEvent
  | K8sApiCalled
  | ServiceEvent
  | IpcacheChanged
  | AddressAllocated
  | MapOperation
  | ControllerRan
  | AgentApiCalled
  | ApiLimited
  | WorkQueueStep
  | MeshStarted
  | ComponentLogged
  | IdentityCollected
  | EventsLost
  | ObserverCall
  | KvstoreOperation
  | KvstoreEvent
  | MeshStatus
  | FlowSeen;

/** The event of one kind: `LabEventOf<"packet">`. */
export type LabEventOf<Kind extends LabEvent["kind"]> = Extract<LabEvent, { kind: Kind }>;

/** Called for each event, in order; must not throw. */
export type LabEventListener = (event: LabEvent) => void;

/** What consumers see of the bus. */
export interface LabEventSource {
  /** Returns how to stop listening. */
  subscribe(listener: LabEventListener): () => void;
  /** Only events of one kind. */
  on<Kind extends LabEvent["kind"]>(
    kind: Kind,
    listener: (event: LabEventOf<Kind>) => void,
  ): () => void;
  /** Only events of one kind that one node saw. */
  onNode<Kind extends LabEvent["kind"]>(
    kind: Kind,
    nodeName: string,
    listener: (event: LabEventOf<Kind>) => void,
  ): () => void;
}

/** Listeners of one kind: of every node, and by node. */
interface KindListeners {
  readonly all: Set<LabEventListener>;
  readonly byNode: Map<string, Set<LabEventListener>>;
}

/** The laboratory's one bus. Publish is O(listeners of the kind and node). */
export class LabEventBus implements LabEventSource {
  readonly #all = new Set<LabEventListener>();
  readonly #byKind = new Map<LabEvent["kind"], KindListeners>();

  publish(event: LabEvent): void {
    const listeners = this.#byKind.get(event.kind);
    if (listeners !== undefined) {
      const ofNode = listeners.byNode.get(event.nodeName);
      if (ofNode !== undefined) for (const listener of ofNode) listener(event);
      for (const listener of listeners.all) listener(event);
    }
    for (const listener of this.#all) listener(event);
  }

  subscribe(listener: LabEventListener): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  on<Kind extends LabEvent["kind"]>(
    kind: Kind,
    listener: (event: LabEventOf<Kind>) => void,
  ): () => void {
    return add(this.#listenersOf(kind).all, listener);
  }

  onNode<Kind extends LabEvent["kind"]>(
    kind: Kind,
    nodeName: string,
    listener: (event: LabEventOf<Kind>) => void,
  ): () => void {
    const { byNode } = this.#listenersOf(kind);
    const listeners = byNode.get(nodeName) ?? new Set<LabEventListener>();
    byNode.set(nodeName, listeners);
    return add(listeners, listener);
  }

  #listenersOf(kind: LabEvent["kind"]): KindListeners {
    const known = this.#byKind.get(kind) ?? { all: new Set(), byNode: new Map() };
    this.#byKind.set(kind, known);
    return known;
  }
}

function add<Kind extends LabEvent["kind"]>(
  listeners: Set<LabEventListener>,
  listener: (event: LabEventOf<Kind>) => void,
): () => void {
  // The set belongs to the event's kind.
  const narrowed: LabEventListener = (event) => listener(event as LabEventOf<Kind>);
  listeners.add(narrowed);
  return () => listeners.delete(narrowed);
}
