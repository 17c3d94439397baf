/**
 * A table of columns, as Grafana's panels and transformations take it: fields of one length with a
 * type, labels and settings. Values are plain arrays or Float64Arrays; nobody writes into them.
 */

import type { FieldOptions } from "./model.ts";

export type FieldType =
  | "time"
  | "number"
  | "string"
  | "boolean"
  | "enum"
  | "frame"
  | "nestedFrames"
  | "geo"
  | "trace"
  | "other";

export type Labels = Readonly<Record<string, string>>;

/** The value of a label whose name is outside text: a dashboard may ask for one called "constructor". */
export function labelValue(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** Values of a column. Index them; time is ms since the epoch. */
export type FieldValues = readonly unknown[] | Float64Array;

/** How a field is shown, as far as it is known: of the data source, the panel, and overrides. */
export interface FieldSettings extends Partial<FieldOptions> {
  /** The data source's name for the series (the legend). */
  readonly displayNameFromDS?: string;
  /** Time fields: the step, ms; a longer distance is a gap. */
  readonly interval?: number;
  readonly filterable?: boolean;
  readonly [setting: string]: unknown;
}

/** The range that a field's values are drawn and coloured in; null where it has no values. */
export interface FieldRange {
  readonly min: number | null;
  readonly max: number | null;
  readonly delta: number;
}

/** What is worked out once the panel's settings are applied. */
export interface FieldState {
  readonly displayName: string;
  /** Number of the series in the panel, for palettes; times do not count. */
  readonly seriesIndex: number;
  /** Numbers only. */
  readonly range?: FieldRange;
}

/** A column. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly labels?: Labels;
  readonly config: FieldSettings;
  readonly values: FieldValues;
  readonly state?: FieldState;
}

/** Columns of one length. */
export interface Frame {
  readonly name?: string;
  readonly refId?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly fields: readonly Field[];
  readonly length: number;
}

/** A frame of fields of one length. */
export function createFrame(
  fields: readonly Field[],
  head: Omit<Frame, "fields" | "length">,
): Frame {
  return { ...head, fields, length: fields[0]?.values.length ?? 0 };
}

/** The field's first time column; undefined where the frame has none. */
export function timeField(frame: Frame): Field | undefined {
  return frame.fields.find((field) => field.type === "time");
}

/** The type of a column by its first value that is not null; texts that read as numbers or truths count as such. */
export function guessFieldType(values: FieldValues): FieldType {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === null || value === undefined) continue;
    if (typeof value === "number") return "number";
    if (typeof value === "string") return guessTextType(value);
    return typeof value === "boolean" ? "boolean" : "other";
  }
  return "other";
}

function guessTextType(text: string): FieldType {
  if (/^\s*(?:-?(?:\d*\.?\d+|\d+\.?\d*)(?:e[-+]?\d+)?|nan)\s*$/i.test(text)) return "number";
  return /^(?:true|TRUE|True|false|FALSE|False)$/.test(text) ? "boolean" : "string";
}
