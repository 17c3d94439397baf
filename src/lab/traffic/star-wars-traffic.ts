/**
 * The gentle traffic that keeps the graphs alive: tiefighters ask to land, sometimes try what they
 * may not, xwings are dropped, pods look names up that do not exist. Rates swing slowly and differ
 * from minute to minute.
 */

import type { CancelTimer } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { LabContext } from "../lab-context.ts";

/** Runs a command in a pod; what the laboratory's exec does. */
export type PodExec = (
  pod: string,
  args: readonly string[],
  signal: AbortSignal,
) => Promise<number>;

const deathstar = "deathstar.default.svc.cluster.local";
/** Commands that may run at once; a slower machine gets less traffic, not more memory. */
const runningMax = 20;

/** Something a pod does again and again. */
interface Habit {
  readonly pod: string;
  readonly args: readonly string[];
  /** Times per second on average. */
  readonly rate: number;
}

const quiet = ["-s", "-o", "/dev/null"];
const habits: readonly Habit[] = [
  { pod: "tiefighter", rate: 1.6, args: [...quiet, "-XPOST", `${deathstar}/v1/request-landing`] },
  { pod: "tiefighter", rate: 0.35, args: [...quiet, `${deathstar}/v1/`] },
  { pod: "tiefighter", rate: 0.2, args: [...quiet, "-XPUT", `${deathstar}/v1/exhaust-port`] },
  {
    pod: "xwing",
    rate: 0.4,
    args: [...quiet, "-XPOST", "--connect-timeout", "4", `${deathstar}/v1/request-landing`],
  },
  { pod: "xwing", rate: 0.05, args: [...quiet, "--connect-timeout", "8", `${deathstar}/v1/`] },
  { pod: "xwing", rate: 0.15, args: [...quiet, "rebel-base.default.svc.cluster.local/"] },
];

/** The longest swing; rates go up and down by half of themselves. */
const swingSeconds = 90;
const swingDepth = 0.5;
/** Chance of a burst in any second, and how many requests it has. */
const burstChance = 0.01;
const burstSize = 12;

/** Starts the traffic; returns how to stop it. */
export function startTraffic(context: LabContext, exec: PodExec): () => void {
  const { clock, random, logger } = context;
  const abort = new AbortController();
  const cancels = new Map<Habit, CancelTimer>();
  let runningCount = 0;
  const run = (habit: Habit): void => {
    if (runningCount >= runningMax) return;
    runningCount++;
    exec(habit.pod, habit.args, abort.signal)
      .catch((thrown: unknown) =>
        logger.warn({ pod: habit.pod, error: errorMessage(thrown) }, "traffic failed"),
      )
      .finally(() => {
        runningCount--;
      });
  };
  const schedule = (habit: Habit, index: number): void => {
    const phase = (clock.nowMs() / 1000 / swingSeconds + index / habits.length) * 2 * Math.PI;
    const rate = habit.rate * (1 + swingDepth * Math.sin(phase));
    // Times between independent events are exponential.
    const delayMs = (-Math.log(1 - random()) / rate) * 1000;
    cancels.set(
      habit,
      clock.after(delayMs, () => {
        run(habit);
        if (random() < burstChance) for (let i = 0; i < burstSize; i++) run(habit);
        schedule(habit, index);
      }),
    );
  };
  for (const [index, habit] of habits.entries()) schedule(habit, index);
  return () => {
    for (const cancel of cancels.values()) cancel();
    abort.abort();
  };
}
