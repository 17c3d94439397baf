/**
 * Kubernetes objects applied to the running laboratory: policies of every kind, namespaces, services,
 * pods and workloads. All documents of a text are read before the first is applied, so that a text
 * with a fault changes nothing. Pods run the program that the annotation `ciliascope.io/program` names.
 */

import { AppError } from "../../base/errors.ts";
import { readMap } from "../../policy/document/cluster-object-parse.ts";
import { isPolicyKind, policyKinds } from "../../policy/document/policy-document.ts";
import type { YamlCursor } from "../../policy/document/yaml-cursor.ts";
import { didYouMean } from "../../schema/did-you-mean.ts";
import type { Cluster } from "../cluster/cluster.ts";
import {
  type PodProgram,
  plainWeb,
  type ScenePort,
  type SceneService,
  type SceneWorkload,
} from "../scenes/scene.ts";
import { serviceAddress, serviceAddress6, targetOf } from "../scenes/scene-schema.ts";
import type { WorkloadSet } from "../workload-set.ts";
import { otherKinds, type ReadObject, readObjects, workloadKinds } from "./object-reader.ts";

const programs = ["idle", "echo", "web", "deathstar"] as const;
/** Addresses of services that name none: after those of scenes. */
const firstServiceIndex = 5000;
const familyPolicies = ["SingleStack", "PreferDualStack", "RequireDualStack"];

/** What an object became. */
export interface ObjectOutcome {
  readonly kind: string;
  readonly action: "add" | "update" | "delete";
  /** "" for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string;
}

/** Applies and deletes objects of one cluster. */
export class ObjectApplier {
  readonly #cluster: Cluster;
  readonly #workloads: WorkloadSet;
  #serviceCount = 0;

  constructor(cluster: Cluster, workloads: WorkloadSet) {
    this.#cluster = cluster;
    this.#workloads = workloads;
  }

  /** Puts every object of the text in force. Throws ConfigError with file, line and mend. */
  async apply(text: string, file: string): Promise<readonly ObjectOutcome[]> {
    const objects = this.#readOrReport(text, file);
    const hasPolicy = objects.some(({ kind }) => isPolicyKind(kind));
    const others = objects.filter(({ kind }) => !isPolicyKind(kind));
    const prepared = others.map((object) => this.#prepare(object));
    const outcomes: ObjectOutcome[] = [];
    if (hasPolicy || objects.length === 0) {
      const changes = await this.#cluster.applyPolicies(text, file);
      outcomes.push(...changes.map(({ action, document }) => ({ action, ...document })).map(pick));
    }
    for (const run of prepared) outcomes.push(await run());
    return outcomes;
  }

  /** Takes every object of the text away; those that are not there are passed over. */
  async delete(text: string, file: string): Promise<readonly ObjectOutcome[]> {
    const outcomes: ObjectOutcome[] = [];
    // Names are enough: what was refused for a fault is deleted by the same file.
    const objects = readObjects(text, file).map(({ kind, namespace, name }) => ({
      kind,
      namespace: kind === "CiliumClusterwideNetworkPolicy" ? "" : namespace,
      name,
    }));
    for (const { kind, namespace, name } of objects) {
      if (await this.deleteOne(kind, namespace, name))
        outcomes.push({ kind, action: "delete", namespace, name });
    }
    return outcomes;
  }

  /** Takes one object away; false where there is none. Kinds in any case, also as kubectl shortens them. */
  async deleteOne(kindText: string, namespace: string, name: string): Promise<boolean> {
    const kind = toKind(kindText);
    const cluster = this.#cluster;
    if (isPolicyKind(kind)) return cluster.removePolicy(namespace, name, kind);
    switch (kind) {
      case "Namespace":
        await this.#workloads.removeNamespace(cluster.name, name);
        for (const policy of cluster.policies.list())
          if (policy.namespace === name) await cluster.removePolicy(name, policy.name, policy.kind);
        for (const policy of cluster.policies.refused.list())
          if (policy.namespace === name) await cluster.removePolicy(name, policy.name, policy.kind);
        return cluster.removeNamespace(name);
      case "Service": {
        const wasThere = cluster.removeService(namespace, name);
        if (wasThere) await cluster.refreshPolicies("services changed");
        return wasThere;
      }
      case "Pod":
        return this.#workloads.deletePod(cluster.name, namespace, name);
      default:
        return this.#workloads.remove(`${cluster.name}/${namespace}/${name}`);
    }
  }

  /** What cannot be read counts as a policy that could not be imported. */
  #readOrReport(text: string, file: string): ReadObject[] {
    try {
      return readObjects(text, file);
    } catch (thrown) {
      const nodeNames = this.#cluster.nodes.map(({ name }) => name);
      this.#cluster.policies.reportFailure({ text, file, thrown }, nodeNames);
      throw thrown;
    }
  }

  /** Reads the object now, so that a fault is found before anything changed; applies it when called. */
  #prepare({ kind, namespace, name, cursor }: ReadObject): () => Promise<ObjectOutcome> {
    const cluster = this.#cluster;
    if (kind === "Namespace") {
      const labels = readMap(cursor.field("metadata")?.field("labels"));
      return async () => {
        const action = cluster.namespaces.has(name) ? "update" : "add";
        cluster.addNamespace(name, labels);
        return { kind, action, namespace, name };
      };
    }
    if (kind === "Service") {
      const service = this.#readService(cursor, namespace, name);
      return async () => {
        const action = cluster.setService(service);
        cluster.publishEndpointSlices();
        await cluster.refreshPolicies("services changed");
        return { kind, action, namespace, name };
      };
    }
    const workload = this.#readWorkload(cursor, kind, { namespace, name });
    return async () => ({ kind, action: await this.#workloads.apply(workload), namespace, name });
  }

  #readService(cursor: YamlCursor, namespace: string, name: string): SceneService {
    const spec = cursor.field("spec");
    const before = this.#cluster.services.get(namespace, name);
    const annotations = readMap(cursor.field("metadata")?.field("annotations"));
    const index = firstServiceIndex + this.#serviceCount++;
    return {
      namespace,
      name,
      clusterName: this.#cluster.name,
      clusterAddress:
        spec?.field("clusterIP")?.text() ?? before?.clusterAddress ?? serviceAddress(index),
      clusterAddress6: this.#wantsIpv6(spec)
        ? (before?.clusterAddress6 ?? serviceAddress6(index))
        : undefined,
      labels: readMap(cursor.field("metadata")?.field("labels")),
      selector: readMap(spec?.field("selector")),
      isGlobal: annotations["service.cilium.io/global"] === "true",
      ports: (spec?.field("ports")?.items() ?? []).map((port) => {
        const number = port.field("port")?.integer(1, 65_535) ?? port.fail("port is missing");
        return {
          name: port.field("name")?.text() ?? "",
          port: number,
          targetPort: targetOf(String(port.field("targetPort")?.scalar() ?? number), number),
          protocol: protocolOf(port),
        };
      }),
    };
  }

  /** `ipFamilyPolicy`; a cluster with IPv4 only refuses a service that must have both, as Kubernetes does. */
  #wantsIpv6(spec: YamlCursor | undefined): boolean {
    const field = spec?.field("ipFamilyPolicy");
    const policy = field?.text() ?? "SingleStack";
    if (!familyPolicies.includes(policy))
      field?.fail(`wrong policy: ${policy}`, `want ${familyPolicies.join(", ")}`);
    if (policy === "RequireDualStack" && !this.#cluster.hasIpv6)
      field?.fail("the scene has IPv4 only", "use PreferDualStack, or a scene with `ipv6: true`");
    return policy !== "SingleStack" && this.#cluster.hasIpv6;
  }

  #readWorkload(
    cursor: YamlCursor,
    kind: string,
    { namespace, name }: { readonly namespace: string; readonly name: string },
  ): SceneWorkload {
    const spec = cursor.field("spec");
    const template = kind === "Pod" ? cursor : spec?.field("template");
    const metadata = template?.field("metadata");
    const podSpec = template?.field("spec");
    const node = podSpec?.field("nodeName");
    const nodes = this.#cluster.nodes.map((one) => one.name);
    if (node !== undefined && !nodes.includes(node.text()))
      node.fail(`there is no node "${node.text()}"`, `nodes are ${nodes.join(", ")}`);
    const replicas = spec?.field("replicas")?.integer(0, 5000);
    return {
      clusterName: this.#cluster.name,
      namespace,
      name,
      kind,
      replicas: replicas ?? (kind === "DaemonSet" ? nodes.length : 1),
      nodeNames: node === undefined ? nodes : [node.text()],
      podNames: [],
      labels: readMap(metadata?.field("labels")),
      program: programOf(
        metadata?.field("annotations") ?? cursor.field("metadata")?.field("annotations"),
      ),
      ports: readPorts(podSpec),
      serviceAccount: podSpec?.field("serviceAccountName")?.text() ?? "default",
      isUnmanaged: false,
    };
  }
}

function pick({ kind, action, namespace, name }: ObjectOutcome): ObjectOutcome {
  return { kind, action, namespace, name };
}

function readPorts(podSpec: YamlCursor | undefined): ScenePort[] {
  return (podSpec?.field("containers")?.items() ?? []).flatMap((container) =>
    (container.field("ports")?.items() ?? []).map((port) => ({
      name: port.field("name")?.text() ?? "",
      port:
        port.field("containerPort")?.integer(1, 65_535) ?? port.fail("containerPort is missing"),
      protocol: protocolOf(port),
    })),
  );
}

function protocolOf(port: YamlCursor): "TCP" | "UDP" {
  const cursor = port.field("protocol");
  const text = cursor?.text() ?? "TCP";
  if (text === "TCP" || text === "UDP") return text;
  return (cursor ?? port).fail(`protocol ${text}`, "the laboratory's pods speak TCP and UDP");
}

function programOf(annotations: YamlCursor | undefined): PodProgram {
  const cursor = annotations?.field("ciliascope.io/program");
  const text = cursor?.text() ?? "web";
  if (text === "web") return plainWeb;
  const kind = programs.find((one) => one === text);
  if (kind === undefined || kind === "web")
    return (
      (cursor ?? annotations)?.fail(
        `there is no program "${text}"`,
        `programs are ${programs.join(", ")}`,
      ) ?? { kind: "idle" }
    );
  return { kind };
}

const shortKinds: ReadonlyMap<string, string> = new Map([
  ["cnp", "CiliumNetworkPolicy"],
  ["ccnp", "CiliumClusterwideNetworkPolicy"],
  ["netpol", "NetworkPolicy"],
  ["ns", "Namespace"],
  ["svc", "Service"],
  ["po", "Pod"],
  ["deploy", "Deployment"],
  ["sts", "StatefulSet"],
  ["ds", "DaemonSet"],
]);

/** The kind that a word means. Throws AppError `usage`. */
export function toKind(text: string): string {
  const known: readonly string[] = [...policyKinds, ...workloadKinds, ...otherKinds];
  const lower = text.toLowerCase();
  const found =
    shortKinds.get(lower) ??
    known.find((kind) => {
      const name = kind.toLowerCase();
      return lower === name || lower === `${name}s` || lower === name.replace(/y$/, "ies");
    });
  if (found === undefined) {
    throw new AppError(
      "usage",
      `there is no kind "${text}": kinds are ${known.join(", ")}${didYouMean(text, known)}`,
    );
  }
  return found;
}
