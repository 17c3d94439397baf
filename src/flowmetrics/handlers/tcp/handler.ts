/** `tcp`: hubble_tcp_flags_total, FIN, SYN, SYN-ACK and RST of forwarded and redirected flows. */

import { enumText } from "../../flow-text.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["flag", "family"] as const;

/** The handler `tcp`. */
export const tcpHandler: HandlerKind = {
  name: "tcp",
  summary: "Counts TCP flags (FIN, SYN, SYN-ACK, RST) of forwarded flows by address family.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const flags = registerCounter(setup, {
      name: "hubble_tcp_flags_total",
      help: "TCP flag occurrences",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(flags.labelNames.length).fill("");
    function count(flag: string): void {
      values[0] = flag;
      flags.labelsOf(values).inc();
    }
    return {
      status: context.status,
      families: [flags],
      processFlow(flow) {
        if (flow.verdict !== "FORWARDED" && flow.verdict !== "REDIRECTED") return;
        const seen = flow.l4?.TCP?.flags;
        if (seen === undefined || flow.IP === undefined) return;
        const isSyn = seen.SYN === true;
        const isFin = seen.FIN === true;
        const isRst = seen.RST === true;
        if (!isSyn && !isFin && !isRst) return;
        values[1] = enumText(flow.IP.ipVersion, "IP_NOT_USED");
        context.write(flow, values, ownLabels.length);
        if (isFin) count("FIN");
        if (isSyn) count(seen.ACK === true ? "SYN-ACK" : "SYN");
        if (isRst) count("RST");
      },
    };
  },
};
