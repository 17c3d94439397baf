/**
 * Relabel configs compiled into steps that run in order on one label set. Each step changes a
 * builder and says whether the set is kept. Cost of `apply`: the steps' regular expressions, plus
 * one sort of the labels. Behaviour after Prometheus 3, its oddities included (an empty label name
 * out of labelmap, `$1x` as the group called "1x"). Browser-safe.
 */

import { type Labels, LabelsBuilder } from "../model/labels.ts";
import { compileAnchoredRegexp, compileRe2 } from "../model/regexp.ts";
import { checkValue, errorAt, listOf } from "../schema/mapping.ts";
import type { DocumentPath, YamlDocument } from "../schema/yaml-document.ts";
import { md5Modulo } from "./md5.ts";
import {
  findRelabelProblem,
  isValidLabelName,
  type NameValidation,
  type RelabelConfig,
  relabelConfigSchema,
  relabelDefaults,
} from "./relabel-config.ts";
import { toSimpleLower, toSimpleUpper } from "./simple-case.ts";
import { type MatchGroups, parseTemplate } from "./template.ts";

/** How configs are read; `document` and `prefix` give errors a file, a line and a path. */
export interface RelabelOptions {
  readonly nameValidation?: NameValidation;
  readonly document?: YamlDocument;
  /** Where the list stands in the document. */
  readonly prefix?: DocumentPath;
}

/** Compiled relabel configs. */
export interface RelabelProgram {
  /** True where there is nothing to do. */
  readonly isEmpty: boolean;
  /** The labels afterwards (the same object where nothing ran), undefined where the set was dropped. */
  apply(labels: Labels): Labels | undefined;
  /** Runs on a builder; false where the set was dropped (the builder is then of no use). */
  run(builder: LabelsBuilder): boolean;
}

type Step = (builder: LabelsBuilder) => boolean;

/** Checks and compiles a YAML list of relabel configs; throws ConfigError with Prometheus' text. */
export function compileRelabelConfigs(
  yamlValues: unknown,
  options: RelabelOptions = {},
): RelabelProgram {
  const configs = checkValue(listOf(relabelConfigSchema), yamlValues, options);
  return compileCheckedConfigs(configs, options);
}

/** As above for configs that have passed the schema; still checks the rules between fields. */
export function compileCheckedConfigs(
  configs: readonly RelabelConfig[],
  options: RelabelOptions = {},
): RelabelProgram {
  const nameValidation = options.nameValidation ?? "utf8";
  const steps: Step[] = [];
  for (const [index, config] of configs.entries()) {
    const problem = findRelabelProblem(config, nameValidation);
    if (problem !== undefined) {
      const path = [...(options.prefix ?? []), index, problem.field];
      throw errorAt(problem.message, path, options.document);
    }
    steps.push(compileStep(config, nameValidation));
  }
  const run = (builder: LabelsBuilder): boolean => steps.every((step) => step(builder));
  return {
    isEmpty: steps.length === 0,
    run,
    apply(labels) {
      if (steps.length === 0) return labels;
      const builder = new LabelsBuilder(labels);
      return run(builder) ? builder.labels() : undefined;
    },
  };
}

/** A program that changes nothing. */
export const emptyRelabelProgram: RelabelProgram = compileCheckedConfigs([]);

function compileStep(config: RelabelConfig, nameValidation: NameValidation): Step {
  const sources = config.source_labels ?? [];
  const separator = config.separator ?? relabelDefaults.separator;
  const source = compileSource(sources, separator);
  const target = config.target_label ?? "";
  const regex = config.regex ?? relabelDefaults.regex;
  switch (config.action ?? relabelDefaults.action) {
    case "replace":
      return compileReplace(config, source, nameValidation);
    case "keep": {
      const { matches } = compileAnchoredRegexp(regex);
      return (builder) => matches(source(builder));
    }
    case "drop": {
      const { matches } = compileAnchoredRegexp(regex);
      return (builder) => !matches(source(builder));
    }
    case "keepequal":
      return (builder) => builder.get(target) === source(builder);
    case "dropequal":
      return (builder) => builder.get(target) !== source(builder);
    case "hashmod": {
      const modulus = BigInt(config.modulus ?? 1);
      return (builder) => kept(builder.set(target, md5Modulo(source(builder), modulus)));
    }
    case "lowercase":
      return (builder) => kept(builder.set(target, toSimpleLower(source(builder))));
    case "uppercase":
      return (builder) => kept(builder.set(target, toSimpleUpper(source(builder))));
    case "labelmap":
      return compileLabelMap(regex, config.replacement ?? relabelDefaults.replacement);
    case "labeldrop":
      return compileLabelFilter(regex, false);
    case "labelkeep":
      return compileLabelFilter(regex, true);
  }
}

function kept(_builder: LabelsBuilder): true {
  return true;
}

/** The values of the source labels, joined. */
function compileSource(
  names: readonly string[],
  separator: string,
): (builder: LabelsBuilder) => string {
  const [first] = names;
  if (first === undefined) return () => "";
  if (names.length === 1) return (builder) => builder.get(first);
  return (builder) => names.map((name) => builder.get(name)).join(separator);
}

function compileReplace(
  config: RelabelConfig,
  source: (builder: LabelsBuilder) => string,
  nameValidation: NameValidation,
): Step {
  const match = compileGroups(config.regex ?? relabelDefaults.regex);
  const target = parseTemplate(config.target_label ?? "");
  const replacement = parseTemplate(config.replacement ?? relabelDefaults.replacement);
  return (builder) => {
    const groups = match(source(builder));
    if (groups === undefined) return true;
    const name = target.expand(groups);
    // An empty replacement removes the label: that is what `set` does.
    if (isValidLabelName(name, nameValidation)) builder.set(name, replacement.expand(groups));
    return true;
  };
}

function compileLabelMap(regex: string, replacementText: string): Step {
  const match = compileGroups(regex);
  const replacement = parseTemplate(replacementText);
  return (builder) => {
    // All names and values are read before the first is written, so that one step does not feed itself.
    const entries = builder.names().map((name) => [name, builder.get(name)] as const);
    for (const [name, value] of entries) {
      const groups = match(name);
      if (groups !== undefined) builder.set(replacement.expand(groups), value);
    }
    return true;
  };
}

function compileLabelFilter(regex: string, keepsMatches: boolean): Step {
  const { matches } = compileAnchoredRegexp(regex);
  return (builder) => {
    for (const name of builder.names()) if (matches(name) !== keepsMatches) builder.delete(name);
    return true;
  };
}

/** The groups of a match of the whole text, undefined where it does not match. */
function compileGroups(regex: string): (text: string) => MatchGroups | undefined {
  // Fast path: the default regex, which most configs leave in place.
  if (regex === relabelDefaults.regex) {
    return (text) => ({ byIndex: (index) => (index <= 1 ? text : ""), byName: () => "" });
  }
  const expression = compileRe2(`^(?s:${regex})$`, regex);
  const { prefix } = compileAnchoredRegexp(regex);
  const names: Readonly<Record<string, number>> = expression.namedGroups();
  return (text) => {
    if (!text.startsWith(prefix)) return undefined;
    const matcher = expression.matcher(text);
    if (!matcher.matches()) return undefined;
    const byIndex = (index: number): string =>
      index <= matcher.groupCount() ? (matcher.group(index) ?? "") : "";
    return { byIndex, byName: (name) => (names[name] === undefined ? "" : byIndex(names[name])) };
  };
}
