/** What every part of the laboratory is given by its owner: time, chance, log, events. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Random } from "../base/seeded-random.ts";
import type { LabEventBus } from "./events.ts";
import type { FaultBoard } from "./faults/fault-board.ts";

/** Passed down, never global. */
export interface LabContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly bus: LabEventBus;
  /** What was made to go wrong on purpose. */
  readonly faults: FaultBoard;
}

/** Seconds that `run` took on the monotonic clock. */
export function measureSeconds(clock: Clock, run: () => void): number {
  const startMs = clock.monotonicMs();
  run();
  return (clock.monotonicMs() - startMs) / 1000;
}
