/**
 * Recorded flows against policies: what would be dropped that passed, what would pass that was
 * dropped, grouped by workload; and how often the simulated verdict equals the observed one.
 */

import { explainVerdict } from "../engine/explanation.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { isDeniedSide, type SideVerdict, verdictOfSide, verdictsOf } from "./connection-verdict.ts";
import { type Connection, type FlowTally, formatService } from "./flow-tally.ts";

/** Flows of the same workloads and service that change for the same reason. */
export interface ReplayGroup {
  readonly source: string;
  readonly destination: string;
  /** "TCP/80 POST /v1/request-landing". */
  readonly service: string;
  /** The deciding side and why. */
  readonly reason: string;
  flowCount: number;
  firstTime: string;
  lastTime: string;
}

/** Observed against simulated verdicts, flow by flow, each on the side where it was seen. */
export interface SimulationScore {
  readonly comparedCount: number;
  readonly equalCount: number;
  /** Seen to pass, simulated as denied; and the other way round. */
  readonly deniedHere: readonly ReplayGroup[];
  readonly allowedHere: readonly ReplayGroup[];
}

/** What a replay found. */
export interface ReplayReport {
  readonly flowCount: number;
  readonly skippedCount: number;
  readonly unchangedCount: number;
  readonly wouldDrop: readonly ReplayGroup[];
  readonly wouldAllow: readonly ReplayGroup[];
}

/** Asks both sides' policies about each connection. Groups are sorted by flows, most first. */
export function replayFlows(engine: PolicyEngine, tally: FlowTally): ReplayReport {
  const drops = new GroupMap();
  const allows = new GroupMap();
  let unchangedCount = 0;
  for (const connection of tally.connections) {
    const sides = verdictsOf(engine, connection);
    const denying = sides.find(isDeniedSide);
    const { forwardedCount, deniedCount } = connection;
    if (denying === undefined) {
      unchangedCount += forwardedCount;
      if (deniedCount > 0) allows.add(connection, deniedCount, reasonOf(sides));
    } else {
      unchangedCount += deniedCount;
      if (forwardedCount > 0) drops.add(connection, forwardedCount, reasonOf([denying]));
    }
  }
  const skippedCount = [...tally.skipped.values()].reduce((sum, count) => sum + count, 0);
  return {
    flowCount: tally.flowCount,
    skippedCount,
    unchangedCount,
    wouldDrop: drops.sorted(),
    wouldAllow: allows.sorted(),
  };
}

/** How well the engine with the policies that were in force tells the observed verdicts. */
export function scoreSimulation(engine: PolicyEngine, tally: FlowTally): SimulationScore {
  const deniedHere = new GroupMap();
  const allowedHere = new GroupMap();
  let comparedCount = 0;
  let equalCount = 0;
  for (const connection of tally.connections) {
    const side = verdictOfSide(engine, connection, connection.direction);
    if (side === undefined) continue;
    const { forwardedCount, deniedCount, auditedCount } = connection;
    comparedCount += forwardedCount + deniedCount;
    // Audit mode lets pass what policies deny.
    const passedCount = forwardedCount - auditedCount;
    const refusedCount = deniedCount + auditedCount;
    if (isDeniedSide(side)) {
      equalCount += refusedCount;
      if (passedCount > 0) deniedHere.add(connection, passedCount, reasonOf([side]));
    } else {
      equalCount += passedCount;
      if (refusedCount > 0) allowedHere.add(connection, refusedCount, reasonOf([side]));
    }
  }
  return {
    comparedCount,
    equalCount,
    deniedHere: deniedHere.sorted(),
    allowedHere: allowedHere.sorted(),
  };
}

/** "ingress: denied by …"; sides without a word to say are left out. */
function reasonOf(sides: readonly SideVerdict[]): string {
  const telling = sides.filter(
    (side) => isDeniedSide(side) || side.verdict.decision !== "default-allow",
  );
  const shown = telling.length === 0 ? sides.slice(0, 1) : telling;
  return shown
    .map((side) => {
      const what = side.isRequestDenied
        ? `${explainVerdict(side.verdict)}, which do not`
        : explainVerdict(side.verdict);
      return `${side.direction}: ${what}`;
    })
    .join("; ");
}

class GroupMap {
  readonly #groups = new Map<string, ReplayGroup>();

  add(connection: Connection, flowCount: number, reason: string): void {
    const { source, destination, firstTime, lastTime } = connection;
    const service = formatService(connection);
    const key = [source.name, destination.name, service, reason].join("\t");
    const group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, {
        source: source.name,
        destination: destination.name,
        service,
        reason,
        flowCount,
        firstTime,
        lastTime,
      });
      return;
    }
    group.flowCount += flowCount;
    if (firstTime < group.firstTime) group.firstTime = firstTime;
    if (lastTime > group.lastTime) group.lastTime = lastTime;
  }

  sorted(): ReplayGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.flowCount - a.flowCount);
  }
}
