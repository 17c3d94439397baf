/** What a scene describes: nodes, pods, services, policies. Data only; the laboratory brings it to life. */

import type { LabWorkload } from "../lab-state.ts";

/** Programs that pods can run. */
export type PodProgram = "deathstar" | "kube-dns" | "idle";

/** One pod. */
export interface ScenePod {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly workload: LabWorkload;
  readonly program: PodProgram;
  readonly ports: readonly ScenePort[];
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
  readonly clusterAddress: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort: number;
    readonly protocol: "TCP" | "UDP";
  }[];
}

/** A whole scene. */
export interface Scene {
  readonly name: string;
  readonly clusterName: string;
  /** The first node runs the operator. */
  readonly nodeNames: readonly string[];
  readonly pods: readonly ScenePod[];
  readonly services: readonly SceneService[];
  /** Policies in force from the start, as YAML. */
  readonly policies: readonly { readonly file: string; readonly text: string }[];
}
