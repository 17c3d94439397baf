/** GET and POST /policy/matrix: who may reach whom, of chosen namespaces, with the traffic seen beside. */

import type { ClusterEndpoint } from "../cilium/cluster-view.ts";
import {
  type MatrixCell,
  type MatrixWorkload,
  matrixRow,
  SeenTraffic,
} from "../policy/review/connectivity-matrix.ts";
import type { ConnectionEnd } from "../policy/traffic/flow-tally.ts";
import { readDraftObjects } from "./policy-book.ts";
import { ownConnections, type PolicyQuestion } from "./policy-question.ts";
import { eachInSlices } from "./policy-traffic.ts";
import type { WireMatrix } from "./wire/policy.ts";

/** Rows and columns of one answer. */
const workloadsMax = 80;

/** The matrix under the policies in force, or with a draft among them. */
export async function matrixAnswer(
  question: PolicyQuestion,
  yaml: string | undefined,
): Promise<WireMatrix> {
  const { cluster, book, query, clock, signal } = question;
  const engine =
    yaml === undefined
      ? cluster.engine
      : await book.withDraft(cluster, readDraftObjects(yaml, cluster.clusterName));
  const connections = [...ownConnections(question)];
  const endpoints = (await book.endpoints(cluster.clusterName)) ?? [];
  const all = workloadsOf(
    endpoints,
    connections.flatMap(({ source, destination }) => [source, destination]),
  );
  const wanted = query["ns"]?.split(",").filter((one) => one !== "");
  const chosen = all.filter(
    ({ namespace }) => wanted === undefined || namespace === "" || wanted.includes(namespace),
  );
  const workloads = chosen.slice(0, workloadsMax);
  const seen = new SeenTraffic(connections);
  const cells: MatrixCell[] = [];
  await eachInSlices(workloads, { clock, signal }, (workload) => {
    cells.push(...matrixRow(engine, workload, workloads, seen));
  });
  return {
    window: question.window(),
    workloads: workloads.map(({ name }) => name),
    more: chosen.length - workloads.length,
    namespaces: [...new Set(all.map(({ namespace }) => namespace))]
      .filter((one) => one !== "")
      .sort(),
    cells,
  };
}

interface NamedWorkload extends MatrixWorkload {
  readonly namespace: string;
}

/** One of each workload (pods of one share their labels), then what is outside: pods first, by name. */
function workloadsOf(
  endpoints: readonly ClusterEndpoint[],
  ends: readonly ConnectionEnd[],
): NamedWorkload[] {
  const found = new Map<string, NamedWorkload>();
  for (const { kind, namespace, podName, workload, labels } of endpoints) {
    if (kind !== "pod") continue;
    const name = `${namespace}/${workload?.name ?? podName}`;
    if (!found.has(name)) found.set(name, { name, namespace, endpoint: { labels }, isLocal: true });
  }
  for (const { name, endpoint, namespace = "", isEnforced } of ends) {
    if (!found.has(name)) found.set(name, { name, namespace, endpoint, isLocal: isEnforced });
  }
  return [...found.values()].sort(
    (a, b) => Number(a.namespace === "") - Number(b.namespace === "") || (a.name < b.name ? -1 : 1),
  );
}
