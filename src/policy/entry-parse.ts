/**
 * One item of `ingress`, `egress` or a deny list: its peers, its ports, its L7 rules. Fields that
 * Cilium knows and this program does not yet are refused by name, so that no policy is half obeyed.
 */

import { containsCidr, parseCidr } from "./cidr.ts";
import { compileMatchName, compileMatchPattern } from "./fqdn-pattern.ts";
import { parseDnsRule } from "./l7-parse.ts";
import { entityNames, type PeerSelector } from "./peer-selector.ts";
import type { PolicyDirection, PolicyEntry, RuleOrigin } from "./policy-document.ts";
import { parseIcmps, parseToPorts } from "./port-parse.ts";
import { type PolicyScope, parseSelector, withPeerScope } from "./selector-parse.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

const peerFields = {
  ingress: ["fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"],
  egress: ["toEndpoints", "toEntities", "toCIDR", "toCIDRSet", "toFQDNs"],
} as const;
type PeerField = (typeof peerFields)[PolicyDirection][number];

/** Known to Cilium, not to us: refused by name. */
const notBuiltFields = [
  "fromNodes",
  "fromGroups",
  "toNodes",
  "toGroups",
  "toServices",
  "authentication",
] as const;

/** These may stand beside each other; any two other peer fields in one entry are refused, as in Cilium. */
const combinablePairs: readonly (readonly [PeerField, PeerField])[] = [
  ["fromCIDR", "fromCIDRSet"],
  ["toCIDR", "toCIDRSet"],
];

/** Reads one entry. */
export function parseEntry(
  cursor: YamlCursor,
  origin: RuleOrigin,
  scope: PolicyScope,
): PolicyEntry {
  const direction: PolicyDirection = origin.section.startsWith("ingress") ? "ingress" : "egress";
  const isDeny = origin.section.endsWith("Deny");
  const known: readonly PeerField[] = peerFields[direction];
  const fields = cursor.fields([...known, "toPorts", "icmps", ...notBuiltFields]);
  for (const name of notBuiltFields) fields[name]?.fail(`${name} is not built yet`);
  const present = known.flatMap((name) => {
    const value = fields[name];
    return value === undefined ? [] : [{ name, value }];
  });
  checkCombination(present);
  if (fields.toPorts !== undefined && fields.icmps !== undefined) {
    fields.icmps.fail(
      "the icmps block may only be present without toPorts; write a separate rule for toPorts",
    );
  }
  if (isDeny) fieldsOfDeny(present);
  const peers = present.flatMap(({ name, value }) => parsePeers(name, value, scope));
  const toPorts =
    fields.toPorts === undefined ? [] : parseToPorts(fields.toPorts, { isDeny, direction });
  const ports = fields.icmps === undefined ? toPorts : parseIcmps(fields.icmps);
  return {
    origin,
    direction,
    isDeny,
    peers: selectsEveryone(present, peers, ports.length > 0) ? undefined : peers,
    ports: ports.length === 0 ? undefined : ports,
  };
}

/**
 * No peer field: every peer where ports are given, but nobody for a bare `{}` in CNPs ("ingress: [{}]
 * denies everything"). `toFQDNs: []` with ports fails open, as recorded from Cilium.
 */
function selectsEveryone(
  present: readonly { readonly name: PeerField; readonly value: YamlCursor }[],
  peers: readonly PeerSelector[],
  hasPorts: boolean,
): boolean {
  if (present.length === 0) return hasPorts;
  return hasPorts && peers.length === 0 && present.every(({ name }) => name === "toFQDNs");
}

function checkCombination(
  present: readonly { readonly name: PeerField; readonly value: YamlCursor }[],
): void {
  const [first, second] = present;
  if (first === undefined || second === undefined) return;
  const isFine = combinablePairs.some(([a, b]) => a === first.name && b === second.name);
  if (!isFine || present.length > 2) {
    second.value.fail(
      `combining ${capital(first.name)} and ${capital(second.name)} is not supported yet; write two rules`,
    );
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function fieldsOfDeny(
  present: readonly { readonly name: PeerField; readonly value: YamlCursor }[],
): void {
  const fqdns = present.find(({ name }) => name === "toFQDNs");
  fqdns?.value.fail("toFQDNs is not allowed in egressDeny; deny by CIDR or entity instead");
}

function parsePeers(field: PeerField, cursor: YamlCursor, scope: PolicyScope): PeerSelector[] {
  return cursor.items().map((item) => parsePeer(field, item, scope));
}

function parsePeer(field: PeerField, item: YamlCursor, scope: PolicyScope): PeerSelector {
  switch (field) {
    case "fromEndpoints":
    case "toEndpoints":
      return { kind: "labels", selector: withPeerScope(parseSelector(item), scope) };
    case "fromEntities":
    case "toEntities":
      return parseEntity(item);
    case "fromCIDR":
    case "toCIDR":
      return { kind: "cidr", cidr: readCidr(item), except: [] };
    case "fromCIDRSet":
    case "toCIDRSet":
      return parseCidrSet(item);
    case "toFQDNs":
      return parseFqdn(item);
  }
}

function parseFqdn(cursor: YamlCursor): PeerSelector {
  const { matchName, matchPattern } = parseDnsRule(cursor);
  const text = matchName ?? matchPattern ?? "";
  const pattern = matchName === undefined ? compileMatchPattern(text) : compileMatchName(text);
  return { kind: "fqdn", text, pattern };
}

function parseEntity(cursor: YamlCursor): PeerSelector {
  const text = cursor.text();
  const entity = entityNames.find((name) => name === text);
  if (entity === undefined) {
    return cursor.fail(`unsupported entity "${text}"; want one of ${entityNames.join(", ")}`);
  }
  return { kind: "entity", entity };
}

function readCidr(cursor: YamlCursor) {
  const text = cursor.text();
  const cidr = parseCidr(text);
  if (cidr === undefined)
    return cursor.fail(`unable to parse CIDR "${text}"; want as in 10.0.0.0/8`);
  if (!text.includes("/")) {
    cursor.fail(
      `unable to parse CIDR "${text}": no prefix length; want ${text}/${cidr.isIpv4 ? 32 : 128}`,
    );
  }
  return cidr;
}

function parseCidrSet(cursor: YamlCursor): PeerSelector {
  const fields = cursor.fields(["cidr", "except", "cidrGroupRef", "cidrGroupSelector"]);
  (fields.cidrGroupRef ?? fields.cidrGroupSelector)?.fail(
    "CIDR groups are not built yet; write the cidr",
  );
  if (fields.cidr === undefined)
    cursor.fail("one of cidr, cidrGroupRef, or cidrGroupSelector is required");
  const cidr = readCidr(fields.cidr);
  const except = (fields.except?.items() ?? []).map((item) => {
    const inner = readCidr(item);
    if (!containsCidr(cidr, inner)) {
      item.fail(
        `allow CIDR prefix ${cidr.text} does not contain exclude CIDR prefix ${inner.text}`,
      );
    }
    return inner;
  });
  return { kind: "cidr", cidr, except };
}
