/** The pages that can be scraped, with the job and the labels that Cilium's own service discovery gives them. */

import type { MeshServers } from "./component-servers.ts";
import type { LabNode } from "./lab-state.ts";

/** A page to scrape. */
export interface LabEndpointUrl {
  /** "agent kind-worker". */
  readonly name: string;
  readonly url: string;
  /** As a scrape job: cilium-agent, cilium-operator, hubble. */
  readonly job: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The pages of a node. `clusterLabel` = the clusters of a mesh are told apart. */
export function urlsOfNode(
  node: LabNode,
  clusterLabel: Readonly<Record<string, string>>,
): LabEndpointUrl[] {
  const { host, agentPort, operatorPort, envoyPort, hubblePort } = node.listeners;
  const labels = { namespace: "kube-system", node: node.name, ...clusterLabel };
  const url = (port: number): string => `http://${host}:${port}/metrics`;
  const agent = { ...labels, pod: node.agentPod };
  const suffix = node.agentPod.slice("cilium-".length);
  return [
    {
      name: `agent ${node.name}`,
      url: url(agentPort),
      job: "cilium-agent",
      labels: { ...agent, k8s_app: "cilium" },
    },
    {
      name: `hubble ${node.name}`,
      url: url(hubblePort),
      job: "hubble",
      labels: { ...agent, k8s_app: "hubble" },
    },
    {
      name: `envoy ${node.name}`,
      url: url(envoyPort),
      job: "cilium-envoy",
      labels: { ...labels, pod: `cilium-envoy-${suffix}`, k8s_app: "cilium-envoy" },
    },
    ...(operatorPort === undefined
      ? []
      : [
          {
            name: `operator ${node.name}`,
            url: url(operatorPort),
            job: "cilium-operator",
            labels: {
              ...labels,
              pod: `cilium-operator-${suffix}`,
              io_cilium_app: "operator",
              name: "cilium-operator",
            },
          },
        ]),
  ];
}

/** The pages of a cluster's Cluster Mesh API server. */
export function urlsOfMesh(
  clusterName: string,
  { urls }: MeshServers,
  firstNode: LabNode,
): LabEndpointUrl[] {
  const pod = `clustermesh-apiserver-${firstNode.agentPod.slice("cilium-".length)}`;
  return Object.entries(urls).map(([component, url]) => ({
    name: `${component} ${clusterName}`,
    url,
    job: component,
    labels: {
      namespace: "kube-system",
      node: firstNode.name,
      pod,
      k8s_app: "clustermesh-apiserver",
      cluster: clusterName,
    },
  }));
}
