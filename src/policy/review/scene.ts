/**
 * Endpoints as people write them down, for tests and checks: pods with labels, reserved entities,
 * addresses outside; also Kubernetes Pods and Namespaces as `kubectl get -o yaml` prints them. Gives
 * each its identity labels as the agent derives them.
 */

import { readMap } from "../document/cluster-object-parse.ts";
import type { PolicyProtocol } from "../document/policy-document.ts";
import { openYaml, type YamlCursor } from "../document/yaml-cursor.ts";
import type { NamedPort, PolicyEndpoint } from "../engine/verdict.ts";
import { parseAddress } from "../selector/cidr.ts";
import { normalizeName } from "../selector/fqdn-pattern.ts";
import {
  clusterLabelKey,
  namespaceLabelKey,
  namespaceMetadataPrefix,
} from "../selector/label-selector.ts";
import { entityNames } from "../selector/peer-selector.ts";

/** One endpoint of a scene. */
export interface SceneEndpoint {
  /** "default/web" for pods, else as written. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly endpoint: PolicyEndpoint;
  /** Its own policy is enforced here: pods of the local cluster and the host. */
  readonly isLocal: boolean;
}

/** What scenes are read with. */
export interface SceneOptions {
  readonly file: string;
  /** "default" unless told. */
  readonly clusterName?: string;
}

/** Labels that the agent leaves out of identities, by its default filter: prefixes, or whole expressions. */
const leftOut = [
  /^io\.kubernetes/,
  /^kubernetes\.io/,
  /^.*beta\.kubernetes\.io/,
  /^k8s\.io/,
  /^pod-template-generation/,
  /^pod-template-hash/,
  /^controller-revision-hash/,
  /^annotation.*/,
  /^etcd_node/,
  /^statefulset\.kubernetes\.io\/pod-name/,
  /^apps\.kubernetes\.io\/pod-index/,
  /^batch\.kubernetes\.io\/job-completion-index/,
  /^batch\.kubernetes\.io\/controller-uid/,
];

/** The identity labels of a pod, sorted. */
export function podIdentityLabels(pod: {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly clusterName: string;
}): string[] {
  const { namespace, labels, clusterName, serviceAccount = "default" } = pod;
  const namespaceLabels = { "kubernetes.io/metadata.name": namespace, ...pod.namespaceLabels };
  const kept = Object.entries(labels).filter(
    ([key]) => !leftOut.some((pattern) => pattern.test(key)),
  );
  return [
    ...kept.map(([key, value]) => `k8s:${key}=${value}`),
    ...Object.entries(namespaceLabels).map(
      ([key, value]) => `k8s:${namespaceMetadataPrefix}${key}=${value}`,
    ),
    `k8s:${clusterLabelKey}=${clusterName}`,
    `k8s:io.cilium.k8s.policy.serviceaccount=${serviceAccount}`,
    `k8s:${namespaceLabelKey}=${namespace}`,
  ].sort();
}

/** Reads a file of endpoints: `endpoints:` of ours, or Kubernetes objects; other kinds are passed over. */
export function parseSceneFile(text: string, options: SceneOptions): SceneEndpoint[] {
  const objects = openYaml(text, options.file).flatMap(itemsOf);
  const namespaceLabels = new Map<string, Record<string, string>>();
  for (const object of objects) {
    if (object.field("kind")?.text() !== "Namespace") continue;
    const metadata = object.field("metadata");
    const name = metadata?.field("name")?.text() ?? "";
    namespaceLabels.set(name, readMap(metadata?.field("labels")));
  }
  return objects.flatMap((object) => {
    const own = object.field("endpoints");
    if (own !== undefined) return parseSceneEndpoints(own, options);
    return object.field("kind")?.text() === "Pod"
      ? [readPod(object, namespaceLabels, options)]
      : [];
  });
}

function itemsOf(cursor: YamlCursor): YamlCursor[] {
  const items = cursor.field("kind")?.text().endsWith("List") ? cursor.field("items") : undefined;
  return items === undefined ? [cursor] : items.items();
}

/** Reads a list of endpoints. */
export function parseSceneEndpoints(cursor: YamlCursor, options: SceneOptions): SceneEndpoint[] {
  return cursor.items().map((item) => readEndpoint(item, options));
}

const endpointFields = [
  "name",
  "namespace",
  "labels",
  "namespaceLabels",
  "serviceAccount",
  "cluster",
  "namedPorts",
  "entity",
  "ip",
  "fqdns",
  "identityLabels",
] as const;

function readEndpoint(cursor: YamlCursor, options: SceneOptions): SceneEndpoint {
  const fields = cursor.fields(endpointFields);
  for (const [key, value] of cursor.entries()) {
    if (!endpointFields.some((name) => name === key)) {
      value.fail(`unknown field "${key}"`, `known here: ${endpointFields.join(", ")}`);
    }
  }
  const name = fields.name?.text() ?? cursor.fail("name is missing");
  const given = fields.identityLabels?.items().map((item) => item.text());
  if (given !== undefined) {
    const namespace = fields.namespace?.text();
    return {
      name: namespace === undefined ? name : `${namespace}/${name}`,
      namespace,
      endpoint: { labels: given },
      isLocal: isLocalIdentity(given, options.clusterName ?? "default"),
    };
  }
  if (fields.entity !== undefined) return reservedEndpoint(name, fields.entity, fields.labels);
  if (fields.ip !== undefined) return outsideEndpoint(name, fields.ip, fields.fqdns);
  const clusterName = options.clusterName ?? "default";
  const namespace = fields.namespace?.text() ?? "default";
  const cluster = fields.cluster?.text() ?? clusterName;
  const labels = podIdentityLabels({
    namespace,
    labels: readMap(fields.labels),
    namespaceLabels: readMap(fields.namespaceLabels),
    serviceAccount: fields.serviceAccount?.text() ?? "default",
    clusterName: cluster,
  });
  return {
    name: `${namespace}/${name}`,
    namespace,
    endpoint: { labels, namedPorts: readNamedPorts(fields.namedPorts) },
    isLocal: cluster === clusterName,
  };
}

/** Not the world, nor other nodes, nor pods of other clusters of a mesh. */
function isLocalIdentity(labels: readonly string[], clusterName: string): boolean {
  const prefix = `k8s:${clusterLabelKey}=`;
  return !labels.some(
    (label) =>
      /^reserved:(world|remote-node|kube-apiserver)/.test(label) ||
      (label.startsWith(prefix) && label.slice(prefix.length) !== clusterName),
  );
}

function reservedEndpoint(
  name: string,
  field: YamlCursor,
  nodeLabels: YamlCursor | undefined,
): SceneEndpoint {
  const entity = field.text();
  const notOne = ["all", "cluster", "none"];
  if (!entityNames.some((known) => known === entity) || notOne.includes(entity)) {
    field.fail(
      `there is no single endpoint "${entity}"`,
      `want one of ${entityNames.filter((known) => !notOne.includes(known)).join(", ")}`,
    );
  }
  const labels = Object.entries(readMap(nodeLabels)).map(([key, value]) => `k8s:${key}=${value}`);
  return {
    name,
    namespace: undefined,
    endpoint: { labels: [...labels, `reserved:${entity}`] },
    isLocal: ["host", "health", "init", "ingress"].includes(entity),
  };
}

function outsideEndpoint(
  name: string,
  field: YamlCursor,
  fqdns: YamlCursor | undefined,
): SceneEndpoint {
  const address = field.text();
  if (parseAddress(address) === undefined) field.fail(`"${address}" is no address`);
  const names = (fqdns?.items() ?? []).map((item) => normalizeName(item.text()));
  return {
    name,
    namespace: undefined,
    endpoint: { labels: ["reserved:world"], address, names },
    isLocal: false,
  };
}

/** `{http: 8080}` or `{dns: {port: 53, protocol: UDP}}`. */
function readNamedPorts(cursor: YamlCursor | undefined): Map<string, NamedPort> {
  const ports = new Map<string, NamedPort>();
  for (const [name, value] of cursor?.entries() ?? []) {
    const port = value.isMapping() ? value.field("port") : value;
    const protocol = (value.field("protocol")?.text() ?? "TCP") as PolicyProtocol;
    if (port !== undefined)
      ports.set(name.toLowerCase(), { port: Number(port.scalar()), protocol });
  }
  return ports;
}

function readPod(
  cursor: YamlCursor,
  namespaceLabels: ReadonlyMap<string, Record<string, string>>,
  { clusterName = "default" }: SceneOptions,
): SceneEndpoint {
  const metadata = cursor.field("metadata");
  const spec = cursor.field("spec");
  const namespace = metadata?.field("namespace")?.text() || "default";
  const namedPorts = new Map<string, NamedPort>();
  for (const container of spec?.field("containers")?.items() ?? []) {
    for (const item of container.field("ports")?.items() ?? []) {
      const { name, containerPort, protocol } = item.fields(["name", "containerPort", "protocol"]);
      if (name === undefined || containerPort === undefined) continue;
      namedPorts.set(name.text().toLowerCase(), {
        port: Number(containerPort.scalar()),
        protocol: (protocol?.text() ?? "TCP") as PolicyProtocol,
      });
    }
  }
  const labels = podIdentityLabels({
    namespace,
    labels: readMap(metadata?.field("labels")),
    namespaceLabels: namespaceLabels.get(namespace) ?? {},
    serviceAccount: spec?.field("serviceAccountName")?.text() ?? "default",
    clusterName,
  });
  return {
    name: `${namespace}/${metadata?.field("name")?.text() ?? ""}`,
    namespace,
    endpoint: { labels, namedPorts },
    isLocal: true,
  };
}

/** Looks an egress named port up over the scene: one value, or none where pods disagree. */
export function scenePortLookup(
  endpoints: readonly SceneEndpoint[],
): (name: string, protocol: PolicyProtocol | "ANY") => number | undefined {
  return (name, protocol) => {
    const found = new Set<number>();
    for (const { endpoint } of endpoints) {
      const port = endpoint.namedPorts?.get(name);
      if (port === undefined) continue;
      if (protocol === "ANY" || port.protocol === protocol) found.add(port.port);
    }
    return found.size === 1 ? [...found][0] : undefined;
  };
}
