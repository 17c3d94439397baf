/** `flow`: hubble_flows_processed_total, every flow by type, sub-type, protocol and verdict. */

import { eventTypes, type Flow } from "../../../flow/model/flow.ts";
import { traceObservationPointTexts } from "../../../flow/model/generated/names.ts";
import { l7Text, protocolText, verdictText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["protocol", "type", "subtype", "verdict"] as const;

/** The handler `flow`. */
export const flowHandler: HandlerKind = {
  name: "flow",
  summary: "Counts every flow by type, sub-type, protocol and verdict.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const flows = registerCounter(setup, {
      name: "hubble_flows_processed_total",
      help: "Total number of flows processed",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(flows.labelNames.length).fill("");
    return {
      status: context.status,
      families: [flows],
      processFlow(flow) {
        values[0] = protocolText(flow);
        values[1] = typeText(flow.event_type?.type);
        values[2] = subTypeText(flow);
        values[3] = verdictText(flow);
        context.write(flow, values, ownLabels.length);
        flows.labelsOf(values).inc();
      },
    };
  },
};

function typeText(type: number | undefined): string {
  switch (type) {
    case eventTypes.l7:
      return "L7";
    case eventTypes.drop:
      return "Drop";
    case eventTypes.capture:
      return "Capture";
    case eventTypes.trace:
      return "Trace";
    case eventTypes.policyVerdict:
      return "PolicyVerdict";
    default:
      return "Unknown";
  }
}

function subTypeText(flow: Flow): string {
  switch (flow.event_type?.type) {
    case eventTypes.l7:
      return l7Text(flow.l7);
    case eventTypes.drop:
    case eventTypes.capture:
    case eventTypes.policyVerdict:
      return "";
    case eventTypes.trace:
      // The original cuts the sub-type to 8 bits.
      return traceObservationPointTexts[(flow.event_type.sub_type ?? 0) & 0xff] ?? "";
    default:
      return String(flow.event_type?.type ?? 0);
  }
}
