/** What stands behind an Observer service: an agent's ring, a Relay over several, a ring with history. */

import type {
  GetAgentEventsRequest,
  GetAgentEventsResponse,
  GetFlowsRequest,
  GetFlowsResponse,
  Namespace,
  Node,
  ServerStatusResponse,
} from "../model/generated/messages.ts";

/** Answers for observer.Observer. */
export interface ObserverBackend {
  /** "hubble-server-version" or "hubble-relay-version" and the version: what the CLI compares with its own. */
  readonly versionHeader: readonly [name: string, version: string];
  /**
   * Flows and losses in the order of Hubble; ends when the request is answered or `signal` is aborted.
   * Throws ConfigError on a filter or mask that cannot be used.
   */
  flows(request: GetFlowsRequest, signal: AbortSignal): AsyncIterable<readonly GetFlowsResponse[]>;
  /** undefined: not implemented, as in the Relay. */
  agentEvents?(
    request: GetAgentEventsRequest,
    signal: AbortSignal,
  ): AsyncIterable<readonly GetAgentEventsResponse[]>;
  /** undefined: not implemented, as in the agent. */
  nodes(): Node[] | undefined;
  namespaces(): Namespace[];
  status(): ServerStatusResponse;
}
