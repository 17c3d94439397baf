/** What policies say about a recorded connection: both sides, and the request inside it. */

import type { Connection } from "./flow-tally.ts";
import { matchL7Dns, matchL7Http } from "./l7-match.ts";
import type { PolicyDirection } from "./policy-document.ts";
import type { PolicyEngine } from "./policy-engine.ts";
import type { Verdict } from "./verdict.ts";

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
  return { direction, verdict, isRequestDenied: deniesRequest(verdict, connection) };
}

/** Both sides, egress first as a packet meets them. */
export function verdictsOf(engine: PolicyEngine, connection: Connection): SideVerdict[] {
  return (["egress", "ingress"] as const).flatMap(
    (direction) => verdictOfSide(engine, connection, direction) ?? [],
  );
}

function deniesRequest({ l7 }: Verdict, { request }: Connection): boolean {
  if (l7 === undefined || l7.allowAll || request === undefined) return false;
  if (l7.parser === "http" && request.parser === "http") return !matchL7Http(l7.http, request.http);
  if (l7.parser === "dns" && request.parser === "dns") return !matchL7Dns(l7.dns, request.name);
  return false;
}
