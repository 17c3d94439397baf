/** What the operator does again and again: collects identities, checks nodes, asks for the API server's health. */

import type { Clock } from "../../base/clock.ts";
import type { LabEventBus } from "../events.ts";
import type { ControllerSet } from "./controller.ts";
import type { ObjectStore, StoreClient } from "./object-store.ts";

/** Seconds between runs in the laboratory; Cilium's own: identities 15 min, nodes 5 min, heartbeat 30 s. */
export interface OperatorIntervals {
  readonly identityGc: number;
  readonly nodeGc: number;
  readonly heartbeat: number;
}

/** The laboratory's intervals. */
export const defaultOperatorIntervals: OperatorIntervals = {
  identityGc: 15,
  nodeGc: 30,
  heartbeat: 10,
};

/** What startOperatorControllers needs. */
export interface OperatorControllersOptions {
  readonly nodeName: string;
  readonly bus: LabEventBus;
  readonly clock: Clock;
  readonly store: ObjectStore;
  /** Watch events go through work queues; default: no. */
  readonly isQueued?: boolean;
  readonly controllers: ControllerSet;
  /** Gives back identities that no endpoint uses; publishes identity_released for each. */
  readonly collectIdentities: () => { readonly aliveCount: number; readonly deletedCount: number };
  readonly intervals?: Partial<OperatorIntervals>;
}

const secondMs = 1000;

/** Starts the operator's controllers. `controllers.close()` ends them. */
export function startOperatorControllers(options: OperatorControllersOptions): void {
  const { controllers, nodeName, store } = options;
  const seconds = { ...defaultOperatorIntervals, ...options.intervals };
  const client: StoreClient = { receiver: "operator", nodeName };
  const start = (group: string, interval: number, run: () => void): void => {
    const intervalMs = interval * secondMs;
    controllers.start({ receiver: "operator", nodeName, group, intervalMs, run }, secondMs);
  };
  // What it hears of: the caches that its controllers work with.
  store.watch({
    client,
    isQueued: options.isQueued === true,
    scopes: [
      "CiliumNode",
      "CiliumIdentity",
      "CiliumNetworkPolicy",
      "CiliumClusterwideNetworkPolicy",
    ],
  });
  start("crd-identity-gc", seconds.identityGc, () => collectIdentities(options));
  start("cilium-node-gc", seconds.nodeGc, () => collectNodes(store, client));
  start("k8s-heartbeat", seconds.heartbeat, () => store.checkHealth(client));
}

function collectIdentities(options: OperatorControllersOptions): void {
  const { bus, clock, nodeName } = options;
  const startMs = clock.monotonicMs();
  const publish = (outcome: "success" | "fail", aliveCount: number, deletedCount: number): void => {
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    const head = { kind: "identity_gc", timeMs: clock.nowMs(), nodeName } as const;
    bus.publish({ ...head, outcome, aliveCount, deletedCount, durationSeconds });
  };
  try {
    const { aliveCount, deletedCount } = options.collectIdentities();
    publish("success", aliveCount, deletedCount);
  } catch (thrown) {
    publish("fail", 0, 0);
    throw thrown;
  }
}

/** A CiliumNode without its Node is left over from a node that is gone. */
function collectNodes(store: ObjectStore, client: StoreClient): void {
  const nodes = new Set(store.list(client, "Node").map((node) => node.name));
  for (const { name } of store.list(client, "CiliumNode")) {
    if (!nodes.has(name)) store.remove(client, "CiliumNode", "", name);
  }
}
