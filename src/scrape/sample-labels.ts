/**
 * From the labels that a target wrote to the labels that are stored: target labels with honor_labels
 * or `exported_` names, metric relabelling, checks and limits. Runs once for each series that a
 * cache does not know, so clarity goes before speed. Error texts are Prometheus'.
 */

import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  LabelsBuilder,
  metricNameLabel,
  quoteString,
} from "../model/labels.ts";
import type { NameValidation } from "../relabel/relabel-config.ts";
import type { ScrapeConfig, ScrapeLimits } from "./scrape-config.ts";

const exportedPrefix = "exported_";
/** Error texts show so many characters of a name or value. */
const shownCharsMax = 50;

/** What a written label set becomes. */
export type SampleLabels =
  | { readonly kind: "keep"; readonly labels: Labels }
  | { readonly kind: "drop" }
  | { readonly kind: "error"; readonly message: string; readonly isLimit: boolean };

/** Makes the stored label set of one written series. */
export function sampleLabels(
  written: Labels,
  targetLabels: Labels,
  config: ScrapeConfig,
): SampleLabels {
  const builder = config.honorsLabels
    ? honoringBuilder(written, targetLabels)
    : exportingBuilder(written, targetLabels);
  if (!config.metricRelabel.run(builder)) return { kind: "drop" };
  const labels = builder.labels();
  if (labels.size === 0) return { kind: "drop" };
  const repeated = repeatedName(written);
  if (repeated !== undefined && labels.has(repeated)) {
    return failed(`label name ${JSON.stringify(repeated)} is not unique: invalid sample`);
  }
  if (labels.metricName === "") return failed("missing metric name (__name__ label)");
  if (!areValidNames(labels, config.nameValidation)) {
    return failed(`invalid metric name or label names: ${labels.toString()}`);
  }
  const exceeded = labelLimitProblem(labels, config.limits);
  if (exceeded !== undefined) return { kind: "error", message: exceeded, isLimit: true };
  return { kind: "keep", labels };
}

/** Labels of `up` and its kin: the target's, and nothing that could collide. */
export function reportLabels(name: string, targetLabels: Labels): Labels {
  const builder = new LabelsBuilder(targetLabels);
  return builder.set(metricNameLabel, name).labels();
}

function failed(message: string): SampleLabels {
  return { kind: "error", message, isLimit: false };
}

/** honor_labels: what the target wrote wins, an empty value included (it removes the label). */
function honoringBuilder(written: Labels, targetLabels: Labels): LabelsBuilder {
  const builder = builderOf(written);
  targetLabels.forEach((name, value) => {
    if (!written.has(name)) builder.set(name, value);
  });
  return builder;
}

/** The target's labels win; what stood there moves to `exported_NAME`, shortest names first. */
function exportingBuilder(written: Labels, targetLabels: Labels): LabelsBuilder {
  const builder = builderOf(written);
  const conflicts: [string, string][] = [];
  targetLabels.forEach((name, value) => {
    const existing = written.get(name);
    if (existing !== "") conflicts.push([name, existing]);
    builder.set(name, value);
  });
  conflicts.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of conflicts) {
    let exported = exportedPrefix + name;
    while (builder.get(exported) !== "") exported = exportedPrefix + exported;
    builder.set(exported, value);
  }
  return builder;
}

/** A builder of written labels, which may repeat names (the first stands) and hold empty values. */
function builderOf(written: Labels): LabelsBuilder {
  const builder = new LabelsBuilder();
  written.forEach((name, value) => {
    if (!builder.has(name)) builder.set(name, value);
  });
  return builder;
}

/** Written labels are sorted, so equal names stand side by side. */
function repeatedName(written: Labels): string | undefined {
  const { pairs } = written;
  for (let i = 2; i < pairs.length; i += 2) if (pairs[i] === pairs[i - 2]) return pairs[i];
  return undefined;
}

function areValidNames(labels: Labels, nameValidation: NameValidation): boolean {
  let areValid = nameValidation === "utf8" || isLegacyMetricName(labels.metricName);
  labels.forEach((name) => {
    if (name === "" || (nameValidation === "legacy" && !isLegacyLabelName(name))) areValid = false;
  });
  return areValid;
}

function labelLimitProblem(labels: Labels, limits: ScrapeLimits): string | undefined {
  const metric = cut(labels.metricName);
  if (limits.labels > 0 && labels.size > limits.labels) {
    return `label_limit exceeded (metric: ${metric}, number of labels: ${labels.size}, limit: ${limits.labels})`;
  }
  if (limits.labelNameBytes === 0 && limits.labelValueBytes === 0) return undefined;
  let problem: string | undefined;
  labels.forEach((name, value) => {
    const nameBytes = utf8Size(name);
    const valueBytes = utf8Size(value);
    if (problem !== undefined) return;
    if (limits.labelNameBytes > 0 && nameBytes > limits.labelNameBytes) {
      problem = `label_name_length_limit exceeded (metric: ${metric}, label name: ${cut(name)}, length: ${nameBytes}, limit: ${limits.labelNameBytes})`;
    } else if (limits.labelValueBytes > 0 && valueBytes > limits.labelValueBytes) {
      problem = `label_value_length_limit exceeded (metric: ${metric}, label name: ${cut(name)}, value: ${quoteString(cut(value))}, length: ${valueBytes}, limit: ${limits.labelValueBytes})`;
    }
  });
  return problem;
}

function cut(text: string): string {
  return text.length <= shownCharsMax ? text : [...text].slice(0, shownCharsMax).join("");
}

function utf8Size(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
