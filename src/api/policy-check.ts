/** Drafts checked as typed (faults, warnings, mends that can be put in place), and single connections explained. */

import { AppError } from "../base/errors.ts";
import type { PolicyProtocol } from "../policy/document/policy-document.ts";
import { faultMessage, type PolicyFault, stageNames } from "../policy/document/policy-fault.ts";
import { checkPolicies } from "../policy/document/policy-parse.ts";
import { explainQuery } from "../policy/engine/explanation.ts";
import type { PolicyEndpoint } from "../policy/engine/verdict.ts";
import type { MendEdit } from "../policy/review/mend-edit.ts";
import { mendOfFault, mendOfFinding } from "../policy/review/mend-edit.ts";
import { lintPolicies } from "../policy/review/policy-lint.ts";
import type { SceneEndpoint } from "../policy/review/scene.ts";
import { matchesSelector, parseIdentityLabel } from "../policy/selector/label-selector.ts";
import { draftFile, type PolicyBook, readDraftObjects } from "./policy-book.ts";
import type {
  WireConnectionExplanation,
  WireMend,
  WirePolicyCheck,
  WirePolicyFinding,
} from "./wire/policy.ts";

/** Findings in one answer. */
const findingsMax = 200;

/** POST /policy/check */
export async function checkDraft(
  book: PolicyBook,
  yaml: string,
  clusterText: string | undefined,
): Promise<WirePolicyCheck> {
  const cluster = await book.cluster(clusterText);
  const { clusterName } = cluster;
  const faults = checkPolicies(yaml, {
    file: draftFile,
    clusterName,
    hasNodeSelectorLabels: true,
    skipsOtherKinds: true,
  });
  if (faults.length > 0) {
    const shown = withoutEchoes(faults).slice(0, findingsMax);
    return { findings: shown.map((fault) => faultFinding(yaml, fault)), policies: [] };
  }
  const objects = readDraftObjects(yaml, clusterName);
  const facts = await book.facts(clusterName);
  const engine = await book.withDraft(cluster, objects);
  const services =
    facts.services === undefined ? undefined : [...objects.services, ...facts.services];
  const findings = lintPolicies(engine, { endpoints: facts.endpoints, services })
    .filter(({ file }) => file === draftFile)
    .slice(0, findingsMax)
    .map(
      ({ severity, code, line, message }): WirePolicyFinding => ({
        severity,
        line,
        by: "linter",
        code,
        path: "",
        message,
        mend: toWire(mendOfFinding(yaml, line, message)),
      }),
    );
  return {
    findings,
    policies: objects.policies.map(({ kind, namespace, name, specs }) => ({
      kind,
      namespace,
      name,
      endpoints:
        facts.endpoints === undefined
          ? null
          : countSelected(facts.endpoints, (labels) =>
              specs.some(({ subject }) => matchesSelector(subject, labels.map(parseIdentityLabel))),
            ),
    })),
  };
}

/** What API server and agent both refuse at one field is told once, in the agent's words. */
function withoutEchoes(faults: readonly PolicyFault[]): PolicyFault[] {
  return faults.filter(
    (fault) =>
      fault.stage !== "schema" ||
      !faults.some((other) => other.stage === "agent" && other.path === fault.path) ||
      fault.mend !== "",
  );
}

function faultFinding(yaml: string, fault: PolicyFault): WirePolicyFinding {
  return {
    severity: "error",
    line: fault.line,
    by: stageNames[fault.stage],
    code: fault.stage,
    path: fault.path,
    message: faultMessage(fault),
    mend: toWire(mendOfFault(yaml, fault)),
  };
}

function toWire(mend: MendEdit | undefined): WireMend | null {
  return mend ?? null;
}

function countSelected(
  endpoints: readonly SceneEndpoint[],
  isSelected: (labels: readonly string[]) => boolean,
): number {
  return endpoints.filter(({ endpoint }) => isSelected(endpoint.labels)).length;
}

interface ConnectionQuestion {
  readonly source: PolicyEndpoint;
  readonly destination: PolicyEndpoint;
  readonly port: number;
  readonly protocol: PolicyProtocol;
}

/** POST /policy/explain: a connection by the labels (or address) of its ends. */
export async function explainConnection(
  book: PolicyBook,
  body: string,
  clusterText: string | undefined,
): Promise<WireConnectionExplanation> {
  const question = readConnection(body);
  const { engine } = await book.cluster(clusterText);
  const directions = (["egress", "ingress"] as const).filter((direction) => {
    const { labels } = direction === "egress" ? question.source : question.destination;
    return !labels.some((label) => /^reserved:(world|remote-node|kube-apiserver)/.test(label));
  });
  const sides = directions.map((direction) => {
    const query = { ...question, direction };
    return { direction, query, verdict: engine.resolveVerdict(query) };
  });
  const denied = sides.find(({ verdict }) => ["denied", "error"].includes(verdict.decision));
  return {
    decision: denied?.verdict.decision ?? "allowed",
    lines: sides.flatMap(({ direction, query }) =>
      explainQuery(engine, query).map((line) => `${direction}: ${line}`),
    ),
  };
}

const protocols: readonly string[] = ["TCP", "UDP", "SCTP", "ICMP", "ICMPV6"];

function readConnection(body: string): ConnectionQuestion {
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(body) as Record<string, unknown>;
  } catch (cause) {
    throw new AppError("parse", "the body must be a JSON object", { cause });
  }
  const { port, protocol = "TCP" } = read ?? {};
  if (typeof port !== "number" || !protocols.includes(String(protocol))) {
    throw new AppError("parse", 'want "port": 80 and "protocol": "TCP"');
  }
  return {
    source: readEnd(read["source"], "source"),
    destination: readEnd(read["destination"], "destination"),
    port,
    protocol: protocol as PolicyProtocol,
  };
}

function readEnd(value: unknown, name: string): PolicyEndpoint {
  const { labels, address, names } = (value ?? {}) as Record<string, unknown>;
  const isTexts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((one) => typeof one === "string");
  if (!isTexts(labels)) {
    throw new AppError("parse", `want "${name}": {"labels": ["k8s:app=web"]}`);
  }
  return {
    labels,
    ...(typeof address === "string" ? { address } : {}),
    ...(isTexts(names) ? { names } : {}),
  };
}
