/**
 * The calls by which a node's CNI plugin has endpoints made and deleted: each waits for the limiter that
 * Cilium's agent has for its kind, is timed, and is published as a request of the agent's API.
 */

import { ApiLimiter, type ApiLimiterFigures } from "../controllers/api-limiter.ts";
import type { LabContext } from "../lab-context.ts";

/** Cilium's own limits of these calls. */
const limits = {
  "endpoint-create": {
    parallel: 4,
    rate: { perSecond: 0.5, burst: 4 },
    estimatedSeconds: 2,
  },
  "endpoint-delete": { parallel: 4, estimatedSeconds: 0.2 },
} as const;

const requests = {
  "endpoint-create": { method: "PUT", code: 201 },
  "endpoint-delete": { method: "DELETE", code: 200 },
} as const;

/** One agent's. */
export class EndpointApi {
  readonly #context: LabContext;
  readonly #nodeName: string;
  readonly #limiters: Readonly<Record<keyof typeof limits, ApiLimiter>>;

  readonly #isSimulated: boolean;

  /** Simulated pods, thousands of them, have no CNI plugin: their calls are neither limited nor counted. */
  constructor(context: LabContext, nodeName: string, isSimulated: boolean) {
    this.#context = context;
    this.#nodeName = nodeName;
    this.#isSimulated = isSimulated;
    const limiter = (call: keyof typeof limits) =>
      new ApiLimiter(call, limits[call], context.clock);
    this.#limiters = {
      "endpoint-create": limiter("endpoint-create"),
      "endpoint-delete": limiter("endpoint-delete"),
    };
  }

  /** Has the agent do it; resolves when it is done. */
  async call(call: keyof typeof limits, work: () => void | Promise<void>): Promise<void> {
    if (this.#isSimulated) return work();
    const { clock, bus } = this.#context;
    const { method, code } = requests[call];
    const nodeName = this.#nodeName;
    const startMs = clock.monotonicMs();
    let waitSeconds = 0;
    await this.#limiters[call].run(work, (seconds) => {
      waitSeconds = seconds;
    });
    const timeMs = clock.nowMs();
    bus.publish({
      kind: "agent_api_call",
      timeMs,
      nodeName,
      method,
      path: "/v1/endpoint/{id}",
      code,
      durationSeconds: (clock.monotonicMs() - startMs) / 1000,
    });
    const limited = { call, component: "agent", outcome: "success", code, waitSeconds } as const;
    bus.publish({ kind: "api_limited", timeMs, nodeName, ...limited });
  }

  figures(): readonly ApiLimiterFigures[] {
    if (this.#isSimulated) return [];
    return Object.values(this.#limiters).map((limiter) => limiter.figures());
  }
}
