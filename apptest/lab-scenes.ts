/**
 * The laboratory beyond the first scene: the two-cluster mesh in the demo, Cilium's own commands and
 * the page's routes over it, objects applied and taken away, and faults that reach the metrics.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  waitForValue,
} from "./app-test.ts";

/** Apart from the other tests' laboratories. */
const labAddress = "127.140.0";

const closedArchive = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: closed, namespace: default }
spec:
  endpointSelector: { matchLabels: { app: archive } }
  ingressDeny: [{ fromEntities: [all] }]
`;

export const labScenesTest: AppTest = {
  name: "lab-scenes",
  async run(context) {
    const dataDir = context.tempDir();
    const listen = `127.0.0.1:${await context.freePort()}`;
    const demo = context.startProgram([
      ...["demo", "--scene", "mesh", "--lab-address", labAddress],
      ...["--hubble-metrics", "dns drop tcp flow"],
      ...["--data-dir", dataDir, "--listen", listen],
    ]);
    await demo.waitForLine(/^ready http/m, 40_000);
    const url = `http://${listen}`;
    const run = (...args: string[]) => runProgram(context, [...args, "--data-dir", dataDir]);
    await expectViews(url, run);
    await expectPolicyTurns(context, url, run);
    await expectFaults(url, run);
    expectEqual(await demo.stop("SIGINT"), 0, "the demo's end");
    const refused = await runProgram(context, ["lab", "run", "no-such-scene"]);
    expectMatch(refused.output, /cannot play scene "no-such-scene": known are mesh/, "scene");
    expectEqual(refused.code, 2, "exit code for a scene that is not there");
  },
};

interface Ran {
  readonly code: number | null;
  readonly output: string;
}
type Run = (...args: string[]) => Promise<Ran>;

async function runProgram(context: AppTestContext, args: readonly string[]): Promise<Ran> {
  const program = context.startProgram(args);
  const code = await program.waitForExit();
  return { code, output: program.output() };
}

/** The same endpoints in the CLI and in the page's API, and both clusters in the metrics. */
async function expectViews(url: string, run: Run): Promise<void> {
  const list = await run("endpoint", "list");
  expectMatch(list.output, /^ENDPOINT +POLICY \(ingress\) +POLICY \(egress\) +IDENTITY/, "head");
  expectMatch(list.output, /k8s:io\.cilium\.k8s\.policy\.cluster=hoth/, "the other cluster");
  const json = JSON.parse((await run("endpoint", "list", "-o", "json")).output) as {
    id: number;
    status: { state: string };
  }[];
  const served = (await (await fetch(`${url}/api/ciliascope/v1/endpoints`)).json()) as unknown[];
  expectEqual(served.length, json.length, "endpoints of CLI and API");
  const one = await run("endpoint", "get", String(json[0]?.id));
  expectMatch(one.output, /"policy-enabled"/, "endpoint get");
  const identities = await run("identity", "list");
  expectMatch(identities.output, /^ID +LABELS\n1 +reserved:host\n/, "identity list");
  const policy = await run("policy", "get", "k8s:io.cilium.k8s.policy.name=archive");
  expectMatch(policy.output, /Revision: \d+/, "policy get");
  const nodes = (await (await fetch(`${url}/api/ciliascope/v1/nodes`)).json()) as unknown[];
  expectEqual(nodes.length, 4, "nodes");
  await waitForValue(
    url,
    "sum(cilium_clustermesh_remote_cluster_readiness_status)",
    (n) => n === 4,
  );
  await waitForValue(
    url,
    'count(up{job=~"clustermesh-apiserver|kvstoremesh"} == 1)',
    (n) => n === 4,
  );
  // Only the handlers that were asked for.
  await waitForValue(url, "count(hubble_tcp_flags_total)", (n) => n > 0);
  const http = await fetch(`${url}/api/v1/query?query=hubble_http_requests_total`);
  expectMatch(await http.text(), /"result":\[\]/, "no handler for HTTP");
}

/** A policy that is applied acts, and stops acting when it is taken away. */
async function expectPolicyTurns(context: AppTestContext, url: string, run: Run): Promise<void> {
  const file = join(context.tempDir(), "closed.yaml");
  writeFileSync(file, closedArchive);
  const before = await waitForValue(url, "max(cilium_policy_max_revision)", (n) => n > 0);
  const applied = await run("lab", "apply", "-f", file);
  expectMatch(applied.output, /^ciliumnetworkpolicy default\/closed created$/m, "apply");
  await waitForValue(url, "max(cilium_policy_max_revision)", (n) => n > before);
  await waitForValue(
    url,
    'sum(cilium_drop_count_total{reason="Policy denied by denylist"})',
    (n) => n > 0,
  );
  const deleted = await run("lab", "delete", "-f", file);
  expectMatch(deleted.output, /^ciliumnetworkpolicy default\/closed deleted$/m, "delete");
  writeFileSync(
    file,
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: x }\nspec: { endpointSelecter: {} }\n",
  );
  const refused = await run("lab", "apply", "-f", file);
  expectMatch(refused.output, /closed\.yaml:4/, "a policy with a fault names its line");
  await waitForValue(url, 'sum(cilium_policy_change_total{outcome="fail"})', (n) => n > 0);
}

/** Each fault is seen where an operator would look. */
async function expectFaults(url: string, run: Run): Promise<void> {
  await run("lab", "fault", "inject", "mesh-unreachable", "--cluster", "hoth");
  await run("lab", "fault", "inject", "node-down", "--node", "hoth-worker");
  await run(
    "lab",
    "fault",
    "inject",
    "packet-drop",
    "--share",
    "1",
    "--reason",
    "CT_MAP_INSERTION_FAILED",
  );
  const list = await run("lab", "fault", "list");
  expectMatch(list.output, /packet-drop +everywhere +share 1, reason 155/, "fault list");
  const ready = 'cilium_clustermesh_remote_cluster_readiness_status{target_cluster="hoth"}';
  await waitForValue(url, `max(${ready})`, (n) => n === 0);
  await waitForValue(url, 'sum(up{node="hoth-worker"})', (n) => n === 0);
  await waitForValue(
    url,
    'sum(cilium_drop_count_total{reason="CT: Map insertion failed"})',
    (n) => n > 0,
  );
  await waitForValue(url, 'max(cilium_unreachable_nodes{cluster="hoth"})', (n) => n >= 1, 40_000);
  const cleared = await run("lab", "fault", "clear");
  expectMatch(cleared.output, /fault 2 \(node-down\) cleared/, "fault clear");
  await waitForValue(url, `max(${ready})`, (n) => n === 1);
}
