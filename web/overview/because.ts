/** The policy's explanation of one flow as one sentence: policy, rule and line. Pure. */

import type {
  WireExplainedStep,
  WireFlowExplanation,
} from "../../src/api/wire/flow-explanation.ts";

/** "rule1 line 12: …"; undefined where policies have nothing to say. */
export function becauseOf(explanation: WireFlowExplanation): string | undefined {
  const denying = explanation.sides.filter(({ isDenied }) => isDenied);
  const side = denying.find(({ isObserved }) => isObserved) ?? denying[0];
  if (side === undefined) return undefined;
  const closing = side.steps.find(({ state }) => state === "closes");
  const refusing = side.steps.find((step) => step.state === "denies" && step.place !== null);
  const nearest = side.steps.findLast((step) => step.state === "misses" && step.place !== null);
  if (refusing !== undefined) return placed(refusing);
  if (nearest !== undefined) return placed(nearest);
  if (closing?.place) return `Default deny by ${closing.place.name}; no rule matches.`;
  return undefined;
}

function placed({ place, line, text }: WireExplainedStep): string {
  if (place === null) return text;
  return `${place.name}${line === null ? "" : ` line ${line}`}: ${text}`;
}
