/**
 * Policy at the datapath: the verdicts of both sides on a new connection, and what is counted and
 * reported of them. The same engine answers here as in the tools.
 */

import type { PolicyDirection, PolicyProtocol } from "../../policy/policy-document.ts";
import type { Verdict } from "../../policy/verdict.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { PacketDirection } from "../events.ts";
import type { FlowEmitter } from "../flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import type { Delivery } from "./delivery.ts";
import { identityOf, nodeOf, type Packet, type PacketEnd } from "./packet.ts";

/** `cilium_drop_count_total{reason}`. */
const dropTexts = { 133: "Policy denied", 181: "Policy denied by denylist" } as const;

/** The verdicts of both sides; `isDenied` = the packet was dropped, counted and reported. */
export interface Admission {
  readonly isDenied: boolean;
  readonly egress: Verdict;
  readonly ingress: Verdict;
}

/** No policy of ours decides there: the host without host firewall, the world, another cluster. */
const notEnforced: Verdict = {
  decision: "default-allow",
  match: "none",
  matchedBy: [],
  isAllowLocalhost: false,
  dropReason: undefined,
  defaultDenyBy: [],
  l7: undefined,
  policyLog: [],
};

/** Asks the engine and reports. */
export class AdmissionControl {
  readonly #context: LabContext;
  readonly #cluster: Cluster;
  readonly #emitter: FlowEmitter;
  readonly #delivery: Delivery;

  constructor(context: LabContext, cluster: Cluster, emitter: FlowEmitter, delivery: Delivery) {
    this.#context = context;
    this.#cluster = cluster;
    this.#emitter = emitter;
    this.#delivery = delivery;
  }

  /** What the present policies say; proxies ask again for each request. */
  decide(
    client: PacketEnd,
    server: PacketEnd,
    protocol: PolicyProtocol,
    direction: PolicyDirection,
  ): Verdict {
    const subject = (direction === "ingress" ? server : client).endpoint;
    if (subject === undefined || subject.facts.kind === "host") return notEnforced;
    const { nodeName } = subject.facts;
    const { identities, policies } = this.#cluster;
    const toPolicyEnd = (end: PacketEnd) => ({
      labels: identityOf(end, nodeName, identities).labels,
      ...(end.endpoint === undefined
        ? { address: end.address }
        : { namedPorts: end.endpoint.facts.namedPorts }),
    });
    return policies.engine.resolveVerdict({
      source: toPolicyEnd(client),
      destination: toPolicyEnd(server),
      port: server.port,
      protocol,
      direction,
    });
  }

  /** Decides on the first packet of a connection: counts and reports the verdicts, and the drop if there is one. */
  admit(packet: Packet, protocol: PolicyProtocol): Admission {
    const { from: client, to: server } = packet;
    const egress = this.decide(client, server, protocol, "egress");
    const clientNode = nodeOf(client);
    if (clientNode !== undefined) this.#report(packet, clientNode, "EGRESS", egress);
    if (egress.decision === "denied") return { isDenied: true, egress, ingress: notEnforced };
    const ingress = this.decide(client, server, protocol, "ingress");
    const serverNode = nodeOf(server);
    if (ingress.decision === "denied" && clientNode !== undefined && serverNode !== undefined) {
      this.#delivery.leave(packet, {
        start: { nodeName: clientNode, kind: "endpoint" },
        end: { nodeName: serverNode, kind: "endpoint" },
      });
    }
    if (serverNode !== undefined) this.#report(packet, serverNode, "INGRESS", ingress);
    return { isDenied: ingress.decision === "denied", egress, ingress };
  }

  #report(packet: Packet, nodeName: string, direction: PacketDirection, verdict: Verdict): void {
    if (verdict.decision === "default-allow") return;
    const { dropReason, match, matchedBy, policyLog, l7 } = verdict;
    const shown =
      dropReason !== undefined ? "DROPPED" : l7 === undefined ? "FORWARDED" : "REDIRECTED";
    this.#emitter.policyVerdict({
      nodeName,
      packet,
      direction,
      verdict: shown,
      match,
      origins: matchedBy,
      dropReason,
      policyLog,
    });
    if (dropReason === undefined) return;
    this.#emitter.drop(nodeName, packet, direction, dropReason);
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "packet",
      timeMs: clock.nowMs(),
      nodeName,
      verdict: "dropped",
      direction,
      sizeBytes: packet.sizeBytes,
      protocol: packet.protocol,
      dropReason: dropTexts[dropReason],
      dropReasonCode: dropReason,
    });
  }
}
