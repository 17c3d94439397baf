/**
 * The services of a cluster and what stands behind them. Backends are looked up for every connection
 * and every flow, so they are computed once and kept until a pod or a service changes.
 */

import { type AddressFamily, addressesOf, familyOf } from "../address-family.ts";
import type { SceneService } from "../scenes/scene.ts";
import type { Endpoint } from "./endpoint.ts";

/** A backend of a service. */
export interface ServiceBackend {
  readonly endpoint: Endpoint;
  readonly port: number;
}

/** A service's port with its backends. */
export interface ServiceFrontend {
  readonly service: SceneService;
  /** Which of the backends' addresses it leads to. */
  readonly family: AddressFamily;
  readonly backends: readonly ServiceBackend[];
}

/** Which pods there are; the cluster tells. */
export interface PodSource {
  /** Pods of a namespace that are ready. */
  podsOf(namespace: string): Iterable<Endpoint>;
}

/** Services by address, and by pod. */
export class ServiceTable {
  readonly #pods: PodSource;
  readonly #services = new Map<string, SceneService>();
  #frontends: ReadonlyMap<string, ServiceFrontend> | undefined;
  #byBackend: ReadonlyMap<string, SceneService> | undefined;

  constructor(pods: PodSource) {
    this.#pods = pods;
  }

  get size(): number {
    return this.#services.size;
  }

  list(): SceneService[] {
    return [...this.#services.values()];
  }

  get(namespace: string, name: string): SceneService | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  set(service: SceneService): void {
    this.#services.set(`${service.namespace}/${service.name}`, service);
    this.forget();
  }

  delete(namespace: string, name: string): boolean {
    this.forget();
    return this.#services.delete(`${namespace}/${name}`);
  }

  /** To be called when a pod came, left or changed its labels. */
  forget(): void {
    this.#frontends = undefined;
    this.#byBackend = undefined;
  }

  /** The service behind a cluster address and port. */
  find(address: string, port: number, protocol: "TCP" | "UDP"): ServiceFrontend | undefined {
    return this.#all().get(`${protocol} ${address}:${port}`);
  }

  /** Every port with its backends. */
  frontends(): Iterable<ServiceFrontend> {
    return this.#all().values();
  }

  /** The service that has the pod's port behind it, for the names in flows. */
  ofBackend(address: string, port: number): SceneService | undefined {
    if (this.#byBackend === undefined) {
      const byBackend = new Map<string, SceneService>();
      for (const { service, backends } of this.#all().values()) {
        for (const { endpoint, port: target } of backends) {
          for (const address of addressesOf(endpoint.facts)) {
            const key = `${address}:${target}`;
            if (!byBackend.has(key)) byBackend.set(key, service);
          }
        }
      }
      this.#byBackend = byBackend;
    }
    return this.#byBackend.get(`${address}:${port}`);
  }

  /** Pods that the service selects; a service without selector selects none. */
  podsBehind({ namespace, selector }: SceneService): Endpoint[] {
    const wanted = Object.entries(selector);
    if (wanted.length === 0) return [];
    const found: Endpoint[] = [];
    for (const endpoint of this.#pods.podsOf(namespace)) {
      if (!endpoint.isReady) continue;
      const { podLabels } = endpoint.facts;
      if (wanted.every(([key, value]) => podLabels[key] === value)) found.push(endpoint);
    }
    return found;
  }

  #all(): ReadonlyMap<string, ServiceFrontend> {
    if (this.#frontends !== undefined) return this.#frontends;
    const frontends = new Map<string, ServiceFrontend>();
    for (const service of this.#services.values()) {
      const pods = this.podsBehind(service);
      for (const { port, protocol, targetPort } of service.ports) {
        const backends = pods.flatMap((endpoint): ServiceBackend[] => {
          const target = targetOn(endpoint, targetPort);
          return target === undefined ? [] : [{ endpoint, port: target }];
        });
        const { clusterAddress, clusterAddress6 } = service;
        for (const address of addressesOf({ address: clusterAddress, address6: clusterAddress6 })) {
          const family = familyOf(address);
          frontends.set(`${protocol} ${address}:${port}`, { service, family, backends });
        }
      }
    }
    this.#frontends = frontends;
    return frontends;
  }
}

function targetOn(endpoint: Endpoint, targetPort: number | string): number | undefined {
  return typeof targetPort === "number"
    ? targetPort
    : endpoint.facts.namedPorts.get(targetPort.toLowerCase())?.port;
}
