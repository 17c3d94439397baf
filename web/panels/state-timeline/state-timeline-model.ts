/** A state timeline's rows: a field's values over time, equal neighbours as one segment. Pure. */

import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import { type Field, type Frame, timeField } from "../../../src/dashboard/frame.ts";
import { asObject } from "../../../src/dashboard/json-reader.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import type { TimeZone } from "../../time/time-range.ts";
import { createFieldDisplay, type FieldDisplay } from "../field-display.ts";
import type { PanelResult } from "../panel-props.ts";

/** One state for as long as it lasts. */
export interface StateSegment {
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  readonly text: string;
  readonly color: string;
}

/** One field; segments in order of time, with holes where nothing was recorded. */
export interface StateRow {
  readonly name: string;
  readonly segments: readonly StateSegment[];
}

/** What is drawn, and the states for the legend in the order in which they come up. */
export interface StateTimelineModel {
  readonly rows: readonly StateRow[];
  readonly states: readonly { readonly label: string; readonly color: string }[];
  /** Fields of the answer that are not drawn. */
  readonly leftOut: number;
}

const rowsMax = 100;
const statesMax = 12;
/** Steps that are late by less than this share are no hole. */
const latenessMax = 1.5;

/** Rows of all fields of frames with a time. O(samples). */
export function buildStateTimeline(
  panel: Panel,
  result: PanelResult,
  zone: TimeZone,
): StateTimelineModel {
  const namer = createFieldNamer(result.frames);
  // A status history shows each sample as a cell of its own.
  const isMerging = panel.type !== "status-history" && panel.options["mergeValues"] !== false;
  const rows: StateRow[] = [];
  let fieldCount = 0;
  for (const frame of result.frames) {
    const timesMs = timeField(frame)?.values;
    if (timesMs === undefined) continue;
    for (const field of frame.fields) {
      if (field.type === "time" || asObject(field.config.custom?.["hideFrom"])["viz"] === true)
        continue;
      fieldCount++;
      if (rows.length >= rowsMax) continue;
      const name = namer(field, frame);
      const at = { name, slot: rows.length, zone, modeDefault: "thresholds" };
      const display = createFieldDisplay(field, at);
      const spell = (value: unknown) => joinFormatted(display.format(value));
      const nameState = (isMerging ? levelNames(field, display) : undefined) ?? spell;
      rows.push({
        name,
        segments: readSegments(
          { timesMs, values: field.values },
          { display, nameState, isMerging, result },
        ),
      });
    }
  }
  return { rows, states: statesOf(rows), leftOut: fieldCount - rows.length };
}

/** The segment of a row at an instant; undefined in a hole. */
export function segmentAt(row: StateRow, atMs: number): StateSegment | undefined {
  return row.segments.find((segment) => segment.fromMs <= atMs && atMs < segment.toMs);
}

/** Numbers coloured by thresholds are states by level: "< 80", "80+". Undefined where values speak for themselves. */
function levelNames(field: Field, display: FieldDisplay): ((value: unknown) => string) | undefined {
  const { thresholds, mappings, color } = field.config;
  const steps = thresholds?.mode === "absolute" ? thresholds.steps : [];
  const isByLevel = field.type === "number" && (color?.mode ?? "thresholds") === "thresholds";
  if (!isByLevel || steps.length < 2 || (mappings?.length ?? 0) > 0) return undefined;
  const spell = (value: number | null | undefined) => joinFormatted(display.format(value));
  return (value) => {
    const step = steps.findLast((one) => one.value === null || one.value <= (value as number));
    if (step !== undefined && step.value !== null) return `${spell(step.value)}+`;
    return `< ${spell(steps.find((one) => one.value !== null)?.value)}`;
  };
}

interface SegmentContext {
  readonly display: FieldDisplay;
  /** Name of a value's state. */
  readonly nameState: (value: unknown) => string;
  readonly isMerging: boolean;
  readonly result: PanelResult;
}

/** A state lasts until the next sample, at the end and before a hole for one step. */
function readSegments(
  column: {
    readonly timesMs: Frame["fields"][number]["values"];
    readonly values: Frame["fields"][number]["values"];
  },
  { display, nameState, isMerging, result }: SegmentContext,
): readonly StateSegment[] {
  const segments: StateSegment[] = [];
  const { stepMs, range } = result;
  for (let index = 0; index < column.values.length; index++) {
    const value = column.values[index];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    const fromMs = column.timesMs[index] as number;
    const nextMs = column.timesMs[index + 1] as number | undefined;
    const isHole = nextMs === undefined || (stepMs > 0 && nextMs - fromMs > stepMs * latenessMax);
    const toMs = Math.min(
      isHole ? fromMs + Math.max(1, stepMs) : nextMs,
      Math.max(range.toMs, fromMs + 1),
    );
    const text = nameState(value);
    const color = display.color(value);
    const last = segments.at(-1);
    if (isMerging && last?.toMs === fromMs && last.text === text && last.color === color) {
      segments[segments.length - 1] = { ...last, toMs };
    } else segments.push({ fromMs, toMs, text, color });
  }
  return segments;
}

/** None where there are too many to be states. */
function statesOf(rows: readonly StateRow[]): StateTimelineModel["states"] {
  const colors = new Map<string, string>();
  for (const { segments } of rows) {
    for (const { text, color } of segments) if (!colors.has(text)) colors.set(text, color);
    if (colors.size > statesMax) return [];
  }
  return [...colors].map(([label, color]) => ({ label, color }));
}
