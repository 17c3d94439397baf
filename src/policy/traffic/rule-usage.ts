/** Which rules recorded flows made use of, and which they did not. */

import type { PolicyDirection, RuleOrigin } from "../document/policy-document.ts";
import { decidesOn } from "../engine/entry-decision.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import type { FlowTally } from "./flow-tally.ts";

/** One rule and the flows that it applied to. */
export interface RuleUsage {
  readonly origin: RuleOrigin;
  readonly isDeny: boolean;
  readonly flowCount: number;
  /** Some endpoint in the flows is the rule's subject: without, nothing can be said. */
  readonly isSubjectSeen: boolean;
}

/** Every rule of the engine's policies, in order. A rule applies where it selects peer and port, deciding or not. */
export function measureUsage(engine: PolicyEngine, tally: FlowTally): RuleUsage[] {
  const counts = new Map<RuleOrigin, number>();
  const seen = new Set<RuleOrigin>();
  for (const connection of tally.connections) {
    const { source, destination, port, protocol, forwardedCount, deniedCount } = connection;
    for (const direction of ["egress", "ingress"] as const satisfies readonly PolicyDirection[]) {
      const [subject, peer] =
        direction === "ingress" ? [destination, source] : [source, destination];
      if (!subject.isEnforced) continue;
      for (const { entry } of engine.entriesFor(subject.endpoint, direction))
        seen.add(entry.origin);
      for (const { entry } of engine.entriesBetween(subject.endpoint, peer.endpoint, direction)) {
        if (!decidesOn(entry, { port, protocol, portOf: () => undefined })) continue;
        const before = counts.get(entry.origin) ?? 0;
        counts.set(entry.origin, before + forwardedCount + deniedCount);
      }
    }
  }
  return engine.specs.flatMap((spec) =>
    spec.entries.map(({ origin, isDeny }) => ({
      origin,
      isDeny,
      flowCount: counts.get(origin) ?? 0,
      isSubjectSeen: seen.has(origin),
    })),
  );
}
