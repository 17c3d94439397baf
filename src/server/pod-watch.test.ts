import { expect, test } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { ClusterEndpoint, ClusterView } from "../cilium/cluster-view.ts";
import { watchPods } from "./pod-watch.ts";

test("a pod is gone when no cluster has it, and not while nobody answers", async () => {
  const clock = new FakeClock(0);
  let pods: string[] | undefined = ["a", "b", "b"];
  const endpoints = async () => {
    if (pods === undefined) throw new AppError("unreachable", "no answer");
    return pods.map((podName) => ({ kind: "pod", namespace: "x", podName }) as ClusterEndpoint);
  };
  const gone: string[] = [];
  const stop = watchPods({ endpoints } as unknown as ClusterView, clock, ({ podName }) =>
    gone.push(podName),
  );
  for (const next of [["a", "b"], undefined, ["b"], []]) {
    await clock.advance(5000);
    pods = next;
  }
  expect(gone).toEqual(["a"]);
  await clock.advance(5000);
  expect(gone).toEqual(["a", "b"]);
  stop();
});
