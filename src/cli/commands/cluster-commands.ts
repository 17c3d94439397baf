/**
 * `ciliascope endpoint …`, `identity …` and `policy get`: what Cilium's own commands of these names
 * show, of the laboratory of a running demo. All speak to a ClusterView.
 */

import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { AppError } from "../../base/errors.ts";
import type { ClusterEndpoint, ClusterPolicies, ClusterView } from "../../cilium/cluster-view.ts";
import { refusalText } from "../../cilium/refusal-text.ts";
import { openLabClusterView } from "../../lab/lab-cluster-view.ts";
import {
  endpointModel,
  formatEndpointList,
  formatIdentityList,
  identityModel,
  policyRules,
} from "../cilium-format.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";

type Done = (exitCode: number) => void;

interface ViewFlags {
  readonly dataDir: string;
  readonly output: "text" | "json";
  readonly node?: string;
  readonly namespace?: string;
}

export const endpointCommand: CliCommand = {
  name: "endpoint",
  register(program, context, done) {
    const endpoint = program
      .command("endpoint")
      .description("endpoints of the cluster, as `cilium endpoint` shows them");
    withView(endpoint.command("list"))
      .description("list endpoints")
      .option("--node <node>", "only those of a node")
      .option("-n, --namespace <namespace>", "only those of a namespace")
      .action(async (flags: ViewFlags) => {
        const found = (await openView(flags).endpoints()).filter(
          (one) =>
            (flags.node === undefined || one.nodeName === flags.node) &&
            (flags.namespace === undefined || one.namespace === flags.namespace),
        );
        print(context, flags, found.map(endpointModel), () => formatEndpointList(found));
        done(exitCodes.ok);
      });
    withView(endpoint.command("get"))
      .description("show one endpoint: by number, or as pod-name:NAMESPACE:POD, or ipv4:ADDRESS")
      .argument("<id>", "number, or with a prefix")
      .option("--node <node>", "where nodes have endpoints of the same number")
      .action(async (id: string, flags: ViewFlags) => {
        const found = findEndpoints(await openView(flags).endpoints(), id, flags.node);
        context.stdout(`${JSON.stringify(found.map(endpointModel), null, 2)}\n`);
        done(exitCodes.ok);
      });
    helpAlone(endpoint, context, done);
  },
};

export const identityCommand: CliCommand = {
  name: "identity",
  register(program, context, done) {
    const identity = program
      .command("identity")
      .description("security identities of the cluster, as `cilium identity` shows them");
    withView(identity.command("list"))
      .description("list identities; LABELS choose those that have them all")
      .argument("[labels...]", "as in k8s:org=empire")
      .action(async (labels: string[], flags: ViewFlags) => {
        const found = (await openView(flags).identities()).filter((one) =>
          labels.every((label) => one.labels.includes(label)),
        );
        print(context, flags, found.map(identityModel), () => formatIdentityList(found));
        done(exitCodes.ok);
      });
    withView(identity.command("get"))
      .description("show one identity")
      .argument("<id>", "its number")
      .action(async (id: string, flags: ViewFlags) => {
        const found = (await openView(flags).identities()).filter((one) => String(one.id) === id);
        if (found.length === 0) throw new AppError("usage", `cannot find identity ${id}`);
        context.stdout(`${JSON.stringify(found.map(identityModel), null, 2)}\n`);
        done(exitCodes.ok);
      });
    helpAlone(identity, context, done);
  },
};

/** Adds `policy get` to the command `policy`. */
export function registerPolicyGet(policy: Command, context: CliContext, done: Done): void {
  withView(policy.command("get"))
    .description(
      "print the rules in force and their revision; LABELS choose those that have them all",
    )
    .argument("[labels...]", "as in k8s:io.cilium.k8s.policy.name=rule1")
    .action(async (labels: string[], flags: ViewFlags) => {
      const clusters = await openView(flags).policies();
      for (const cluster of clusters) {
        const rules = policyRules(cluster, labels);
        if (flags.output === "json") {
          const { revision } = cluster;
          const policy = JSON.stringify(rules);
          context.stdout(`${JSON.stringify({ policy, revision }, null, 2)}\n`);
          sayRefused(cluster, context);
          continue;
        }
        const name = clusters.length > 1 ? `Cluster: ${cluster.clusterName}\n` : "";
        context.stdout(`${name}${JSON.stringify(rules, null, 2)}\nRevision: ${cluster.revision}\n`);
        sayRefused(cluster, context);
      }
      done(exitCodes.ok);
    });
}

/** On stderr, so that what is in force stays what Cilium prints. */
function sayRefused({ refused }: ClusterPolicies, context: CliContext): void {
  for (const policy of refused) {
    const { kind, namespace, name } = policy;
    const title = `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
    context.stderr(`not imported: ${title}: ${refusalText(policy)}\n`);
  }
}

/** Endpoints by Cilium's ways of naming them. Throws AppError `usage` where there is none. */
export function findEndpoints(
  endpoints: readonly ClusterEndpoint[],
  text: string,
  node: string | undefined,
): ClusterEndpoint[] {
  const [, prefix = "cilium-local", value = ""] = /^(?:([a-z0-9-]+):)?(.+)$/.exec(text) ?? [];
  const tests: Readonly<Record<string, (one: ClusterEndpoint) => boolean>> = {
    "cilium-local": (one) => String(one.id) === value,
    "pod-name": (one) => `${one.namespace}:${one.podName}` === value,
    "cep-name": (one) => `${one.namespace}/${one.podName}` === value,
    ipv4: (one) => one.ipv4 === value,
  };
  const test = tests[prefix];
  if (test === undefined) {
    const known = Object.keys(tests).join(", ");
    throw new AppError("usage", `cannot find endpoints by "${prefix}": prefixes are ${known}`);
  }
  const found = endpoints.filter(
    (one) => test(one) && (node === undefined || one.nodeName === node),
  );
  if (found.length === 0) throw new AppError("usage", `cannot find endpoint ${text}`);
  return found;
}

function withView(command: Command): Command {
  return command
    .addOption(
      new Option("-o, --output <format>", "text or json").choices(["text", "json"]).default("text"),
    )
    .option("--data-dir <dir>", "data directory of the running demo", "./data");
}

function openView({ dataDir }: ViewFlags): ClusterView {
  return openLabClusterView(resolve(dataDir));
}

function print(
  context: CliContext,
  { output }: ViewFlags,
  model: unknown,
  format: () => string,
): void {
  context.stdout(output === "json" ? `${JSON.stringify(model, null, 2)}\n` : format());
}

function helpAlone(command: Command, context: CliContext, done: Done): void {
  command.action(() => {
    context.stderr(command.helpInformation());
    done(exitCodes.misuse);
  });
}
