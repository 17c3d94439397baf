/** How an end of a flow is called where one word must do: workload, pod, domain name, CIDR or reserved name. */

import type { FlowEndpoint } from "../model/flow.ts";

const reservedPrefix = "reserved:";
const cidrPrefix = "cidr:";

/** "default/deathstar", "default/xwing", "api.example.com", "203.0.113.0/24", "world", "identity 4711". */
export function endpointName(
  endpoint: FlowEndpoint | undefined,
  names: readonly string[] | undefined,
): string {
  const { namespace = "", pod_name = "", workloads } = endpoint ?? {};
  const workload = workloads?.[0]?.name ?? pod_name;
  if (workload !== "") return namespace === "" ? workload : `${namespace}/${workload}`;
  return names?.[0] ?? outsideName(endpoint);
}

/** What an endpoint without a pod is called by its labels. */
export function outsideName(endpoint: FlowEndpoint | undefined): string {
  const { labels = [], identity } = endpoint ?? {};
  const cidr = narrowestCidr(labels);
  if (cidr !== undefined) return cidr;
  const reserved = labels.find((label) => label.startsWith(reservedPrefix));
  if (reserved !== undefined) return reserved.slice(reservedPrefix.length);
  return identity === undefined ? "" : `identity ${identity}`;
}

/** The label of the longest prefix; an identity of a CIDR carries those around it too. */
export function narrowestCidr(labels: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestBits = -1;
  for (const label of labels) {
    if (!label.startsWith(cidrPrefix)) continue;
    const cidr = label.slice(cidrPrefix.length);
    const bits = Number(cidr.slice(cidr.indexOf("/") + 1));
    if (bits <= bestBits) continue;
    best = cidr;
    bestBits = bits;
  }
  return best;
}
