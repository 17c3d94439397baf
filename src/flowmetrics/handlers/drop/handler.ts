/** `drop`: hubble_drop_total, dropped flows (L7 denials included) by reason and protocol. */

import { enumText, protocolText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["reason", "protocol"] as const;

/** The handler `drop`. */
export const dropHandler: HandlerKind = {
  name: "drop",
  summary: "Counts dropped flows by reason and protocol.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const drops = registerCounter(setup, {
      name: "hubble_drop_total",
      help: "Number of drops",
      labelNames: [...context.labelNames, ...ownLabels],
    });
    const at = context.labelNames.length;
    const values: string[] = new Array(drops.labelNames.length).fill("");
    return {
      status: context.status,
      families: [drops],
      processFlow(flow) {
        if (flow.verdict !== "DROPPED") return;
        context.write(flow, values, 0);
        values[at] = enumText(flow.drop_reason_desc, "DROP_REASON_UNKNOWN");
        values[at + 1] = protocolText(flow);
        drops.labelsOf(values).inc();
      },
    };
  },
};
