/**
 * The laboratory's Kubernetes: objects by kind, namespace and name, kept in memory, with clients that
 * write and watchers that hear of it. Every call by an agent or the operator is timed and published
 * as a call of the Kubernetes API, every delivery to a watcher as a watch event. Bodies are copied
 * through JSON, as they would be on the wire. O(watchers of the kind) a write.
 */

import { InvariantError } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { K8sApiCalled, LabEventBus } from "../events.ts";
import { WorkQueue } from "./work-queue.ts";

/** Kind → the path of one object, as client metrics label it. */
const pathByScope = {
  Pod: "/api/v1/namespaces/{namespace}/pods/{name}",
  Node: "/api/v1/nodes/{name}",
  Namespace: "/api/v1/namespaces/{name}",
  Service: "/api/v1/namespaces/{namespace}/services/{name}",
  Endpoint: "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}",
  CiliumNetworkPolicy: "/apis/cilium.io/v2/namespaces/{namespace}/ciliumnetworkpolicies/{name}",
  NetworkPolicy: "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}",
  CiliumClusterwideNetworkPolicy: "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies/{name}",
  CiliumEndpoint: "/apis/cilium.io/v2/namespaces/{namespace}/ciliumendpoints/{name}",
  CiliumNode: "/apis/cilium.io/v2/ciliumnodes/{name}",
  CiliumIdentity: "/apis/cilium.io/v2/ciliumidentities/{name}",
} as const;

/** Kinds of objects, as `cilium_kubernetes_events_total{scope}` names them ("Endpoint": an endpoint slice). */
export type ObjectScope = keyof typeof pathByScope;

/** Who calls or watches. Calls of `other` (kubelet, kubectl) are no component's and are not published. */
export interface StoreClient {
  readonly receiver: "agent" | "operator" | "other";
  readonly nodeName: string;
}

/** An object. `spec` is what Cilium looks at; `status` is the rest: a change there alone matters to nobody. */
export interface StoredObject {
  readonly scope: ObjectScope;
  /** "" for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly spec: unknown;
  readonly status?: unknown;
}

/** Hears of changes; a throw counts as a failed event. */
export interface ObjectWatcher {
  readonly client: StoreClient;
  readonly scopes: readonly ObjectScope[];
  /** Events go through a work queue for each kind, as with client-go; else they are handled at once. */
  readonly isQueued?: boolean;
  /** Only these, where given: an agent watches the pods of its own node. */
  readonly isWatched?: (object: StoredObject) => boolean;
  readonly onEvent?: (action: "create" | "update" | "delete", object: StoredObject) => void;
}

/** The objects of the cluster. */
export class ObjectStore {
  readonly #clock: Clock;
  readonly #bus: LabEventBus;
  readonly #objects = new Map<string, StoredObject>();
  readonly #watchers = new Set<ObjectWatcher>();
  readonly #queues = new Map<string, WorkQueue>();

  constructor(clock: Clock, bus: LabEventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** Delivers every object there is, then every change; returns how to stop. */
  watch(watcher: ObjectWatcher): () => void {
    this.#watchers.add(watcher);
    for (const object of this.#objects.values()) this.#deliver(watcher, "create", object, false);
    return () => this.#watchers.delete(watcher);
  }

  /** Creates or replaces. Nothing changed: the call counts, nobody hears of it. */
  put(client: StoreClient, object: StoredObject): void {
    const startMs = this.#clock.monotonicMs();
    const key = keyOf(object.scope, object.namespace, object.name);
    const before = this.#objects.get(key);
    const after = JSON.parse(JSON.stringify(object)) as StoredObject;
    this.#objects.set(key, after);
    const [method, code] =
      before === undefined ? (["POST", 201] as const) : (["PUT", 200] as const);
    this.#publishCall(client, { method, path: pathByScope[object.scope], code, startMs });
    if (before === undefined) this.#announce("create", after, false);
    else if (!isSame(before, after))
      this.#announce("update", after, isSame(before.spec, after.spec));
  }

  /** The object, undefined where there is none (404). */
  get(
    client: StoreClient,
    scope: ObjectScope,
    namespace: string,
    name: string,
  ): StoredObject | undefined {
    const startMs = this.#clock.monotonicMs();
    const object = this.#objects.get(keyOf(scope, namespace, name));
    const code = object === undefined ? 404 : 200;
    this.#publishCall(client, { method: "GET", path: pathByScope[scope], code, startMs });
    return object;
  }

  /** Deletes; false where there is none (404). */
  remove(client: StoreClient, scope: ObjectScope, namespace: string, name: string): boolean {
    const startMs = this.#clock.monotonicMs();
    const key = keyOf(scope, namespace, name);
    const object = this.#objects.get(key);
    this.#objects.delete(key);
    const code = object === undefined ? 404 : 200;
    this.#publishCall(client, { method: "DELETE", path: pathByScope[scope], code, startMs });
    if (object !== undefined) this.#announce("delete", object, false);
    return object !== undefined;
  }

  /** Every object of a kind. */
  list(client: StoreClient, scope: ObjectScope): StoredObject[] {
    const startMs = this.#clock.monotonicMs();
    const objects = [...this.#objects.values()].filter((object) => object.scope === scope);
    const path = pathByScope[scope].replace("/namespaces/{namespace}", "").replace("/{name}", "");
    this.#publishCall(client, { method: "GET", path, code: 200, startMs });
    return objects;
  }

  /** The API server's health, as clients ask for it. */
  checkHealth(client: StoreClient): void {
    const startMs = this.#clock.monotonicMs();
    this.#publishCall(client, { method: "GET", path: "/healthz", code: 200, startMs });
  }

  #announce(action: "create" | "update" | "delete", object: StoredObject, isEqual: boolean): void {
    for (const watcher of this.#watchers) this.#deliver(watcher, action, object, isEqual);
  }

  #deliver(
    watcher: ObjectWatcher,
    action: "create" | "update" | "delete",
    object: StoredObject,
    isEqual: boolean,
  ): void {
    if (!watcher.scopes.includes(object.scope)) return;
    if (watcher.isWatched !== undefined && !watcher.isWatched(object)) return;
    const { receiver, nodeName } = watcher.client;
    if (watcher.isQueued !== true || receiver === "other") {
      this.#handle(watcher, action, object, isEqual);
      return;
    }
    const queue = object.scope.toLowerCase();
    const key = `${receiver} ${nodeName} ${queue}`;
    let known = this.#queues.get(key);
    if (known === undefined) {
      known = new WorkQueue(this.#clock, this.#bus, { receiver, nodeName, queue });
      this.#queues.set(key, known);
    }
    known.add(() => this.#handle(watcher, action, object, isEqual));
  }

  #handle(
    watcher: ObjectWatcher,
    action: "create" | "update" | "delete",
    object: StoredObject,
    isEqual: boolean,
  ): void {
    const { receiver, nodeName } = watcher.client;
    let outcome: "success" | "fail" = "success";
    try {
      if (!isEqual) watcher.onEvent?.(action, object);
    } catch (thrown) {
      if (thrown instanceof InvariantError) throw thrown;
      // The failure is the event's outcome; who watches reports the reason itself.
      outcome = "fail";
    }
    if (receiver === "other") return;
    const { scope } = object;
    const head = { kind: "k8s_event", timeMs: this.#clock.nowMs(), nodeName } as const;
    this.#bus.publish({ ...head, receiver, scope, action, isValid: true, isEqual, outcome });
  }

  #publishCall(
    { receiver, nodeName }: StoreClient,
    { startMs, ...call }: Pick<K8sApiCalled, "method" | "path" | "code"> & { startMs: number },
  ): void {
    if (receiver === "other") return;
    const durationSeconds = (this.#clock.monotonicMs() - startMs) / 1000;
    const head = { kind: "k8s_api_call", timeMs: this.#clock.nowMs(), nodeName } as const;
    this.#bus.publish({ ...head, receiver, ...call, durationSeconds });
  }
}

function keyOf(scope: ObjectScope, namespace: string, name: string): string {
  return `${scope} ${namespace}/${name}`;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
