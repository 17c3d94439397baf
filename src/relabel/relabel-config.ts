/**
 * Relabel configs as Prometheus 3 reads them from YAML: schema, defaults and the checks between
 * fields, with Prometheus' own error texts. relabel-program.ts runs them. Browser-safe.
 */

import { z } from "zod";
import { errorMessage } from "../base/errors.ts";
import { isLegacyLabelName, quoteString } from "../model/labels.ts";
import { compileRe2 } from "../model/regexp.ts";
import { didYouMean } from "../schema/did-you-mean.ts";
import { mapping } from "../schema/mapping.ts";
import { textScalar } from "../schema/scalars.ts";

/** What a relabel config does. */
export const relabelActions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

export type RelabelAction = (typeof relabelActions)[number];

/** Which label names are valid: any UTF-8, or `[a-zA-Z_][a-zA-Z0-9_]*`. */
export type NameValidation = "utf8" | "legacy";

/** Prometheus' defaults. */
export const relabelDefaults = {
  action: "replace",
  separator: ";",
  regex: "(.*)",
  replacement: "$1",
} as const;

/** A legacy name with `$1`, `$name` or `${name}` in it. */
const legacyTemplate = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;

const actionScalar = textScalar.transform((text, context): RelabelAction => {
  const action = relabelActions.find((known) => known === text.toLowerCase());
  if (action !== undefined) return action;
  context.addIssue({
    code: "custom",
    message: `unknown relabel action ${quoteString(text)}${didYouMean(text, relabelActions)}`,
  });
  return z.NEVER;
});

/** Whole numbers in any base, and floats without their fraction, as YAML gives them to Go's integers. */
const modulusScalar = textScalar.transform((text, context): number => {
  const digits = text.replaceAll("_", "");
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  const isNumber = /^[+-]?[0-9.]/.test(digits) && Number.isSafeInteger(Math.trunc(value));
  if (isNumber && value >= 0) return Math.trunc(value);
  context.addIssue({
    code: "custom",
    message: `want a whole number of at least 0, have ${quoteString(text)}`,
  });
  return z.NEVER;
});

const regexScalar = textScalar.superRefine((source, context) => {
  try {
    compileRe2(`^(?s:${source})$`, source);
  } catch (thrown) {
    context.addIssue({ code: "custom", message: errorMessage(thrown) });
  }
});

/** One relabel config. Absent keys stay absent, since some checks ask whether a key was given. */
export const relabelConfigSchema = mapping(
  {
    source_labels: z
      .array(textScalar, { error: "want a list of label names" })
      .superRefine(refuseEmptyNames)
      .optional(),
    separator: textScalar.optional(),
    regex: regexScalar.optional(),
    modulus: modulusScalar.optional(),
    target_label: textScalar.optional(),
    replacement: textScalar.optional(),
    action: actionScalar.optional(),
  },
  { nullIsEmpty: ["regex"] },
);

/** A relabel config as written, checked field by field. */
export type RelabelConfig = z.output<typeof relabelConfigSchema>;

/** What is wrong with a config, and with which of its fields. */
export interface RelabelProblem {
  readonly field: keyof RelabelConfig;
  readonly message: string;
}

function refuseEmptyNames(names: readonly string[], context: z.RefinementCtx): void {
  for (const [index, name] of names.entries()) {
    if (name !== "") continue;
    context.addIssue({
      code: "custom",
      path: [index],
      message: `${quoteString(name)} is not a valid label name`,
    });
  }
}

const needsTarget: ReadonlySet<RelabelAction> = new Set([
  "replace",
  "keepequal",
  "dropequal",
  "hashmod",
  "lowercase",
  "uppercase",
]);
const plainTarget: ReadonlySet<RelabelAction> = new Set([
  "keepequal",
  "dropequal",
  "hashmod",
  "lowercase",
  "uppercase",
]);

/** The first rule between fields that `config` breaks, in Prometheus' order; undefined where it is sound. */
export function findRelabelProblem(
  config: RelabelConfig,
  nameValidation: NameValidation,
): RelabelProblem | undefined {
  const action = config.action ?? relabelDefaults.action;
  if (action === "hashmod" && (config.modulus ?? 0) === 0) {
    const message = "relabel configuration for hashmod requires non-zero modulus";
    return { field: "modulus", message };
  }
  return (
    targetProblem(config, action, nameValidation) ??
    replacementProblem(config, action, nameValidation) ??
    surplusProblem(config, action)
  );
}

/** Whether `name` may name a label. */
export function isValidLabelName(name: string, nameValidation: NameValidation): boolean {
  return nameValidation === "legacy" ? isLegacyLabelName(name) : name !== "";
}

function isValidTemplate(template: string, nameValidation: NameValidation): boolean {
  return nameValidation === "legacy" ? legacyTemplate.test(template) : template !== "";
}

function targetProblem(
  config: RelabelConfig,
  action: RelabelAction,
  nameValidation: NameValidation,
): RelabelProblem | undefined {
  const target = config.target_label ?? "";
  if (needsTarget.has(action) && target === "") {
    const message = `relabel configuration for ${action} action requires 'target_label' value`;
    return { field: "target_label", message };
  }
  const isTemplate = action === "replace" && target.includes("$");
  const isBad =
    (isTemplate && !isValidTemplate(target, nameValidation)) ||
    (((action === "replace" && !isTemplate) || plainTarget.has(action)) &&
      !isValidLabelName(target, nameValidation));
  if (!isBad) return undefined;
  const message = `${quoteString(target)} is invalid 'target_label' for ${action} action`;
  return { field: "target_label", message };
}

function replacementProblem(
  config: RelabelConfig,
  action: RelabelAction,
  nameValidation: NameValidation,
): RelabelProblem | undefined {
  const replacement = config.replacement ?? relabelDefaults.replacement;
  if (
    action !== "hashmod" &&
    plainTarget.has(action) &&
    replacement !== relabelDefaults.replacement
  ) {
    return { field: "replacement", message: `'replacement' can not be set for ${action} action` };
  }
  if (action !== "labelmap" || isValidTemplate(replacement, nameValidation)) return undefined;
  const message = `${quoteString(replacement)} is invalid 'replacement' for ${action} action`;
  return { field: "replacement", message };
}

/** Fields that an action does not read: Prometheus refuses them for the actions where they mislead. */
function surplusProblem(config: RelabelConfig, action: RelabelAction): RelabelProblem | undefined {
  if (action === "keepequal" || action === "dropequal") {
    const field = changedField(config, ["modulus", "separator", "replacement", "regex"]);
    const message = `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`;
    return field === undefined ? undefined : { field, message };
  }
  if (action === "labeldrop" || action === "labelkeep") {
    const surplus = [
      "source_labels",
      "target_label",
      "modulus",
      "separator",
      "replacement",
    ] as const;
    const field = changedField(config, surplus);
    const message = `${action} action requires only 'regex', and no other fields`;
    return field === undefined ? undefined : { field, message };
  }
  return undefined;
}

/** The first of `fields` that says something else than the default; a regex counts once it is written. */
function changedField(
  config: RelabelConfig,
  fields: readonly (keyof RelabelConfig)[],
): keyof RelabelConfig | undefined {
  const unchanged = {
    source_labels: undefined,
    regex: undefined,
    modulus: 0,
    target_label: "",
    separator: relabelDefaults.separator,
    replacement: relabelDefaults.replacement,
    action: undefined,
  };
  return fields.find((field) => config[field] !== undefined && config[field] !== unchanged[field]);
}
