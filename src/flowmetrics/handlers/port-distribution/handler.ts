/** `port-distribution`: hubble_port_distribution_total, flows that are certainly no replies by destination port. */

import { l4Text } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["protocol", "port"] as const;

/** The handler `port-distribution`. */
export const portDistributionHandler: HandlerKind = {
  name: "port-distribution",
  summary: "Counts forwarded flows by destination port; replies are left out.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const ports = registerCounter(setup, {
      name: "hubble_port_distribution_total",
      help: "Numbers of packets distributed by destination port",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(ports.labelNames.length).fill("");
    return {
      status: context.status,
      families: [ports],
      processFlow(flow) {
        const { l4 } = flow;
        if (l4 === undefined || flow.is_reply !== false) return;
        if (flow.verdict !== "FORWARDED" && flow.verdict !== "REDIRECTED") return;
        const protocol = l4Text(l4);
        if (protocol === "Unknown L4") return;
        const ported = l4.TCP ?? l4.UDP ?? l4.SCTP;
        values[0] = protocol;
        values[1] = String(ported?.destination_port ?? 0);
        context.write(flow, values, ownLabels.length);
        ports.labelsOf(values).inc();
      },
    };
  },
};
