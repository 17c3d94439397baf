/** What a panel's queries gave as tables: series side by side over their common times, anything else as it is. */

import { createFieldNamer } from "../../src/dashboard/field-name.ts";
import { type Frame, timeField } from "../../src/dashboard/frame.ts";
import { applyTransformations } from "../../src/dashboard/transform/apply-transformations.ts";
import { csvLine } from "../ui/csv-line.ts";

const joinByTime = { id: "joinByField", isDisabled: false, options: {} };

/** Series as one table; frames that are no series stay apart. O(cells). */
export function asTables(frames: readonly Frame[]): readonly Frame[] {
  const areSeries = frames.length > 1 && frames.every((frame) => timeField(frame) !== undefined);
  return areSeries ? applyTransformations(frames, [joinByTime]).frames : frames;
}

/** CSV (RFC 4180) of tables, an empty line between them; times in ISO 8601, UTC. O(cells). */
export function framesCsv(frames: readonly Frame[]): string {
  return asTables(frames).map(tableCsv).join("\r\n");
}

function tableCsv(frame: Frame): string {
  const namer = createFieldNamer([frame]);
  const lines = [csvLine(frame.fields.map((field) => namer(field, frame)))];
  for (let row = 0; row < frame.length; row++) {
    lines.push(csvLine(frame.fields.map(({ type, values }) => cellText(type, values[row]))));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function cellText(type: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (type === "time" && typeof value === "number") return new Date(value).toISOString();
  return String(value);
}
