/**
 * The agent's own API, as far as the laboratory's kubelet and health prober ask it: each request
 * computes its answer from the present state, is timed, and is published as a request.
 */

import type { Clock } from "../../base/clock.ts";
import type { LabEventBus } from "../events.ts";
import type { LabState } from "../lab-state.ts";

/** An answer: status and JSON body. */
export interface AgentApiAnswer {
  readonly code: number;
  readonly body: string;
}

/** One agent's API. */
export class AgentApi {
  readonly #state: LabState;
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #bus: LabEventBus;

  constructor(options: { state: LabState; nodeName: string; clock: Clock; bus: LabEventBus }) {
    this.#state = options.state;
    this.#nodeName = options.nodeName;
    this.#clock = options.clock;
    this.#bus = options.bus;
  }

  /** Answers GET of a path below /v1; 404 for any other. */
  get(path: string): AgentApiAnswer {
    const startMs = this.#clock.monotonicMs();
    const content = this.#contentOf(path);
    const answer =
      content === undefined
        ? { code: 404, body: "" }
        : { code: 200, body: JSON.stringify(content) };
    this.#bus.publish({
      kind: "agent_api_call",
      timeMs: this.#clock.nowMs(),
      nodeName: this.#nodeName,
      method: "GET",
      path: path.replace(/^\/v1\/endpoint\/\d+$/, "/v1/endpoint/{id}"),
      code: answer.code,
      durationSeconds: (this.#clock.monotonicMs() - startMs) / 1000,
    });
    return answer;
  }

  #contentOf(path: string): unknown {
    const state = this.#state;
    switch (path) {
      case "/v1/healthz":
        return this.#health();
      case "/v1/cluster/nodes":
        return state.nodes();
      case "/v1/endpoint":
        return state.endpoints(this.#nodeName);
      case "/v1/identity":
        return state.identities();
      case "/v1/policy":
        return { revision: state.policyRevision, policies: state.policies() };
    }
    const id = /^\/v1\/endpoint\/(\d+)$/.exec(path)?.[1];
    if (id === undefined) return undefined;
    return state.endpoints(this.#nodeName).find((endpoint) => endpoint.id === Number(id));
  }

  #health(): unknown {
    const state = this.#state;
    const byState: Record<string, number> = {};
    for (const endpoint of state.endpoints(this.#nodeName)) {
      byState[endpoint.state] = (byState[endpoint.state] ?? 0) + 1;
    }
    return {
      cilium: { state: "Ok" },
      cluster: { nodes: state.nodes().length, unreachable: state.unreachable(this.#nodeName) },
      conntrack: state.conntrack(this.#nodeName),
      endpoints: byState,
      ipam: {
        ipv4: state.addresses(this.#nodeName).used,
        ipv6: state.addresses(this.#nodeName, "ipv6").used,
      },
    };
  }
}
