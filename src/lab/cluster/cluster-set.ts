/** Every cluster of the laboratory: who has an address, and which backends a service has across a mesh. */

import { assert } from "../../base/assert.ts";
import type { Cluster } from "./cluster.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ServiceFrontend } from "./service-table.ts";

/** The clusters; most laboratories have one. */
export class ClusterSet {
  readonly list: readonly Cluster[];
  readonly #byName: ReadonlyMap<string, Cluster>;
  /** Another cluster's backends are used only while the mesh is whole; the mesh tells. */
  isReachable: (fromCluster: string, toCluster: string) => boolean = () => true;

  constructor(list: readonly Cluster[]) {
    this.list = list;
    this.#byName = new Map(list.map((cluster) => [cluster.name, cluster]));
  }

  get first(): Cluster {
    const [first] = this.list;
    assert(first !== undefined, "a laboratory has a cluster");
    return first;
  }

  named(name: string): Cluster | undefined {
    return this.#byName.get(name);
  }

  of(endpoint: Endpoint): Cluster {
    return this.#byName.get(endpoint.facts.clusterName) ?? this.first;
  }

  ofNode(nodeName: string): Cluster {
    return this.list.find((cluster) => cluster.node(nodeName) !== undefined) ?? this.first;
  }

  endpointOf(address: string): Endpoint | undefined {
    for (const cluster of this.list) {
      const endpoint = cluster.endpointOf(address);
      if (endpoint !== undefined) return endpoint;
    }
    return undefined;
  }

  /** The service as a pod of `cluster` sees it: a global one has the backends of all clusters. */
  findService(
    cluster: Cluster,
    address: string,
    port: number,
    protocol: "TCP" | "UDP",
  ): ServiceFrontend | undefined {
    const own = cluster.services.find(address, port, protocol);
    if (own === undefined || !own.service.isGlobal || this.list.length === 1) return own;
    const { namespace, name } = own.service;
    const others = this.list.flatMap((other) => {
      if (other === cluster || !this.isReachable(cluster.name, other.name)) return [];
      const same = other.services.get(namespace, name);
      if (same?.isGlobal !== true) return [];
      // Frontends of both families have the same backends.
      return [...(other.services.find(same.clusterAddress, port, protocol)?.backends ?? [])];
    });
    return { ...own, backends: [...own.backends, ...others] };
  }
}
