/** merge, concatenate, seriesToRows: several frames become one. */

import { frameDisplayName } from "../field-name.ts";
import { createFrame, type Field, type Frame } from "../frame.ts";
import { asString } from "../json-reader.ts";
import { sortFrame } from "./sort.ts";
import { joinedRefId, type TransformStep } from "./step.ts";

type Row = Record<string, unknown>;

/** Tables with common columns as one: rows whose common columns are equal become one where the rest does not conflict. */
export const mergeFrames: TransformStep = (input) => {
  const frames = input.filter((frame) => frame.fields.length > 0);
  if (input.length <= 1) return input;
  if (frames.length === 0) return input.slice(0, 1);
  const columns = new Map<string, Field>();
  for (const field of frames.flatMap((frame) => frame.fields)) {
    if (!columns.has(field.name)) columns.set(field.name, field);
  }
  const names = [...columns.keys()];
  const keyNames = names.filter((name) =>
    frames.every((frame) => frame.fields.some((field) => field.name === name)),
  );
  if (keyNames.length === 0) return input;
  const rows = mergeRows(frames, keyNames);
  const fields = [...columns.values()].map(({ name, type, config }) => {
    const { displayName: _displayName, ...kept } = config;
    return { name, type, config: kept, values: rows.map((row) => row[name]) };
  });
  return [createFrame(fields, { refId: joinedRefId("merge", frames) })];
};

/** Rows in the order in which they first come. */
function mergeRows(frames: readonly Frame[], keyNames: readonly string[]): Row[] {
  const rows: Row[] = [];
  const rowsByKey = new Map<string, number[]>();
  for (const frame of frames) {
    for (let index = 0; index < frame.length; index++) {
      const row = readRow(frame, index);
      const key = keyNames.map((name) => String(row[name])).join("\u0000");
      const places = rowsByKey.get(key) ?? [];
      rowsByKey.set(key, places);
      const mergeable = places.filter((place) => isMergeable(rows[place] ?? {}, row));
      for (const place of mergeable) rows[place] = { ...rows[place], ...row };
      if (mergeable.length === 0) places.push(rows.push(row) - 1);
    }
  }
  return rows;
}

function readRow(frame: Frame, index: number): Row {
  return Object.fromEntries(frame.fields.map((field) => [field.name, field.values[index]]));
}

/** What both have is equal, or null in the one that is there. */
function isMergeable(existing: Row, row: Row): boolean {
  return Object.entries(row).every(
    ([name, value]) =>
      existing[name] === undefined || existing[name] === null || existing[name] === value,
  );
}

/** A column for the rows of several series: no labels, no name of its own. */
function columnLike(field: Field, name: string): Omit<Field, "values"> {
  const { displayName: _displayName, displayNameFromDS: _legend, ...config } = field.config;
  return { name, type: field.type, config };
}

/** All columns side by side, named for their frames where these have names. */
export const concatenateFrames: TransformStep = (frames, options) => {
  if (frames.length < 2) return frames;
  const mode = asString(options["frameNameMode"], "field");
  const label = asString(options["frameNameLabel"], "frame");
  const length = Math.max(...frames.map((frame) => frame.length));
  const fields = frames.flatMap((frame) =>
    frame.fields.map((field) => {
      const { state: _state, ...copy } = named(field, frame.name ?? "", { mode, label });
      const values = Array.from({ length }, (_, index) => field.values[index]);
      return { ...copy, values };
    }),
  );
  return [{ fields, length }];
};

function named(
  field: Field,
  frameName: string,
  { mode, label }: { mode: string; label: string },
): Field {
  if (frameName === "" || mode === "drop") return field;
  if (mode === "label") return { ...field, labels: { ...field.labels, [label]: frameName } };
  const isUnnamed = field.name === "" || field.name === "Value";
  return { ...field, name: isUnnamed ? frameName : `${frameName} · ${field.name}` };
}

/** Time, Metric, Value: the samples of all series below each other, newest first. */
export const seriesToRows: TransformStep = (input) => {
  const frames = input.filter((frame) => frame.length > 0);
  const isSeries = (frame: Frame) =>
    frame.fields.length > 1 && frame.fields.some((field) => field.type === "time");
  if (frames.length === 0 || !frames.every(isSeries)) return frames;
  const times: unknown[] = [];
  const metrics: unknown[] = [];
  const values: unknown[] = [];
  let first: { time: Field; value: Field } | undefined;
  for (const frame of frames) {
    const timeIndex = frame.fields.findIndex((field) => field.type === "time");
    const time = frame.fields[timeIndex] as Field;
    const value = frame.fields[timeIndex === 0 ? 1 : 0] as Field;
    first ??= { time, value };
    const metric = frameDisplayName(frame);
    for (let index = 0; index < frame.length; index++) {
      times.push(time.values[index]);
      metrics.push(metric);
      values.push(value.values[index]);
    }
  }
  if (first === undefined) return frames;
  const rows = createFrame(
    [
      { ...columnLike(first.time, "Time"), values: times },
      { name: "Metric", type: "string", config: {}, values: metrics },
      { ...columnLike(first.value, "Value"), values },
    ],
    { refId: joinedRefId("seriesToRows", frames) },
  );
  return [sortFrame(rows, 0, true)];
};
