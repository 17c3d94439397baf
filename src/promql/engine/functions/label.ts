/** label_replace and label_join: labels once per series, values untouched. */

import { ParseError, QueryError } from "../../../base/errors.ts";
import { type Labels, LabelsBuilder } from "../../../model/labels.ts";
import { compileRe2 } from "../../../model/regexp.ts";
import { mergeEqualRows, type StepVector } from "../step-vector.ts";
import { stringArg, type ValueCall, type ValueFunction, vectorArg } from "./function-call.ts";

export const labelFunctions = {
  label_replace: { kind: "value", evaluate: labelReplace },
  label_join: { kind: "value", evaluate: labelJoin },
} as const satisfies Record<string, ValueFunction>;

function labelReplace(call: ValueCall): StepVector {
  const target = stringArg(call, 1);
  const template = parseTemplate(stringArg(call, 2));
  const source = stringArg(call, 3);
  const regexp = compileAnchored(stringArg(call, 4));
  checkLabelName(target, "destination", "label_replace");
  const vector = vectorArg(call, 0);
  // Many series share a value of the source label.
  const replacements = new Map<string, string | undefined>();
  for (let row = 0; row < vector.rowCount; row++) {
    const labels = vector.labels[row] as Labels;
    const value = labels.get(source);
    let replacement = replacements.get(value);
    if (replacement === undefined && !replacements.has(value)) {
      replacement = replace(regexp, value, template);
      replacements.set(value, replacement);
    }
    if (replacement !== undefined) setLabel(vector, row, target, replacement);
  }
  return mergeEqualRows(vector);
}

function labelJoin(call: ValueCall): StepVector {
  const target = stringArg(call, 1);
  const separator = stringArg(call, 2);
  const sources = call.args.slice(3).map((_, index) => stringArg(call, index + 3));
  for (const source of sources) checkLabelName(source, "source", "label_join");
  checkLabelName(target, "destination", "label_join");
  const vector = vectorArg(call, 0);
  for (let row = 0; row < vector.rowCount; row++) {
    const labels = vector.labels[row] as Labels;
    setLabel(vector, row, target, sources.map((name) => labels.get(name)).join(separator));
  }
  return mergeEqualRows(vector);
}

function setLabel(vector: StepVector, row: number, name: string, value: string): void {
  const labels = vector.labels[row] as Labels;
  if (labels.get(name) !== value) {
    vector.labels[row] = new LabelsBuilder(labels).set(name, value).labels();
  }
  // A name that was set on purpose stays.
  if (name === "__name__") vector.isNamePending[row] = false;
}

function checkLabelName(name: string, role: string, functionName: string): void {
  if (name === "" || /[\ud800-\udfff]/u.test(name)) {
    throw new QueryError("execution", `invalid ${role} label name in ${functionName}(): ${name}`);
  }
}

type Regexp = ReturnType<typeof compileRe2>;

function compileAnchored(source: string): Regexp {
  try {
    return compileRe2(`^(?s:${source})$`, source);
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    throw new QueryError("execution", `invalid regular expression in label_replace(): ${source}`, {
      cause: thrown,
    });
  }
}

/** A literal, or a group by number or name. */
type TemplatePart = string | { readonly group: string };

/** Go's Regexp.Expand: $1, $name, ${name}, $$; `$1x` is the group named "1x". */
function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let rest = template;
  for (;;) {
    const at = rest.indexOf("$");
    if (at < 0) break;
    if (at > 0) parts.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
    const reference = /^(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/u.exec(rest);
    if (reference === null) {
      parts.push("$");
      continue;
    }
    const group = reference[1] ?? reference[2];
    parts.push(group === undefined ? "$" : { group });
    rest = rest.slice(reference[0].length);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

/** The new value, undefined where `value` does not match. */
function replace(
  regexp: Regexp,
  value: string,
  template: readonly TemplatePart[],
): string | undefined {
  const matcher = regexp.matcher(value);
  if (!matcher.find()) return undefined;
  let result = "";
  for (const part of template) {
    if (typeof part === "string") result += part;
    else if (/^\d+$/.test(part.group)) {
      const index = Number(part.group);
      if (index <= matcher.groupCount()) result += matcher.group(index) ?? "";
    } else if (Object.hasOwn(regexp.namedGroups(), part.group)) {
      result += matcher.group(part.group) ?? "";
    }
  }
  return result;
}
