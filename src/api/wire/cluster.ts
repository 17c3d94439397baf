/** What the cluster's routes answer: endpoints, identities, nodes, policies, services. Types only; the page imports them. */

/** GET endpoints, and endpoints/ID (one where the number is unique, else all of that number). */
export interface WireEndpoint {
  readonly id: number;
  readonly clusterName: string;
  readonly nodeName: string;
  readonly kind: "pod" | "health" | "host";
  readonly namespace: string;
  readonly podName: string;
  readonly workload?: { readonly name: string; readonly kind: string };
  readonly ipv4: string;
  readonly ipv6?: string;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly state: string;
  readonly policy: {
    readonly ingress: boolean;
    readonly egress: boolean;
    readonly revision: number;
  };
  readonly redirects: { readonly http: number; readonly dns: number };
}

/** GET identities. */
export interface WireIdentity {
  readonly id: number;
  readonly clusterName: string;
  readonly labels: readonly string[];
  readonly isReserved: boolean;
  readonly endpointCount: number;
}

/** GET pods/unmanaged: pods without an endpoint. */
export interface WireUnmanagedPod {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly namespace: string;
  readonly podName: string;
  readonly workload?: { readonly name: string; readonly kind: string };
  readonly ipv4: string;
  readonly reason: string;
  readonly mend: string;
}

/** GET nodes. */
export interface WireNode {
  readonly clusterName: string;
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly agentPod: string;
  readonly endpointCount: number;
  readonly unreachable: { readonly nodes: number; readonly endpoints: number };
}

/** GET cluster/policies: one item per cluster. */
export interface WireClusterPolicies {
  readonly clusterName: string;
  readonly revision: number;
  readonly policies: readonly {
    readonly clusterName: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly yaml: string;
  }[];
  /** Applied and not imported, until applied rightly or deleted; `line` is of `yaml`. */
  readonly refused: readonly {
    readonly clusterName: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly yaml: string;
    readonly error: {
      readonly file: string;
      readonly line: number;
      readonly path: string;
      readonly message: string;
      readonly mend: string;
    };
  }[];
}

/** GET cluster/services. */
export interface WireService {
  readonly clusterName: string;
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  readonly backends: readonly string[];
}
