/**
 * Who may reach whom: every workload against every other, by the ports that the rules of either end
 * name, the ports seen in traffic, and one that nobody names. Made a row at a time, so that the caller
 * may rest between rows.
 */

import type { PolicyProtocol } from "../document/policy-document.ts";
import { explainVerdict, formatPort } from "../engine/explanation.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import type { PolicyEndpoint, Verdict } from "../engine/verdict.ts";
import type { Connection } from "../traffic/flow-tally.ts";

/** One end of the matrix. */
export interface MatrixWorkload {
  /** As connections name it. */
  readonly name: string;
  readonly endpoint: PolicyEndpoint;
  /** Its own policy is enforced here. */
  readonly isLocal: boolean;
}

/** One pair. */
export interface MatrixCell {
  readonly source: string;
  readonly destination: string;
  /** Every port passes; some do; none does. */
  readonly reach: "all" | "some" | "none";
  /** Ports that pass where some do, at most eight: "TCP/80"; " (L7)" where the proxy looks at requests. */
  readonly services: readonly string[];
  /** Why the rest does not pass; "" where all does. */
  readonly reason: string;
  readonly seenForwarded: number;
  readonly seenDenied: number;
}

interface Probe {
  readonly protocol: PolicyProtocol;
  readonly port: number;
}

const servicesMax = 8;
/** Ports asked about for one pair. */
const probesMax = 40;
/** A port that hardly any rule names. */
const otherPort: Probe = { protocol: "TCP", port: 61_613 };

/** Flows between names. */
export class SeenTraffic {
  readonly #pairs = new Map<string, { forwarded: number; denied: number; probes: Probe[] }>();
  readonly #ports = new Map<string, Map<string, Probe>>();

  constructor(connections: Iterable<Connection>) {
    for (const connection of connections) this.#add(connection);
  }

  #add(connection: Connection): void {
    const { source, destination, protocol, port, forwardedCount, deniedCount } = connection;
    const key = `${source.name}\t${destination.name}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { forwarded: 0, denied: 0, probes: [] };
      this.#pairs.set(key, pair);
    }
    pair.forwarded += forwardedCount;
    pair.denied += deniedCount;
    let ports = this.#ports.get(destination.name);
    if (ports === undefined) {
      ports = new Map();
      this.#ports.set(destination.name, ports);
    }
    ports.set(`${protocol}/${port}`, { protocol, port });
  }

  /** Flows of a pair. */
  between(source: string, destination: string): { forwarded: number; denied: number } {
    return this.#pairs.get(`${source}\t${destination}`) ?? { forwarded: 0, denied: 0 };
  }

  /** Ports that somebody asked the workload for. */
  portsOf(name: string): Iterable<Probe> {
    return this.#ports.get(name)?.values() ?? [];
  }
}

/** The cells of one source, in the order of the workloads; itself is left out. */
export function matrixRow(
  engine: PolicyEngine,
  source: MatrixWorkload,
  workloads: readonly MatrixWorkload[],
  seen: SeenTraffic,
): MatrixCell[] {
  return workloads
    .filter((one) => one.name !== source.name && (one.isLocal || source.isLocal))
    .map((destination) => cellOf(engine, { source, destination }, seen));
}

interface Pair {
  readonly source: MatrixWorkload;
  readonly destination: MatrixWorkload;
}

function cellOf(engine: PolicyEngine, pair: Pair, seen: SeenTraffic): MatrixCell {
  const passing: string[] = [];
  let reason = "";
  let probeCount = 0;
  let isOtherOpen = false;
  for (const probe of probesOf(engine, pair, seen)) {
    probeCount++;
    const { denying, isL7 } = ask(engine, pair, probe);
    if (denying !== undefined) {
      if (reason === "" || probe === otherPort) reason = denying;
      continue;
    }
    if (probe === otherPort) isOtherOpen = true;
    else {
      passing.push(probeName(probe, isL7));
    }
  }
  const passCount = passing.length + (isOtherOpen ? 1 : 0);
  const hasL7 = passing.some((name) => name.endsWith("(L7)"));
  const { source, destination } = pair;
  const { forwarded, denied } = seen.between(source.name, destination.name);
  const reach = passCount === 0 ? "none" : passCount === probeCount && !hasL7 ? "all" : "some";
  const named = isOtherOpen ? [...passing, "other ports"] : passing;
  return {
    source: source.name,
    destination: destination.name,
    reach,
    services: reach === "some" ? named.slice(0, servicesMax) : [],
    reason: reach === "all" ? "" : reason,
    seenForwarded: forwarded,
    seenDenied: denied,
  };
}

function probeName({ protocol, port }: Probe, isL7: boolean): string {
  const name = formatPort({ protocol, first: port, last: port, name: undefined });
  return isL7 ? `${name} (L7)` : name;
}

function probesOf(engine: PolicyEngine, { source, destination }: Pair, seen: SeenTraffic): Probe[] {
  const probes = new Map<string, Probe>();
  for (const probe of seen.portsOf(destination.name)) {
    probes.set(`${probe.protocol}/${probe.port}`, probe);
  }
  const entries = [
    ...(destination.isLocal
      ? engine.entriesBetween(destination.endpoint, source.endpoint, "ingress")
      : []),
    ...(source.isLocal
      ? engine.entriesBetween(source.endpoint, destination.endpoint, "egress")
      : []),
  ];
  for (const { entry } of entries) {
    for (const { ports } of entry.ports ?? []) {
      for (const { protocol: wanted, first, last, name } of ports) {
        if (name !== undefined || (first === 0 && last === 65_535)) continue;
        const protocol = wanted === "ANY" ? "TCP" : wanted;
        probes.set(`${protocol}/${first}`, { protocol, port: first });
      }
    }
  }
  return [...[...probes.values()].slice(0, probesMax), otherPort];
}

function ask(engine: PolicyEngine, { source, destination }: Pair, { protocol, port }: Probe) {
  const query = { source: source.endpoint, destination: destination.endpoint, protocol, port };
  const sides: [string, Verdict][] = [];
  if (source.isLocal) {
    sides.push(["egress", engine.resolveVerdict({ ...query, direction: "egress" })]);
  }
  if (destination.isLocal) {
    sides.push(["ingress", engine.resolveVerdict({ ...query, direction: "ingress" })]);
  }
  const denied = sides.find(([, { decision }]) => decision === "denied" || decision === "error");
  return {
    denying: denied === undefined ? undefined : `${denied[0]}: ${explainVerdict(denied[1])}`,
    isL7: sides.some(([, { l7 }]) => l7 !== undefined && !l7.allowAll),
  };
}
