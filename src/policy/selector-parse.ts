/** Label selectors from YAML, and the namespace and cluster conditions that Cilium adds to them. */

import {
  clusterLabelKey,
  type LabelSelector,
  namespaceLabelKey,
  namespaceMetadataPrefix,
  parseSelectorKey,
  type SelectorCondition,
  type SelectorOperator,
} from "./label-selector.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** Where a policy lives. */
export interface PolicyScope {
  readonly namespace: string;
  /** The local cluster's name. */
  readonly clusterName: string;
}

const operators: readonly SelectorOperator[] = ["In", "NotIn", "Exists", "DoesNotExist"];
const valuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const keyNamePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const keyPrefixPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Kubernetes' limit for label values and for the name part of keys. */
const labelLengthMax = 63;

/** Reads matchLabels and matchExpressions. */
export function parseSelector(cursor: YamlCursor): LabelSelector {
  const fields = cursor.fields(["matchLabels", "matchExpressions"]);
  const conditions: SelectorCondition[] = [];
  for (const [key, value] of fields.matchLabels?.entries() ?? []) {
    checkKey(value, key);
    const text = value.text('; quote the value, as in "true"');
    checkValue(value, text);
    conditions.push({ ...parseSelectorKey(key), operator: "In", values: [text] });
  }
  for (const item of fields.matchExpressions?.items() ?? []) {
    conditions.push(parseExpression(item));
  }
  return { conditions };
}

function parseExpression(cursor: YamlCursor): SelectorCondition {
  const fields = cursor.fields(["key", "operator", "values"]);
  const key = (fields.key ?? cursor.fail("key is missing")).text();
  checkKey(fields.key ?? cursor, key);
  const operatorText = (fields.operator ?? cursor.fail("operator is missing")).text();
  const operator = operators.find((known) => known === operatorText);
  if (operator === undefined) {
    return (fields.operator ?? cursor).fail(
      `unsupported operator "${operatorText}"; want ${operators.join(", ")}`,
    );
  }
  const values = (fields.values?.items() ?? []).map((value) => {
    const text = value.text('; quote the value, as in "true"');
    checkValue(value, text);
    return text;
  });
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues && values.length === 0) {
    cursor.fail(`values must be specified when the operator is In or NotIn`);
  }
  if (!wantsValues && values.length > 0) {
    (fields.values ?? cursor).fail(
      "values may not be specified when the operator is Exists or DoesNotExist",
    );
  }
  return { ...parseSelectorKey(key), operator, values };
}

function checkKey(cursor: YamlCursor, text: string): void {
  const { key } = parseSelectorKey(text);
  const slash = key.lastIndexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  // Namespace labels are written with the whole namespace key inside, slashes included.
  const isPrefixGood =
    prefix === undefined ||
    key.startsWith(namespaceMetadataPrefix) ||
    keyPrefixPattern.test(prefix);
  if (!isPrefixGood || !keyNamePattern.test(name) || name.length > labelLengthMax) {
    cursor.fail(
      `invalid label key "${text}": letters, digits, "-", "_", "." with an optional DNS prefix and "/"`,
    );
  }
}

function checkValue(cursor: YamlCursor, value: string): void {
  if (!valuePattern.test(value) || value.length > labelLengthMax) {
    cursor.fail(
      `invalid label value "${value}": at most ${labelLengthMax} letters, digits, "-", "_", ".", beginning and ending with a letter or digit`,
    );
  }
}

/** The subject of a policy always lies in the policy's namespace, whatever its selector says. */
export function withSubjectNamespace(selector: LabelSelector, namespace: string): LabelSelector {
  const conditions = selector.conditions.filter(({ key }) => key !== namespaceLabelKey);
  return { conditions: [...conditions, k8sCondition(namespaceLabelKey, namespace)] };
}

/**
 * A peer selector means pods of the policy's namespace and of the local cluster unless it names
 * namespace or cluster itself; selectors of reserved labels are left as they are.
 */
export function withPeerScope(
  selector: LabelSelector,
  { namespace, clusterName }: PolicyScope,
): LabelSelector {
  const { conditions } = selector;
  if (conditions.some(({ source }) => source === "reserved")) return selector;
  const namesNamespace = conditions.some(
    ({ key }) => key === namespaceLabelKey || key.startsWith(namespaceMetadataPrefix),
  );
  const namesCluster = conditions.some(({ key }) => key === clusterLabelKey);
  return {
    conditions: [
      ...conditions,
      ...(namesNamespace ? [] : [k8sCondition(namespaceLabelKey, namespace)]),
      ...(namesCluster ? [] : [k8sCondition(clusterLabelKey, clusterName)]),
    ],
  };
}

function k8sCondition(key: string, value: string): SelectorCondition {
  return { source: "k8s", key, operator: "In", values: [value] };
}
