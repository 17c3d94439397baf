/**
 * Label selectors over security-identity labels ("k8s:class=deathstar", "reserved:host"). A key may
 * name its source ("k8s:app", "any:app", "reserved:world"); without one any source will do. Conditions
 * are ANDed. Cost of a match: conditions x labels.
 */

/** Operators of matchExpressions; matchLabels becomes `In` with one value. */
export type SelectorOperator = "In" | "NotIn" | "Exists" | "DoesNotExist";

/** One condition. */
export interface SelectorCondition {
  /** "any" = any source. */
  readonly source: string;
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** ANDed conditions; none = everything. */
export interface LabelSelector {
  readonly conditions: readonly SelectorCondition[];
}

/** An identity label taken apart. */
export interface IdentityLabel {
  readonly source: string;
  readonly key: string;
  readonly value: string;
}

/** The pod's namespace as an identity label. */
export const namespaceLabelKey = "io.kubernetes.pod.namespace";
/** Labels of the pod's namespace begin with this. */
export const namespaceMetadataPrefix = "io.cilium.k8s.namespace.labels.";
/** The cluster a pod belongs to. */
export const clusterLabelKey = "io.cilium.k8s.policy.cluster";

/** Takes "k8s:app=web", "reserved:host", "cidr:10.0.0.0/8" apart; without a source it is "any". */
export function parseIdentityLabel(text: string): IdentityLabel {
  const colon = text.indexOf(":");
  const source = colon < 0 ? "any" : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  const equals = rest.indexOf("=");
  return equals < 0
    ? { source, key: rest, value: "" }
    : { source, key: rest.slice(0, equals), value: rest.slice(equals + 1) };
}

/** Takes a selector's key apart: "k8s:app" → k8s, app; "app" → `defaultSource`, app. */
export function parseSelectorKey(
  text: string,
  defaultSource = "any",
): { source: string; key: string } {
  const colon = text.indexOf(":");
  return colon < 0
    ? { source: defaultSource, key: text }
    : { source: text.slice(0, colon), key: text.slice(colon + 1) };
}

/** Whether every condition holds. */
export function matchesSelector(
  selector: LabelSelector,
  labels: readonly IdentityLabel[],
): boolean {
  for (const condition of selector.conditions) {
    if (!matchesCondition(condition, labels)) return false;
  }
  return true;
}

function matchesCondition(condition: SelectorCondition, labels: readonly IdentityLabel[]): boolean {
  const { source, key } = condition;
  let found: IdentityLabel | undefined;
  for (const label of labels) {
    if (label.key === key && (source === "any" || source === label.source)) {
      found = label;
      break;
    }
  }
  switch (condition.operator) {
    case "Exists":
      return found !== undefined;
    case "DoesNotExist":
      return found === undefined;
    case "In":
      return found !== undefined && condition.values.includes(found.value);
    case "NotIn":
      // As in Kubernetes: a label that is not there is not in the list either.
      return found === undefined || !condition.values.includes(found.value);
  }
}

/** "class=deathstar,org in (a,b),!x": one line for explanations. */
export function formatSelector(selector: LabelSelector): string {
  return selector.conditions.map(formatCondition).join(",");
}

function formatCondition({ source, key, operator, values }: SelectorCondition): string {
  const name = source === "any" ? key : `${source}:${key}`;
  switch (operator) {
    case "Exists":
      return name;
    case "DoesNotExist":
      return `!${name}`;
    case "In":
      return values.length === 1 ? `${name}=${values[0]}` : `${name} in (${values.join(",")})`;
    case "NotIn":
      return `${name} notin (${values.join(",")})`;
  }
}
