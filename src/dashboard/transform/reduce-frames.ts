/** reduce: each column to its last value, mean…, as rows of one table or as frames of one row. */

import { createFieldMatcher, type FieldMatcher } from "../field-matcher.ts";
import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import { createFrame, type Field, type FieldType, type Frame, guessFieldType } from "../frame.ts";
import { asObject, asString, asStrings } from "../json-reader.ts";
import { findReducer, type Reducer, reduceField } from "../reduce.ts";
import { joinedRefId, type TransformStep, withValues } from "./step.ts";

export const reduceFrames: TransformStep = (frames, options) => {
  const reducers = asStrings(options["reducers"] ?? ["max"]).flatMap((id) => findReducer(id) ?? []);
  if (asStrings(options["reducers"] ?? ["max"]).length === 0) return frames;
  const isRows = options["mode"] !== "reduceFields";
  const includesTime = !isRows && options["includeTimeField"] === true;
  const raw = asObject(options["fields"]);
  const namer = createFieldNamer(frames);
  const matcher: FieldMatcher =
    raw["id"] === undefined
      ? (field) => includesTime || field.type !== "time"
      : (createFieldMatcher({ id: asString(raw["id"]), options: raw["options"] }, namer) ??
        (() => false));
  if (!isRows) return reduceToFields(frames, matcher, reducers);
  if (frames.length === 0) return [];
  const usesLabels = options["labelsToFields"] === true;
  return [reduceToRows(frames, { matcher, reducers, usesLabels, namer })];
};

interface RowOptions {
  readonly matcher: FieldMatcher;
  readonly reducers: readonly Reducer[];
  readonly usesLabels: boolean;
  readonly namer: FieldNamer;
}

/** A row a column: its name (or its labels), then a column a reducer; the tables of all frames below each other. */
function reduceToRows(frames: readonly Frame[], options: RowOptions): Frame {
  const labelNames = options.usesLabels
    ? new Set(
        frames.flatMap(({ fields }) => fields.flatMap(({ labels = {} }) => Object.keys(labels))),
      )
    : [];
  const [first = [], ...others] = frames.map((frame) =>
    reduceFrame(frame, [...labelNames], options),
  );
  const fields = first.map((field, index) => {
    // The names are always taken over, other columns where name and type are the same.
    const more = others.flatMap((columns) =>
      columns.filter((column, place) =>
        index === 0 && place === 0
          ? true
          : column.name === field.name && column.type === field.type,
      ),
    );
    return { ...field, values: [field, ...more].flatMap(({ values }) => [...values] as unknown[]) };
  });
  const { name: _name, ...head } = frames[0] as Frame;
  return createFrame(fields, { ...head, refId: joinedRefId("reduce", frames) });
}

function reduceFrame(frame: Frame, labelNames: readonly string[], options: RowOptions): Field[] {
  const { matcher, reducers, usesLabels, namer } = options;
  const sources = frame.fields.filter((field) => matcher(field, frame));
  const ids = reducers.map(({ id }) => id);
  const results = sources.map((field) => reduceField(field, ids));
  const names = sources.map((field) => (usesLabels ? field.name : namer(field, frame)));
  return [
    { name: "Field", type: "string", config: {}, values: names },
    ...labelNames.map((name): Field => {
      const values = sources.map((field) => field.labels?.[name]);
      return { name, type: "string", config: {}, values };
    }),
    ...reducers.map(({ id, name }): Field => {
      const values = results.map((result) => (result[id] === null ? Number.NaN : result[id]));
      return { name, type: guessFieldType(values), config: {}, values };
    }),
  ];
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

/** The type of what a reducer makes of a field in place. */
function reducedType(id: string, type: FieldType): FieldType {
  if (id === "allValues" || id === "uniqueValues") return "other";
  return /^(?:last|first)(?:NotNull)?$/.test(id) ? type : "number";
}
