/** `ciliascope policy diff` and `policy trace`: connectivity between endpoints, without any flow. */

import { AppError } from "../../base/errors.ts";
import type { PolicyProtocol } from "../../policy/document/policy-document.ts";
import { explainQuery } from "../../policy/engine/explanation.ts";
import {
  type ConnectivityChange,
  diffConnectivity,
} from "../../policy/review/connectivity-diff.ts";
import type { SceneEndpoint } from "../../policy/review/scene.ts";
import { witnessEndpoints } from "../../policy/review/witness-endpoints.ts";
import { type CliContext, exitCodes } from "../command.ts";
import { type AgentFlags, loadPolicyObjects, makeEngine, readCluster } from "../policy-files.ts";

interface ClusterFlags extends AgentFlags {
  readonly endpoints?: string;
  readonly dataDir?: string;
  readonly output: string;
}

/** Runs `policy diff`. */
export async function runDiff(
  paths: { readonly before: string; readonly after: string },
  flags: ClusterFlags & { readonly fail?: boolean },
  context: CliContext,
): Promise<number> {
  const { endpoints } = await readCluster(flags, flags.clusterName);
  const known = endpoints === undefined ? {} : { endpoints };
  const before = makeEngine(loadPolicyObjects([paths.before], flags), flags, known);
  const after = makeEngine(loadPolicyObjects([paths.after], flags), flags, known);
  const compared = endpoints ?? witnessEndpoints([before, after]);
  const changes = diffConnectivity(before, after, compared);
  if (flags.output === "json") {
    context.stdout(`${JSON.stringify({ endpointCount: compared.length, changes }, null, 2)}\n`);
  } else {
    for (const change of changes) context.stdout(changeText(change));
    const made = endpoints === undefined ? " made up from the selectors" : "";
    context.stdout(`${changes.length} changes between ${compared.length} endpoints${made}\n`);
  }
  return flags.fail === true && changes.length > 0 ? exitCodes.trouble : exitCodes.ok;
}

function changeText({
  source,
  destination,
  service,
  before,
  after,
  reason,
}: ConnectivityChange): string {
  const sign = after === "denied" ? "-" : before === "denied" ? "+" : "~";
  return `${sign} ${source} -> ${destination} ${service}: ${before} -> ${after}\n    ${reason}\n`;
}

/** Runs `policy trace`; 1 where the connection is denied. */
export async function runTrace(
  paths: readonly string[],
  flags: ClusterFlags & { readonly from: string; readonly to: string; readonly port: string },
  context: CliContext,
): Promise<number> {
  const { endpoints } = await readCluster(flags, flags.clusterName);
  if (endpoints === undefined) {
    throw new AppError(
      "usage",
      "policy trace: want --endpoints FILE, or --data-dir of a running demo",
    );
  }
  const engine = makeEngine(loadPolicyObjects(paths, flags), flags, { endpoints });
  const source = findEndpoint(flags.from, endpoints);
  const destination = findEndpoint(flags.to, endpoints);
  const [portText = "", protocolText = "TCP"] = flags.port.split("/");
  const query = {
    source: source.endpoint,
    destination: destination.endpoint,
    port: Number(portText),
    protocol: readProtocol(protocolText),
  };
  const sides = (["egress", "ingress"] as const).flatMap((direction) => {
    if (!(direction === "egress" ? source : destination).isLocal) return [];
    const asked = { ...query, direction };
    const verdict = engine.resolveVerdict(asked);
    return [{ direction, verdict, explanation: explainQuery(engine, asked) }];
  });
  const isDenied = sides.some(({ verdict }) => verdict.decision === "denied");
  if (flags.output === "json") context.stdout(`${JSON.stringify({ isDenied, sides }, null, 2)}\n`);
  else {
    const words = `${source.name} -> ${destination.name} ${query.protocol}/${query.port}`;
    context.stdout(`${words}: ${isDenied ? "denied" : "allowed"}\n`);
    for (const { direction, explanation } of sides) {
      for (const line of explanation) context.stdout(`  ${direction}: ${line}\n`);
    }
  }
  return isDenied ? exitCodes.trouble : exitCodes.ok;
}

const protocols: readonly PolicyProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "ICMPV6"];

function readProtocol(text: string): PolicyProtocol {
  const protocol = protocols.find((known) => known === text.toUpperCase());
  if (protocol !== undefined) return protocol;
  throw new AppError("usage", `there is no protocol "${text}"; want ${protocols.join(", ")}`);
}

function findEndpoint(name: string, endpoints: readonly SceneEndpoint[]): SceneEndpoint {
  const exact = endpoints.find((one) => one.name === name);
  const short = endpoints.filter((one) => one.name.endsWith(`/${name}`));
  const found = exact ?? (short.length === 1 ? short[0] : undefined);
  if (found !== undefined) return found;
  const known = endpoints.map((one) => one.name).slice(0, 20);
  throw new AppError("usage", `there is no endpoint "${name}"; there are ${known.join(", ")}`);
}
