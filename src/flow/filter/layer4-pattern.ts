/** Filters over ports and protocols. */

import { ConfigError } from "../../base/errors.ts";
import { quoteString } from "../../model/labels.ts";
import type { Flow } from "../model/flow.ts";
import type { Layer4, Layer7 } from "../model/generated/messages.ts";

type PortField = "source_port" | "destination_port";

/** Tests a flow's port, cut to 16 bits as the original does. Throws ConfigError in Go's words. */
export function compilePorts(ports: readonly string[], field: PortField): (flow: Flow) => boolean {
  const wanted = new Set(ports.map(parsePort));
  return ({ l4 }) => {
    const ends = l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
    return ends !== undefined && wanted.has((ends[field] ?? 0) & 0xffff);
  };
}

function parsePort(text: string): number {
  const isNumber = /^\d+$/.test(text);
  if (isNumber && Number(text) <= 0xffff) return Number(text);
  const shown = quoteString(text);
  const why = isNumber ? "value out of range" : "invalid syntax";
  throw new ConfigError(`invalid port ${shown}: strconv.ParseUint: parsing ${shown}: ${why}`, {
    path: "",
  });
}

const layer4Fields: Readonly<Record<string, readonly (keyof Layer4)[]>> = {
  icmp: ["ICMPv4", "ICMPv6"],
  icmpv4: ["ICMPv4"],
  icmpv6: ["ICMPv6"],
  igmp: ["IGMP"],
  sctp: ["SCTP"],
  tcp: ["TCP"],
  udp: ["UDP"],
  vrrp: ["VRRP"],
};
const layer7Fields: Readonly<Record<string, keyof Layer7>> = {
  dns: "dns",
  http: "http",
  kafka: "kafka",
};

/** Tests whether a flow's layer 4 or layer 7 is one of the protocols, whatever their case. Throws ConfigError. */
export function compileProtocols(protocols: readonly string[]): (flow: Flow) => boolean {
  const layer4: (keyof Layer4)[] = [];
  const layer7: (keyof Layer7)[] = [];
  for (const protocol of protocols) {
    const name = protocol.toLowerCase();
    const fields = Object.hasOwn(layer4Fields, name) ? layer4Fields[name] : undefined;
    const record = Object.hasOwn(layer7Fields, name) ? layer7Fields[name] : undefined;
    if (fields !== undefined) layer4.push(...fields);
    else if (record !== undefined) layer7.push(record);
    else throw new ConfigError(`unknown protocol: ${quoteString(protocol)}`, { path: "" });
  }
  return ({ l4, l7 }) => {
    if (l4 !== undefined) {
      for (let i = 0; i < layer4.length; i++) if (l4[layer4[i]!] !== undefined) return true;
    }
    if (l7 !== undefined) {
      for (let i = 0; i < layer7.length; i++) if (l7[layer7[i]!] !== undefined) return true;
    }
    return false;
  };
}
