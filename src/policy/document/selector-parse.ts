/** Label selectors from YAML, and the namespace and cluster conditions that Cilium adds to them. */

import {
  clusterLabelKey,
  type LabelSelector,
  namespaceLabelKey,
  namespaceMetadataPrefix,
  parseSelectorKey,
  type SelectorCondition,
  type SelectorOperator,
} from "../selector/label-selector.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** Where a policy lives. */
export interface PolicyScope {
  /** "" for cluster-wide policies. */
  readonly namespace: string;
  /** The local cluster's name. */
  readonly clusterName: string;
  /** The subject is endpoints without labels yet: such have no namespace. */
  readonly isForInit?: boolean;
}

const operators: readonly SelectorOperator[] = ["In", "NotIn", "Exists", "DoesNotExist"];
const valuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const keyNamePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const keyPrefixPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Kubernetes' limit for label values and for the name part of keys. */
const labelLengthMax = 63;
const invalid = "invalid label selector: ";

/** Reads matchLabels and matchExpressions; `defaultSource` is meant by keys that name no source. */
export function parseSelector(cursor: YamlCursor, defaultSource = "any"): LabelSelector {
  const fields = cursor.fields(["matchLabels", "matchExpressions"]);
  const conditions: SelectorCondition[] = [];
  for (const [key, value] of fields.matchLabels?.entries() ?? []) {
    checkKey(value, key, defaultSource);
    const text = value.text();
    checkValue(value, text);
    conditions.push({ ...parseSelectorKey(key, defaultSource), operator: "In", values: [text] });
  }
  const expressions = fields.matchExpressions?.items() ?? [];
  for (const [index, item] of expressions.entries()) {
    conditions.push(parseExpression(item, index, defaultSource));
  }
  return { conditions };
}

function parseExpression(
  cursor: YamlCursor,
  index: number,
  defaultSource: string,
): SelectorCondition {
  const where = `${invalid}matchExpressions[${index}]`;
  const fields = cursor.fields(["key", "operator", "values"]);
  const key = fields.key?.text() ?? "";
  const operatorText = fields.operator?.text() ?? "";
  const operator = operators.find((known) => known === operatorText);
  if (operator === undefined) {
    return (fields.operator ?? cursor).fail(
      `${where}.operator: Invalid value: ${JSON.stringify(operatorText)}: not a valid selector operator`,
      `want ${operators.join(", ")}`,
    );
  }
  const values = (fields.values?.items() ?? []).map((value) => value.text());
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues && values.length === 0) {
    cursor.fail(
      `${where}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    );
  }
  if (!wantsValues && values.length > 0) {
    (fields.values ?? cursor).fail(
      `${where}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
    );
  }
  checkKey(fields.key ?? cursor, key, defaultSource, `matchExpressions[${index}].key`);
  for (const [place, value] of (fields.values?.items() ?? []).entries()) {
    checkValue(value, value.text(), `matchExpressions[${index}].values[${place}]`);
  }
  return { ...parseSelectorKey(key, defaultSource), operator, values };
}

/** The agent checks the key as it holds it, with the source in front: "any.app". */
function checkKey(
  cursor: YamlCursor,
  text: string,
  defaultSource: string,
  where = "matchLabels",
): void {
  const { source, key } = parseSelectorKey(text, defaultSource);
  const full = `${source}.${key}`;
  const slash = full.lastIndexOf("/");
  const name = full.slice(slash + 1);
  const quoted = JSON.stringify(full);
  if (slash >= 0 && !keyPrefixPattern.test(full.slice(0, slash))) {
    cursor.fail(
      `${invalid}${where}: Invalid value: ${quoted}: prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    );
  }
  if (!keyNamePattern.test(name)) {
    cursor.fail(
      `${invalid}${where}: Invalid value: ${quoted}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    );
  }
  if (name.length > labelLengthMax) {
    cursor.fail(
      `${invalid}${where}: Invalid value: ${quoted}: name part must be no more than ${labelLengthMax} bytes`,
    );
  }
}

function checkValue(cursor: YamlCursor, value: string, where = "matchLabels"): void {
  const quoted = JSON.stringify(value);
  if (!valuePattern.test(value)) {
    cursor.fail(
      `${invalid}${where}: Invalid value: ${quoted}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    );
  }
  if (value.length > labelLengthMax) {
    cursor.fail(
      `${invalid}${where}: Invalid value: ${quoted}: must be no more than ${labelLengthMax} bytes`,
    );
  }
}

/** The subject of a namespaced policy always lies in the policy's namespace, whatever its selector says. */
export function withSubjectNamespace(selector: LabelSelector, namespace: string): LabelSelector {
  if (namespace === "") return selector;
  const conditions = selector.conditions.filter(({ key }) => key !== namespaceLabelKey);
  return { conditions: [...conditions, k8sCondition(namespaceLabelKey, namespace)] };
}

/**
 * A peer selector means pods of the policy's namespace (of any, in a cluster-wide policy) and of the
 * local cluster unless it names namespace or cluster itself; selectors of reserved labels are left as
 * they are.
 */
export function withPeerScope(
  selector: LabelSelector,
  { namespace, clusterName, isForInit = false }: PolicyScope,
): LabelSelector {
  const { conditions } = selector;
  if (conditions.some(({ source }) => source === "reserved")) return selector;
  const namesNamespace = conditions.some(
    ({ key }) => key === namespaceLabelKey || key.startsWith(namespaceMetadataPrefix),
  );
  const namesCluster = conditions.some(({ key }) => key === clusterLabelKey);
  const namespaceCondition: SelectorCondition =
    namespace === ""
      ? { source: "k8s", key: namespaceLabelKey, operator: "Exists", values: [] }
      : k8sCondition(namespaceLabelKey, namespace);
  return {
    conditions: [
      ...conditions,
      ...(namesNamespace || (namespace === "" && isForInit) ? [] : [namespaceCondition]),
      ...(namesCluster ? [] : [k8sCondition(clusterLabelKey, clusterName)]),
    ],
  };
}

function k8sCondition(key: string, value: string): SelectorCondition {
  return { source: "k8s", key, operator: "In", values: [value] };
}
