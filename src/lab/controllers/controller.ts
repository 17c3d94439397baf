/**
 * Periodic work of an agent or the operator, as Cilium's controllers: a named function run again and
 * again, never beside itself, each run timed and published with its outcome. A failed run is logged
 * as a warning, which counts; the next run comes at the usual time.
 */

import type { CancelTimer, Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { LabEventBus } from "../events.ts";

/** One controller. */
export interface Controller {
  /** `other`: periodic work of nobody's controllers (the kubelet, say); its runs are not published. */
  readonly receiver: "agent" | "operator" | "other";
  readonly nodeName: string;
  /** The controller's group: its name without the number of an endpoint. */
  readonly group: string;
  readonly intervalMs: number;
  /** A throw or rejection is a failed run. */
  run(): void | Promise<void>;
}

/** What all controllers need. */
export interface ControllerTools {
  readonly clock: Clock;
  readonly bus: LabEventBus;
  readonly logger: Logger;
  /** A node that is down runs nothing. */
  readonly isNodeDown?: (nodeName: string) => boolean;
}

/** Runs controllers until closed. */
export class ControllerSet {
  readonly #tools: ControllerTools;
  readonly #timers = new Map<Controller, CancelTimer>();
  #isClosed = false;

  constructor(tools: ControllerTools) {
    this.#tools = tools;
  }

  /** Runs the controller first after `firstDelayMs`, then `intervalMs` after the end of each run. */
  start(controller: Controller, firstDelayMs = 0): void {
    this.#schedule(controller, firstDelayMs);
  }

  /** No run begins after this; one under way ends by itself. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #schedule(controller: Controller, delayMs: number): void {
    if (this.#isClosed) return;
    const cancel = this.#tools.clock.after(delayMs, () => {
      const isDown = this.#tools.isNodeDown?.(controller.nodeName) === true;
      const run = isDown ? Promise.resolve() : this.#runOnce(controller);
      void run.then(() => this.#schedule(controller, controller.intervalMs));
    });
    this.#timers.set(controller, cancel);
  }

  async #runOnce(controller: Controller): Promise<void> {
    const { clock, bus, logger } = this.#tools;
    const { receiver, nodeName, group } = controller;
    const startMs = clock.monotonicMs();
    let failure: string | undefined;
    try {
      await controller.run();
    } catch (thrown) {
      failure = errorMessage(thrown);
    }
    if (failure !== undefined) {
      logger.warn({ node: nodeName, controller: group, error: failure }, "controller run failed");
    }
    if (receiver === "other") return;
    const head = { timeMs: clock.nowMs(), nodeName, receiver } as const;
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    const outcome = failure === undefined ? "success" : "failure";
    bus.publish({ kind: "controller_run", ...head, group, outcome, durationSeconds });
    if (failure === undefined) return;
    const message = `${group}: ${failure}`;
    bus.publish({ kind: "log", ...head, level: "warning", subsystem: "controller", message });
  }
}
