/**
 * What agents and operator do at regular times: health probes, garbage collections, heartbeats,
 * calls of the Kubernetes API. Every run is timed and counted; intervals are Cilium's, shortened
 * where a demo of a few minutes would never see one.
 */

import { errorMessage } from "../base/errors.ts";
import type { Cluster, ClusterNode } from "./cluster/cluster.ts";
import type { Datapath } from "./datapath/datapath.ts";
import type { K8sApiCalled, K8sEvent } from "./events.ts";
import type { HealthProber } from "./health-prober.ts";
import { type LabContext, measureSeconds } from "./lab-context.ts";
import type { AgentDnsProxy } from "./proxy/dns-proxy.ts";

/** A task of one component. */
interface Controller {
  readonly receiver: "agent" | "operator";
  readonly group: string;
  readonly intervalMs: number;
  readonly nodeName: string;
  readonly run: () => void | Promise<void>;
}

/** What the tasks work on. */
export interface ControllerParts {
  readonly cluster: Cluster;
  readonly datapath: Datapath;
  readonly prober: HealthProber;
  readonly dnsProxy: AgentDnsProxy;
}

/** Starts every controller; returns how to stop them all. */
export function startControllers(context: LabContext, parts: ControllerParts): () => void {
  const operatorNode = parts.cluster.nodes.find((node) => node.isOperatorNode);
  const controllers = [
    ...parts.cluster.nodes.flatMap((node) => agentControllers(context, parts, node)),
    ...(operatorNode === undefined ? [] : operatorControllers(context, parts, operatorNode)),
  ];
  const stops = controllers.map((controller) => repeat(context, controller));
  return () => {
    for (const stop of stops) stop();
  };
}

function agentControllers(
  context: LabContext,
  parts: ControllerParts,
  node: ClusterNode,
): Controller[] {
  const { cluster, datapath, prober, dnsProxy } = parts;
  const nodeName = node.name;
  const agent = (group: string, intervalMs: number, run: Controller["run"]): Controller => ({
    receiver: "agent",
    group,
    intervalMs,
    nodeName,
    run,
  });
  return [
    agent("cilium-health-ep", 10_000, () => prober.probeFrom(node)),
    agent("bpf-map-sync-cilium_lxc", 5000, () => publishMapDump(context, nodeName, "cilium_lxc")),
    agent("ct-map-gc", 10_000, () => datapath.conntrack(nodeName)?.collect()),
    agent("dns-garbage-collector-job", 60_000, () => dnsProxy.collect(nodeName)),
    agent("sync-policymap", 15_000, () => {
      for (const { facts } of cluster.endpoints) {
        if (facts.nodeName === nodeName)
          cluster.policies.engine.enforcement({ labels: facts.identity.labels });
      }
      publishMapDump(context, nodeName, "cilium_policy_v2");
    }),
    agent("sync-to-k8s-ciliumendpoint", 10_000, () =>
      callApi(
        context,
        nodeName,
        "agent",
        {
          method: "PATCH",
          path: "/apis/cilium.io/v2/namespaces/{namespace}/ciliumendpoints/{name}",
          code: 200,
        },
        () => {
          for (const endpoint of cluster.endpoints)
            if (endpoint.facts.nodeName === nodeName) endpoint.view();
        },
      ),
    ),
    agent("k8s-heartbeat", 5000, () =>
      callApi(context, nodeName, "agent", { method: "GET", path: "/healthz", code: 200 }, () => {
        // The API server is part of this process: that it runs is the answer.
      }),
    ),
    agent("sync-node-with-ciliumnode", 20_000, () => {
      publishWatch(context, nodeName, { scope: "Node", action: "update", isEqual: true });
      publishWatch(context, nodeName, { scope: "CiliumNode", action: "update", isEqual: false });
      for (const other of cluster.nodes) {
        if (other.name === nodeName) continue;
        context.bus.publish({
          kind: "node_event",
          timeMs: context.clock.nowMs(),
          nodeName,
          action: "update",
          source: "custom-resource",
          target: other.name,
        });
      }
    }),
    agent("sync-pods", 30_000, () => {
      publishWatch(context, nodeName, { scope: "Pod", action: "update", isEqual: true });
      publishWatch(context, nodeName, {
        scope: "CiliumEndpoint",
        action: "update",
        isEqual: false,
      });
    }),
    agent("agent-health", 4000, () => {
      const durationSeconds = measureSeconds(context.clock, () => cluster.serviceViews());
      context.bus.publish({
        kind: "agent_api_call",
        timeMs: context.clock.nowMs(),
        nodeName,
        method: "GET",
        path: "/v1/healthz",
        code: 200,
        durationSeconds,
      });
    }),
    agent("endpoint-periodic-regeneration", 30_000, () =>
      cluster.regenerateNode(nodeName, "periodic endpoint regeneration"),
    ),
  ];
}

function operatorControllers(
  context: LabContext,
  { cluster }: ControllerParts,
  node: ClusterNode,
): Controller[] {
  const nodeName = node.name;
  const operator = (group: string, intervalMs: number, run: Controller["run"]): Controller => ({
    receiver: "operator",
    group,
    intervalMs,
    nodeName,
    run,
  });
  return [
    operator("crd-identity-gc", 15_000, () => {
      let deletedCount = 0;
      const durationSeconds = measureSeconds(context.clock, () => {
        deletedCount = cluster.identities.collect(nodeName);
      });
      const aliveCount = cluster.identities
        .list()
        .filter(({ type }) => type === "cluster_local").length;
      context.bus.publish({
        kind: "identity_gc",
        timeMs: context.clock.nowMs(),
        nodeName,
        outcome: "success",
        aliveCount,
        deletedCount,
        durationSeconds,
      });
    }),
    operator("leader-election", 2000, () =>
      callApi(
        context,
        nodeName,
        "operator",
        {
          method: "PUT",
          path: "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}",
          code: 200,
        },
        () => {
          // One operator: it keeps its own lease.
        },
      ),
    ),
    operator("to-k8s-ciliumendpoint-gc", 60_000, () => {
      for (const endpoint of cluster.endpoints) endpoint.view();
    }),
  ];
}

function publishWatch(
  { bus, clock }: LabContext,
  nodeName: string,
  event: Pick<K8sEvent, "scope" | "action" | "isEqual">,
): void {
  bus.publish({
    kind: "k8s_event",
    receiver: "agent",
    timeMs: clock.nowMs(),
    nodeName,
    isValid: true,
    outcome: "success",
    ...event,
  });
}

function publishMapDump({ bus, clock }: LabContext, nodeName: string, mapName: string): void {
  bus.publish({
    kind: "map_op",
    timeMs: clock.nowMs(),
    nodeName,
    mapName,
    operation: "getNextKey",
    outcome: "success",
    durationSeconds: 0,
  });
}

function callApi(
  { bus, clock }: LabContext,
  nodeName: string,
  receiver: "agent" | "operator",
  call: Pick<K8sApiCalled, "method" | "path" | "code">,
  run: () => void,
): void {
  const durationSeconds = measureSeconds(clock, run);
  bus.publish({
    kind: "k8s_api_call",
    receiver,
    timeMs: clock.nowMs(),
    nodeName,
    durationSeconds,
    ...call,
  });
}

/** Runs a controller now and then again after each interval, never twice at a time. */
function repeat(context: LabContext, controller: Controller): () => void {
  const { clock, bus, logger, random } = context;
  const { receiver, group, nodeName, intervalMs } = controller;
  let isStopped = false;
  let cancel = (): void => {};
  const runOnce = async (): Promise<void> => {
    const startMs = clock.monotonicMs();
    let outcome: "success" | "failure" = "success";
    try {
      await controller.run();
    } catch (thrown) {
      outcome = "failure";
      logger.error(
        { controller: group, node: nodeName, error: errorMessage(thrown) },
        "a controller failed",
      );
    }
    if (isStopped) return;
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    bus.publish({
      kind: "controller_run",
      timeMs: clock.nowMs(),
      nodeName,
      receiver,
      group,
      outcome,
      durationSeconds,
    });
    schedule(intervalMs);
  };
  const schedule = (delayMs: number): void => {
    cancel = clock.after(delayMs, () => {
      runOnce().catch((thrown: unknown) =>
        logger.error({ error: errorMessage(thrown) }, "a controller broke"),
      );
    });
  };
  // Not all at once: agents start within a second of each other.
  schedule(random() * Math.min(1000, intervalMs));
  return () => {
    isStopped = true;
    cancel();
  };
}
