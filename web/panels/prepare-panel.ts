/** From an answer to what a panel draws: the panel's field settings and overrides applied to its frames. */

import { applyFieldConfig } from "../../src/dashboard/field-overrides.ts";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import type { PanelResult } from "./panel-props.ts";

const nothing: PanelResult = { frames: [], range: { fromMs: 0, toMs: 1 }, stepMs: 0 };

/** The frames of `answer` ready to draw; none where there is no answer. */
export function preparePanel(
  panel: Panel,
  answer: PanelResult | undefined,
  scope: VariableScope,
): PanelResult {
  if (answer === undefined) return nothing;
  const { frames, range, stepMs } = answer;
  return { range, stepMs, frames: applyFieldConfig(frames, panel.fieldConfig, scope) };
}
