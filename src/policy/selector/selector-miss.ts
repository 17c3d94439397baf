/** Why a label selector does not select a peer: the words of verdict-reason.ts and flow-explanation.ts start here. */

import {
  type IdentityLabel,
  type LabelSelector,
  matchesSelector,
  type SelectorCondition,
} from "./label-selector.ts";

/** The first condition that does not hold; undefined = all do. */
export function failingCondition(
  { conditions }: LabelSelector,
  labels: readonly IdentityLabel[],
): SelectorCondition | undefined {
  return conditions.find((condition) => !matchesSelector({ conditions: [condition] }, labels));
}

/** The label that the condition asks about, where the peer has it. */
export function labelAskedFor(
  { source, key }: SelectorCondition,
  labels: readonly IdentityLabel[],
): IdentityLabel | undefined {
  return labels.find((one) => one.key === key && (source === "any" || source === one.source));
}

/** "default/tiefighter" → "tiefighter". */
export function shortName(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}
