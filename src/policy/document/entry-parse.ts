/**
 * One item of `ingress`, `egress` or a deny list as the agent takes it: its peers, its ports, its L7
 * rules. Checks come in the agent's order, in its words.
 */

import { addressFault, type Cidr, containsCidr, parseCidr, prefixFault } from "../selector/cidr.ts";
import { compileMatchName, compileMatchPattern } from "../selector/fqdn-pattern.ts";
import type { LabelSelector } from "../selector/label-selector.ts";
import { entityNames, type PeerSelector } from "../selector/peer-selector.ts";
import { l7ParserOf, parseDnsRule } from "./l7-parse.ts";
import type {
  AuthMode,
  L7Rules,
  PolicyDirection,
  PolicyEntry,
  RuleOrigin,
} from "./policy-document.ts";
import { parseIcmps, parsePortRule } from "./port-parse.ts";
import { type PolicyScope, parseSelector, withPeerScope } from "./selector-parse.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

const peerFields = {
  ingress: ["fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet", "fromNodes", "fromGroups"],
  egress: [
    "toEndpoints",
    "toEntities",
    "toCIDR",
    "toCIDRSet",
    "toNodes",
    "toGroups",
    "toServices",
    "toFQDNs",
  ],
} as const;
type PeerField = (typeof peerFields)[PolicyDirection][number];

const authModes: readonly AuthMode[] = ["disabled", "required", "test-always-fail"];

/** Where an entry stands, and the agent's options that decide what it may hold. */
export interface EntryContext {
  readonly scope: PolicyScope;
  /** The spec has a nodeSelector. */
  readonly isHostPolicy: boolean;
  readonly hasNodeSelectorLabels: boolean;
  readonly hasExtendedProtocols: boolean;
}

interface PresentField {
  readonly name: PeerField;
  readonly value: YamlCursor;
}

/** Reads one entry. */
export function parseEntry(
  cursor: YamlCursor,
  origin: RuleOrigin,
  context: EntryContext,
): PolicyEntry {
  const direction: PolicyDirection = origin.section.startsWith("ingress") ? "ingress" : "egress";
  const isDeny = origin.section.endsWith("Deny");
  const known = peerFields[direction].filter((name) => !isDeny || name !== "toFQDNs");
  const fields = cursor.fields([...known, "toPorts", "icmps", "authentication"]);
  const present = known.flatMap((name) => {
    const value = fields[name];
    return value === undefined ? [] : [{ name, value }];
  });
  checkCombination(present);
  const peerItems = present.flatMap(({ name, value }) =>
    value.items().map((item) => ({ name, item })),
  );
  const peers = peerItems.map(({ name, item }) => parsePeer(name, item, context.scope));
  checkNodeFields(present, context);
  const portItems = fields.toPorts?.items() ?? [];
  if (fields.toPorts !== undefined) {
    checkL7Support(fields.toPorts, direction, context.isHostPolicy && !isDeny);
  }
  if ((fields.icmps?.items().length ?? 0) > 0 && portItems.length > 0) {
    fields.icmps?.fail(
      "the ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts",
    );
  }
  const { hasExtendedProtocols, scope } = context;
  const portContext = { isDeny, direction, hasExtendedProtocols, namespace: scope.namespace };
  const toPorts = portItems.map((item) => parsePortRule(item, portContext));
  const icmps = fields.icmps === undefined ? [] : parseIcmps(fields.icmps);
  const ports = [...toPorts, ...icmps];
  return {
    origin,
    direction,
    isDeny,
    peers: selectsEveryone(present, peers, ports.length > 0) ? undefined : peers,
    ports: ports.length === 0 ? undefined : ports,
    auth: isDeny ? undefined : parseAuth(fields.authentication),
    emptyPeerFields: present.flatMap(({ name, value }) =>
      value.items().length === 0 ? [name] : [],
    ),
    peerLines: peerItems.map(({ item }) => item.line),
  };
}

/**
 * No peer field: every peer where ports are given, but nobody for a bare `{}` in CNPs ("ingress: [{}]
 * denies everything"). `toFQDNs: []` and `toServices: []` with ports fail open, as recorded from Cilium.
 */
function selectsEveryone(
  present: readonly PresentField[],
  peers: readonly PeerSelector[],
  hasPorts: boolean,
): boolean {
  if (present.length === 0) return hasPorts;
  const failsOpen = present.every(({ name }) => name === "toFQDNs" || name === "toServices");
  return hasPorts && peers.length === 0 && failsOpen;
}

/** Any two peer fields that are not empty in one entry are refused. */
function checkCombination(present: readonly PresentField[]): void {
  const [first, second] = present.filter(({ value }) => value.items().length > 0);
  if (first === undefined || second === undefined) return;
  // The agent names toFQDNs first, whatever the order.
  const [a, b] = second.name === "toFQDNs" ? [second, first] : [first, second];
  second.value.fail(
    `combining ${capital(a.name)} and ${capital(b.name)} is not supported yet`,
    "write two rules",
  );
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function checkNodeFields(
  present: readonly PresentField[],
  { hasNodeSelectorLabels }: EntryContext,
): void {
  const nodes = present.find(({ name }) => name === "fromNodes" || name === "toNodes");
  if (nodes === undefined || hasNodeSelectorLabels || nodes.value.items().length === 0) return;
  nodes.value.fail(
    'FromNodes/ToNodes rules can only be applied when the "enable-node-selector-labels" flag is set',
    "use fromEntities: [remote-node], or set the flag",
  );
}

/** Only rules about requests are looked at: server names and listeners pass, as the agent has it. */
function checkL7Support(cursor: YamlCursor, direction: PolicyDirection, isHost: boolean): void {
  const parsers = cursor.items().map((item) => l7ParserOf(item.field("rules")));
  const has = (name: L7Rules["parser"]) => parsers.includes(name);
  if (direction === "ingress") {
    if (isHost && parsers.some((parser) => parser !== undefined)) {
      cursor.fail("L7 policy is not supported on host ingress yet");
    }
    if (has("dns")) {
      const place = cursor.items().find((item) => l7ParserOf(item.field("rules")) === "dns");
      place
        ?.field("rules")
        ?.fail("L7 protocol DNS is not supported on ingress yet", "write the rule on egress");
    }
    return;
  }
  if (isHost && has("http")) cursor.fail("L7 protocol HTTP is not supported on host egress yet");
  if (isHost && has("kafka")) cursor.fail("L7 protocol Kafka is not supported on host egress yet");
}

function parseAuth(cursor: YamlCursor | undefined): AuthMode | undefined {
  const mode = cursor?.field("mode")?.text();
  return authModes.find((known) => known === mode);
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
      return { kind: "cidr", cidr: readAddressOrCidr(item), except: [] };
    case "fromCIDRSet":
    case "toCIDRSet":
      return parseCidrSet(item);
    case "fromNodes":
    case "toNodes":
      return { kind: "labels", selector: nodeSelector(parseSelector(item, "node")) };
    case "fromGroups":
    case "toGroups":
      return {
        kind: "cloud-group",
        text: item
          .entries()
          .map(([key]) => key)
          .join(","),
      };
    case "toServices":
      return parseService(item, scope);
    case "toFQDNs":
      return parseFqdn(item);
  }
}

/** Nodes are peers by their labels, and remote ones only. */
function nodeSelector(selector: LabelSelector): LabelSelector {
  const remote = {
    source: "reserved",
    key: "remote-node",
    operator: "Exists",
    values: [],
  } as const;
  return { conditions: [...selector.conditions, remote] };
}

function parseFqdn(cursor: YamlCursor): PeerSelector {
  const { matchName, matchPattern } = parseDnsRule(cursor);
  const text = matchName || matchPattern || "";
  const pattern = matchName ? compileMatchName(text) : compileMatchPattern(text);
  return { kind: "fqdn", text, pattern };
}

function parseEntity(cursor: YamlCursor): PeerSelector {
  const text = cursor.text();
  const entity = entityNames.find((name) => name === text);
  if (entity === undefined) {
    return cursor.fail(`unsupported entity: ${text}`, `want one of ${entityNames.join(", ")}`);
  }
  return { kind: "entity", entity };
}

/** The agent takes a bare address too; only the CRD's schema wants a prefix length. */
function readAddressOrCidr(cursor: YamlCursor): Cidr {
  const text = cursor.text();
  if (text === "") cursor.fail("IP must be specified");
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    return cursor.fail(`unable to parse CIDR: ${addressFault(text)}`, "want as in 10.0.0.0/8");
  }
  return cidr;
}

function parseCidrSet(cursor: YamlCursor): PeerSelector {
  const fields = cursor.fields(["cidr", "except", "cidrGroupRef", "cidrGroupSelector"]);
  const kinds = [fields.cidr, fields.cidrGroupRef, fields.cidrGroupSelector].filter(
    (field) => field !== undefined,
  );
  if (kinds.length === 0) {
    cursor.fail("one of cidr, cidrGroupRef, or cidrGroupSelector is required");
  }
  if (kinds.length > 1) {
    cursor.fail(
      "more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set",
      "write an item for each",
    );
  }
  const exceptItems = fields.except?.items() ?? [];
  if (fields.cidr === undefined) {
    const name = fields.cidrGroupRef?.text();
    const selector =
      fields.cidrGroupSelector && parseSelector(fields.cidrGroupSelector, "cidrgroup");
    return { kind: "cidr-group", name, selector, except: exceptItems.map(readPrefix) };
  }
  const cidr = readPrefix(fields.cidr);
  return { kind: "cidr", cidr, except: readExcept(cidr, exceptItems) };
}

function readPrefix(cursor: YamlCursor): Cidr {
  const text = cursor.text();
  const cidr = text.includes("/") ? parseCidr(text) : undefined;
  if (cidr === undefined) {
    return cursor.fail(
      `unable to parse CIDRRule ${JSON.stringify(text)}: ${prefixFault(text)}`,
      "want as in 10.0.0.0/8",
    );
  }
  return cidr;
}

/** Reads the exceptions of a prefix, which must lie in it. */
export function readExcept(cidr: Cidr, items: readonly YamlCursor[]): Cidr[] {
  return items.map((item) => {
    const inner = readPrefix(item);
    if (!containsCidr(cidr, inner)) {
      item.fail(
        `allow CIDR prefix ${cidr.text} does not contain exclude CIDR prefix ${inner.text}`,
        "an exception can only take away what the cidr selects",
      );
    }
    return inner;
  });
}

function parseService(cursor: YamlCursor, scope: PolicyScope): PeerSelector {
  const fields = cursor.fields(["k8sService", "k8sServiceSelector"]);
  const place = fields.k8sService ?? fields.k8sServiceSelector;
  const namespace = place?.field("namespace")?.text() || scope.namespace;
  const selector = fields.k8sServiceSelector?.field("selector");
  return {
    kind: "service",
    service: {
      namespace,
      name: fields.k8sService?.field("serviceName")?.text(),
      selector: selector && parseSelector(selector),
    },
  };
}
