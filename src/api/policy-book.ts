/**
 * The policies in force and the endpoints they act on, ready for questions: read from the cluster view,
 * parsed and compiled once per revision, each cluster of a mesh for itself. A policy that cannot be read
 * is kept with its fault and takes part in nothing.
 */

import { AppError } from "../base/errors.ts";
import type {
  ClusterEndpoint,
  ClusterPolicy,
  ClusterView,
  RefusedPolicy,
} from "../cilium/cluster-view.ts";
import type {
  CidrGroup,
  PolicyDocument,
  ServiceFacts,
} from "../policy/document/policy-document.ts";
import { faultMessage, PolicyError } from "../policy/document/policy-fault.ts";
import { type PolicyObjects, parsePolicyObjects } from "../policy/document/policy-parse.ts";
import { PolicyEngine } from "../policy/engine/policy-engine.ts";
import type { SceneEndpoint } from "../policy/review/scene.ts";
import { clusterLabelKey } from "../policy/selector/label-selector.ts";
import type { Connection, ConnectionEnd } from "../policy/traffic/flow-tally.ts";
import type { WirePolicyError } from "./wire/policy.ts";

/** One applied policy. */
export interface AppliedPolicy {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly yaml: string;
  /** Empty where it cannot be read. */
  readonly documents: readonly PolicyDocument[];
  /** Line of `yaml`. Beside documents: an update was refused, and they stay in force. */
  readonly error: WirePolicyError | null;
}

/** A cluster at one revision. */
export interface PolicyCluster {
  readonly clusterName: string;
  readonly clusters: readonly string[];
  readonly revision: number;
  readonly policies: readonly AppliedPolicy[];
  readonly engine: PolicyEngine;
}

/** What a draft is compiled together with. */
export interface DraftObjects extends PolicyObjects {
  readonly text: string;
}

const noCluster: PolicyCluster = {
  clusterName: "default",
  clusters: [],
  revision: 0,
  policies: [],
  engine: new PolicyEngine([]),
};

/** File name under which drafts are parsed. */
export const draftFile = "draft";

/** The book over one view; without a view no policy is in force and no endpoint is known. */
export class PolicyBook {
  readonly #view: ClusterView | undefined;
  readonly #known = new Map<string, { readonly key: string; readonly cluster: PolicyCluster }>();

  constructor(view: ClusterView | undefined) {
    this.#view = view;
  }

  /** The named cluster, or the first. Throws AppError `query` where there is none of that name. */
  async cluster(name: string | undefined): Promise<PolicyCluster> {
    if (this.#view === undefined) return noCluster;
    const [all, services] = await Promise.all([this.#view.policies(), this.#services()]);
    const found = name === undefined ? all[0] : all.find((one) => one.clusterName === name);
    if (found === undefined) {
      if (name === undefined) return noCluster;
      throw new AppError("query", `there is no cluster ${JSON.stringify(name)}`);
    }
    const { clusterName, revision } = found;
    const texts = [...found.policies, ...found.refused].map(({ yaml }) => yaml);
    const faults = found.refused.map(({ error }) => error.message).join("\n");
    const key = `${revision} ${services.length} ${texts.join("\n---\n")} ${faults}`;
    const known = this.#known.get(clusterName);
    if (known?.key === key) return known.cluster;
    const policies = withRefused(
      found.policies.map((policy) => readApplied(policy, clusterName)),
      found.refused,
    );
    const cluster: PolicyCluster = {
      clusterName,
      clusters: all.map((one) => one.clusterName),
      revision,
      policies,
      engine: new PolicyEngine(
        policies.flatMap(({ documents }) => documents),
        { clusterName, services },
      ),
    };
    this.#known.set(clusterName, { key, cluster });
    return cluster;
  }

  /** The cluster's policies with those of the draft in place of the same ones. */
  async withDraft(cluster: PolicyCluster, draft: DraftObjects): Promise<PolicyEngine> {
    const replaced = new Set(draft.policies.map(keyOf));
    const kept = cluster.policies.flatMap(({ documents }) =>
      documents.filter((one) => !replaced.has(keyOf(one))),
    );
    return new PolicyEngine([...kept, ...draft.policies], {
      clusterName: cluster.clusterName,
      services: [...(await this.#services()), ...draft.services],
      cidrGroups: draft.cidrGroups,
    });
  }

  /** Endpoints of the cluster; undefined = not known. */
  async endpoints(clusterName: string): Promise<readonly ClusterEndpoint[] | undefined> {
    const all = await this.#view?.endpoints();
    return all?.filter((one) => one.clusterName === clusterName);
  }

  /** For the linter. */
  async facts(clusterName: string): Promise<{
    readonly endpoints: readonly SceneEndpoint[] | undefined;
    readonly services: readonly ServiceFacts[] | undefined;
  }> {
    const endpoints = await this.endpoints(clusterName);
    if (endpoints === undefined) return { endpoints: undefined, services: undefined };
    return { endpoints: endpoints.map(toScene), services: await this.#services() };
  }

  async #services(): Promise<ServiceFacts[]> {
    const services = (await this.#view?.services()) ?? [];
    return services.map(({ namespace, name, backends }) => ({
      namespace,
      name,
      labels: {},
      backends: backends.map((backend) => backend.replace(/:\d+$/, "")),
    }));
  }
}

/** Reads a draft's text; `namespace` is for objects without one. Throws PolicyError. */
export function readDraftObjects(yaml: string, clusterName: string): DraftObjects {
  const objects = parsePolicyObjects(yaml, {
    file: draftFile,
    clusterName,
    hasNodeSelectorLabels: true,
    skipsOtherKinds: true,
  });
  const { policies, services } = objects;
  const cidrGroups: readonly CidrGroup[] = objects.cidrGroups;
  return { policies, services, cidrGroups, text: yaml };
}

function keyOf({ kind, namespace, name }: Omit<ClusterPolicy, "clusterName" | "yaml">): string {
  return `${kind} ${namespace}/${name}`;
}

function readApplied(policy: ClusterPolicy, clusterName: string): AppliedPolicy {
  const { kind, namespace, name, yaml } = policy;
  const file = `${namespace === "" ? "" : `${namespace}/`}${name}`;
  try {
    const { policies } = parsePolicyObjects(yaml, {
      file,
      clusterName,
      hasNodeSelectorLabels: true,
      ...(namespace === "" ? {} : { namespace }),
    });
    return { kind, namespace, name, yaml, documents: policies, error: null };
  } catch (thrown) {
    if (!(thrown instanceof PolicyError)) throw thrown;
    const { fault } = thrown;
    const { line, path, mend } = fault;
    const error = { line, path, message: faultMessage({ ...fault, mend: "" }), mend };
    return { kind, namespace, name, yaml, documents: [], error };
  }
}

/** Refused policies by the side of those in force; a refused update is said of the one that it would have changed. */
function withRefused(
  applied: readonly AppliedPolicy[],
  refused: readonly RefusedPolicy[],
): AppliedPolicy[] {
  const byKey = new Map(applied.map((one) => [keyOf(one), one]));
  for (const { kind, namespace, name, yaml, error } of refused) {
    const { file, line, path, message, mend } = error;
    const key = keyOf({ kind, namespace, name });
    const before = byKey.get(key);
    const place = path === "" || message.includes(path) ? "" : `${path}: `;
    byKey.set(
      key,
      before === undefined
        ? { kind, namespace, name, yaml, documents: [], error: { line, path, message, mend } }
        : {
            ...before,
            error: {
              line: 1,
              path,
              message: `its update was not imported, and this text stays in force: line ${line} of ${file}: ${place}${message}`,
              mend,
            },
          },
    );
  }
  return [...byKey.values()];
}

function toScene({ namespace, podName, kind, nodeName, labels }: ClusterEndpoint): SceneEndpoint {
  return {
    name: kind === "pod" ? `${namespace}/${podName}` : `${kind} of ${nodeName}`,
    namespace: kind === "pod" ? namespace : undefined,
    endpoint: { labels },
    isLocal: true,
  };
}

/** The connections that the cluster's own policies decide on; ends of other clusters of a mesh are not judged. */
export function* connectionsOf(
  connections: Iterable<Connection>,
  { clusterName, clusters }: PolicyCluster,
): Generator<Connection> {
  if (clusters.length <= 1) {
    yield* connections;
    return;
  }
  for (const connection of connections) {
    const source = ownEnd(connection.source, clusterName);
    const destination = ownEnd(connection.destination, clusterName);
    if (source.isEnforced || destination.isEnforced) yield { ...connection, source, destination };
  }
}

function ownEnd(end: ConnectionEnd, clusterName: string): ConnectionEnd {
  const label = end.endpoint.labels.find((one) => one.startsWith(`k8s:${clusterLabelKey}=`));
  const isOwn = label === undefined || label.endsWith(`=${clusterName}`);
  return isOwn ? end : { ...end, isEnforced: false };
}
