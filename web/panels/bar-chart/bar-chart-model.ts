/** A bar chart's groups: a category a row (a text column, else the time), a bar a number column. Pure. */

import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import { type Field, type Frame, timeField } from "../../../src/dashboard/frame.ts";
import { asObject, asString } from "../../../src/dashboard/json-reader.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import { timeTickLabel } from "../../time/time-axis.ts";
import type { TimeZone } from "../../time/time-range.ts";
import { createFieldDisplay } from "../field-display.ts";

/** One number column. */
export interface BarSeries {
  readonly label: string;
  readonly color: string;
  readonly field: Field;
  /** A value a category; undefined where it has none. */
  readonly values: readonly (number | undefined)[];
  readonly format: (value: number) => string;
}

/** What is drawn. */
export interface BarChartModel {
  readonly categories: readonly string[];
  readonly series: readonly BarSeries[];
  readonly stacking: "none" | "normal" | "percent";
  /** Categories of the answer that are not drawn. */
  readonly leftOut: number;
}

/** One bar: its ends on the value axis, the value it stands for. */
export interface BarSpan {
  readonly series: number;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

interface Table {
  readonly categories: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    readonly field: Field;
    readonly values: readonly (number | undefined)[];
  }[];
}

const categoriesMax = 200;

/** Builds the groups of `panel`; the first frame with a text column is the table, else frames are joined by time. */
export function buildBarChart(
  panel: Panel,
  frames: readonly Frame[],
  zone: TimeZone,
): BarChartModel {
  const xName = asString(panel.options["xField"]);
  const table = textTable(frames, xName, zone) ?? timeTable(frames, zone);
  const mode = panel.options["stacking"];
  const shown = table.columns.filter(
    ({ field }) => asObject(field.config.custom?.["hideFrom"])["viz"] !== true,
  );
  return {
    categories: table.categories.slice(0, categoriesMax),
    leftOut: Math.max(0, table.categories.length - categoriesMax),
    stacking: mode === "normal" || mode === "percent" ? mode : "none",
    series: shown.map(({ name, field, values }, slot) => {
      const display = createFieldDisplay(field, {
        name,
        slot,
        zone,
        modeDefault: "palette-classic",
      });
      return {
        label: name,
        color: display.color(values.findLast((value) => value !== undefined)),
        field,
        values: values.slice(0, categoriesMax),
        format: (value) => joinFormatted(display.format(value)),
      };
    }),
  };
}

/** The bars of one category, hidden series left out; stacked ones lie on each other, those below zero apart. */
export function categoryBars(
  model: BarChartModel,
  category: number,
  hidden: ReadonlySet<number>,
): readonly BarSpan[] {
  const bars: BarSpan[] = [];
  let total = 0;
  model.series.forEach(({ values }, series) => {
    const value = values[category];
    if (value === undefined || hidden.has(series)) return;
    total += Math.abs(value);
    bars.push({ series, from: 0, to: value, value });
  });
  if (model.stacking === "none") return bars;
  const scale = model.stacking === "percent" && total > 0 ? 1 / total : 1;
  let above = 0;
  let below = 0;
  return bars.map((bar) => {
    const size = bar.value * scale;
    const from = size < 0 ? below : above;
    if (size < 0) below += size;
    else above += size;
    return { ...bar, from, to: from + size };
  });
}

function textTable(frames: readonly Frame[], xName: string, zone: TimeZone): Table | undefined {
  const namer = createFieldNamer(frames);
  for (const frame of frames) {
    const isNamed = (field: Field) => field.name === xName || namer(field, frame) === xName;
    const named = xName === "" ? undefined : frame.fields.find(isNamed);
    if (named?.type === "time") continue;
    const x = named ?? frame.fields.find((field) => field.type === "string");
    if (x === undefined) continue;
    const display = createFieldDisplay(x, { name: "", slot: 0, zone });
    return {
      categories: Array.from(x.values, (value) => joinFormatted(display.format(value))),
      columns: frame.fields
        .filter((field) => field.type === "number" && field !== x)
        .map((field) => ({
          name: namer(field, frame),
          field,
          values: Array.from(field.values, readNumber),
        })),
    };
  }
  return undefined;
}

function timeTable(frames: readonly Frame[], zone: TimeZone): Table {
  const namer = createFieldNamer(frames);
  const all = new Set<number>();
  for (const frame of frames) {
    for (const time of timeField(frame)?.values ?? []) all.add(time as number);
  }
  const times = [...all].sort((a, b) => a - b);
  const rowOf = new Map(times.map((time, row) => [time, row]));
  const columns = frames.flatMap((frame) => {
    const frameTimes = timeField(frame)?.values;
    if (frameTimes === undefined) return [];
    return frame.fields
      .filter((field) => field.type === "number")
      .map((field) => {
        const values = new Array<number | undefined>(times.length).fill(undefined);
        for (let index = 0; index < field.values.length; index++) {
          const row = rowOf.get(frameTimes[index] as number);
          if (row !== undefined) values[row] = readNumber(field.values[index]);
        }
        return { name: namer(field, frame), field, values };
      });
  });
  const stepMs = times.reduce(
    (step, time, row) => (row === 0 ? step : Math.min(step, time - (times[row - 1] ?? 0))),
    3_600_000,
  );
  return { categories: times.map((time) => timeTickLabel(time, stepMs, zone)), columns };
}

function readNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
