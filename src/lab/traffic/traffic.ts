/**
 * The scene's traffic: every pod of a workload does something again and again, with rates that swing
 * slowly and differ from minute to minute, so that graphs live. What is done goes through the datapath
 * like any command of a user.
 */

import type { CancelTimer } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { LabContext } from "../lab-context.ts";
import { randomInteger } from "../random.ts";
import type { Scene, SceneTraffic } from "../scenes/scene.ts";

/** Things that may run at once; a slower machine gets less traffic, not more memory. */
const runningMax = 60;
/** Rates go up and down by half of themselves in a day of the scene. */
const swingDepth = 0.5;
/** Chance of a burst in any second, and how many requests it has. */
const burstChance = 0.01;
const burstSize = 12;
/** Above this rate several are done at one go, so that timers do not become the work. */
const ticksPerSecondMax = 50;

/** What the traffic is made with. */
export interface TrafficParts {
  /** Pods of a workload now. */
  podsOf(clusterName: string, workload: string): readonly Endpoint[];
  /** Does it once, as the pod. */
  perform(pod: Endpoint, action: SceneTraffic["action"], signal: AbortSignal): Promise<void>;
}

/** Starts the traffic; returns how to stop it. */
export function startTraffic(
  context: LabContext,
  { traffic: habits, daySeconds }: Pick<Scene, "traffic" | "daySeconds">,
  parts: TrafficParts,
): () => void {
  const { clock, random, logger, faults } = context;
  const abort = new AbortController();
  const cancels = new Map<SceneTraffic, CancelTimer>();
  let runningCount = 0;
  const run = (habit: SceneTraffic): void => {
    const pods = parts.podsOf(habit.clusterName, habit.from);
    const pod = pods[randomInteger(random, 0, pods.length - 1)];
    if (pod?.isReady !== true || faults.isNodeDown(pod.facts.nodeName)) return;
    if (habit.action.kind !== "simulated" && runningCount >= runningMax) return;
    runningCount++;
    parts
      .perform(pod, habit.action, abort.signal)
      .catch((thrown: unknown) =>
        logger.debug({ pod: pod.name, error: errorMessage(thrown) }, "traffic failed"),
      )
      .finally(() => {
        runningCount--;
      });
  };
  const schedule = (habit: SceneTraffic, index: number): void => {
    const phase = (clock.nowMs() / 1000 / daySeconds + index / habits.length) * 2 * Math.PI;
    const rate = habit.perSecond * (1 + swingDepth * Math.sin(phase));
    const perTick = Math.max(1, Math.ceil(rate / ticksPerSecondMax));
    // Times between independent events are exponential.
    const delayMs = rate <= 0 ? 1000 : (-Math.log(1 - random()) / (rate / perTick)) * 1000;
    cancels.set(
      habit,
      clock.after(delayMs, () => {
        if (rate > 0) for (let i = 0; i < perTick; i++) run(habit);
        if (perTick === 1 && random() < burstChance) for (let i = 0; i < burstSize; i++) run(habit);
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
