/**
 * Reads policy objects from YAML or JSON: several documents, `List` objects, `spec` and `specs`. Every
 * object is checked as the API server would (the CRD's schema, unknown fields) and as Cilium's agent
 * would; each fault has file, line, field and mend. A text with a fault gives no policy at all: none is
 * ever half understood.
 */

import { parseCidrGroup, parseServiceFacts } from "./cluster-object-parse.ts";
import { ciliumPolicySchema, networkPolicySchema, type Schema } from "./crd-schema.ts";
import { type EntryContext, parseEntry } from "./entry-parse.ts";
import { parseNetworkPolicySpec } from "./network-policy-parse.ts";
import {
  type CidrGroup,
  isPolicyKind,
  type PolicyDocument,
  type PolicyEntry,
  type PolicyKind,
  type PolicySection,
  type PolicySpec,
  policyKinds,
  type RuleOrigin,
  type ServiceFacts,
} from "./policy-document.ts";
import { PolicyError, type PolicyFault } from "./policy-fault.ts";
import { checkSchema, type SchemaReport } from "./policy-schema.ts";
import { parseSelector, withSubjectNamespace } from "./selector-parse.ts";
import { eachYaml, type YamlCursor } from "./yaml-cursor.ts";

/** How a file is read. */
export interface ParsePolicyOptions {
  /** As errors and explanations name it. */
  readonly file: string;
  /** For objects without metadata.namespace; "default" unless told. */
  readonly namespace?: string;
  /** Name of the local cluster, which peer selectors mean unless they say otherwise; "default" unless told. */
  readonly clusterName?: string;
  /** The agent's option enable-node-selector-labels: fromNodes and toNodes are allowed. */
  readonly hasNodeSelectorLabels?: boolean;
  /** The agent's option enable-extended-ip-protocols: VRRP and IGMP have no ports. */
  readonly hasExtendedProtocols?: boolean;
  /** Only the agent's checks: for policies that never met an API server, as in its --static-cnp-path. */
  readonly skipsSchema?: boolean;
  /** Objects of kinds that have nothing to do with policy are passed over instead of refused. */
  readonly skipsOtherKinds?: boolean;
}

/** What a text holds. */
export interface PolicyObjects {
  readonly policies: readonly PolicyDocument[];
  /** Kubernetes Services, which `toServices` looks at. */
  readonly services: readonly ServiceFacts[];
  readonly cidrGroups: readonly CidrGroup[];
}

interface KindForm {
  readonly apiVersion: string;
  readonly schema: Schema;
}

const ciliumForm: KindForm = { apiVersion: "cilium.io/v2", schema: ciliumPolicySchema };
const kindForms: Readonly<Record<PolicyKind, KindForm>> = {
  CiliumNetworkPolicy: ciliumForm,
  CiliumClusterwideNetworkPolicy: ciliumForm,
  NetworkPolicy: { apiVersion: "networking.k8s.io/v1", schema: networkPolicySchema },
};
const sections: readonly PolicySection[] = ["ingress", "ingressDeny", "egress", "egressDeny"];

/** Every policy of a text, in order. Throws PolicyError (a ConfigError) at the first fault; then nothing of the text counts. */
export function parsePolicies(text: string, options: ParsePolicyOptions): PolicyDocument[] {
  return [...parsePolicyObjects(text, options).policies];
}

/** As parsePolicies, with the services and CIDR groups of the text beside. */
export function parsePolicyObjects(text: string, options: ParsePolicyOptions): PolicyObjects {
  const reader = new ObjectReader(text, options);
  for (const cursor of eachYaml(text, options.file)) {
    reader.read(cursor);
    const fault = mostTelling(reader.faults);
    if (fault !== undefined) throw new PolicyError(fault);
  }
  return reader;
}

/** Every fault of a text: of every object, and of every stage that would refuse it. Empty = the text is good. */
export function checkPolicies(text: string, options: ParsePolicyOptions): PolicyFault[] {
  const reader = new ObjectReader(text, options);
  try {
    for (const cursor of eachYaml(text, options.file)) reader.read(cursor);
  } catch (thrown) {
    if (!(thrown instanceof PolicyError)) throw thrown;
    return [...reader.faults, thrown.fault];
  }
  return reader.faults;
}

/** The agent's words are the plainest; the schema often knows the mend. */
function mostTelling(faults: readonly PolicyFault[]): PolicyFault | undefined {
  const agent = faults.find(({ stage }) => stage === "agent");
  if (agent === undefined) {
    return faults.find(({ stage }) => stage === "schema") ?? faults[0];
  }
  const sibling = faults.find((one) => one.mend !== "" && one.path === agent.path);
  const mend = agent.mend || (sibling?.mend ?? "");
  return { ...agent, mend };
}

class ObjectReader implements PolicyObjects {
  readonly policies: PolicyDocument[] = [];
  readonly services: ServiceFacts[] = [];
  readonly cidrGroups: CidrGroup[] = [];
  readonly faults: PolicyFault[] = [];
  readonly #text: string;
  readonly #options: ParsePolicyOptions;

  constructor(text: string, options: ParsePolicyOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** Reads one document or item of a list; faults are kept, not thrown. */
  read(cursor: YamlCursor): void {
    this.#collect(() => this.#readObject(cursor));
  }

  #collect(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (!(thrown instanceof PolicyError)) throw thrown;
      this.faults.push(thrown.fault);
    }
  }

  #readObject(cursor: YamlCursor): void {
    const kind = cursor.field("kind")?.text();
    if (kind === undefined) {
      cursor.fail("Object 'Kind' is missing", "want kind: CiliumNetworkPolicy");
    }
    if (kind === "List" || kind.endsWith("PolicyList")) {
      for (const item of cursor.field("items")?.items() ?? []) this.read(item);
      return;
    }
    if (isPolicyKind(kind)) {
      this.#readPolicy(cursor, kind);
      return;
    }
    if (kind === "Service") this.services.push(parseServiceFacts(cursor, this.#namespace));
    else if (kind === "CiliumCIDRGroup") this.cidrGroups.push(parseCidrGroup(cursor));
    else if (this.#options.skipsOtherKinds !== true) {
      cursor.fail(`cannot read kind "${kind}"`, `want one of ${policyKinds.join(", ")}`);
    }
  }

  get #namespace(): string {
    return this.#options.namespace ?? "default";
  }

  #readPolicy(cursor: YamlCursor, kind: PolicyKind): void {
    const { apiVersion, schema } = kindForms[kind];
    const version = cursor.field("apiVersion");
    if (version?.text() !== apiVersion) {
      (version ?? cursor).fail(
        `no matches for kind "${kind}" in version "${version?.text() ?? ""}"`,
        `want apiVersion: ${apiVersion}`,
      );
    }
    const report = checkSchema(cursor, schema);
    if (this.#options.skipsSchema !== true) {
      this.faults.push(...report.schemaFaults, ...report.unknownFields);
    }
    if (report.decodeFault !== undefined) {
      this.faults.push(report.decodeFault);
      return;
    }
    this.#collect(() => {
      try {
        this.policies.push(parsePolicy(cursor, kind, this.#text, this.#options));
      } catch (thrown) {
        if (thrown instanceof PolicyError) this.#repeatAsSchema(kind, report, thrown.fault);
        throw thrown;
      }
    });
    this.#checkInitSelector(cursor, kind, report);
  }

  /** What the agent's decoder and its check of the subject refuse, Cilium's own validator of CRDs does too. */
  #repeatAsSchema(kind: PolicyKind, report: SchemaReport, fault: PolicyFault): void {
    const { schemaFaults, unknownFields } = report;
    const isOfSubject =
      kind === "CiliumNetworkPolicy" &&
      unknownFields.length === 0 &&
      fault.path.includes("endpointSelector") &&
      fault.reason.startsWith("invalid label selector: ");
    if (this.#options.skipsSchema === true || schemaFaults.length > 0) return;
    if (isOfSubject || fault.reason.startsWith("ICMP type ")) {
      this.faults.push({ ...fault, stage: "schema" });
    }
  }

  /** The agent would take it; the validator does not, since a namespace has no initialising pods. */
  #checkInitSelector(cursor: YamlCursor, kind: PolicyKind, report: SchemaReport): void {
    const isRefused = report.schemaFaults.length > 0 || report.unknownFields.length > 0;
    if (kind !== "CiliumNetworkPolicy" || isRefused) return;
    if (this.#options.skipsSchema === true) return;
    for (const spec of specsOf(cursor)) {
      const selector = spec.field("endpointSelector");
      for (const key of ["reserved:init", "reserved.init"]) {
        const label = selector?.field("matchLabels")?.field(key);
        if (label === undefined) continue;
        this.faults.push({
          stage: "schema",
          file: label.file,
          path: label.path,
          line: label.line,
          reason: "CiliumNetworkPolicy incorrectly matches reserved:init label",
          mend: "write a CiliumClusterwideNetworkPolicy",
        });
      }
    }
  }
}

function specsOf(cursor: YamlCursor): YamlCursor[] {
  const spec = cursor.field("spec");
  return [...(spec === undefined ? [] : [spec]), ...(cursor.field("specs")?.items() ?? [])];
}

function parsePolicy(
  cursor: YamlCursor,
  kind: PolicyKind,
  text: string,
  options: ParsePolicyOptions,
): PolicyDocument {
  const metadata = cursor.field("metadata");
  const name = metadata?.field("name")?.text() ?? "";
  if (name === "") (metadata ?? cursor).fail(`${kind} must have name`, "write metadata.name");
  const namespace =
    kind === "CiliumClusterwideNetworkPolicy"
      ? ""
      : metadata?.field("namespace")?.text() || (options.namespace ?? "default");
  const specCursors = specsOf(cursor);
  if (specCursors.length === 0) cursor.fail("empty policy", "want spec or specs");
  const counts = new Map<PolicySection, number>();
  const { file } = options;
  const nextOrigin = (section: PolicySection, line: number): RuleOrigin => {
    const index = counts.get(section) ?? 0;
    counts.set(section, index + 1);
    return { kind, namespace, name, file, section, index, line };
  };
  const scope = { namespace, clusterName: options.clusterName ?? "default" };
  const specs = specCursors.map((spec) =>
    kind === "NetworkPolicy"
      ? parseNetworkPolicySpec(spec, scope, nextOrigin)
      : parseSpec(spec, kind, { scope, ...agentOptions(options) }, nextOrigin),
  );
  return {
    kind,
    namespace,
    name,
    file,
    line: cursor.line,
    specs,
    entryCount: specs.reduce((sum, spec) => sum + spec.entries.length, 0),
    text: sliceText(cursor, text),
  };
}

function agentOptions({ hasNodeSelectorLabels, hasExtendedProtocols }: ParsePolicyOptions) {
  return {
    hasNodeSelectorLabels: hasNodeSelectorLabels ?? false,
    hasExtendedProtocols: hasExtendedProtocols ?? false,
  };
}

function sliceText(cursor: YamlCursor, text: string): string {
  const range = cursor.range();
  return range === undefined ? text : text.slice(range[0], range[1]);
}

function parseSpec(
  cursor: YamlCursor,
  kind: PolicyKind,
  context: Omit<EntryContext, "isHostPolicy">,
  nextOrigin: (section: PolicySection, line: number) => RuleOrigin,
): PolicySpec {
  const { scope } = context;
  const fields = cursor.fields([...sections, "enableDefaultDeny", "log"]);
  if (!sections.some((section) => (fields[section]?.items().length ?? 0) > 0)) {
    cursor.fail(
      "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny",
      "ingress: [{}] denies all ingress",
    );
  }
  // The agent's decoder makes an empty selector of a null.
  const endpointSelector = cursor.fieldOrNull("endpointSelector");
  const nodeSelector = cursor.fieldOrNull("nodeSelector");
  if (nodeSelector !== undefined && endpointSelector !== undefined) {
    nodeSelector.fail("rule cannot have both EndpointSelector and NodeSelector", "write two specs");
  }
  const selectorField = endpointSelector ?? nodeSelector;
  if (selectorField === undefined) {
    return cursor.fail("rule must have one of EndpointSelector or NodeSelector");
  }
  const selector = parseSelector(selectorField);
  const isHostPolicy = nodeSelector !== undefined;
  const isForInit = selector.conditions.some(
    ({ source, key }) => source === "reserved" && key === "init",
  );
  const entryContext = { ...context, scope: { ...scope, isForInit }, isHostPolicy };
  const entries: PolicyEntry[] = [];
  for (const section of sections) {
    for (const item of fields[section]?.items() ?? []) {
      const origin = nextOrigin(section, item.line);
      entries.push(parseEntry(item, origin, entryContext));
    }
  }
  if (nodeSelector !== undefined && kind === "CiliumNetworkPolicy") {
    nodeSelector.fail(
      "rule cannot have NodeSelector",
      "use endpointSelector, or write a CiliumClusterwideNetworkPolicy",
    );
  }
  return {
    subjectKind: isHostPolicy ? "node" : "endpoint",
    subject: isHostPolicy ? selector : withSubjectNamespace(selector, scope.namespace),
    entries,
    defaultDeny: parseDefaultDeny(fields.enableDefaultDeny, entries),
    logValue: fields.log?.field("value")?.text(),
    line: cursor.line,
    subjectLine: selectorField.line,
  };
}

/** Default deny is on for a direction with entries unless the policy says otherwise. */
function parseDefaultDeny(
  cursor: YamlCursor | undefined,
  entries: readonly PolicyEntry[],
): { ingress: boolean; egress: boolean } {
  const isOn = (direction: "ingress" | "egress") =>
    entries.some((entry) => entry.direction === direction) &&
    (cursor?.field(direction)?.boolean() ?? true);
  return { ingress: isOn("ingress"), egress: isOn("egress") };
}
