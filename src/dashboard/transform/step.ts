/** What a transformation is: frames in, frames out, by the options of the dashboard. Inputs are never written into. */

import type { Field, FieldValues, Frame } from "../frame.ts";
import type { VariableScope } from "../interpolate.ts";
import type { JsonObject } from "../json-reader.ts";

/** One kind of transformation. `options` is raw JSON. Throws an Error for options that make no sense. */
export type TransformStep = (
  frames: readonly Frame[],
  options: JsonObject,
  scope: VariableScope,
) => readonly Frame[];

/** "merge-A-B": how Grafana names what came of several frames. */
export function joinedRefId(name: string, frames: readonly Frame[]): string {
  return `${name}-${frames.map(({ refId }) => refId).join("-")}`;
}

/** The same field with other values; what was worked out from the old ones is dropped. */
export function withValues(field: Field, values: FieldValues): Field {
  const { state: _state, ...rest } = field;
  return { ...rest, values };
}

/** The rows `indexes` of a frame, in that order. */
export function pickRows(frame: Frame, indexes: readonly number[]): Frame {
  const fields = frame.fields.map((field) =>
    withValues(
      field,
      indexes.map((index) => field.values[index]),
    ),
  );
  return { ...frame, fields, length: indexes.length };
}
