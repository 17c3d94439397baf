/** `ciliascope policy check`: faults first, then the linter's findings, as text, JSON or SARIF. */

import { faultMessage, type PolicyFault, stageNames } from "../../policy/document/policy-fault.ts";
import {
  checkPolicies,
  type PolicyObjects,
  parsePolicyObjects,
} from "../../policy/document/policy-parse.ts";
import type { LintFinding } from "../../policy/review/lint-finding.ts";
import { lintPolicies } from "../../policy/review/policy-lint.ts";
import { formatCheckSarif } from "../../policy/review/report-format.ts";
import { type CliContext, exitCodes } from "../command.ts";
import {
  type AgentFlags,
  joinObjects,
  makeEngine,
  parseOptions,
  readCluster,
  readPolicyFiles,
} from "../policy-files.ts";
import { readVersion } from "../version.ts";

/** Runs it; a fault anywhere gives 1, so does a warning under --strict. */
export async function runCheck(
  paths: readonly string[],
  flags: AgentFlags & {
    readonly endpoints?: string;
    readonly dataDir?: string;
    readonly strict?: boolean;
    readonly output: string;
  },
  context: CliContext,
): Promise<number> {
  const files = readPolicyFiles(paths);
  const faults: PolicyFault[] = [];
  const good: PolicyObjects[] = [];
  for (const { file, text } of files) {
    const options = parseOptions(file, flags);
    const found = checkPolicies(text, options);
    faults.push(...found);
    if (found.length === 0) good.push(parsePolicyObjects(text, options));
  }
  const cluster = await readCluster(flags, flags.clusterName);
  const objects = joinObjects(good);
  const services =
    cluster.services === undefined && objects.services.length === 0
      ? undefined
      : [...objects.services, ...(cluster.services ?? [])];
  const engine = makeEngine(objects, flags, {
    ...(cluster.endpoints === undefined ? {} : { endpoints: cluster.endpoints }),
    ...(cluster.services === undefined ? {} : { services: cluster.services }),
  });
  const findings = lintPolicies(engine, { endpoints: cluster.endpoints, services });
  const warningCount = findings.filter(({ severity }) => severity === "warning").length;
  if (flags.output === "sarif") {
    context.stdout(formatCheckSarif(faults, findings, readVersion()));
  } else if (flags.output === "json") {
    context.stdout(`${JSON.stringify({ faults, findings }, null, 2)}\n`);
  } else {
    context.stdout(faults.map(faultText).join("") + findings.map(findingText).join(""));
    context.stdout(
      `${objects.policies.length} policies in ${files.length} files: ${faults.length} errors, ${warningCount} warnings\n`,
    );
  }
  const isBad = faults.length > 0 || (flags.strict === true && warningCount > 0);
  return isBad ? exitCodes.trouble : exitCodes.ok;
}

function faultText(fault: PolicyFault): string {
  const { file, line, path, stage } = fault;
  const where = path === "" ? "" : `${path}: `;
  return `error ${file}:${line}: ${where}${faultMessage(fault)} [${stageNames[stage]}]\n`;
}

function findingText({ severity, file, line, policy, message, code }: LintFinding): string {
  const word = severity === "warning" ? "warn " : "note ";
  return `${word} ${file}:${line}: ${policy}: ${message} [${code}]\n`;
}
