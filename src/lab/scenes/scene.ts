/** What a scene describes: clusters, workloads, services, policies, traffic, changes. Data only; the laboratory brings it to life. */

import type { LabWorkload } from "../lab-state.ts";

/** Programs that pods and servers of the world can run. */
export type PodProgram =
  | { readonly kind: "deathstar" | "kube-dns" | "idle" | "echo" }
  | {
      readonly kind: "web";
      /** Time an answer takes, ms; the real one varies by half. */
      readonly latencyMs: number;
      /** The time goes up and down by this share of itself, over `swingSeconds`. */
      readonly latencySwing: number;
      readonly swingSeconds: number;
      /** Share of requests that are answered with 503. */
      readonly errorShare: number;
      /** Every so often, for so long, that share is another; undefined = never. */
      readonly errorBurst:
        | { readonly everySeconds: number; readonly seconds: number; readonly share: number }
        | undefined;
      readonly bodyBytes: number;
      /** URLs that each request asks in turn before it is answered. */
      readonly calls: readonly string[];
    };

/** A web service that answers at once and never fails. */
export const plainWeb = {
  kind: "web",
  latencyMs: 2,
  latencySwing: 0,
  swingSeconds: 120,
  errorShare: 0,
  errorBurst: undefined,
  bodyBytes: 64,
  calls: [],
} as const satisfies PodProgram;

/** One pod. */
export interface ScenePod {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly workload: LabWorkload;
  readonly program: PodProgram;
  readonly ports: readonly ScenePort[];
  readonly serviceAccount: string;
  /** Started before Cilium: no agent manages it. */
  readonly isUnmanaged: boolean;
}

/** A container port. */
export interface ScenePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** A ClusterIP service. */
export interface SceneService {
  readonly namespace: string;
  readonly name: string;
  /** Of which cluster. */
  readonly clusterName: string;
  readonly clusterAddress: string;
  /** Of a dual-stack service; undefined for those of IPv4 only. */
  readonly clusterAddress6: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  /** Backends of the other clusters of the mesh count too (service.cilium.io/global). */
  readonly isGlobal: boolean;
  readonly ports: readonly ServicePort[];
}

/** A port of a service. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  /** Number, or name of a container port. */
  readonly targetPort: number | string;
  readonly protocol: "TCP" | "UDP";
}

/** One cluster. */
export interface SceneCluster {
  readonly name: string;
  /** The first node runs the operator. */
  readonly nodeNames: readonly string[];
}

/** A namespace with labels of its own. */
export interface SceneNamespace {
  readonly clusterName: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Pods that are alike. */
export interface SceneWorkload {
  readonly clusterName: string;
  readonly namespace: string;
  readonly name: string;
  /** "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job". */
  readonly kind: string;
  readonly replicas: number;
  /** Pods take these nodes in turn. */
  readonly nodeNames: readonly string[];
  /** Names of the first pods; later ones are named as Kubernetes does. */
  readonly podNames: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly program: PodProgram;
  readonly ports: readonly ScenePort[];
  readonly serviceAccount: string;
  readonly isUnmanaged: boolean;
}

/** A server outside the clusters, with a DNS name. */
export interface SceneWorldServer {
  readonly name: string;
  readonly address: string;
  readonly address6: string | undefined;
  readonly program: PodProgram;
  readonly ports: readonly ScenePort[];
}

/** Something that every pod of a workload does again and again. */
export interface SceneTraffic {
  /** "default/tiefighter", of `clusterName`. */
  readonly from: string;
  readonly clusterName: string;
  readonly perSecond: number;
  readonly action:
    | { readonly kind: "curl"; readonly args: readonly string[] }
    | { readonly kind: "ping"; readonly host: string }
    | {
        readonly kind: "tcp" | "udp";
        readonly host: string;
        readonly port: number;
        readonly bytes: number;
      }
    | { readonly kind: "websocket"; readonly url: string; readonly messages: number }
    /** Without sockets: through the datapath's policy, counters and flows only. */
    | {
        readonly kind: "simulated";
        readonly to: string;
        readonly port: number;
        readonly bytes: number;
      };
}

/** A change that comes again and again. */
export interface SceneActivity {
  readonly everySeconds: number;
  readonly clusterName: string;
  readonly change:
    | { readonly kind: "scale"; readonly workload: string; readonly replicas: readonly number[] }
    | { readonly kind: "restart"; readonly workload: string }
    /** A label that the node has every other time, as `kubectl label node` sets it. */
    | { readonly kind: "label-node"; readonly node: string; readonly label: string }
    /** The objects come and go in turn. */
    | { readonly kind: "toggle"; readonly file: string; readonly text: string };
}

/** A whole scene. */
export interface Scene {
  readonly name: string;
  readonly description: string;
  /** "real": agents' intervals as in Cilium; "quick": shorter, so that five minutes show something. */
  readonly pace: "quick" | "real";
  /** Pods have no sockets: for thousands of them. */
  readonly isSimulated: boolean;
  /** The traffic's day: its rates go up and down once in so many seconds. */
  readonly daySeconds: number;
  /** Dual stack: nodes and pods have IPv6 addresses too. */
  readonly hasIpv6: boolean;
  readonly clusters: readonly SceneCluster[];
  readonly namespaces: readonly SceneNamespace[];
  readonly workloads: readonly SceneWorkload[];
  readonly services: readonly SceneService[];
  readonly world: readonly SceneWorldServer[];
  /** Names below these get no answer: their servers are gone. */
  readonly silentZones: readonly string[];
  /** Policies in force from the start, as YAML. */
  readonly policies: readonly { readonly file: string; readonly text: string }[];
  readonly traffic: readonly SceneTraffic[];
  readonly activities: readonly SceneActivity[];
}
