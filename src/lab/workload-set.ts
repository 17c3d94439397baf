/**
 * Workloads and their pods: creates pods, replaces them, scales up and down, as Kubernetes'
 * controllers do. Keys are "cluster/namespace/name".
 */

import { AppError } from "../base/errors.ts";
import type { ClusterSet } from "./cluster/cluster-set.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import type { LabContext } from "./lab-context.ts";
import type { PodRunner } from "./pods/pod-runner.ts";
import { randomInteger } from "./random.ts";
import type { ScenePod, SceneWorkload } from "./scenes/scene.ts";

const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";
/** Pods of all workloads together. */
const podsMax = 20_000;

/** A workload as it runs. */
interface Running {
  readonly spec: SceneWorkload;
  readonly key: string;
  readonly pods: Endpoint[];
  readonly hash: string;
  made: number;
}

/** The workloads of the laboratory. */
export class WorkloadSet {
  readonly #context: LabContext;
  readonly #clusters: ClusterSet;
  readonly #runner: PodRunner;
  readonly #running = new Map<string, Running>();
  #podCount = 0;

  constructor(context: LabContext, clusters: ClusterSet, runner: PodRunner) {
    this.#context = context;
    this.#clusters = clusters;
    this.#runner = runner;
  }

  list(): readonly { readonly spec: SceneWorkload; readonly pods: readonly Endpoint[] }[] {
    return [...this.#running.values()];
  }

  /** Pods of a workload, present ones. */
  podsOf(clusterName: string, workload: string): readonly Endpoint[] {
    return this.#running.get(`${clusterName}/${workload}`)?.pods ?? [];
  }

  /** Creates a workload or brings it to its replicas; `ready` when its pods run their policy. */
  async apply(spec: SceneWorkload): Promise<"add" | "update"> {
    const key = `${spec.clusterName}/${spec.namespace}/${spec.name}`;
    const known = this.#running.get(key);
    if (known !== undefined && isSameTemplate(known.spec, spec)) {
      this.#running.set(key, { ...known, spec });
      await this.scale(key, spec.replicas);
      return "update";
    }
    if (known !== undefined) await this.remove(key);
    this.#running.set(key, { spec, key, pods: [], hash: hashOf(spec), made: 0 });
    await this.scale(key, spec.replicas);
    return known === undefined ? "add" : "update";
  }

  /** Creates or deletes pods until there are so many. */
  async scale(key: string, replicas: number): Promise<void> {
    const running = this.#get(key);
    const { clusterName } = running.spec;
    const ready: Promise<void>[] = [];
    while (running.pods.length < replicas) ready.push((await this.#addPod(running)).ready);
    while (running.pods.length > replicas) await this.#removePod(running, running.pods.at(-1));
    await Promise.all(ready);
    await this.#settle(clusterName);
  }

  /** Replaces each pod by a new one, one after the other. */
  async restart(key: string): Promise<void> {
    const running = this.#get(key);
    for (const old of [...running.pods]) {
      await (await this.#addPod(running)).ready;
      await this.#removePod(running, old);
      await this.#settle(running.spec.clusterName);
    }
  }

  /** Takes a workload with its pods away; false where there is none. */
  async remove(key: string): Promise<boolean> {
    const running = this.#running.get(key);
    if (running === undefined) return false;
    await this.scale(key, 0);
    this.#running.delete(key);
    return true;
  }

  /** Takes one pod away; its workload makes another, unless the pod is all there was. */
  async deletePod(clusterName: string, namespace: string, name: string): Promise<boolean> {
    for (const running of this.#running.values()) {
      if (running.spec.clusterName !== clusterName) continue;
      const pod = running.pods.find(
        ({ facts }) => facts.namespace === namespace && facts.podName === name,
      );
      if (pod === undefined) continue;
      await this.#removePod(running, pod);
      if (running.spec.kind === "Pod") this.#running.delete(running.key);
      else await (await this.#addPod(running)).ready;
      await this.#settle(clusterName);
      return true;
    }
    return false;
  }

  /** Takes everything of a namespace away. */
  async removeNamespace(clusterName: string, namespace: string): Promise<void> {
    for (const { key, spec } of [...this.#running.values()])
      if (spec.clusterName === clusterName && spec.namespace === namespace) await this.remove(key);
  }

  #get(key: string): Running {
    const running = this.#running.get(key);
    if (running === undefined) throw new AppError("usage", `cannot find workload ${key}`);
    return running;
  }

  /** Services and policies learn of pods that came or went. */
  async #settle(clusterName: string): Promise<void> {
    const cluster = this.#clusters.named(clusterName);
    cluster?.publishEndpointSlices();
    await cluster?.refreshPolicies("services or named ports changed");
  }

  /** Resolves when the program runs; `ready` when the endpoint runs its policy. */
  async #addPod(running: Running): Promise<{ readonly ready: Promise<void> }> {
    if (this.#podCount >= podsMax)
      throw new AppError("limit", `cannot add a pod: the laboratory has ${podsMax} already`);
    const { spec } = running;
    const cluster = this.#clusters.named(spec.clusterName) ?? this.#clusters.first;
    const pod = this.#podFor(running);
    const { endpoint, ready } = cluster.addPod(pod);
    running.pods.push(endpoint);
    this.#podCount++;
    await this.#runner.start(endpoint, spec.program, spec.ports);
    return { ready };
  }

  async #removePod(running: Running, pod: Endpoint | undefined): Promise<void> {
    const place = pod === undefined ? -1 : running.pods.indexOf(pod);
    if (pod === undefined || place < 0) return;
    running.pods.splice(place, 1);
    this.#podCount--;
    const { clusterName, namespace, podName } = pod.facts;
    this.#clusters.named(clusterName)?.removePod(namespace, podName);
    await this.#runner.stop(pod);
  }

  #podFor(running: Running): ScenePod {
    const { spec, hash } = running;
    const place = running.made++;
    const nodeName = spec.nodeNames[place % spec.nodeNames.length] ?? "";
    const isDeployment = spec.kind === "Deployment";
    return {
      namespace: spec.namespace,
      name: spec.podNames[place] ?? this.#podName(running, place),
      nodeName,
      labels: isDeployment ? { ...spec.labels, "pod-template-hash": hash } : spec.labels,
      workload: { name: spec.name, kind: spec.kind },
      program: spec.program,
      ports: spec.ports,
      serviceAccount: spec.serviceAccount,
      isUnmanaged: spec.isUnmanaged,
    };
  }

  #podName(running: Running, place: number): string {
    const { spec, hash } = running;
    switch (spec.kind) {
      case "Pod":
        return place === 0 ? spec.name : `${spec.name}-${place}`;
      case "StatefulSet":
        return `${spec.name}-${freeOrdinal(running)}`;
      case "Deployment":
        return `${spec.name}-${hash}-${this.#suffix()}`;
      default:
        return `${spec.name}-${this.#suffix()}`;
    }
  }

  #suffix(): string {
    const { random } = this.#context;
    return Array.from(
      { length: 5 },
      () => suffixLetters[randomInteger(random, 0, suffixLetters.length - 1)],
    ).join("");
  }
}

/** The first number that no pod has. */
function freeOrdinal({ spec, pods }: Running): number {
  const used = new Set(pods.map(({ facts }) => facts.podName));
  for (let ordinal = 0; ; ordinal++) if (!used.has(`${spec.name}-${ordinal}`)) return ordinal;
}

/** Everything but the number of pods. */
function isSameTemplate(a: SceneWorkload, b: SceneWorkload): boolean {
  return JSON.stringify({ ...a, replicas: 0 }) === JSON.stringify({ ...b, replicas: 0 });
}

/** The pod-template-hash: that of the given names where they have one. */
function hashOf({ kind, name, podNames, labels }: SceneWorkload): string {
  const given = podNames[0]?.split("-").at(-2);
  if (kind === "Deployment" && given !== undefined && podNames[0] !== name) return given;
  let value = 2_166_136_261;
  for (const letter of `${name} ${JSON.stringify(labels)}`) {
    value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  }
  let text = "";
  for (let i = 0; i < 10; i++) {
    text += suffixLetters[value % suffixLetters.length];
    value = Math.floor(value / 3) + i * 7919;
  }
  return text;
}
