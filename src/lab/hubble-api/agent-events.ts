/**
 * What happens in the laboratory in the words of a Cilium agent's own events, as its monitor tells
 * Hubble: endpoints that come and go, regenerations, policies, the ipcache.
 */

import { formatTimestamp } from "../../flow/model/flow.ts";
import type { AgentEvent } from "../../flow/model/generated/messages.ts";
import { familyOf } from "../address-family.ts";
import type { LabEventOf } from "../events.ts";
import type { LabContext } from "../lab-context.ts";

/** Calls `take` for each event of an agent; returns how to stop that. */
export function watchAgentEvents(
  { bus }: Pick<LabContext, "bus">,
  take: (nodeName: string, timeMs: number, event: AgentEvent) => void,
): () => void {
  const labels = new Map<string, readonly string[]>();
  const stops = [
    bus.on("agent_started", ({ nodeName, timeMs }) =>
      take(nodeName, timeMs, {
        type: "AGENT_STARTED",
        agent_start: { time: formatTimestamp(timeMs) },
      }),
    ),
    bus.on("endpoint_created", (event) => {
      labels.set(`${event.nodeName}/${event.endpoint.id}`, event.endpoint.labels);
      take(event.nodeName, event.timeMs, endpointEvent("ENDPOINT_CREATED", event));
    }),
    bus.on("endpoint_deleted", (event) => {
      labels.delete(`${event.nodeName}/${event.endpoint.id}`);
      take(event.nodeName, event.timeMs, endpointEvent("ENDPOINT_DELETED", event));
    }),
    bus.on("endpoint_regenerated", ({ nodeName, timeMs, endpointId, outcome, reason }) => {
      const isGood = outcome === "success";
      const own = labels.get(`${nodeName}/${endpointId}`) ?? [];
      take(nodeName, timeMs, {
        type: isGood ? "ENDPOINT_REGENERATE_SUCCESS" : "ENDPOINT_REGENERATE_FAILURE",
        endpoint_regenerate: {
          id: String(endpointId),
          labels: [...own],
          error: isGood ? undefined : reason,
        },
      });
    }),
    bus.on("policy_changed", (event) => take(event.nodeName, event.timeMs, policyEvent(event))),
    bus.on("ipcache", ({ nodeName, timeMs, action, address, identity }) =>
      take(nodeName, timeMs, {
        type: action === "upsert" ? "IPCACHE_UPSERTED" : "IPCACHE_DELETED",
        ipcache_update: { cidr: `${address}/${familyOf(address) === "ipv6" ? 128 : 32}`, identity },
      }),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function endpointEvent(
  type: "ENDPOINT_CREATED" | "ENDPOINT_DELETED",
  { endpoint }: LabEventOf<"endpoint_created"> | LabEventOf<"endpoint_deleted">,
): AgentEvent {
  const { id, labels, namespace, podName } = endpoint;
  return {
    type,
    endpoint_update: { id: String(id), labels: [...labels], pod_name: podName, namespace },
  };
}

function policyEvent({
  action,
  namespace,
  name,
  revision,
  entryCount,
}: LabEventOf<"policy_changed">): AgentEvent {
  const labels = [`k8s:io.cilium.k8s.policy.name=${name}`];
  if (namespace !== "") labels.push(`k8s:io.cilium.k8s.policy.namespace=${namespace}`);
  return {
    type: action === "delete" ? "POLICY_DELETED" : "POLICY_UPDATED",
    policy_update: { labels, revision: String(revision), rule_count: String(entryCount) },
  };
}
