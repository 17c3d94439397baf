/** LabState over the laboratory's parts, which come to life one after the other. */

import { type AddressFamily, addressFamilies } from "./address-family.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { policyMapName } from "./cluster/regeneration.ts";
import type { ApiLimiterFigures } from "./controllers/api-limiter.ts";
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
  RemoteCluster,
} from "./lab-state.ts";
import type { ClusterMesh } from "./mesh/cluster-mesh.ts";
import type { AgentDnsProxy } from "./proxy/dns-proxy.ts";

/** Sizes of Cilium's maps by default. */
const capacities = { lxc: 65_535, ipcache: 512_000, services: 65_536, policy: 16_384 } as const;

const none = { tcp: 0, nonTcp: 0 } as const;

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
    return this.#parts?.datapath.conntrack(nodeName)?.counts() ?? { tcp: 0, nonTcp: 0 };
  }

  get hasIpv6(): boolean {
    return this.#parts?.cluster.hasIpv6 ?? false;
  }

  addresses(
    nodeName: string,
    family: AddressFamily = "ipv4",
  ): { readonly used: readonly string[]; readonly capacity: number } {
    const node = this.#parts?.cluster.node(nodeName);
    const pool = family === "ipv4" ? node?.pool : node?.pool6;
    return { used: pool?.used ?? [], capacity: pool?.capacity ?? 0 };
  }

  maps(nodeName: string): readonly LabMap[] {
    if (this.#parts === undefined) return [];
    const { cluster, faults } = this.#parts;
    // The fault fills the maps that fill in practice.
    const pressed = faults.share("map-pressure", nodeName);
    const fill = (entryCount: number, capacity: number): number =>
      Math.max(entryCount, Math.floor(pressed * capacity));
    // Each address of an endpoint is an entry.
    const families = cluster.hasIpv6 ? addressFamilies : (["ipv4"] as const);
    const maps: LabMap[] = [
      {
        name: "cilium_lxc",
        entryCount: cluster.endpointCount(nodeName) * families.length,
        capacity: capacities.lxc,
      },
      {
        name: "cilium_ipcache_v2",
        entryCount: cluster.endpointCount() * families.length,
        capacity: capacities.ipcache,
      },
    ];
    for (const family of families) {
      const { tcp, nonTcp } = this.#parts.datapath.conntrack(nodeName)?.counts(family) ?? none;
      const { TCP, "non-TCP": other } = conntrackCapacity;
      const version = family === "ipv4" ? 4 : 6;
      maps.push(
        ...serviceMapsOf(cluster, family),
        { name: `cilium_ct${version}_global`, entryCount: fill(tcp, TCP), capacity: TCP },
        {
          name: `cilium_ct_any${version}_global`,
          entryCount: fill(nonTcp, other),
          capacity: other,
        },
      );
    }
    for (const endpoint of cluster.endpoints(nodeName)) {
      maps.push({
        name: policyMapName(endpoint.facts.id),
        entryCount: fill(endpoint.policy.mapEntryCount, capacities.policy),
        capacity: capacities.policy,
      });
    }
    return maps;
  }

  apiLimiters(nodeName: string): readonly ApiLimiterFigures[] {
    return this.#parts?.cluster.node(nodeName)?.api.figures() ?? [];
  }

  fqdn(nodeName: string): readonly FqdnCounts[] {
    return this.#parts?.dnsProxy.counts(nodeName) ?? [];
  }

  unreachable(nodeName: string): { readonly nodes: number; readonly endpoints: number } {
    return this.#parts?.prober.unreachable(nodeName) ?? { nodes: 0, endpoints: 0 };
  }
}

/** Services and backends of one family. */
function serviceMapsOf(cluster: Cluster, family: AddressFamily): LabMap[] {
  const services = new Set<unknown>();
  let backendCount = 0;
  for (const frontend of cluster.services.frontends()) {
    if (frontend.family !== family) continue;
    services.add(frontend.service);
    backendCount += frontend.backends.length;
  }
  const prefix = `cilium_lb${family === "ipv4" ? 4 : 6}`;
  const capacity = capacities.services;
  return [
    { name: `${prefix}_services_v2`, entryCount: services.size, capacity },
    { name: `${prefix}_backends_v3`, entryCount: backendCount, capacity },
  ];
}
