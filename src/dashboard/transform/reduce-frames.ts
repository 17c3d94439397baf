/** reduce: each column to its last value, mean…, as rows of one table or as frames of one row. */

import { createFieldMatcher, type FieldMatcher } from "../field-matcher.ts";
import { createFieldNamer } from "../field-name.ts";
import { createFrame, type Field, type FieldType, type Frame, guessFieldType } from "../frame.ts";
import { asObject, asString, asStrings } from "../json-reader.ts";
import { findReducer, type Reducer, reduceField } from "../reduce.ts";
import { joinedRefId, type TransformStep, withValues } from "./step.ts";

export const reduceFrames: TransformStep = (frames, options) => {
  const reducers = asStrings(options["reducers"]).flatMap((id) => findReducer(id) ?? []);
  const isRows = options["mode"] !== "reduceFields";
  const includesTime = !isRows && options["includeTimeField"] === true;
  const raw = asObject(options["fields"]);
  const namer = createFieldNamer(frames);
  const matcher: FieldMatcher =
    raw["id"] === undefined
      ? (field) => includesTime || field.type !== "time"
      : (createFieldMatcher({ id: asString(raw["id"]), options: raw["options"] }, namer) ??
        (() => false));
  return isRows
    ? [reduceToRows(frames, { matcher, reducers, usesLabels: options["labelsToFields"] === true })]
    : reduceToFields(frames, matcher, reducers);
};

interface RowOptions {
  readonly matcher: FieldMatcher;
  readonly reducers: readonly Reducer[];
  readonly usesLabels: boolean;
}

/** A row a column: its name (or its labels), then a column a reducer. */
function reduceToRows(frames: readonly Frame[], options: RowOptions): Frame {
  const { matcher, reducers, usesLabels } = options;
  const namer = createFieldNamer(frames);
  const sources = frames.flatMap((frame) =>
    frame.fields.filter((field) => matcher(field, frame)).map((field) => ({ field, frame })),
  );
  const ids = reducers.map(({ id }) => id);
  const results = sources.map(({ field }) => reduceField(field, ids));
  const names = sources.map(({ field, frame }) => (usesLabels ? field.name : namer(field, frame)));
  const labelNames = usesLabels
    ? [
        ...new Set(
          frames.flatMap(({ fields }) => fields.flatMap(({ labels = {} }) => Object.keys(labels))),
        ),
      ]
    : [];
  const fields: Field[] = [
    { name: "Field", type: "string", config: {}, values: names },
    ...labelNames.map((name): Field => {
      const values = sources.map(({ field }) => field.labels?.[name]);
      return { name, type: "string", config: {}, values };
    }),
    ...reducers.map(({ id, name }): Field => {
      const values = results.map((result) => result[id]);
      return { name, type: guessFieldType(values), config: {}, values };
    }),
  ];
  return createFrame(fields, { refId: joinedRefId("reduce", frames) });
}

function reduceToFields(
  frames: readonly Frame[],
  matcher: FieldMatcher,
  reducers: readonly Reducer[],
): Frame[] {
  const ids = reducers.map(({ id }) => id);
  return frames.flatMap((frame) => {
    const fields = frame.fields
      .filter((field) => matcher(field, frame))
      .flatMap((field) => {
        const results = reduceField(field, ids);
        return reducers.map(({ id, name }) => {
          const reduced = {
            ...withValues(field, [results[id]]),
            type: reducedType(id, field.type),
          };
          return reducers.length > 1
            ? { ...reduced, labels: { ...field.labels, reducer: name } }
            : reduced;
        });
      });
    return fields.length === 0 ? [] : [{ ...frame, fields, length: 1 }];
  });
}

/** The type of what a reducer gives. */
export function reducedType(id: string, type: FieldType): FieldType {
  if (id === "allIsNull" || id === "allIsZero") return "boolean";
  return /^(?:last|first)(?:NotNull)?$/.test(id) ? type : "number";
}
