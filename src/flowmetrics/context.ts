/**
 * Context options: which labels a flow metric gets for the two ends of a flow. Parsed once into an
 * array of closures, one a label, so that reading a flow's context is an index loop that allocates
 * nothing but the strings that do not exist yet (`namespace/pod`). Semantics: Cilium 1.19.
 */

import { ConfigError } from "../base/errors.ts";
import type { Flow, FlowEndpoint } from "../flow/model/flow.ts";
import type { MetricSpec, SpecOption } from "./spec.ts";

/** What can identify an end of a flow, in Cilium's order. */
export const contextIdentifiers = [
  "identity",
  "namespace",
  "pod",
  "pod-name",
  "dns",
  "ip",
  "reserved-identity",
  "workload",
  "workload-name",
  "app",
] as const;
/** One of the above. */
export type ContextIdentifier = (typeof contextIdentifiers)[number];

/** Every label of labelsContext, in the order in which metrics get them. */
export const contextLabels = [
  "source_ip",
  "source_pod",
  "source_namespace",
  "source_workload",
  "source_workload_kind",
  "source_app",
  "destination_ip",
  "destination_pod",
  "destination_namespace",
  "destination_workload",
  "destination_workload_kind",
  "destination_app",
  "traffic_direction",
] as const;
type ContextLabel = (typeof contextLabels)[number];

/** Reads one label's value from a flow; "" = not known. */
type Extract = (flow: Flow) => string;
type Side = "source" | "destination";
type Chain = readonly ContextIdentifier[];

interface SideOptions {
  readonly general: Chain;
  readonly egress: Chain;
  readonly ingress: Chain;
}

/** Compiled context options of one metric. */
export interface FlowContext {
  /** Labels in the order in which the values are written. */
  readonly labelNames: readonly string[];
  /** As the agent prints it: `destination=pod,labels=…,source=pod`. */
  readonly status: string;
  /** Writes the values to `into` from index `at` on. */
  write(flow: Flow, into: string[], at: number): void;
  /** The same with the two ends swapped: for metrics that are counted on responses. */
  writeInverted(flow: Flow, into: string[], at: number): void;
  /**
   * Label values that name this pod, each a set that a series must have whole: what to delete when
   * the pod is gone. Empty where the context does not name pods.
   */
  podMatches(namespace: string, name: string): readonly ReadonlyMap<string, string>[];
}

/** Checks and compiles the context options of `spec`. Throws ConfigError with Cilium's words. */
export function compileContext(spec: MetricSpec): FlowContext {
  checkOptions(spec);
  const labels = parseLabels(spec);
  const source = parseSide(spec, "source");
  const destination = parseSide(spec, "destination");
  const labelNames: string[] = contextLabels.filter((label) => labels.has(label));
  const plain: Extract[] = labelNames.map((label) => labelExtract(label as ContextLabel));
  const inverted: Extract[] = labelNames.map((label) => labelExtract(swapEnds(label)));
  const sourceValue = sideExtract(source, "source");
  const destinationValue = sideExtract(destination, "destination");
  // Inverted, each end's value, chosen by its own options, goes to the other label: an option for
  // one end only leaves its own label empty, as in Cilium.
  if (isUsed(source)) {
    labelNames.push("source");
    plain.push(sourceValue);
    inverted.push(destinationValue);
  }
  if (isUsed(destination)) {
    labelNames.push("destination");
    plain.push(destinationValue);
    inverted.push(sourceValue);
  }
  return {
    labelNames,
    status: contextStatus(labels, source, destination),
    write: (flow, into, at) => writeAll(plain, flow, into, at),
    writeInverted: (flow, into, at) => writeAll(inverted, flow, into, at),
    podMatches: (namespace, name) => podMatches({ labels, source, destination }, namespace, name),
  };
}

function writeAll(extracts: readonly Extract[], flow: Flow, into: string[], at: number): void {
  for (let i = 0; i < extracts.length; i++) into[at + i] = extracts[i]!(flow);
}

/** In the order in which options are given: the first fault is the one that is told. */
function checkOptions(spec: MetricSpec): void {
  for (const option of spec.options) {
    const name = option.name.toLowerCase();
    if (name === "labelscontext") checkLabels(option);
    else if (sideOptions.test(name)) option.values.map(parseIdentifier);
  }
}

const sideOptions = /^(?:source|destination)(?:egress|ingress)?context$/;

/** Of a repeated option the last one wins. */
function parseSide(spec: MetricSpec, side: Side): SideOptions {
  return {
    general: parseChain(spec, `${side}context`),
    egress: parseChain(spec, `${side}egresscontext`),
    ingress: parseChain(spec, `${side}ingresscontext`),
  };
}

function parseChain(spec: MetricSpec, optionName: string): Chain {
  let chain: Chain = [];
  for (const option of spec.options) {
    if (option.name.toLowerCase() === optionName) chain = option.values.map(parseIdentifier);
  }
  return chain;
}

function parseIdentifier(text: string): ContextIdentifier {
  const lower = text.toLowerCase();
  const known = contextIdentifiers.find((identifier) => identifier === lower);
  if (known !== undefined) return known;
  const mend = `; use one of ${contextIdentifiers.join(", ")}`;
  throw new ConfigError(`unknown context '${text}'${mend}`, { path: "" });
}

function parseLabels(spec: MetricSpec): ReadonlySet<string> {
  let labels: ReadonlySet<string> = new Set();
  for (const option of spec.options) {
    if (option.name.toLowerCase() === "labelscontext") labels = checkLabels(option);
  }
  return labels;
}

function checkLabels(option: SpecOption): ReadonlySet<string> {
  for (const value of option.values) {
    if (contextLabels.some((label) => label === value)) continue;
    const mend = `; use any of ${contextLabels.join(", ")}`;
    throw new ConfigError(`invalid labelsContext value: ${value}${mend}`, { path: "" });
  }
  return new Set(option.values);
}

function isUsed(options: SideOptions): boolean {
  return options.general.length + options.egress.length + options.ingress.length > 0;
}

function swapEnds(label: string): ContextLabel {
  if (label.startsWith("source_")) return label.replace("source_", "destination_") as ContextLabel;
  return label.replace("destination_", "source_") as ContextLabel;
}

/** Reads one end of the flow; the options for the flow's direction, where given, replace the general ones. */
function sideExtract(options: SideOptions, side: Side): Extract {
  const general = chainExtract(options.general, side);
  if (options.egress.length === 0 && options.ingress.length === 0) return general;
  const egress = options.egress.length === 0 ? general : chainExtract(options.egress, side);
  const ingress = options.ingress.length === 0 ? general : chainExtract(options.ingress, side);
  return (flow) => {
    if (flow.traffic_direction === "EGRESS") return egress(flow);
    return flow.traffic_direction === "INGRESS" ? ingress(flow) : general(flow);
  };
}

/** The first identifier that gives something wins. */
function chainExtract(chain: Chain, side: Side): Extract {
  const extracts = chain.map((identifier) => identifierExtract(identifier, side));
  const [first] = extracts;
  if (first === undefined) return () => "";
  if (extracts.length === 1) return first;
  return (flow) => {
    for (let i = 0; i < extracts.length; i++) {
      const value = extracts[i]!(flow);
      if (value !== "") return value;
    }
    return "";
  };
}

function identifierExtract(identifier: ContextIdentifier, side: Side): Extract {
  switch (identifier) {
    case "identity":
      return (flow) => joined(flow[side]?.labels);
    case "namespace":
      return (flow) => flow[side]?.namespace ?? "";
    case "pod":
      return (flow) => inNamespace(flow[side], flow[side]?.pod_name ?? "");
    case "pod-name":
      return (flow) => flow[side]?.pod_name ?? "";
    case "dns":
      return side === "source"
        ? (flow) => joined(flow.source_names)
        : (flow) => joined(flow.destination_names);
    case "ip":
      return (flow) => flow.IP?.[side] ?? "";
    case "reserved-identity":
      return (flow) => reservedLabel(flow[side]?.labels);
    case "workload":
      return (flow) => {
        const name = flow[side]?.workloads?.[0]?.name ?? "";
        return name === "" ? "" : inNamespace(flow[side], name);
      };
    case "workload-name":
      return (flow) => flow[side]?.workloads?.[0]?.name ?? "";
    case "app":
      return (flow) => appOf(flow[side]?.labels);
  }
}

function labelExtract(label: ContextLabel): Extract {
  if (label === "traffic_direction") return (flow) => directionText(flow.traffic_direction);
  const side: Side = label.startsWith("source_") ? "source" : "destination";
  switch (label.slice(side.length + 1)) {
    case "ip":
      return identifierExtract("ip", side);
    case "pod":
      return identifierExtract("pod-name", side);
    case "namespace":
      return identifierExtract("namespace", side);
    case "workload":
      return identifierExtract("workload-name", side);
    case "workload_kind":
      return (flow) => flow[side]?.workloads?.[0]?.kind ?? "";
    default:
      return identifierExtract("app", side);
  }
}

function directionText(direction: Flow["traffic_direction"]): string {
  if (direction === "INGRESS") return "ingress";
  if (direction === "EGRESS") return "egress";
  return typeof direction === "number" ? String(direction) : "unknown";
}

/** A namespace without a name gives "namespace/": Cilium does not call that empty either. */
function inNamespace(endpoint: FlowEndpoint | undefined, name: string): string {
  const namespace = endpoint?.namespace ?? "";
  return namespace === "" ? name : `${namespace}/${name}`;
}

function joined(texts: readonly string[] | undefined): string {
  if (texts === undefined) return "";
  return texts.length === 1 ? (texts[0] as string) : texts.join(",");
}

function reservedLabel(labels: readonly string[] | undefined): string {
  if (labels === undefined) return "";
  let first = "";
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === "reserved:kube-apiserver") return label;
    if (first === "" && label.startsWith("reserved:")) first = label;
  }
  return first;
}

const appKeys: readonly string[] = ["k8s:app.kubernetes.io/name=", "k8s:k8s-app=", "k8s:app="];

/** The value of the first label that is one of the three app labels and has a value. */
function appOf(labels: readonly string[] | undefined): string {
  if (labels === undefined) return "";
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    for (let k = 0; k < appKeys.length; k++) {
      const key = appKeys[k]!;
      if (label.length > key.length && label.startsWith(key)) return label.slice(key.length);
    }
  }
  return "";
}

/** The agent prints pod-name as a number, for want of a name in its table; kept. */
function statusText(chain: Chain): string {
  return chain.map((identifier) => (identifier === "pod-name" ? "4" : identifier)).join("|");
}

function contextStatus(
  labels: ReadonlySet<string>,
  source: SideOptions,
  destination: SideOptions,
): string {
  const parts: string[] = [];
  if (destination.general.length > 0) parts.push(`destination=${statusText(destination.general)}`);
  if (labels.size > 0) {
    parts.push(`labels=${contextLabels.filter((label) => labels.has(label)).join(",")}`);
  }
  if (source.general.length > 0) parts.push(`source=${statusText(source.general)}`);
  return parts.join(",");
}

interface ParsedContext {
  readonly labels: ReadonlySet<string>;
  readonly source: SideOptions;
  readonly destination: SideOptions;
}

function podMatches(
  context: ParsedContext,
  namespace: string,
  name: string,
): ReadonlyMap<string, string>[] {
  const matches: ReadonlyMap<string, string>[] = [];
  for (const side of ["source", "destination"] as const) {
    const { general, egress, ingress } = context[side];
    if ([...general, ...egress, ...ingress].includes("pod")) {
      matches.push(new Map([[side, `${namespace}/${name}`]]));
    }
    if (context.labels.has(`${side}_pod`) && context.labels.has(`${side}_namespace`)) {
      matches.push(
        new Map([
          [`${side}_pod`, name],
          [`${side}_namespace`, namespace],
        ]),
      );
    }
  }
  return matches;
}
