/** groupBy, groupToNestedTable, groupingToMatrix: rows with equal keys together. */

import { createFieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { asObject, asString, asStrings, type JsonObject } from "../json-reader.ts";
import { reduceValues } from "../reduce.ts";
import { reducedType } from "./reduce-frames.ts";
import { type TransformStep, withValues } from "./step.ts";

interface Grouping {
  readonly keys: readonly Field[];
  /** Row numbers of each group, in the order in which the groups first come. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
  readonly aggregates: readonly { readonly field: Field; readonly ids: readonly string[] }[];
  /** Columns with no part in the grouping. */
  readonly others: readonly Field[];
}

/** A row a group: its keys and the aggregations; frames without the keys are left out. */
export const groupBy: TransformStep = (frames, options) => {
  const settings = asObject(options["fields"]);
  if (!hasGroupBy(settings)) return frames;
  return frames.flatMap((frame) => {
    const grouping = groupFrame(frame, settings);
    if (grouping === undefined) return [];
    const { refId } = frame;
    const fields = groupedFields(grouping);
    return [{ ...(refId === undefined ? {} : { refId }), fields, length: grouping.groups.size }];
  });
};

/** The same with the other columns of each group as a table within the row. */
export const groupToNestedTable: TransformStep = (frames, options) => {
  const settings = asObject(options["fields"]);
  if (!hasGroupBy(settings)) return frames;
  const noHeader = options["showSubframeHeaders"] !== true;
  return frames.flatMap((frame) => {
    const grouping = groupFrame(frame, settings);
    if (grouping === undefined) return [];
    const namer = createFieldNamer([frame]);
    const nested = [...grouping.groups].map(([key, rows]): Frame[] => {
      const fields = grouping.others.map((field) => {
        const config = { ...field.config, displayName: namer(field, frame) };
        return { name: field.name, type: field.type, config, values: pick(field, rows) };
      });
      return [{ fields, length: rows.length, meta: { custom: { noHeader, stableRowKey: key } } }];
    });
    const fields: Field[] = [
      ...groupedFields(grouping),
      { name: "__nestedFrames", type: "nestedFrames", config: {}, values: nested },
    ];
    return [{ fields, length: grouping.groups.size }];
  });
};

function hasGroupBy(settings: JsonObject): boolean {
  return Object.values(settings).some((setting) => asObject(setting)["operation"] === "groupby");
}

function groupFrame(frame: Frame, settings: JsonObject): Grouping | undefined {
  const namer = createFieldNamer([frame]);
  const settingOf = (field: Field) => asObject(settings[namer(field, frame)]);
  const keys = frame.fields.filter((field) => settingOf(field)["operation"] === "groupby");
  if (keys.length === 0) return undefined;
  const groups = new Map<string, number[]>();
  for (let row = 0; row < frame.length; row++) {
    const key = keys.map((field) => String(field.values[row])).join(",");
    const rows = groups.get(key);
    if (rows === undefined) groups.set(key, [row]);
    else rows.push(row);
  }
  const aggregates = frame.fields.flatMap((field) => {
    const setting = settingOf(field);
    const ids = asStrings(setting["aggregations"]);
    return setting["operation"] === "aggregate" && ids.length > 0 ? [{ field, ids }] : [];
  });
  const used = new Set([...keys, ...aggregates.map(({ field }) => field)]);
  return { keys, groups, aggregates, others: frame.fields.filter((field) => !used.has(field)) };
}

function groupedFields({ keys, groups, aggregates }: Grouping): Field[] {
  const rowGroups = [...groups.values()];
  return [
    ...keys.map(({ labels: _labels, ...field }) =>
      withValues(
        field,
        rowGroups.map((rows) => field.values[rows[0] ?? 0]),
      ),
    ),
    ...aggregates.flatMap(({ field, ids }) => {
      const { nullValueMode } = field.config;
      const options = { type: field.type, nullValueMode };
      const results = rowGroups.map((rows) => reduceValues(pick(field, rows), ids, options));
      return ids.map((id) => ({
        name: `${field.name} (${id})`,
        type: reducedType(id, field.type),
        config: {},
        values: results.map((result) => result[id]),
      }));
    }),
  ];
}

function pick(field: Field, rows: readonly number[]): unknown[] {
  return rows.map((row) => field.values[row]);
}

const emptyCells: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  false: false,
  zero: 0,
  empty: "",
};

/** A table with a row for each value of one column and a column for each value of another. */
export const groupingToMatrix: TransformStep = (frames, options) => {
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1) return frames;
  const find = (key: string, otherwise: string) => {
    const name = asString(options[key], otherwise);
    return { name, field: frame.fields.find((field) => field.name === name) };
  };
  const [column, row, value] = [
    find("columnField", "Time"),
    find("rowField", "Time"),
    find("valueField", "Value"),
  ];
  if (column.field === undefined || row.field === undefined || value.field === undefined) {
    return frames;
  }
  const empty = emptyCells[asString(options["emptyValue"], "empty")];
  const rowValues = [...new Set<unknown>(row.field.values)];
  const cells = new Map<unknown, Map<unknown, unknown>>();
  for (let index = 0; index < frame.length; index++) {
    const key = column.field.values[index];
    const byRow = cells.get(key) ?? new Map<unknown, unknown>();
    byRow.set(row.field.values[index], value.field.values[index]);
    cells.set(key, byRow);
  }
  const { type, config } = value.field;
  const fields: Field[] = [
    { name: `${row.name}\\${column.name}`, type: row.field.type, config: {}, values: rowValues },
    ...[...cells].map(([key, byRow]) => ({
      name: String(key),
      type,
      config,
      values: rowValues.map((rowValue) => byRow.get(rowValue) ?? empty),
    })),
  ];
  return [{ fields, length: rowValues.length }];
};
