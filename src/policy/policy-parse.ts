/**
 * Reads CiliumNetworkPolicy objects from YAML or JSON: several documents, `List` objects, `spec` and
 * `specs`. Checks what the CRD's schema and the agent check for the fields built so far; anything
 * else is a ConfigError with file, line, field and mend, never a policy half understood.
 */

import { parseEntry } from "./entry-parse.ts";
import type {
  PolicyDocument,
  PolicyEntry,
  PolicySection,
  PolicySpec,
  RuleOrigin,
} from "./policy-document.ts";
import { type PolicyScope, parseSelector, withSubjectNamespace } from "./selector-parse.ts";
import { openYaml, type YamlCursor } from "./yaml-cursor.ts";

/** How a file is read. */
export interface ParsePolicyOptions {
  /** As errors and explanations name it. */
  readonly file: string;
  /** For objects without metadata.namespace; "default" unless told. */
  readonly namespace?: string;
  /** Name of the local cluster, which peer selectors mean unless they say otherwise; "default" unless told. */
  readonly clusterName?: string;
}

const kindsNotBuilt = new Map([
  ["CiliumClusterwideNetworkPolicy", "cluster-wide policies"],
  ["NetworkPolicy", "Kubernetes NetworkPolicy objects"],
]);
const sections: readonly PolicySection[] = ["ingress", "ingressDeny", "egress", "egressDeny"];
/** Bytes of log.value that Cilium keeps. */
const logValueBytesMax = 32;

/** Every policy of a text, in order. Throws ConfigError at the first mistake; then nothing of the text counts. */
export function parsePolicies(text: string, options: ParsePolicyOptions): PolicyDocument[] {
  return openYaml(text, options.file).flatMap((cursor) => parseObject(cursor, text, options));
}

function parseObject(
  cursor: YamlCursor,
  text: string,
  options: ParsePolicyOptions,
): PolicyDocument[] {
  const kind = new Map(cursor.entries()).get("kind")?.text();
  if (kind === undefined) cursor.fail("kind is missing; want kind: CiliumNetworkPolicy");
  if (kind === "List" || kind === "CiliumNetworkPolicyList") {
    const { items } = cursor.fields(["apiVersion", "kind", "metadata", "items"]);
    return (items?.items() ?? []).flatMap((item) => parseObject(item, text, options));
  }
  const notBuilt = kindsNotBuilt.get(kind);
  if (notBuilt !== undefined) {
    cursor.fail(
      `${notBuilt} (kind: ${kind}) are not built yet; write a CiliumNetworkPolicy for now`,
    );
  }
  if (kind !== "CiliumNetworkPolicy") {
    cursor.fail(`cannot read kind "${kind}"; want CiliumNetworkPolicy`);
  }
  return [parsePolicy(cursor, text, options)];
}

function parsePolicy(
  cursor: YamlCursor,
  text: string,
  { file, namespace: fallback = "default", clusterName = "default" }: ParsePolicyOptions,
): PolicyDocument {
  const fields = cursor.fields(["apiVersion", "kind", "metadata", "spec", "specs", "status"]);
  const version = fields.apiVersion?.text();
  if (version !== "cilium.io/v2") {
    (fields.apiVersion ?? cursor).fail(
      `cannot read apiVersion "${version ?? ""}"; want cilium.io/v2`,
    );
  }
  const metadata = new Map(fields.metadata?.entries() ?? []);
  const name = metadata.get("name")?.text() ?? "";
  if (name === "") (fields.metadata ?? cursor).fail("CiliumNetworkPolicy must have name");
  const namespace = metadata.get("namespace")?.text() || fallback;
  const specCursors = [
    ...(fields.spec === undefined ? [] : [fields.spec]),
    ...(fields.specs?.items() ?? []),
  ];
  if (specCursors.length === 0) cursor.fail("empty policy: want spec or specs");
  const counts = new Map<PolicySection, number>();
  const nextOrigin = (section: PolicySection, line: number): RuleOrigin => {
    const index = counts.get(section) ?? 0;
    counts.set(section, index + 1);
    return { kind: "CiliumNetworkPolicy", namespace, name, file, section, index, line };
  };
  const specs = specCursors.map((spec) => parseSpec(spec, { namespace, clusterName }, nextOrigin));
  return {
    kind: "CiliumNetworkPolicy",
    namespace,
    name,
    file,
    line: cursor.line,
    specs,
    entryCount: specs.reduce((sum, spec) => sum + spec.entries.length, 0),
    text: sliceText(cursor, text),
  };
}

function sliceText(cursor: YamlCursor, text: string): string {
  const range = cursor.range();
  return range === undefined ? text : text.slice(range[0], range[1]);
}

function parseSpec(
  cursor: YamlCursor,
  scope: PolicyScope,
  nextOrigin: (section: PolicySection, line: number) => RuleOrigin,
): PolicySpec {
  const fields = cursor.fields([
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "ingressDeny",
    "egress",
    "egressDeny",
    "enableDefaultDeny",
    "labels",
    "log",
    "description",
  ]);
  if (fields.nodeSelector !== undefined) {
    fields.nodeSelector.fail(
      "rule cannot have nodeSelector in a CiliumNetworkPolicy; use endpointSelector",
    );
  }
  if (fields.endpointSelector === undefined) {
    cursor.fail(
      "rule must have one of endpointSelector or nodeSelector; endpointSelector: {} selects every pod of the namespace",
    );
  }
  const entries: PolicyEntry[] = [];
  for (const section of sections) {
    for (const item of fields[section]?.items() ?? []) {
      entries.push(parseEntry(item, nextOrigin(section, item.line), scope));
    }
  }
  if (entries.length === 0) {
    cursor.fail("rule must have at least one of ingress, ingressDeny, egress, egressDeny");
  }
  const selector = parseSelector(fields.endpointSelector);
  if (selector.conditions.some(({ source, key }) => source === "reserved" && key === "init")) {
    fields.endpointSelector.fail("CiliumNetworkPolicy incorrectly matches reserved:init label");
  }
  return {
    subject: withSubjectNamespace(selector, scope.namespace),
    entries,
    defaultDeny: parseDefaultDeny(fields.enableDefaultDeny, entries),
    logValue: parseLogValue(fields.log),
    line: cursor.line,
  };
}

/** Default deny is on for a direction with entries unless the policy says otherwise. */
function parseDefaultDeny(
  cursor: YamlCursor | undefined,
  entries: readonly PolicyEntry[],
): { ingress: boolean; egress: boolean } {
  const fields = cursor?.fields(["ingress", "egress"]);
  const isOn = (direction: "ingress" | "egress") =>
    entries.some((entry) => entry.direction === direction) &&
    (fields?.[direction]?.boolean() ?? true);
  return { ingress: isOn("ingress"), egress: isOn("egress") };
}

function parseLogValue(cursor: YamlCursor | undefined): string | undefined {
  const value = cursor?.fields(["value"]).value;
  const text = value?.text();
  if (text !== undefined && new TextEncoder().encode(text).length > logValueBytesMax) {
    value?.fail(`log.value may not be longer than ${logValueBytesMax} bytes`);
  }
  return text;
}
