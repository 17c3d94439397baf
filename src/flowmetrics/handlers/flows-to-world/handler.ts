/** `flows-to-world`: hubble_flows_to_world_total, flows to reserved:world that are no replies. */

import type { Flow } from "../../../flow/model/flow.ts";
import { protocolText, verdictText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";
import { hasOption } from "../../spec.ts";

const worldLabels: ReadonlySet<string> = new Set([
  "reserved:world",
  "reserved:world-ipv4",
  "reserved:world-ipv6",
]);

/** The handler `flows-to-world`. */
export const flowsToWorldHandler: HandlerKind = {
  name: "flows-to-world",
  summary: "Counts flows that leave the cluster, by protocol and verdict.",
  options: {
    "any-drop": "Counts every drop, not only those with the reason POLICY_DENIED.",
    port: "Adds the label `port` with the destination port.",
    "syn-only": "Counts only SYN packets that are no replies; all that is not TCP is left out.",
  },
  conflictsWith: [],
  create(setup) {
    const { context, spec } = setup;
    const isAnyDrop = hasOption(spec, "any-drop");
    const hasPort = hasOption(spec, "port");
    const isSynOnly = hasOption(spec, "syn-only");
    const ownLabels = ["protocol", "verdict", ...(hasPort ? ["port"] : [])];
    const flows = registerCounter(setup, {
      name: "hubble_flows_to_world_total",
      help: "Total number of flows to reserved:world",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(flows.labelNames.length).fill("");
    const flags =
      (isAnyDrop ? "any-drop," : "") + (hasPort ? "port," : "") + (isSynOnly ? "syn-only," : "");
    return {
      status: flags + context.status,
      families: [flows],
      processFlow(flow) {
        if (!isToWorld(flow, isAnyDrop)) return;
        const tcp = flow.l4?.TCP;
        if (isSynOnly && (tcp?.flags?.SYN !== true || flow.is_reply === true)) return;
        values[0] = protocolText(flow);
        values[1] = verdictText(flow);
        if (hasPort) values[2] = portText(flow);
        context.write(flow, values, ownLabels.length);
        flows.labelsOf(values).inc();
      },
    };
  },
};

function isToWorld(flow: Flow, isAnyDrop: boolean): boolean {
  const labels = flow.destination?.labels;
  if (labels === undefined || flow.event_type === undefined || flow.l4 === undefined) return false;
  if (!hasWorldLabel(labels)) return false;
  if (flow.verdict === "DROPPED") return isAnyDrop || flow.drop_reason_desc === "POLICY_DENIED";
  return flow.is_reply !== true;
}

function hasWorldLabel(labels: readonly string[]): boolean {
  for (let i = 0; i < labels.length; i++) if (worldLabels.has(labels[i]!)) return true;
  return false;
}

function portText(flow: Flow): string {
  const ported = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  return ported === undefined ? "" : String(ported.destination_port ?? 0);
}
