/** LabState over the laboratory's parts, which come to life one after the other. */

import type { Cluster } from "./cluster/cluster.ts";
import { policyMapName } from "./cluster/regeneration.ts";
import { conntrackCapacity } from "./datapath/conntrack.ts";
import type { Datapath } from "./datapath/datapath.ts";
import type { FaultBoard } from "./faults/fault-board.ts";
import type { HealthProber } from "./health-prober.ts";
import type {
  CiliumVersion,
  FqdnCounts,
  LabEndpoint,
  LabIdentity,
  LabMap,
  LabNode,
  LabPolicy,
  LabService,
  LabState,
} from "./lab-state.ts";
import type { ClusterMesh, RemoteCluster } from "./mesh/cluster-mesh.ts";
import type { AgentDnsProxy } from "./proxy/dns-proxy.ts";

/** Sizes of Cilium's maps by default. */
const capacities = { lxc: 65_535, ipcache: 512_000, services: 65_536, policy: 16_384 } as const;

/** The parts, once there. */
export interface LabParts {
  readonly cluster: Cluster;
  readonly datapath: Datapath;
  readonly dnsProxy: AgentDnsProxy;
  readonly prober: HealthProber;
  readonly faults: FaultBoard;
  /** Undefined where there is one cluster. */
  readonly mesh: ClusterMesh | undefined;
}

/** The view; before `attach` everything is empty. */
export class LabStateView implements LabState {
  readonly clusterName: string;
  readonly ciliumVersion: CiliumVersion;
  startedMs = 0;
  readonly clusterCount: number;
  #parts: LabParts | undefined;

  constructor(clusterName: string, ciliumVersion: CiliumVersion, clusterCount = 1) {
    this.clusterName = clusterName;
    this.clusterCount = clusterCount;
    this.ciliumVersion = ciliumVersion;
  }

  attach(parts: LabParts): void {
    this.#parts = parts;
  }

  get unmanagedPodCount(): number {
    return this.#parts?.cluster.unmanagedCount ?? 0;
  }

  get policyRevision(): number {
    return this.#parts?.cluster.policies.revision ?? 1;
  }

  get fqdnSelectorCount(): number {
    return this.#parts?.cluster.policies.fqdnSelectorCount ?? 0;
  }

  nodes(): readonly LabNode[] {
    return this.#parts?.cluster.nodes ?? [];
  }

  endpoints(nodeName?: string): readonly LabEndpoint[] {
    const views: LabEndpoint[] = [];
    if (this.#parts === undefined) return views;
    for (const endpoint of this.#parts.cluster.endpoints(nodeName)) views.push(endpoint.view());
    return views;
  }

  endpointCount(nodeName?: string): number {
    return this.#parts?.cluster.endpointCount(nodeName) ?? 0;
  }

  remoteClusters(nodeName: string): readonly RemoteCluster[] {
    return this.#parts?.mesh?.remotes(nodeName) ?? [];
  }

  identities(): readonly LabIdentity[] {
    return this.#parts?.cluster.identities.list() ?? [];
  }

  policies(): readonly LabPolicy[] {
    return this.#parts?.cluster.policies.list() ?? [];
  }

  services(): readonly LabService[] {
    return this.#parts?.cluster.serviceViews() ?? [];
  }

  conntrack(nodeName: string): { readonly tcp: number; readonly nonTcp: number } {
    return this.#parts?.datapath.conntrack(nodeName)?.counts ?? { tcp: 0, nonTcp: 0 };
  }

  addresses(nodeName: string): { readonly used: readonly string[]; readonly capacity: number } {
    const pool = this.#parts?.cluster.node(nodeName)?.pool;
    return { used: pool?.used ?? [], capacity: pool?.capacity ?? 0 };
  }

  maps(nodeName: string): readonly LabMap[] {
    if (this.#parts === undefined) return [];
    const { cluster, faults } = this.#parts;
    const { tcp, nonTcp } = this.conntrack(nodeName);
    let backendCount = 0;
    for (const { backends } of cluster.services.frontends()) backendCount += backends.length;
    // The fault fills the maps that fill in practice.
    const pressed = faults.share("map-pressure", nodeName);
    const fill = (entryCount: number, capacity: number): number =>
      Math.max(entryCount, Math.floor(pressed * capacity));
    const maps: LabMap[] = [
      { name: "cilium_lxc", entryCount: cluster.endpointCount(nodeName), capacity: capacities.lxc },
      {
        name: "cilium_ipcache_v2",
        entryCount: cluster.endpointCount(),
        capacity: capacities.ipcache,
      },
      {
        name: "cilium_lb4_services_v2",
        entryCount: cluster.services.size,
        capacity: capacities.services,
      },
      { name: "cilium_lb4_backends_v3", entryCount: backendCount, capacity: capacities.services },
      {
        name: "cilium_ct4_global",
        entryCount: fill(tcp, conntrackCapacity.TCP),
        capacity: conntrackCapacity.TCP,
      },
      {
        name: "cilium_ct_any4_global",
        entryCount: fill(nonTcp, conntrackCapacity["non-TCP"]),
        capacity: conntrackCapacity["non-TCP"],
      },
    ];
    for (const endpoint of cluster.endpoints(nodeName)) {
      maps.push({
        name: policyMapName(endpoint.facts.id),
        entryCount: fill(endpoint.policy.mapEntryCount, capacities.policy),
        capacity: capacities.policy,
      });
    }
    return maps;
  }

  fqdn(nodeName: string): readonly FqdnCounts[] {
    return this.#parts?.dnsProxy.counts(nodeName) ?? [];
  }

  unreachable(nodeName: string): { readonly nodes: number; readonly endpoints: number } {
    return this.#parts?.prober.unreachable(nodeName) ?? { nodes: 0, endpoints: 0 };
  }
}
