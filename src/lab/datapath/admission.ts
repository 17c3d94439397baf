/**
 * Policy at the datapath: the verdicts of both sides on a new connection, and what is counted and
 * reported of them. The same engine answers here as in the tools.
 */

import type { PolicyDirection, PolicyProtocol } from "../../policy/document/policy-document.ts";
import { openVerdict, type Verdict } from "../../policy/engine/verdict.ts";
import { familyOf } from "../address-family.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { PacketDirection } from "../events.ts";
import { dropReasonText } from "../faults/fault-board.ts";
import type { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { conntrackMaps } from "./conntrack.ts";
import type { Delivery } from "./delivery.ts";
import { identityOf, nodeOf, type Packet, type PacketEnd } from "./packet.ts";

/** The verdicts of both sides; `isDenied` = the packet was dropped, counted and reported. */
export interface Admission {
  readonly isDenied: boolean;
  readonly egress: Verdict;
  readonly ingress: Verdict;
}

/** No policy of ours decides there: the host without host firewall, the world, another cluster. */
const notEnforced = openVerdict;

/** An endpoint without a policy of its own yet lets nothing through. */
const notReady: Verdict = { ...notEnforced, decision: "denied", dropReason: 133 };

/** Names that led a client to an address outside; the DNS proxy knows. */
export type NameLookup = (client: Endpoint, address: string) => readonly string[];

/** What admission is made of. */
export interface AdmissionParts {
  readonly clusters: ClusterSet;
  readonly emitter: FlowEmitter;
  readonly delivery: Delivery;
  readonly namesOf: NameLookup;
}

/** Asks the engine and reports. */
export class AdmissionControl {
  readonly #context: LabContext;
  readonly #parts: AdmissionParts;

  constructor(context: LabContext, parts: AdmissionParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /**
   * What the subject's policy says: that of its last good regeneration, as its policy map holds it.
   * Proxies ask again for each request.
   */
  decide(
    client: PacketEnd,
    server: PacketEnd,
    protocol: PolicyProtocol,
    direction: PolicyDirection,
  ): Verdict {
    const subject = (direction === "ingress" ? server : client).endpoint;
    if (subject === undefined || subject.facts.kind === "host" || !subject.facts.isManaged)
      return notEnforced;
    const { engine } = subject.policy;
    if (engine === undefined) return notReady;
    const verdict = engine.resolveVerdict({
      source: this.#policyEnd(client, subject, client.endpoint),
      destination: this.#policyEnd(server, subject, client.endpoint),
      port: server.port,
      protocol,
      direction,
    });
    // Regeneration refuses such policies, so that an endpoint never runs them.
    return verdict.decision === "error" ? notReady : verdict;
  }

  /** Decides on the first packet of a connection: counts and reports the verdicts, and the drop if there is one. */
  admit(packet: Packet, protocol: PolicyProtocol): Admission {
    const { from: client, to: server } = packet;
    const clientNode = nodeOf(client);
    if (this.#dropByFault(packet, clientNode)) {
      return { isDenied: true, egress: notEnforced, ingress: notEnforced };
    }
    const egress = this.decide(client, server, protocol, "egress");
    if (clientNode !== undefined) this.#report(packet, clientNode, "EGRESS", egress);
    if (egress.decision === "denied") return { isDenied: true, egress, ingress: notEnforced };
    const ingress = this.decide(client, server, protocol, "ingress");
    const serverNode = nodeOf(server);
    if (ingress.decision === "denied" && clientNode !== undefined && serverNode !== undefined) {
      this.#parts.delivery.leave(packet, {
        start: { nodeName: clientNode, kind: "endpoint" },
        end: { nodeName: serverNode, kind: "endpoint" },
      });
    }
    if (serverNode !== undefined) this.#report(packet, serverNode, "INGRESS", ingress);
    return { isDenied: ingress.decision === "denied", egress, ingress };
  }

  /** A packet of an established connection that the present policy refuses: counted and reported. */
  dropEstablished(packet: Packet, protocol: PolicyProtocol): boolean {
    for (const direction of ["egress", "ingress"] as const) {
      const verdict = this.decide(packet.from, packet.to, protocol, direction);
      if (verdict.decision !== "denied") continue;
      const isEgress = direction === "egress";
      const nodeName = nodeOf(isEgress ? packet.from : packet.to);
      if (nodeName !== undefined)
        this.#report(packet, nodeName, isEgress ? "EGRESS" : "INGRESS", verdict);
      return true;
    }
    return false;
  }

  #dropByFault(packet: Packet, clientNode: string | undefined): boolean {
    const { faults, random } = this.#context;
    const reason = faults.dropReason(clientNode, random);
    if (reason === undefined || clientNode === undefined) return false;
    this.#drop(packet, clientNode, "EGRESS", reason);
    if (faults.share("map-pressure", clientNode) >= 1) this.#failInsertion(packet, clientNode);
    return true;
  }

  /** What the drop comes from: the conntrack map takes no more. */
  #failInsertion({ from, protocol }: Packet, nodeName: string): void {
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "map_op",
      timeMs: clock.nowMs(),
      nodeName,
      mapName: conntrackMaps[familyOf(from.address)][protocol === "TCP" ? "TCP" : "non-TCP"],
      operation: "update",
      outcome: "fail",
      durationSeconds: 0,
    });
  }

  #policyEnd(end: PacketEnd, subject: Endpoint, client: Endpoint | undefined) {
    const { identities } = this.#parts.clusters.of(subject);
    const { labels } = identityOf(end, subject.facts.nodeName, identities);
    if (end.endpoint !== undefined) return { labels, namedPorts: end.endpoint.facts.namedPorts };
    const names = client === undefined ? [] : this.#parts.namesOf(client, end.address);
    return { labels, address: end.address, ...(names.length === 0 ? {} : { names }) };
  }

  #report(packet: Packet, nodeName: string, direction: PacketDirection, verdict: Verdict): void {
    if (verdict.decision === "default-allow") return;
    const { dropReason, match, matchedBy, policyLog, l7 } = verdict;
    const shown =
      dropReason !== undefined ? "DROPPED" : l7 === undefined ? "FORWARDED" : "REDIRECTED";
    this.#parts.emitter.policyVerdict({
      nodeName,
      packet,
      direction,
      verdict: shown,
      match,
      origins: matchedBy,
      dropReason,
      policyLog,
    });
    if (dropReason !== undefined) this.#drop(packet, nodeName, direction, dropReason);
  }

  #drop(packet: Packet, nodeName: string, direction: PacketDirection, reason: number): void {
    this.#parts.emitter.drop(nodeName, packet, direction, reason);
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "packet",
      timeMs: clock.nowMs(),
      nodeName,
      verdict: "dropped",
      direction,
      sizeBytes: packet.sizeBytes,
      protocol: packet.protocol,
      dropReason: dropReasonText(reason),
      dropReasonCode: reason,
    });
  }
}
