/**
 * The laboratory as others may see it: a read-only view of nodes, endpoints, identities, policies and
 * services, always the present state. Gauges read this; counters come from events (events.ts).
 */

import type { AddressFamily } from "./address-family.ts";
import type { ApiLimiterFigures } from "./controllers/api-limiter.ts";

/** The versions whose metric names and labels can be served. */
export const ciliumVersions = ["1.6", "1.9", "1.16", "1.19"] as const;
/** One of the versions above. */
export type CiliumVersion = (typeof ciliumVersions)[number];

/** Endpoint states as `cilium_endpoint_state{endpoint_state}` spells them. */
export type EndpointState =
  | "restoring"
  | "creating"
  | "waiting-for-identity"
  | "waiting-to-regenerate"
  | "regenerating"
  | "ready"
  | "disconnecting"
  | "disconnected"
  | "not-ready"
  | "invalid";

/** Which directions of an endpoint a policy enforces. */
export type PolicyEnforcement = "none" | "ingress" | "egress" | "both";

/** Where a node's servers really listen. */
export interface NodeListeners {
  /** Loopback address of this node. */
  readonly host: string;
  readonly agentPort: number;
  /** Only on the operator's node. */
  readonly operatorPort: number | undefined;
  readonly envoyPort: number;
  readonly hubblePort: number;
}

/** One node of the cluster. */
export interface LabNode {
  readonly name: string;
  /** Cluster address: 172.18.0.x. */
  readonly address: string;
  readonly address6: string | undefined;
  /** 10.0.N.0/24. */
  readonly podCidr: string;
  readonly podCidr6: string | undefined;
  /** The router's address in the pod range (cilium_host). */
  readonly routerAddress: string;
  /** The agent's pod: "cilium-x7k2p". */
  readonly agentPod: string;
  readonly isOperatorNode: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly listeners: NodeListeners;
}

/** A workload that owns a pod. */
export interface LabWorkload {
  readonly name: string;
  readonly kind: string;
}

/** An endpoint: a pod, or the node's own health endpoint or host. */
export interface LabEndpoint {
  /** Unique on its node. */
  readonly id: number;
  readonly clusterName: string;
  readonly nodeName: string;
  readonly kind: "pod" | "health" | "host";
  readonly namespace: string;
  /** Pod name; "" for host and health. */
  readonly podName: string;
  readonly address: string;
  /** IPv6; undefined where the scene has IPv4 only. */
  readonly address6: string | undefined;
  readonly identity: number;
  /** Identity labels with source, sorted: "k8s:class=deathstar". */
  readonly labels: readonly string[];
  readonly workload: LabWorkload | undefined;
  readonly state: EndpointState;
  readonly enforcement: PolicyEnforcement;
  /** The policy revision it runs. */
  readonly policyRevision: number;
  /** Redirects to proxies that its policy holds. */
  readonly redirects: { readonly http: number; readonly dns: number };
}

/** A security identity. */
export interface LabIdentity {
  readonly id: number;
  /** Sorted, with source. */
  readonly labels: readonly string[];
  readonly type: "reserved" | "cluster_local" | "node_local";
}

/** A policy in force. */
export interface LabPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  /** List items of ingress, egress and the deny lists: what `cilium_policy` counts. */
  readonly entryCount: number;
  readonly yaml: string;
}

/** A Kubernetes service. */
export interface LabService {
  readonly namespace: string;
  readonly name: string;
  readonly clusterAddress: string;
  readonly clusterAddress6: string | undefined;
  /** Its backends are those of all clusters of the mesh. */
  readonly isGlobal: boolean;
  readonly ports: readonly { readonly port: number; readonly protocol: "TCP" | "UDP" }[];
  /** "10.0.1.21:80". */
  readonly backends: readonly string[];
}

/** Fill of one datapath map. */
export interface LabMap {
  /** "cilium_lxc", "cilium_ipcache_v2", "cilium_policy_v2_00814"… */
  readonly name: string;
  readonly entryCount: number;
  readonly capacity: number;
}

/** Names and addresses an endpoint's DNS proxy knows. */
export interface FqdnCounts {
  readonly endpointId: number;
  readonly activeNames: number;
  readonly activeIps: number;
  readonly aliveZombies: number;
}

/** What one agent knows of another cluster. */
export interface RemoteCluster {
  readonly name: string;
  readonly isReady: boolean;
  readonly nodeCount: number;
  readonly endpointCount: number;
  readonly serviceCount: number;
  readonly failureCount: number;
  /** Seconds since the epoch; 0 = never. */
  readonly lastFailureSeconds: number;
  /** How often what had been learned was thrown away. */
  readonly revocationCount: number;
}

/** The present state. Every call computes afresh: O(what it lists). */
export interface LabState {
  readonly clusterName: string;
  readonly ciliumVersion: CiliumVersion;
  /** Wall clock ms at which the laboratory was ready. */
  readonly startedMs: number;
  readonly policyRevision: number;
  /** Clusters of a mesh, this one included; 1 without mesh. */
  readonly clusterCount: number;
  /** Pods that no agent manages (started before Cilium). */
  readonly unmanagedPodCount: number;
  nodes(): readonly LabNode[];
  /** Of one node, or of all. */
  endpoints(nodeName?: string): readonly LabEndpoint[];
  identities(): readonly LabIdentity[];
  policies(): readonly LabPolicy[];
  services(): readonly LabService[];
  /** Live conntrack entries of a node. */
  conntrack(nodeName: string): { readonly tcp: number; readonly nonTcp: number };
  /** Whether pods and nodes have IPv6 addresses. */
  readonly hasIpv6: boolean;
  /** Addresses in use and the range's size; of IPv6 none where the scene has none. */
  addresses(
    nodeName: string,
    family?: AddressFamily,
  ): { readonly used: readonly string[]; readonly capacity: number };
  maps(nodeName: string): readonly LabMap[];
  fqdn(nodeName: string): readonly FqdnCounts[];
  /** Nodes and health endpoints the node's last probe round did not reach. */
  unreachable(nodeName: string): { readonly nodes: number; readonly endpoints: number };
  /** Number of endpoints, without listing them. */
  endpointCount(nodeName?: string): number;
  /** The other clusters of the mesh as the node's agent knows them. */
  remoteClusters(nodeName: string): readonly RemoteCluster[];
  /** How the limiters of the node's agent's API stand. */
  apiLimiters(nodeName: string): readonly ApiLimiterFigures[];
  /** Number of FQDN selectors in the policies. */
  readonly fqdnSelectorCount: number;
}
