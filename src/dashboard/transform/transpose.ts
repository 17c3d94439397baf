/** transpose: rows become columns, named for the first column's values. */

import type { Field, Frame } from "../frame.ts";
import { asString } from "../json-reader.ts";
import type { TransformStep } from "./step.ts";

export const transpose: TransformStep = (frames, options) => {
  const firstName = asString(options["firstFieldName"]) || "Field";
  const restName = asString(options["restFieldsName"]) || "Value";
  return frames.map((frame): Frame => {
    const [keys, ...rest] = frame.fields;
    if (keys === undefined) return frame;
    const types = new Set(rest.map(({ type }) => type));
    const [onlyType] = types;
    const type = types.size === 1 && onlyType !== undefined ? onlyType : "string";
    const columns = [...keys.values].map((key, row): Field => {
      const values = rest.map((field) => field.values[row]);
      return {
        name: restName,
        type,
        labels: { [keys.name]: String(key) },
        config: {},
        values: type === "string" ? values.map((value) => String(value ?? "")) : values,
      };
    });
    const names: Field = {
      name: firstName,
      type: "string",
      config: {},
      values: rest.map((field) => field.name),
    };
    return {
      ...(frame.refId === undefined ? {} : { refId: `transpose-${frame.refId}` }),
      fields: [names, ...columns],
      length: rest.length,
    };
  });
};
