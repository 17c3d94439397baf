/** transpose: rows become columns, named for the first column's values where these can be names. */

import { createFieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { asArray, asObject, asString } from "../json-reader.ts";
import { emptyCell } from "./group.ts";
import type { TransformStep } from "./step.ts";

export const transpose: TransformStep = (frames, options) => {
  const firstName = asString(options["firstFieldName"]) || "Field";
  const restName = asString(options["restFieldsName"]) || "Value";
  const empty = emptyCell(asString(options["emptyValue"], "empty"));
  const namer = createFieldNamer(frames);
  return frames.map((frame): Frame => {
    const [first] = frame.fields;
    if (first === undefined) return frame;
    const hasNames = first.type === "string" || first.type === "time" || first.type === "enum";
    const sources = hasNames ? frame.fields.slice(1) : frame.fields;
    const types = new Set(sources.map(({ type }) => type));
    const [onlyType] = types;
    const type = types.size === 1 && onlyType !== undefined ? onlyType : "string";
    const columns = Array.from({ length: first.values.length }, (_, row): Field => {
      const values = sources.map((field) =>
        type === "string" ? cellText(field, row, empty) : field.values[row],
      );
      const labels: Record<string, string> = hasNames
        ? { [first.name]: String(cellText(first, row, empty)) }
        : { row: String(row + 1) };
      return { name: restName, type, labels, config: {}, values };
    });
    const names = sources.map((field) => namer(field, frame));
    return {
      ...frame,
      refId: `transpose-${frame.refId}`,
      fields: [{ name: firstName, type: "string", config: {}, values: names }, ...columns],
      length: sources.length,
    };
  });
};

function cellText(field: Field, row: number, empty: unknown): unknown {
  const value: unknown = field.values[row];
  if (value === null || value === undefined) return empty;
  switch (field.type) {
    case "enum": {
      const texts = asArray(asObject(asObject(field.config["type"])["enum"])["text"]);
      return texts[Number(value)] ?? empty;
    }
    case "time":
    case "number":
    case "boolean":
    case "string":
      return String(value);
    default:
      return JSON.stringify(value);
  }
}
