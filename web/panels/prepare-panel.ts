/** From an answer to what a panel draws: transformations, then the panel's field settings and overrides. */

import { applyFieldConfig } from "../../src/dashboard/field-overrides.ts";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { applyTransformations } from "../../src/dashboard/transform/apply-transformations.ts";
import type { PanelResult } from "./panel-props.ts";

/** A result, and a sentence for each transformation that was not done as written. */
export interface PreparedPanel {
  readonly result: PanelResult;
  readonly problems: readonly string[];
}

const nothing: PreparedPanel = {
  result: { frames: [], range: { fromMs: 0, toMs: 1 }, stepMs: 0 },
  problems: [],
};

/** The frames of `answer` ready to draw; none where there is no answer. */
export function preparePanel(
  panel: Panel,
  answer: PanelResult | undefined,
  scope: VariableScope,
): PreparedPanel {
  if (answer === undefined) return nothing;
  const { range, stepMs } = answer;
  const transformed = applyTransformations(answer.frames, panel.transformations, scope);
  const frames = applyFieldConfig(transformed.frames, panel.fieldConfig, scope);
  return { result: { range, stepMs, frames }, problems: transformed.problems };
}
