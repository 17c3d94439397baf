/**
 * Who stands at an end of an edge of the service map: a workload (or a pod without one), a domain name
 * or prefix outside the cluster, a reserved entity. Kept as fine as any level needs, reduced when a map
 * is asked for.
 */

import type { Flow, FlowEndpoint } from "../model/flow.ts";
import { narrowestCidr, outsideName } from "../store/endpoint-name.ts";

/** What the map is drawn by. */
export const mapLevels = ["workload", "identity", "namespace", "pod"] as const;
/** One of the above. */
export type MapLevel = (typeof mapLevels)[number];

/** One end, as blocks keep it. */
export interface MapEnd {
  /** A workload's kind (Deployment, StatefulSet…), or Pod, fqdn, cidr, entity. */
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly identity: number;
  /** "" outside the cluster. */
  readonly pod: string;
  readonly labels: readonly string[];
}

/** The end of a flow. */
export function mapEnd(
  endpoint: FlowEndpoint | undefined,
  names: readonly string[] | undefined,
): MapEnd {
  const { identity = 0, namespace = "", labels = [], pod_name = "" } = endpoint ?? {};
  const workload = endpoint?.workloads?.[0];
  const base = {
    identity,
    namespace,
    labels,
    cluster: endpoint?.cluster_name ?? "",
    pod: pod_name,
  };
  if (workload?.name !== undefined) {
    return { ...base, kind: workload.kind ?? "Workload", name: workload.name };
  }
  if (pod_name !== "") return { ...base, kind: "Pod", name: pod_name };
  const [name] = names ?? [];
  if (name !== undefined) return { ...base, kind: "fqdn", name };
  const kind = narrowestCidr(labels) === undefined ? "entity" : "cidr";
  return { ...base, kind, name: outsideName(endpoint) || "unknown" };
}

/** The end of a side of a flow. */
export function endOfFlow(flow: Flow, side: "source" | "destination"): MapEnd {
  return mapEnd(flow[side], flow[`${side}_names`]);
}

/** What ends have in common that are one node at a level. */
export function nodeKey(end: MapEnd, level: MapLevel): string {
  const place = end.cluster === "" ? end.namespace : `${end.cluster}/${end.namespace}`;
  switch (level) {
    case "workload":
      return `${place}/${end.kind}/${end.name}`;
    case "pod":
      return end.pod === "" ? `${place}/${end.kind}/${end.name}` : `${place}/Pod/${end.pod}`;
    case "identity":
      return `identity/${end.identity}`;
    case "namespace":
      return end.namespace === "" ? `/${end.kind}/${end.name}` : `${place}/Namespace/`;
  }
}
