/** Tells of pods that go, by asking the cluster again and again what there is. */

import type { CancelTimer, Clock } from "../base/clock.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";

const intervalMs = 5000;

/** A pod by its names; clusters of a mesh may have one each of the same. */
export interface PodName {
  readonly namespace: string;
  readonly podName: string;
}

/**
 * Calls `onGone` for each pod that no cluster has any more. While the cluster does not answer nothing
 * is gone. Returns what ends the watch.
 */
export function watchPods(
  view: ClusterView,
  clock: Clock,
  onGone: (pod: PodName) => void,
): () => void {
  let known = new Map<string, PodName>();
  let isStopped = false;
  let cancel: CancelTimer = clock.after(intervalMs, tick);

  function tick(): void {
    look()
      // It is not running, or restarts: what was known stays known.
      .catch(() => undefined)
      .finally(() => {
        if (!isStopped) cancel = clock.after(intervalMs, tick);
      });
  }

  async function look(): Promise<void> {
    const present = new Map<string, PodName>();
    for (const { kind, namespace, podName } of await view.endpoints()) {
      if (kind === "pod") present.set(`${namespace}/${podName}`, { namespace, podName });
    }
    if (isStopped) return;
    for (const [key, pod] of known) if (!present.has(key)) onGone(pod);
    known = present;
  }

  return () => {
    isStopped = true;
    cancel();
  };
}
