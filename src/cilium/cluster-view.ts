/**
 * What can be asked of a running cluster: endpoints, identities, policies, nodes, services. The
 * laboratory answers today, a cluster's agents later; the CLI's `endpoint`, `identity` and `policy get`
 * and the page's cluster routes know only this. Every call is the present state.
 */

/** An endpoint, as its agent knows it. */
export interface ClusterEndpoint {
  /** Unique on its node. */
  readonly id: number;
  readonly clusterName: string;
  readonly nodeName: string;
  /** A pod, or a node's own endpoints. */
  readonly kind: "pod" | "health" | "host";
  readonly namespace: string;
  readonly podName: string;
  readonly workload: { readonly name: string; readonly kind: string } | undefined;
  readonly ipv4: string;
  /** Undefined where the cluster has IPv4 only. */
  readonly ipv6: string | undefined;
  readonly identity: number;
  /** Identity labels with source, sorted. */
  readonly labels: readonly string[];
  /** "ready", "regenerating"… */
  readonly state: string;
  readonly policy: {
    readonly ingress: boolean;
    readonly egress: boolean;
    readonly revision: number;
  };
  /** Redirects to proxies. */
  readonly redirects: { readonly http: number; readonly dns: number };
}

/** A security identity. */
export interface ClusterIdentity {
  readonly id: number;
  readonly clusterName: string;
  readonly labels: readonly string[];
  readonly isReserved: boolean;
  /** Endpoints that have it. */
  readonly endpointCount: number;
}

/** A pod that no agent manages: no identity, no policy, no flows of its own. */
export interface UnmanagedPod {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly namespace: string;
  readonly podName: string;
  readonly workload: { readonly name: string; readonly kind: string } | undefined;
  readonly ipv4: string;
  /** Why, and what helps. */
  readonly reason: string;
  readonly mend: string;
}

/** A policy in force. */
export interface ClusterPolicy {
  readonly clusterName: string;
  readonly kind: string;
  /** "" for cluster-wide ones. */
  readonly namespace: string;
  readonly name: string;
  readonly yaml: string;
}

/** A policy that was applied and refused, until it is applied rightly or deleted. */
export interface RefusedPolicy extends ClusterPolicy {
  readonly error: {
    /** The file that was applied. */
    readonly file: string;
    /** 1-based, of `yaml`. */
    readonly line: number;
    /** "spec.ingress[0]"; "" for the document. */
    readonly path: string;
    readonly message: string;
    /** "" where nothing is known. */
    readonly mend: string;
  };
}

/** A node. */
export interface ClusterNode {
  readonly clusterName: string;
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly agentPod: string;
  readonly endpointCount: number;
  /** Nodes and health endpoints that its last probes did not reach. */
  readonly unreachable: { readonly nodes: number; readonly endpoints: number };
}

/** A service with its backends. */
export interface ClusterService {
  readonly clusterName: string;
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  /** "10.0.1.21:80". */
  readonly backends: readonly string[];
}

/** The policies in force with the revision that counts their changes. */
export interface ClusterPolicies {
  readonly clusterName: string;
  readonly revision: number;
  readonly policies: readonly ClusterPolicy[];
  /** One of a name that is in force too is an update that was refused. */
  readonly refused: readonly RefusedPolicy[];
}

/** A cluster, or the clusters of a mesh. Every call throws AppError `not_running` or `unreachable` when nobody answers. */
export interface ClusterView {
  endpoints(): Promise<readonly ClusterEndpoint[]>;
  identities(): Promise<readonly ClusterIdentity[]>;
  /** One item per cluster. */
  policies(): Promise<readonly ClusterPolicies[]>;
  nodes(): Promise<readonly ClusterNode[]>;
  services(): Promise<readonly ClusterService[]>;
  unmanagedPods(): Promise<readonly UnmanagedPod[]>;
}
