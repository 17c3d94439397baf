/** `icmp`: hubble_icmp_total, ICMP messages by family and type. */

import { type IcmpType, icmpV4Types, icmpV6Types } from "../../../flow/model/generated/names.ts";
import { type HandlerKind, registerCounter } from "../../handler.ts";

const ownLabels = ["family", "type"] as const;

/** The handler `icmp`. */
export const icmpHandler: HandlerKind = {
  name: "icmp",
  summary: "Counts ICMP messages by family and type.",
  options: {},
  conflictsWith: [],
  create(setup) {
    const { context } = setup;
    const messages = registerCounter(setup, {
      name: "hubble_icmp_total",
      help: "Number of ICMP messages",
      labelNames: [...ownLabels, ...context.labelNames],
    });
    const values: string[] = new Array(messages.labelNames.length).fill("");
    return {
      status: context.status,
      families: [messages],
      processFlow(flow) {
        const v4 = flow.l4?.ICMPv4;
        const icmp = v4 ?? flow.l4?.ICMPv6;
        if (icmp === undefined) return;
        values[0] = v4 === undefined ? "IPv6" : "IPv4";
        const types = v4 === undefined ? icmpV6Types : icmpV4Types;
        values[1] = typeText(types, icmp.type ?? 0, icmp.code ?? 0);
        context.write(flow, values, ownLabels.length);
        messages.labelsOf(values).inc();
      },
    };
  },
};

/** "EchoRequest", "DestinationUnreachable(Port)", "Redirect(Code: 9)", "250(3)"; both cut to 8 bits as on the wire. */
function typeText(types: Readonly<Record<number, IcmpType>>, type: number, code: number): string {
  const entry = types[type & 0xff];
  const codeByte = code & 0xff;
  if (entry === undefined) return `${type & 0xff}(${codeByte})`;
  const codeName = entry.codes[codeByte];
  if (codeName !== undefined) return `${entry.name}(${codeName})`;
  const hasNoCodes = Object.keys(entry.codes).length === 0;
  return hasNoCodes && codeByte === 0 ? entry.name : `${entry.name}(Code: ${codeByte})`;
}
