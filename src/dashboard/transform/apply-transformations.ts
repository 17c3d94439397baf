/** Runs the transformations of a panel on its frames, one after the other. What cannot be done is said, not dropped. */

import { errorMessage } from "../../base/errors.ts";
import type { Frame } from "../frame.ts";
import type { VariableScope } from "../interpolate.ts";
import { asObject, type JsonObject } from "../json-reader.ts";
import type { Transformation } from "../model.ts";
import { calculateField } from "./calculate-field.ts";
import { convertFieldType } from "./convert-field-type.ts";
import {
  createFrameMatcher,
  filterByRefId,
  filterByValue,
  filterFields,
  filterFieldsByName,
  filterFrames,
  limitRows,
} from "./filter.ts";
import { formatString, formatTime } from "./format-field.ts";
import { groupBy, groupingToMatrix, groupToNestedTable } from "./group.ts";
import { histogram } from "./histogram.ts";
import { ensureColumns, joinByField } from "./join.ts";
import { labelsToFields } from "./labels-to-fields.ts";
import { concatenateFrames, mergeFrames, seriesToRows } from "./merge.ts";
import { orderFields, organizeFields, renameByRegex, renameFields } from "./organize.ts";
import { reduceFrames } from "./reduce-frames.ts";
import { sortByField } from "./sort.ts";
import type { TransformStep } from "./step.ts";
import { transpose } from "./transpose.ts";

/** What the transformations made, and a sentence for each that did nothing. */
export interface TransformedFrames {
  readonly frames: readonly Frame[];
  readonly problems: readonly string[];
}

/** Kinds by id. */
const steps: Readonly<Record<string, TransformStep>> = {
  noop: (frames) => frames,
  merge: mergeFrames,
  concatenate: concatenateFrames,
  seriesToRows,
  organize: organizeFields,
  order: orderFields,
  rename: renameFields,
  renameByRegex,
  filterFieldsByName,
  filterFields,
  filterFrames,
  filterByRefId,
  filterByValue,
  limit: limitRows,
  reduce: reduceFrames,
  groupBy,
  groupToNestedTable,
  groupingToMatrix,
  calculateField,
  sortBy: sortByField,
  joinByField,
  // The name it had before Grafana 9.
  seriesToColumns: joinByField,
  ensureColumns,
  labelsToFields,
  histogram,
  convertFieldType,
  formatString,
  formatTime,
  transpose,
  convertFrameType,
};

/** Frames as the exemplars that a chart draws beside its series; Grafana changes nothing for other kinds. */
function convertFrameType(frames: readonly Frame[], options: JsonObject): readonly Frame[] {
  if (options["targetType"] !== "exemplar") return frames;
  return frames.map((frame) => {
    const custom = { ...asObject(frame.meta?.["custom"]), resultType: "exemplar" };
    return {
      ...frame,
      name: "exemplar",
      meta: { ...frame.meta, dataTopic: "annotations", custom },
    };
  });
}

/** Frames after all transformations that are not disabled; a `filter` restricts one to some frames. */
export function applyTransformations(
  frames: readonly Frame[],
  transformations: readonly Transformation[],
  scope: VariableScope = { variables: new Map() },
): TransformedFrames {
  const problems: string[] = [];
  let current = frames;
  for (const transformation of transformations) {
    if (transformation.isDisabled) continue;
    const { id } = transformation;
    const step = Object.hasOwn(steps, id) ? steps[id] : undefined;
    if (step === undefined) {
      problems.push(`the transformation ${id} is not known; its frames stay as they are`);
      continue;
    }
    try {
      current = runStep(current, { step, transformation, scope });
    } catch (thrown) {
      // Options are free JSON (regexps above all); the panel shows what there is and says why.
      const why = errorMessage(thrown);
      problems.push(`the transformation ${id} cannot be applied: ${why}`);
    }
  }
  return { frames: current, problems };
}

function runStep(
  frames: readonly Frame[],
  run: { step: TransformStep; transformation: Transformation; scope: VariableScope },
): readonly Frame[] {
  const { step, transformation, scope } = run;
  const filter = asObject(transformation.filter);
  if (filter["id"] === undefined || (filter["options"] ?? "") === "") {
    return step(frames, transformation.options, scope);
  }
  const matches = createFrameMatcher(filter);
  const [meant, others]: [Frame[], Frame[]] = [[], []];
  let insertAt = 0;
  for (const [index, frame] of frames.entries()) {
    if (matches(frame, index)) {
      meant.push(frame);
    } else {
      insertAt ||= index;
      others.push(frame);
    }
  }
  const result = [...step(meant, transformation.options, scope)];
  result.splice(insertAt, 0, ...others);
  return result;
}
