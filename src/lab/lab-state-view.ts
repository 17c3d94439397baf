/** LabState over the laboratory's parts, which come to life one after the other. */

import type { Cluster } from "./cluster/cluster.ts";
import { policyMapName } from "./cluster/regeneration.ts";
import { conntrackCapacity } from "./datapath/conntrack.ts";
import type { Datapath } from "./datapath/datapath.ts";
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
import type { AgentDnsProxy } from "./proxy/dns-proxy.ts";

/** Sizes of Cilium's maps by default. */
const capacities = { lxc: 65_535, ipcache: 512_000, services: 65_536, policy: 16_384 } as const;

/** The parts, once there. */
export interface LabParts {
  readonly cluster: Cluster;
  readonly datapath: Datapath;
  readonly dnsProxy: AgentDnsProxy;
  readonly prober: HealthProber;
}

/** The view; before `attach` everything is empty. */
export class LabStateView implements LabState {
  readonly clusterName: string;
  readonly ciliumVersion: CiliumVersion;
  startedMs = 0;
  readonly unmanagedPodCount = 0;
  #parts: LabParts | undefined;

  constructor(clusterName: string, ciliumVersion: CiliumVersion) {
    this.clusterName = clusterName;
    this.ciliumVersion = ciliumVersion;
  }

  attach(parts: LabParts): void {
    this.#parts = parts;
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
    const endpoints = this.#parts?.cluster.endpoints ?? [];
    return endpoints
      .filter(({ facts }) => nodeName === undefined || facts.nodeName === nodeName)
      .map((endpoint) => endpoint.view());
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
    const { cluster } = this.#parts;
    const local = cluster.endpoints.filter(({ facts }) => facts.nodeName === nodeName);
    const { tcp, nonTcp } = this.conntrack(nodeName);
    const backends = cluster
      .serviceViews()
      .reduce((sum, service) => sum + service.backends.length, 0);
    return [
      { name: "cilium_lxc", entryCount: local.length, capacity: capacities.lxc },
      {
        name: "cilium_ipcache_v2",
        entryCount: cluster.endpoints.length,
        capacity: capacities.ipcache,
      },
      {
        name: "cilium_lb4_services_v2",
        entryCount: cluster.services.length,
        capacity: capacities.services,
      },
      { name: "cilium_lb4_backends_v3", entryCount: backends, capacity: capacities.services },
      { name: "cilium_ct4_global", entryCount: tcp, capacity: conntrackCapacity.TCP },
      { name: "cilium_ct_any4_global", entryCount: nonTcp, capacity: conntrackCapacity["non-TCP"] },
      ...local.map((endpoint) => ({
        name: policyMapName(endpoint.facts.id),
        entryCount: endpoint.policy.mapEntryCount,
        capacity: capacities.policy,
      })),
    ];
  }

  fqdn(nodeName: string): readonly FqdnCounts[] {
    return this.#parts?.dnsProxy.counts(nodeName) ?? [];
  }

  unreachable(nodeName: string): { readonly nodes: number; readonly endpoints: number } {
    return this.#parts?.prober.unreachable(nodeName) ?? { nodes: 0, endpoints: 0 };
  }
}
