/** ICMP types by name, as Cilium's CRD knows them. */

import type { YamlCursor } from "./yaml-cursor.ts";

/** IPv4 first, then IPv6. */
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

/** Reads an item of `icmps[].fields`: its family and the type's number. */
export function readIcmpField(cursor: YamlCursor): { family: "IPv4" | "IPv6"; type: number } {
  const fields = cursor.fields(["family", "type"]);
  const familyText = fields.family?.text() ?? "";
  const family = familyText === "" ? "IPv4" : familyText;
  if (family !== "IPv4" && family !== "IPv6") {
    return (fields.family ?? cursor).fail(`wrong family: ${family}`, "want IPv4 or IPv6");
  }
  const type = fields.type ?? cursor.fail("type is missing");
  const value = type.scalar();
  if (typeof value === "number") return { family, type: value };
  const text = String(value);
  const number = /^\d+$/.test(text) ? Number(text) : icmpTypes[family][text];
  if (number === undefined) {
    const other = family === "IPv4" ? "IPv6" : "IPv4";
    const mend = icmpTypes[other][text] === undefined ? "" : `write family: ${other}`;
    return type.fail(`ICMP type ${text} not found in ${familyText}`, mend);
  }
  return { family, type: number };
}
