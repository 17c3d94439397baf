/** labelsToFields: labels of series as columns (or rows) of their frames. */

import { createFieldNamer } from "../field-name.ts";
import { type Field, type Frame, labelValue } from "../frame.ts";
import { asString, asStrings, type JsonObject } from "../json-reader.ts";
import type { TransformStep } from "./step.ts";

export const labelsToFields: TransformStep = (frames, options) =>
  options["mode"] === "rows" ? labelsToRows(frames, options) : labelsToColumns(frames, options);

/** All labels where none are named. */
function isKept(options: JsonObject): (label: string) => boolean {
  const kept = asStrings(options["keepLabels"]);
  return kept.length === 0 ? () => true : (label) => kept.includes(label);
}

function labelsToColumns(frames: readonly Frame[], options: JsonObject): Frame[] {
  const keeps = isKept(options);
  const valueLabel = keeps(asString(options["valueLabel"])) ? asString(options["valueLabel"]) : "";
  return frames.map((frame) => {
    const columns = new Map<string, Set<string>>();
    const fields = frame.fields.map((field) => {
      if (field.labels === undefined) return field;
      for (const [name, value] of Object.entries(field.labels)) {
        if (!keeps(name) || name === valueLabel) continue;
        columns.set(name, (columns.get(name) ?? new Set()).add(value));
      }
      return withoutLabels(field, labelValue(field.labels, valueLabel) ?? field.name);
    });
    const added = [...columns].flatMap(([name, values]) =>
      [...values].map((value): Field => {
        const cells = new Array<string>(frame.length).fill(value);
        return { name, type: "string", config: {}, values: cells };
      }),
    );
    return { ...frame, fields: [...fields, ...added] };
  });
}

function withoutLabels(field: Field, name: string): Field {
  const { displayName: _name, displayNameFromDS: _legend, ...config } = field.config;
  return { name, type: field.type, config, values: field.values };
}

/** A frame of `label` and `value` for each field with labels. */
function labelsToRows(frames: readonly Frame[], options: JsonObject): Frame[] {
  const kept = Array.isArray(options["keepLabels"]) ? asStrings(options["keepLabels"]) : undefined;
  const namer = createFieldNamer(frames);
  return frames.flatMap((frame) =>
    frame.fields.flatMap((field) => {
      const { labels } = field;
      if (labels === undefined) return [];
      const pairs = (kept ?? Object.keys(labels)).map(
        (label) => [label, labelValue(labels, label)] as const,
      );
      if (pairs.length === 0) return [];
      const column = (name: string, values: (string | undefined)[]): Field => ({
        name,
        type: "string",
        config: {},
        values,
      });
      const fields = [
        column(
          "label",
          pairs.map(([label]) => label),
        ),
        column(
          "value",
          pairs.map(([, value]) => value),
        ),
      ];
      return [{ ...frame, name: namer(field, frame), fields, length: pairs.length }];
    }),
  );
}
