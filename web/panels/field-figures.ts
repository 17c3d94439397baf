/** What stats, gauges and bar gauges show: a value a field (or a row), named, spelled and coloured. */

import type { DataPlace } from "../../src/dashboard/data-context.ts";
import { createFieldNamer } from "../../src/dashboard/field-name.ts";
import type { Field, Frame } from "../../src/dashboard/frame.ts";
import type { Thresholds } from "../../src/dashboard/model.ts";
import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";
import type { Column } from "../charts/chart-columns.ts";
import type { TimeZone } from "../time/time-range.ts";
import { createFieldDisplay } from "./field-display.ts";
import type { ReduceOptions } from "./option-readers.ts";
import { reduceValues } from "./reduction.ts";

/** One figure. */
export interface FieldFigure {
  readonly key: string;
  readonly name: string;
  /** Undefined where the field has no value. */
  readonly value: number | undefined;
  readonly display: FormattedValue;
  readonly color: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly thresholds: Thresholds | undefined;
  /** Its values over time, for a line; undefined where there is one value only. */
  readonly history: Column | undefined;
  /** Where it comes from, for its data links. */
  readonly place: DataPlace;
}

/** Figures of all number fields, in order; `modeDefault` colours those whose file says nothing. */
export function fieldFigures(
  frames: readonly Frame[],
  options: ReduceOptions,
  zone: TimeZone,
  modeDefault?: string,
): readonly FieldFigure[] {
  const namer = createFieldNamer(frames);
  const figures: FieldFigure[] = [];
  for (const frame of frames) {
    for (const field of frame.fields) {
      if (!isShown(field, options, namer(field, frame))) continue;
      const name = namer(field, frame);
      const at = {
        name,
        key: `${figures.length} ${name}`,
        slot: figures.length,
        zone,
        ...(modeDefault === undefined ? {} : { modeDefault }),
      };
      if (options.showsAllValues)
        figures.push(...rowFigures(frame, field, { ...at, limit: options.limit }));
      else figures.push(...calcFigures(frame, field, { ...at, options }));
    }
  }
  return figures;
}

interface FigurePlace {
  readonly name: string;
  readonly key: string;
  readonly slot: number;
  readonly zone: TimeZone;
  readonly modeDefault?: string;
}

function isShown(field: Field, options: ReduceOptions, name: string): boolean {
  if (options.fields === "") return field.type === "number";
  const slashed = /^\/(.*)\/$/s.exec(options.fields);
  if (slashed === null) return name === options.fields || field.name === options.fields;
  try {
    const pattern = new RegExp(slashed[1] ?? "");
    return field.type !== "time" && pattern.test(name);
  } catch {
    // No pattern: as if none were given.
    return field.type === "number";
  }
}

function calcFigures(
  frame: Frame,
  field: Field,
  at: FigurePlace & { readonly options: ReduceOptions },
): FieldFigure[] {
  const { options } = at;
  return options.calcs.map((calc) => {
    const value = reduceValues(field, calc);
    const name = options.calcs.length > 1 ? `${at.name} (${calc})` : at.name;
    return {
      ...figureOf(field, value, { ...at, name, key: `${at.key} ${calc}` }),
      history: historyOf(field),
      place: { frame, field, rowIndex: Math.max(0, frame.length - 1) },
    };
  });
}

function rowFigures(
  frame: Frame,
  field: Field,
  at: FigurePlace & { limit: number | undefined },
): FieldFigure[] {
  const names = frame.fields.find((other) => other.type === "string");
  const count = Math.min(frame.length, at.limit ?? 25);
  return Array.from({ length: count }, (_, row) => {
    const value = field.values[row];
    const name = names === undefined ? at.name : String(names.values[row]);
    return {
      ...figureOf(field, typeof value === "number" ? value : undefined, {
        ...at,
        name,
        key: `${at.key} ${row}`,
        slot: row,
      }),
      history: undefined,
      place: { frame, field, rowIndex: row },
    };
  });
}

function figureOf(
  field: Field,
  value: number | undefined,
  at: FigurePlace,
): Omit<FieldFigure, "history" | "place"> {
  const display = createFieldDisplay(field, at);
  return {
    key: at.key,
    name: at.name,
    value,
    display: display.format(value),
    color: display.color(value),
    min: field.config.min,
    max: field.config.max,
    thresholds: field.config.thresholds,
  };
}

function historyOf(field: Field): Column | undefined {
  if (field.values.length < 2) return undefined;
  return Array.from(field.values, (value) =>
    typeof value === "number" && Number.isFinite(value) ? value : null,
  );
}
