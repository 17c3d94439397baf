/**
 * Kubernetes NetworkPolicy as Cilium's agent understands it. What differs from a CiliumNetworkPolicy:
 * an absent or empty `from` means everyone, `ports` default to TCP, and a direction that has no rules
 * but is named by policyTypes is closed.
 */

import { parseCidr, prefixFault } from "../selector/cidr.ts";
import {
  type LabelSelector,
  namespaceLabelKey,
  namespaceMetadataPrefix,
} from "../selector/label-selector.ts";
import type { PeerSelector } from "../selector/peer-selector.ts";
import { readExcept } from "./entry-parse.ts";
import type {
  PolicyDirection,
  PolicyEntry,
  PolicyProtocol,
  PolicySpec,
  PortMatch,
  PortRule,
  RuleOrigin,
} from "./policy-document.ts";
import {
  type PolicyScope,
  parseSelector,
  withPeerScope,
  withSubjectNamespace,
} from "./selector-parse.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

const portMax = 65_535;
const protocols = ["TCP", "UDP", "SCTP"] as const;
const peerFieldOf = { ingress: "from", egress: "to" } as const;

/** Reads `spec`. `nextOrigin` names each entry. */
export function parseNetworkPolicySpec(
  cursor: YamlCursor,
  scope: PolicyScope,
  nextOrigin: (section: PolicyDirection, line: number) => RuleOrigin,
): PolicySpec {
  const fields = cursor.fields(["podSelector", "policyTypes", "ingress", "egress"]);
  const types = (fields.policyTypes?.items() ?? []).map((item) => readPolicyType(item));
  const entriesOf = (direction: PolicyDirection): PolicyEntry[] => {
    const items = fields[direction]?.items() ?? [];
    if (items.length > 0) {
      return items.map((item) => parseRule(item, nextOrigin(direction, item.line), scope));
    }
    const isClosed =
      direction === "ingress"
        ? types.includes("Ingress") || !types.includes("Egress")
        : types.includes("Egress");
    if (!isClosed) return [];
    const line = (fields.policyTypes ?? cursor).line;
    return [closedEntry(nextOrigin(direction, line), direction)];
  };
  const entries = [...entriesOf("ingress"), ...entriesOf("egress")];
  const isOn = (direction: PolicyDirection) => entries.some((one) => one.direction === direction);
  const selector =
    fields.podSelector === undefined
      ? { conditions: [] }
      : parseSelector(fields.podSelector, "k8s");
  return {
    subjectKind: "endpoint",
    subject: withSubjectNamespace(selector, scope.namespace),
    entries,
    defaultDeny: { ingress: isOn("ingress"), egress: isOn("egress") },
    logValue: undefined,
    line: cursor.line,
    subjectLine: (fields.podSelector ?? cursor).line,
  };
}

function readPolicyType(cursor: YamlCursor): string {
  const text = cursor.text();
  if (text !== "Ingress" && text !== "Egress") {
    cursor.fail(
      `${cursor.path}: Unsupported value: ${JSON.stringify(text)}: supported values: "Egress", "Ingress"`,
    );
  }
  return text;
}

/** Selects nobody, but turns default deny on. */
function closedEntry(origin: RuleOrigin, direction: PolicyDirection): PolicyEntry {
  const none = { peers: [], ports: undefined, auth: undefined, emptyPeerFields: [] };
  return { origin, direction, isDeny: false, ...none };
}

function parseRule(cursor: YamlCursor, origin: RuleOrigin, scope: PolicyScope): PolicyEntry {
  const direction: PolicyDirection = origin.section === "ingress" ? "ingress" : "egress";
  const peerItems = cursor.field(peerFieldOf[direction])?.items() ?? [];
  const portItems = cursor.field("ports")?.items() ?? [];
  const everyone: PeerSelector = { kind: "entity", entity: "all" };
  return {
    origin,
    direction,
    isDeny: false,
    peers: peerItems.length === 0 ? [everyone] : peerItems.map((item) => parsePeer(item, scope)),
    ports: portItems.length === 0 ? undefined : portItems.map(parsePortRule),
    auth: undefined,
    emptyPeerFields: [],
    ...(peerItems.length === 0 ? {} : { peerLines: peerItems.map(({ line }) => line) }),
  };
}

function parsePeer(cursor: YamlCursor, scope: PolicyScope): PeerSelector {
  const { podSelector, namespaceSelector, ipBlock } = cursor.fields([
    "podSelector",
    "namespaceSelector",
    "ipBlock",
  ]);
  if (ipBlock !== undefined) {
    if (podSelector !== undefined || namespaceSelector !== undefined) {
      cursor.fail(
        `${cursor.path}: Forbidden: may not specify both ipBlock and another peer`,
        "write two items",
      );
    }
    return parseIpBlock(ipBlock);
  }
  if (podSelector === undefined && namespaceSelector === undefined) {
    cursor.fail(`${cursor.path}: Required value: must specify a peer`);
  }
  const pods = podSelector === undefined ? { conditions: [] } : parseSelector(podSelector, "k8s");
  const namespaces = namespaceSelector === undefined ? [] : namespaceConditions(namespaceSelector);
  const selector: LabelSelector = { conditions: [...namespaces, ...pods.conditions] };
  return { kind: "labels", selector: withPeerScope(selector, scope) };
}

/** Labels of the namespace are labels of its pods' identities, under a prefix. */
function namespaceConditions(cursor: YamlCursor): LabelSelector["conditions"] {
  const { conditions } = parseSelector(cursor, "k8s");
  if (conditions.length === 0) {
    return [{ source: "k8s", key: namespaceLabelKey, operator: "Exists", values: [] }];
  }
  return conditions.map((one) => ({ ...one, key: `${namespaceMetadataPrefix}${one.key}` }));
}

function parseIpBlock(cursor: YamlCursor): PeerSelector {
  const field = cursor.field("cidr") ?? cursor.fail(`${cursor.path}.cidr: Required value`);
  const text = field.text();
  const cidr = text.includes("/") ? parseCidr(text) : undefined;
  if (cidr === undefined) {
    const quoted = JSON.stringify(text);
    return field.fail(`${quoted} is not a CIDR: ${prefixFault(text)}`, "want as in 10.0.0.0/8");
  }
  return { kind: "cidr", cidr, except: readExcept(cidr, cursor.field("except")?.items() ?? []) };
}

function parsePortRule(cursor: YamlCursor): PortRule {
  return { ports: [parsePort(cursor)], l7: undefined, serverNames: [], line: cursor.line };
}

function parsePort(cursor: YamlCursor): PortMatch {
  const fields = cursor.fields(["protocol", "port", "endPort"]);
  const protocolText = fields.protocol?.text() || "TCP";
  const protocol: PolicyProtocol | undefined = protocols.find((name) => name === protocolText);
  if (protocol === undefined) {
    return (fields.protocol ?? cursor).fail(
      `invalid protocol ${JSON.stringify(protocolText)}, must be { tcp | udp | sctp | vrrp | igmp | any }`,
      `want ${protocols.join(", ")}`,
    );
  }
  const port = fields.port?.scalar();
  if (port === undefined) return { protocol, first: 0, last: portMax, name: undefined };
  if (typeof port === "string" && !/^\d+$/.test(port)) {
    return { protocol, first: 0, last: 0, name: port.toLowerCase() };
  }
  const first = Number(port);
  if (!Number.isInteger(first) || first < 1 || first > portMax) {
    fields.port?.fail(
      `${fields.port.path}: Invalid value: ${String(port)}: must be between 1 and ${portMax}, inclusive`,
    );
  }
  const last = fields.endPort === undefined ? first : Number(fields.endPort.scalar());
  if (last < first || last > portMax) {
    fields.endPort?.fail(
      `${fields.endPort.path}: Invalid value: ${last}: must be greater than or equal to \`port\``,
    );
  }
  return { protocol, first, last, name: undefined };
}
