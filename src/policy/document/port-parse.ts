/** `toPorts` and `icmps` of a policy entry, as the agent takes them: ports, protocols, L7 rules, server names. */

import { readIcmpField } from "./icmp-types.ts";
import { l7ParserOf, parseL7Rules } from "./l7-parse.ts";
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
const transports = ["TCP", "UDP", "SCTP", "ANY"] as const;
const extendedProtocols = ["VRRP", "IGMP"] as const;
/** IANA service names: what a named port may look like. */
const portNamePattern = /^(?=.*[A-Za-z])(?!.*--)[A-Za-z0-9]([-A-Za-z0-9]{0,13}[A-Za-z0-9])?$/;

/** Where the ports stand, and the agent's options that matter here. */
export interface PortContext {
  readonly isDeny: boolean;
  readonly direction: PolicyDirection;
  readonly hasExtendedProtocols: boolean;
  /** Of the policy, "" = cluster-wide. */
  readonly namespace: string;
}

/** Reads one item of `toPorts`; L7 rules are looked at last, as the agent does. */
export function parsePortRule(item: YamlCursor, context: PortContext): PortRule {
  const fields = item.fields(
    context.isDeny ? ["ports"] : ["ports", "rules", "serverNames", "listener", "terminatingTLS"],
  );
  const portItems = fields.ports?.items() ?? [];
  const parser = l7ParserOf(fields.rules);
  const serverNames = (fields.serverNames?.items() ?? []).map((name) => name.text());
  if (serverNames.length > 0 && parser !== undefined && fields.terminatingTLS === undefined) {
    fields.serverNames?.fail("ServerNames are not allowed with L7 rules without TLS termination");
  }
  if (serverNames.includes("")) fields.serverNames?.fail("empty server name is not allowed");
  if (portItems.length > portsMax) fields.ports?.fail(`too many ports, the max is ${portsMax}`);
  const ports = portItems.map((port) => parsePort(port, parser, context.hasExtendedProtocols));
  const portLines = portItems.map(({ line }) => line);
  if (fields.listener !== undefined) {
    const listener = parseListener(fields.listener, context, parser !== undefined);
    return { ports, l7: listener, serverNames, line: item.line, portLines };
  }
  if (parser !== undefined) checkL7(fields.rules ?? item, ports, parser);
  const l7 = fields.rules === undefined ? undefined : parseL7Rules(fields.rules);
  const tls: L7Rules | undefined =
    serverNames.length === 0 ? undefined : { parser: "tls", serverNames };
  return { ports, l7: l7 ?? tls, serverNames, line: item.line, portLines };
}

/** The listener under its full name: "default/config/listener". */
function parseListener(cursor: YamlCursor, context: PortContext, hasL7: boolean): L7Rules {
  const name = cursor.field("name")?.text() ?? "";
  if (context.direction === "ingress") cursor.fail(`Listener is not allowed on ingress (${name})`);
  if (hasL7) cursor.fail(`Listener is not allowed with L7 rules (${name})`);
  const config = cursor.field("envoyConfig");
  const isClusterwide = config?.field("kind")?.text() === "CiliumClusterwideEnvoyConfig";
  const namespace = isClusterwide ? "" : context.namespace;
  const isFull = name.includes("/") && name.startsWith(`${namespace}/`);
  const priority = Number(cursor.field("priority")?.scalar() ?? 0);
  return {
    parser: "crd",
    listener: isFull ? name : `${namespace}/${config?.field("name")?.text() ?? ""}/${name}`,
    priority: priority === 0 ? undefined : priority,
  };
}

function parsePort(
  cursor: YamlCursor,
  parser: L7Rules["parser"] | undefined,
  hasExtendedProtocols: boolean,
): PortMatch {
  const fields = cursor.fields(["port", "endPort", "protocol"]);
  const text = fields.port?.text() ?? "";
  const isExtended =
    hasExtendedProtocols && extendedProtocols.some((name) => name === fields.protocol?.text());
  if (isExtended && text !== "" && text !== "0") {
    fields.port?.fail("port must be empty or 0", "these protocols have no ports");
  }
  if (!isExtended && text === "") {
    (fields.port ?? cursor).fail("port must be specified", '"0" means every port');
  }
  if (portNamePattern.test(text)) {
    const protocol = parseProtocol(fields.protocol);
    checkL7Protocol(cursor, protocol, parser);
    return { protocol, first: 0, last: 0, name: text.toLowerCase() };
  }
  const first = isExtended ? 0 : parsePortNumber(fields.port ?? cursor, text);
  const endPort = fields.endPort === undefined ? 0 : Number(fields.endPort.scalar());
  if (parser === "dns" && endPort > first) {
    fields.endPort?.fail("DNS rules do not support port ranges", "list the ports one by one");
  }
  const protocol = parseProtocol(fields.protocol);
  checkL7Protocol(cursor, protocol, parser);
  if (first === 0) return { protocol, first: 0, last: portMax, name: undefined };
  // An endPort below the port means the port alone, as the agent has it.
  return { protocol, first, last: Math.min(portMax, Math.max(first, endPort)), name: undefined };
}

/** As Go's ParseUint with base 0: a leading 0 makes it octal. */
function parsePortNumber(cursor: YamlCursor, text: string): number {
  const isOctal = /^0[0-7]+$/.test(text);
  if (!/^(0|[1-9]\d*)$/.test(text) && !isOctal) {
    cursor.fail(
      `unable to parse port: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
      'want a number or a name of at most 15 letters, digits and "-"',
    );
  }
  const value = Number.parseInt(text, isOctal ? 8 : 10);
  if (value > portMax) {
    cursor.fail(
      `unable to parse port: strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`,
      `at most ${portMax}`,
    );
  }
  return value;
}

/** The agent takes any case; only the CRD's schema insists on capitals. */
function parseProtocol(cursor: YamlCursor | undefined): PolicyProtocol | "ANY" {
  const text = cursor?.text() ?? "";
  if (text === "") return "ANY";
  const upper = text.toUpperCase();
  const known = [...transports, ...extendedProtocols].find((name) => name === upper);
  if (known === undefined || cursor === undefined) {
    return (cursor as YamlCursor).fail(
      `invalid protocol ${JSON.stringify(upper)}, must be { tcp | udp | sctp | vrrp | igmp | any }`,
      /^icmp/i.test(text) ? "ICMP has a list of its own: icmps" : "",
    );
  }
  return known;
}

function checkL7Protocol(
  cursor: YamlCursor,
  protocol: string,
  parser: L7Rules["parser"] | undefined,
): void {
  if (parser === undefined || parser === "dns" || protocol === "TCP") return;
  cursor.fail(
    `L7 rules can only apply to TCP (not ${protocol}) except for DNS rules`,
    "write protocol: TCP",
  );
}

function checkL7(cursor: YamlCursor, ports: readonly PortMatch[], parser: L7Rules["parser"]): void {
  if (ports.some(({ name, first }) => name === undefined && first === 0)) {
    cursor.fail("L7 rules can not be used when a port is 0", "name the port");
  }
  if (parser === "dns" && ports.length === 0) {
    cursor.fail(
      "port 53 must be specified for DNS rules",
      'add ports: [{port: "53", protocol: ANY}]',
    );
  }
}

/** Reads `icmps`; the type becomes the port of protocol ICMP or ICMPV6. */
export function parseIcmps(cursor: YamlCursor): PortRule[] {
  return cursor.items().map((item) => {
    const { fields } = item.fields(["fields"]);
    const list = fields?.items() ?? [];
    if (list.length > portsMax) fields?.fail(`too many types, the max is ${portsMax}`);
    return { ports: list.map(parseIcmpField), l7: undefined, serverNames: [], line: item.line };
  });
}

function parseIcmpField(cursor: YamlCursor): PortMatch {
  const { family, type } = readIcmpField(cursor);
  const protocol: PolicyProtocol = family === "IPv4" ? "ICMP" : "ICMPV6";
  // Type 0 becomes port 0, which means the whole protocol: recorded from Cilium.
  return { protocol, first: type, last: type === 0 ? portMax : type, name: undefined };
}
