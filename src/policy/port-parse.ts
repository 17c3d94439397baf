/** `toPorts` and `icmps` of a policy entry: ports, protocols, L7 rules. Limits as in Cilium's schema. */

import { parseRules } from "./l7-parse.ts";
import type {
  L7Rules,
  PolicyDirection,
  PolicyProtocol,
  PortMatch,
  PortRule,
} from "./policy-document.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** Ports of one toPorts item, and fields of one icmps item. */
const portsMax = 40;
const portMax = 65_535;
const portProtocols = ["TCP", "UDP", "SCTP", "ANY"] as const;
const notBuiltProtocols = ["VRRP", "IGMP"];
const notBuiltFields = ["listener", "terminatingTLS", "originatingTLS", "serverNames"] as const;
/** IANA service names: what a named port may look like. */
const portNamePattern = /^(?=.*[A-Za-z])(?!.*--)[A-Za-z0-9]([-A-Za-z0-9]{0,13}[A-Za-z0-9])?$/;

/** ICMP types by name: IPv4 first, then IPv6. */
const icmpTypes: Readonly<Record<"IPv4" | "IPv6", Readonly<Record<string, number>>>> = {
  IPv4: {
    EchoReply: 0,
    DestinationUnreachable: 3,
    Redirect: 5,
    EchoRequest: 8,
    Echo: 8,
    RouterAdvertisement: 9,
    RouterSelection: 10,
    TimeExceeded: 11,
    ParameterProblem: 12,
    Timestamp: 13,
    TimestampReply: 14,
    Photuris: 40,
    ExtendedEchoRequest: 42,
    ExtendedEchoReply: 43,
  },
  IPv6: {
    DestinationUnreachable: 1,
    PacketTooBig: 2,
    TimeExceeded: 3,
    ParameterProblem: 4,
    EchoRequest: 128,
    EchoReply: 129,
    MulticastListenerQuery: 130,
    MulticastListenerReport: 131,
    MulticastListenerDone: 132,
    RouterSolicitation: 133,
    RouterAdvertisement: 134,
    NeighborSolicitation: 135,
    NeighborAdvertisement: 136,
    RedirectMessage: 137,
    RouterRenumbering: 138,
    ICMPNodeInformationQuery: 139,
    ICMPNodeInformationResponse: 140,
    InverseNeighborDiscoverySolicitation: 141,
    InverseNeighborDiscoveryAdvertisement: 142,
    HomeAgentAddressDiscoveryRequest: 144,
    HomeAgentAddressDiscoveryReply: 145,
    MobilePrefixSolicitation: 146,
    MobilePrefixAdvertisement: 147,
    DuplicateAddressRequestCodeSuffix: 157,
    DuplicateAddressConfirmationCodeSuffix: 158,
    ExtendedEchoRequest: 160,
    ExtendedEchoReply: 161,
  },
};

/** Where the ports stand. */
export interface PortContext {
  readonly isDeny: boolean;
  readonly direction: PolicyDirection;
}

/** Reads `toPorts`; an empty list means the same as none. */
export function parseToPorts(cursor: YamlCursor, context: PortContext): PortRule[] {
  return cursor.items().map((item) => {
    const fields = item.fields(["ports", "rules", ...notBuiltFields]);
    for (const name of notBuiltFields) fields[name]?.fail(`${name} is not built yet`);
    const portItems = fields.ports?.items() ?? [];
    if (portItems.length > portsMax) fields.ports?.fail(`too many ports, the max is ${portsMax}`);
    const ports = portItems.map(parsePort);
    if (fields.rules !== undefined && context.isDeny) {
      fields.rules.fail("L7 rules are not allowed in a deny rule");
    }
    const l7 = fields.rules === undefined ? undefined : parseRules(fields.rules);
    if (l7 !== undefined) checkL7Ports(item, ports, l7);
    return { ports, l7, line: item.line };
  });
}

function parsePort(cursor: YamlCursor): PortMatch {
  const fields = cursor.fields(["port", "endPort", "protocol"]);
  const protocol = parseProtocol(fields.protocol);
  if (fields.port === undefined) cursor.fail('port must be specified; "0" means every port');
  const text = fields.port.text('; quote the port, as in "80"');
  if (text === "") fields.port.fail('port must be specified; "0" means every port');
  if (!/^\d+$/.test(text)) {
    if (!portNamePattern.test(text)) {
      fields.port.fail(
        `unable to parse port "${text}": want a number or a name of at most 15 letters, digits and "-"`,
      );
    }
    return { protocol, first: 0, last: 0, name: text.toLowerCase() };
  }
  const first = Number(text);
  if (first > portMax)
    fields.port.fail(`unable to parse port "${text}": value out of range, at most ${portMax}`);
  const endPort = fields.endPort?.integer(0, portMax) ?? 0;
  if (first === 0) return { protocol, first: 0, last: portMax, name: undefined };
  // An endPort below the port means the port alone, as the agent has it.
  return { protocol, first, last: Math.max(first, endPort), name: undefined };
}

function parseProtocol(cursor: YamlCursor | undefined): (typeof portProtocols)[number] {
  if (cursor === undefined) return "ANY";
  const text = cursor.text();
  if (text === "") return "ANY";
  if (notBuiltProtocols.includes(text)) cursor.fail(`protocol ${text} is not built yet`);
  const protocol = portProtocols.find((known) => known === text);
  if (protocol === undefined) {
    return cursor.fail(`unsupported protocol "${text}"; want ${portProtocols.join(", ")}`);
  }
  return protocol;
}

function checkL7Ports(cursor: YamlCursor, ports: readonly PortMatch[], l7: L7Rules): void {
  if (ports.length === 0) cursor.fail("L7 rules need ports beside them");
  for (const port of ports) {
    if (port.name === undefined && port.first === 0) {
      cursor.fail("L7 rules can not be used when a port is 0");
    }
    if (l7.parser !== "dns" && port.protocol !== "TCP") {
      cursor.fail(
        `L7 rules can only apply to TCP (not ${port.protocol}) except for DNS rules; write protocol: TCP`,
      );
    }
  }
}

/** Reads `icmps`; the type becomes the port of protocol ICMP or ICMPV6. */
export function parseIcmps(cursor: YamlCursor): PortRule[] {
  return cursor.items().map((item) => {
    const { fields } = item.fields(["fields"]);
    const list = fields?.items() ?? [];
    if (list.length > portsMax) fields?.fail(`too many types, the max is ${portsMax}`);
    return { ports: list.map(parseIcmpField), l7: undefined, line: item.line };
  });
}

function parseIcmpField(cursor: YamlCursor): PortMatch {
  const fields = cursor.fields(["family", "type"]);
  const family = fields.family?.text() ?? "IPv4";
  if (family !== "IPv4" && family !== "IPv6")
    return (fields.family ?? cursor).fail(`wrong family "${family}"; want IPv4 or IPv6`);
  const type = fields.type ?? cursor.fail("type is missing");
  const value = type.scalar();
  const number = typeof value === "number" ? value : icmpTypes[family][String(value)];
  const fromText = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : number;
  if (fromText === undefined) return type.fail(`ICMP type ${String(value)} not found in ${family}`);
  const protocol: PolicyProtocol = family === "IPv4" ? "ICMP" : "ICMPV6";
  // Type 0 becomes port 0, which means the whole protocol: recorded from Cilium.
  return { protocol, first: fromText, last: fromText === 0 ? portMax : fromText, name: undefined };
}
