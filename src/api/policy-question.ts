/** What one question about policies and traffic is answered from. */

import type { Clock } from "../base/clock.ts";
import type { Connection, FlowTally } from "../policy/traffic/flow-tally.ts";
import { connectionsOf, type PolicyBook, type PolicyCluster } from "./policy-book.ts";
import type { WirePolicyWindow } from "./wire/policy.ts";

/** Opened by policy-routes.ts for one request. */
export interface PolicyQuestion {
  readonly book: PolicyBook;
  readonly cluster: PolicyCluster;
  /** Flows of the window asked about, of all clusters. */
  readonly tally: FlowTally;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly query: Readonly<Record<string, string>>;
  /** Made when the answer is ready. */
  readonly window: () => WirePolicyWindow;
}

/** The question's connections, those of other clusters left out. */
export function ownConnections({ tally, cluster }: PolicyQuestion): Iterable<Connection> {
  return connectionsOf(tally.connections, cluster);
}
