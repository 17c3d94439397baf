import { describe, expect, it } from "vitest";
import { seededRandom } from "../../base/seeded-random.ts";
import type { PolicyProtocol } from "../document/policy-document.ts";
import { parsePolicies } from "../document/policy-parse.ts";
import { decide } from "./entry-decision.ts";
import type { DirectionPolicy, PeerEntry } from "./verdict.ts";
import { VerdictTable } from "./verdict-table.ts";

const random = seededRandom(7);
function below(limit: number): number {
  return Math.floor(random() * limit);
}

const ports = [0, 1, 53, 79, 80, 81, 443, 8000, 8080, 8443, 9000, 65_535];

function randomRule(): string {
  const first = ports[below(ports.length)] as number;
  const last = Math.min(65_535, first + below(3) * 500);
  const protocol = ["TCP", "UDP", "SCTP", "ANY"][below(4)];
  const port = below(6) === 0 ? "http" : String(first);
  const peers = below(2) === 0 ? "" : "fromEntities: [all], ";
  return `{${peers}toPorts: [{ports: [{port: "${port}", endPort: ${last}, protocol: ${protocol}}]}]}`;
}

describe("VerdictTable", () => {
  it("answers as a decision without a table would, for every port near a boundary", () => {
    const protocols: readonly PolicyProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "VRRP"];
    for (let round = 0; round < 60; round++) {
      const rules = Array.from({ length: 1 + below(5) }, randomRule).join(", ");
      const denies = below(3) === 0 ? `, ingressDeny: [${randomRule()}]` : "";
      const [document] = parsePolicies(
        `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: {endpointSelector: {}, ingress: [${rules}]${denies}}}`,
        { file: "p.yaml" },
      );
      const spec = document?.specs[0];
      if (spec === undefined) throw new Error("no spec");
      const entries: PeerEntry[] = spec.entries.map((entry) => ({
        entry,
        spec,
        selectors: entry.peers === undefined ? undefined : [""],
      }));
      const policy: DirectionPolicy = {
        direction: "ingress",
        isEnforced: true,
        isDefaultDeny: true,
        entries,
        hasAuth: false,
        defaultDenyBy: [],
        error: undefined,
      };
      const context = { isLocalhost: false, portOf: () => 8080 };
      const table = new VerdictTable(policy, entries, context);
      for (const protocol of protocols) {
        for (const near of ports.flatMap((port) => [port - 1, port, port + 1, port + 500])) {
          const port = Math.max(0, Math.min(65_535, near));
          const want = decide(policy, entries, { port, protocol, ...context });
          expect(table.find(protocol, port)).toEqual(want);
        }
      }
    }
  });
});
