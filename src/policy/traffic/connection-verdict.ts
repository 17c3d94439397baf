/** What policies say about a recorded connection: both sides, and the request inside it. */

import type { PolicyDirection } from "../document/policy-document.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import type { Verdict } from "../engine/verdict.ts";
import type { Connection } from "./flow-tally.ts";

/** One side's answer. */
export interface SideVerdict {
  readonly direction: PolicyDirection;
  readonly verdict: Verdict;
  /** The connection passes, but its request does not. */
  readonly isRequestDenied: boolean;
}

/** Whether the side lets the connection and its request pass. */
export function isDeniedSide({ verdict, isRequestDenied }: SideVerdict): boolean {
  return isRequestDenied || verdict.decision === "denied";
}

/** One side; undefined where no policy of that end is enforced. */
export function verdictOfSide(
  engine: PolicyEngine,
  connection: Connection,
  direction: PolicyDirection,
): SideVerdict | undefined {
  const { source, destination, port, protocol } = connection;
  const subject = direction === "ingress" ? destination : source;
  if (!subject.isEnforced) return undefined;
  const verdict = engine.resolveVerdict({
    source: source.endpoint,
    destination: destination.endpoint,
    port,
    protocol,
    direction,
  });
  return { direction, verdict, isRequestDenied: deniesRequest(engine, verdict, connection) };
}

/** Both sides, egress first as a packet meets them. */
export function verdictsOf(engine: PolicyEngine, connection: Connection): SideVerdict[] {
  return (["egress", "ingress"] as const).flatMap(
    (direction) => verdictOfSide(engine, connection, direction) ?? [],
  );
}

function deniesRequest(engine: PolicyEngine, { l7 }: Verdict, { request }: Connection): boolean {
  if (l7 === undefined || l7.allowAll || request === undefined) return false;
  if (request.parser === "http") return engine.httpMatcher(l7)?.match(request.http) === -1;
  return engine.dnsMatcher(l7)?.(request.name) === false;
}
