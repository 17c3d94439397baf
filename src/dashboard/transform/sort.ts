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
  const name = asString(sort["field"]);
  return frames.map((frame) => {
    const namer = createFieldNamer([frame]);
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
  if (compare === undefined) return pickRows(frame, isDescending ? indexes.reverse() : indexes);
  indexes.sort((a, b) =>
    isDescending ? compare(values[b], values[a]) : compare(values[a], values[b]),
  );
  return pickRows(frame, indexes);
}

/**
 * Numbers by their difference (null counts as 0), texts by collation without case and accents, what is
 * empty last. Columns of no such type keep their order, or turn it round.
 */
function comparisonOf({ type, values }: Field): Comparison | undefined {
  switch (type) {
    case "number":
      return byDifference;
    case "time":
      return typeof values[0] === "number" ? byDifference : emptyLast(byDifference);
    case "string": {
      const { compare } = new Intl.Collator("en", { sensitivity: "base" });
      return emptyLast((a, b) => compare(String(a), String(b)));
    }
    case "boolean":
      return emptyLast(() => 0);
    default:
      return undefined;
  }
}

function byDifference(a: unknown, b: unknown): number {
  return (a as number) - (b as number);
}

function emptyLast(compare: Comparison): Comparison {
  return (a, b) => (a && b ? compare(a, b) : Number(!a) - Number(!b));
}
