/**
 * Other ways to write one metric: each context at each end, each label on or off, pods and addresses
 * replaced by workloads, options on or off. The preview counts them on the same flows, so that a cheaper
 * suggestion is a count and no guess. Browser-safe.
 */

import { findHandlerKind } from "../active-handler.ts";
import { contextIdentifiers, contextLabels } from "../context.ts";
import { type MetricSpec, parseMetricSpecs, type SpecOption } from "../spec.ts";

/** One other way. */
export interface SpecVariant {
  /** What is changed: an end's context, a label of labelsContext, a handler's option, or labels for others. */
  readonly kind: "source" | "destination" | "label" | "option" | "replace";
  /** The context ("" = none), label or option; for `replace` "FROM->TO". */
  readonly value: string;
  /** Whether the variant has it. */
  readonly isOn: boolean;
  readonly metric: string;
  /** What one does: "drop the label source_pod". */
  readonly what: string;
}

/** A spec as text. */
export function formatMetricSpec({ name, options }: MetricSpec): string {
  if (options.length === 0) return name;
  return `${name}:${options.map(formatOption).join(";")}`;
}

/** Every variant of one metric that differs from it. */
export function listVariants(metric: string): SpecVariant[] {
  const [spec] = parseMetricSpecs(metric);
  const kind = spec === undefined ? undefined : findHandlerKind(spec.name);
  if (spec === undefined || kind === undefined) return [];
  return [
    ...sideVariants(spec, "source"),
    ...sideVariants(spec, "destination"),
    ...labelVariants(spec),
    ...replacements(spec),
    ...optionVariants(spec, Object.keys(kind.options)),
  ];
}

/** Those that can only have as many series or fewer than the metric itself, as far as names tell. */
export function isReduction(variant: SpecVariant): boolean {
  if (variant.kind === "replace") return true;
  if (variant.kind === "label" || variant.kind === "option") return !variant.isOn;
  return variant.value !== "ip" && variant.value !== "pod" && variant.value !== "dns";
}

/** The values of the last option of that name; empty where there is none. */
export function optionValues(spec: MetricSpec, name: string): readonly string[] {
  const lower = name.toLowerCase();
  return spec.options.findLast((option) => option.name.toLowerCase() === lower)?.values ?? [];
}

function sideVariants(spec: MetricSpec, side: "source" | "destination"): SpecVariant[] {
  const option = `${side}Context`;
  const now = optionValues(spec, option).join("|");
  const values = ["", ...contextIdentifiers].filter((value) => value !== now);
  return values.map((value) => ({
    kind: side,
    value,
    isOn: value !== "",
    metric: formatMetricSpec(withOption(spec, option, value === "" ? undefined : [value])),
    what: value === "" ? `drop ${option}` : `${option}=${value}`,
  }));
}

function labelVariants(spec: MetricSpec): SpecVariant[] {
  const now = optionValues(spec, "labelsContext");
  return contextLabels.map((label) => {
    const isOn = !now.includes(label);
    const labels = isOn ? [...now, label] : now.filter((one) => one !== label);
    const metric = formatMetricSpec(withLabels(spec, labels));
    return {
      kind: "label",
      value: label,
      isOn,
      metric,
      what: `${isOn ? "add" : "drop"} the label ${label}`,
    };
  });
}

function replacements(spec: MetricSpec): SpecVariant[] {
  const now = optionValues(spec, "labelsContext");
  const variants: SpecVariant[] = [];
  const add = (from: readonly string[], to: readonly string[]) => {
    if (!from.every((label) => now.includes(label))) return;
    const labels = [...now.filter((label) => !from.includes(label)), ...to];
    variants.push({
      kind: "replace",
      value: `${from.join(",")}->${to.join(",")}`,
      isOn: true,
      metric: formatMetricSpec(withLabels(spec, [...new Set(labels)])),
      what: `${to.join(" and ")} instead of ${from.join(" and ")}`,
    });
  };
  for (const what of ["pod", "ip"]) {
    for (const side of ["source", "destination"]) add([`${side}_${what}`], [`${side}_workload`]);
    add([`source_${what}`, `destination_${what}`], ["source_workload", "destination_workload"]);
  }
  add(["source_workload", "destination_workload"], ["source_namespace", "destination_namespace"]);
  return variants;
}

function optionVariants(spec: MetricSpec, names: readonly string[]): SpecVariant[] {
  return names.map((name) => {
    const isOn = !spec.options.some((option) => option.name.toLowerCase() === name.toLowerCase());
    const values = name === "exemplars" ? ["true"] : [""];
    return {
      kind: "option",
      value: name,
      isOn,
      metric: formatMetricSpec(withOption(spec, name, isOn ? values : undefined)),
      what: `${isOn ? "add" : "drop"} the option ${name}`,
    };
  });
}

function withLabels(spec: MetricSpec, labels: readonly string[]): MetricSpec {
  const ordered = contextLabels.filter((label) => labels.includes(label));
  return withOption(spec, "labelsContext", ordered.length === 0 ? undefined : ordered);
}

/** The option with these values in its old place, at the end where it is new; undefined takes it out. */
function withOption(
  spec: MetricSpec,
  name: string,
  values: readonly string[] | undefined,
): MetricSpec {
  const lower = name.toLowerCase();
  const at = spec.options.findIndex((option) => option.name.toLowerCase() === lower);
  const others = spec.options.filter((option) => option.name.toLowerCase() !== lower);
  if (values === undefined) return { name: spec.name, options: others };
  const place = at < 0 ? others.length : at;
  return { name: spec.name, options: others.toSpliced(place, 0, { name, values }) };
}

function formatOption({ name, values }: SpecOption): string {
  if (values.length === 1 && values[0] === "") return name;
  return `${name}=${values.join(name.toLowerCase() === "labelscontext" ? "," : "|")}`;
}
