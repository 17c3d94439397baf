/** The laboratory of a running demo as a ClusterView: each question goes to its control server. */

import type { ClusterView } from "../cilium/cluster-view.ts";
import { type LabView, readLabView } from "./lab-client.ts";

/** The laboratory whose demo keeps its data in `dataDir`; it may start later. */
export function openLabClusterView(dataDir: string): ClusterView {
  const ask =
    <Item>(read: (view: LabView) => readonly Item[]) =>
    async (): Promise<Item[]> =>
      (await readLabView(dataDir)).flatMap(read);
  return {
    endpoints: ask(({ endpoints }) =>
      endpoints.map((one) => ({
        id: one.id,
        clusterName: one.clusterName,
        nodeName: one.nodeName,
        kind: one.kind,
        namespace: one.namespace,
        podName: one.podName,
        workload: one.workload,
        ipv4: one.address,
        ipv6: one.address6,
        identity: one.identity,
        labels: one.labels,
        state: one.state,
        policy: {
          ingress: one.enforcement === "ingress" || one.enforcement === "both",
          egress: one.enforcement === "egress" || one.enforcement === "both",
          revision: one.policyRevision,
        },
        redirects: one.redirects,
      })),
    ),
    identities: ask(({ clusterName, identities, endpoints }) => {
      const counts = new Map<number, number>();
      for (const { identity } of endpoints) counts.set(identity, (counts.get(identity) ?? 0) + 1);
      return identities.map(({ id, labels, type }) => ({
        id,
        clusterName,
        labels,
        isReserved: type === "reserved",
        endpointCount: counts.get(id) ?? 0,
      }));
    }),
    policies: ask(({ clusterName, policyRevision, policies, refusedPolicies }) => [
      {
        clusterName,
        revision: policyRevision,
        policies: policies.map(({ entryCount: _, ...policy }) => ({ clusterName, ...policy })),
        refused: refusedPolicies,
      },
    ]),
    nodes: ask(({ clusterName, nodes }) =>
      nodes.map(({ name, address, podCidr, agentPod, endpointCount, unreachable }) => ({
        clusterName,
        name,
        address,
        podCidr,
        agentPod,
        endpointCount,
        unreachable,
      })),
    ),
    services: ask(({ clusterName, services }) =>
      services.map(({ namespace, name, clusterAddress, ports, backends }) => ({
        clusterName,
        namespace,
        name,
        address: clusterAddress,
        ports,
        backends,
      })),
    ),
    unmanagedPods: ask(({ clusterName, unmanagedPods }) =>
      unmanagedPods.map((pod) => ({
        clusterName,
        ...pod,
        workload: pod.workload,
        reason: "It runs since before Cilium came to its node, so its interface is not Cilium's.",
        mend: `Restart it: kubectl -n ${pod.namespace} delete pod ${pod.podName}`,
      })),
    ),
  };
}
