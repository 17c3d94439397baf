/**
 * What changes in a scene while it runs: workloads scale and restart, objects come and go. Each change
 * is made as a user would make it, one at a time and in turn.
 */

import type { CancelTimer } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { LabContext } from "../lab-context.ts";
import type { SceneActivity } from "../scenes/scene.ts";

/** Who makes the changes. */
export interface ActivityParts {
  scale(clusterName: string, workload: string, replicas: number): Promise<void>;
  restart(clusterName: string, workload: string): Promise<void>;
  labelNode(clusterName: string, node: string, label: string, value: string | undefined): void;
  apply(clusterName: string, text: string, file: string): Promise<unknown>;
  delete(clusterName: string, text: string, file: string): Promise<unknown>;
}

/** Starts the activities; returns how to stop them. The first change comes after half an interval. */
export function startActivities(
  { clock, logger }: LabContext,
  activities: readonly SceneActivity[],
  parts: ActivityParts,
): () => void {
  const cancels = new Map<SceneActivity, CancelTimer>();
  let isStopped = false;
  const schedule = (activity: SceneActivity, turn: number, delaySeconds: number): void => {
    if (isStopped) return;
    const cancel = clock.after(delaySeconds * 1000, () => {
      make(activity, turn, parts)
        .catch((thrown: unknown) =>
          logger.warn(
            { change: activity.change.kind, error: errorMessage(thrown) },
            "a change of the scene failed",
          ),
        )
        .finally(() => schedule(activity, turn + 1, activity.everySeconds));
    });
    cancels.set(activity, cancel);
  };
  for (const activity of activities) schedule(activity, 0, activity.everySeconds / 2);
  return () => {
    isStopped = true;
    for (const cancel of cancels.values()) cancel();
  };
}

async function make(
  { change, clusterName }: SceneActivity,
  turn: number,
  parts: ActivityParts,
): Promise<void> {
  switch (change.kind) {
    case "scale": {
      const replicas = change.replicas[turn % change.replicas.length] ?? 1;
      return parts.scale(clusterName, change.workload, replicas);
    }
    case "restart":
      return parts.restart(clusterName, change.workload);
    case "label-node":
      parts.labelNode(clusterName, change.node, change.label, turn % 2 === 0 ? "true" : undefined);
      return;
    case "toggle":
      if (turn % 2 === 0) await parts.apply(clusterName, change.text, change.file);
      else await parts.delete(clusterName, change.text, change.file);
  }
}
