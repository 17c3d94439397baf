/** sortBy: rows in the order of one column. */

import { createFieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { asObjects, asString } from "../json-reader.ts";
import { pickRows, type TransformStep } from "./step.ts";

type Comparison = (a: unknown, b: unknown) => number;

/** Only the first entry of `sort` counts, as in Grafana. */
export const sortByField: TransformStep = (frames, options) => {
  const [sort] = asObjects(options["sort"]);
  if (sort === undefined) return frames;
  const namer = createFieldNamer(frames);
  const name = asString(sort["field"]);
  return frames.map((frame) => {
    const index = frame.fields.findIndex((field) => namer(field, frame) === name);
    return index < 0 ? frame : sortFrame(frame, index, sort["desc"] === true);
  });
};

/** A frame sorted by its field; equal rows stay in their order. */
export function sortFrame(frame: Frame, fieldIndex: number, isDescending: boolean): Frame {
  const field = frame.fields[fieldIndex];
  if (field === undefined) return frame;
  const compare = comparisonOf(field);
  const { values } = field;
  const indexes = Array.from({ length: frame.length }, (_, index) => index);
  indexes.sort((a, b) =>
    isDescending ? compare(values[b], values[a]) : compare(values[a], values[b]),
  );
  return pickRows(frame, indexes);
}

/** Texts by collation without case and accents (null as the word), all else as numbers, null first. */
function comparisonOf(field: Field): Comparison {
  if (field.type === "string") {
    const { compare } = new Intl.Collator(undefined, { sensitivity: "base" });
    return (a, b) => compare(String(a), String(b));
  }
  return (a, b) => {
    const [isANull, isBNull] = [a === null || a === undefined, b === null || b === undefined];
    if (isANull || isBNull) return Number(isBNull) - Number(isANull);
    return Number(a) - Number(b);
  };
}
