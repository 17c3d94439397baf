/** From an answer to what a panel draws: transformations, then the panel's field settings and overrides. */

import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import type { PanelResult } from "./panel-props.ts";

interface PanelInput {
  readonly frames: PanelResult["frames"];
  readonly range: PanelResult["range"];
  readonly stepMs: number;
}
const nothing: PanelResult = { frames: [], range: { fromMs: 0, toMs: 1 }, stepMs: 0 };

export function preparePanel(
  panel: Panel,
  answer: PanelInput | undefined,
  _scope: VariableScope,
): PanelResult {
  if (answer === undefined) return nothing;
  const { defaults } = panel.fieldConfig;
  return {
    range: answer.range,
    stepMs: answer.stepMs,
    frames: answer.frames.map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) =>
        field.type === "number" ? { ...field, config: { ...defaults, ...field.config } } : field,
      ),
    })),
  };
}
