/** groupBy, groupToNestedTable, groupingToMatrix: rows with equal keys together. */

import { createFieldMatcher, type FieldMatcher } from "../field-matcher.ts";
import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import { type Field, type FieldType, type Frame, guessFieldType } from "../frame.ts";
import { asObject, asObjects, asString, asStrings, type JsonObject } from "../json-reader.ts";
import { reduceValues } from "../reduce.ts";
import { type TransformStep, withValues } from "./step.ts";

/** A row a group: its keys and the aggregations; frames without the keys are left out. */
export const groupBy: TransformStep = (frames, options) => {
  const settings = asObject(options["fields"]);
  const keyNames = Object.entries(settings).flatMap(([name, setting]) =>
    asObject(setting)["operation"] === "groupby" ? [name] : [],
  );
  if (keyNames.length === 0) return frames;
  const namer = createFieldNamer(frames);
  const isKey = createFieldMatcher({ id: "byNames", options: { names: keyNames } }, namer);
  return frames.flatMap((frame) => {
    const keys = frame.fields.filter((field) => isKey?.(field, frame) ?? false);
    if (keys.length === 0) return [];
    const nameOf = (field: Field) =>
      frames.length === 1 && !keyNames.includes(field.name) ? namer(field, frame) : bareName(field);
    const aggregates = frame.fields.flatMap((field): Aggregate[] => {
      const name = nameOf(field);
      const ids = aggregations(asObject(settings[name] ?? settings[field.name]));
      return ids.length > 0 ? [{ field, name, ids }] : [];
    });
    const groups = groupRows(frame, keys);
    const fields = [
      ...keyFields(keys, groups),
      ...aggregateFields(aggregates, groups, (id, _values, field) => reducedType(id, field)),
    ];
    const { refId } = frame;
    return [{ ...(refId === undefined ? {} : { refId }), fields, length: groups.size }];
  });
};

/** As a field is called where its frame is not asked. */
function bareName({ name, config }: Field): string {
  return config.displayName || name || "Value";
}

/** A key may be counted, but nothing else. */
function aggregations(setting: JsonObject): readonly string[] {
  const ids = asStrings(setting["aggregations"]);
  switch (setting["operation"]) {
    case "aggregate":
      return ids;
    case "groupby":
      return ids.length === 1 && ids[0] === "count" ? ids : [];
    default:
      return [];
  }
}

function reducedType(id: string, { type }: Field): FieldType {
  if (id === "allIsNull" || id === "allIsZero") return "boolean";
  return /^(?:count|countAll|distinctCount|changeCount)$/.test(id) ? "number" : type;
}

/** What a nested table does with the fields that it finds. */
interface NestedRule {
  readonly matches: FieldMatcher;
  readonly operation: unknown;
  readonly ids: readonly string[];
  /** The column stays in the inner tables beside its aggregation. */
  readonly keepsField: boolean;
}

/** The same with the other columns of each group as a table within the row. */
export const groupToNestedTable: TransformStep = (frames, options) => {
  const namer = createFieldNamer(frames);
  const rules = readNestedRules(options, namer);
  if (!rules.some(({ operation }) => operation === "groupby")) return frames;
  const noHeader = options["showSubframeHeaders"] === false;
  return frames.flatMap((frame) => {
    const ruleOf = (field: Field) => rules.find(({ matches }) => matches(field, frame));
    const keys = frame.fields.filter((field) => ruleOf(field)?.operation === "groupby");
    if (keys.length === 0) return [];
    const nameOf = frames.length === 1 ? (field: Field) => namer(field, frame) : bareName;
    const groups = groupRows(frame, keys);
    const aggregates = frame.fields.flatMap((field): Aggregate[] => {
      const rule = ruleOf(field);
      const ids = rule?.operation === "aggregate" ? rule.ids : [];
      return ids.length > 0 ? [{ field, name: nameOf(field), ids }] : [];
    });
    const inner = frame.fields.filter((field) => staysInside(ruleOf(field)));
    const nested = [...groups].map(([key, rows]): Frame[] => {
      const fields = inner.map((field) => {
        const config = { ...field.config, displayName: nameOf(field) };
        return { name: field.name, type: field.type, config, values: pick(field, rows) };
      });
      const length = fields.length === 0 ? 0 : rows.length;
      return [{ fields, length, meta: { custom: { noHeader, stableRowKey: key } } }];
    });
    const fields: Field[] = [
      ...keyFields(keys, groups),
      ...aggregateFields(aggregates, groups, nestedType),
      { name: "__nestedFrames", type: "nestedFrames", config: {}, values: nested },
    ];
    const isOpen = options["expandAllRows"] === true;
    const meta = isOpen ? { meta: { custom: { expandAllRows: true } } } : {};
    return [{ ...meta, fields, length: groups.size }];
  });
};

/** `rules` with matchers, or `fields` by name as older files have them. */
function readNestedRules(options: JsonObject, namer: FieldNamer): NestedRule[] {
  const raws = Array.isArray(options["rules"])
    ? asObjects(options["rules"])
    : Object.entries(asObject(options["fields"])).map(([name, setting]) => ({
        ...asObject(setting),
        matcher: { id: "byName", options: name },
        aggregations: asObject(setting)["aggregations"] ?? [],
      }));
  return raws.map((raw: JsonObject) => {
    const matcher = asObject(raw["matcher"]);
    const config = { id: asString(matcher["id"]), options: matcher["options"] };
    return {
      matches: createFieldMatcher(config, namer) ?? (() => false),
      operation: raw["operation"],
      ids: asStrings(raw["aggregations"]),
      keepsField: raw["keepNestedField"] === true,
    };
  });
}

function staysInside(rule: NestedRule | undefined): boolean {
  if (rule === undefined || (rule.operation ?? null) === null) return true;
  return rule.operation === "aggregate" && (rule.ids.length === 0 || rule.keepsField);
}

function nestedType(id: string, values: readonly unknown[], { type }: Field): FieldType {
  if (id === "allIsNull") return "boolean";
  if (/^(?:last|first)(?:NotNull)?$/.test(id)) return type;
  const guessed = guessFieldType(values);
  return guessed === "other" && values.every((value) => (value ?? null) === null)
    ? "string"
    : guessed;
}

/** Row numbers of each group by its key, in the order in which the groups first come. */
type Groups = ReadonlyMap<string, readonly number[]>;

interface Aggregate {
  readonly field: Field;
  readonly name: string;
  readonly ids: readonly string[];
}

function groupRows(frame: Frame, keys: readonly Field[]): Groups {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < frame.length; row++) {
    const key = String(keys.map((field) => field.values[row]));
    const rows = groups.get(key);
    if (rows === undefined) groups.set(key, [row]);
    else rows.push(row);
  }
  return groups;
}

function keyFields(keys: readonly Field[], groups: Groups): Field[] {
  return keys.map(({ labels: _labels, ...field }) => {
    const values = [...groups.values()].map((rows) => field.values[rows[0] ?? 0]);
    return withValues(field, values);
  });
}

function aggregateFields(
  aggregates: readonly Aggregate[],
  groups: Groups,
  typeOf: (id: string, values: readonly unknown[], field: Field) => FieldType,
): Field[] {
  return aggregates.flatMap(({ field, name, ids }) => {
    const { nullValueMode } = field.config;
    const results = [...groups.values()].map((rows) =>
      reduceValues(pick(field, rows), ids, { type: field.type, nullValueMode }),
    );
    return ids.map((id): Field => {
      const values = results.map((result) => result[id]);
      return { name: `${name} (${id})`, type: typeOf(id, values, field), config: {}, values };
    });
  });
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

/** What stands in a cell without a value ("empty", "null", "zero"…). */
export function emptyCell(name: string): unknown {
  return emptyCells[name];
}

/** A table with a row for each value of one column and a column for each value of another. */
export const groupingToMatrix: TransformStep = (frames, options) => {
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1) return frames;
  const namer = createFieldNamer(frames);
  const find = (key: string, otherwise: string) => {
    const name = asString(options[key]) || otherwise;
    const matches = createFieldMatcher({ id: "byName", options: name }, namer);
    return { name, field: frame.fields.find((field) => matches?.(field, frame) ?? false) };
  };
  const [column, row, value] = [
    find("columnField", "Time"),
    find("rowField", "Time"),
    find("valueField", "Value"),
  ];
  if (column.field === undefined || row.field === undefined || value.field === undefined) {
    return frames;
  }
  const empty = emptyCell(asString(options["emptyValue"]) || "empty");
  const rowValues = [...new Set<unknown>(row.field.values)];
  const cells = new Map<unknown, Map<unknown, unknown>>();
  for (let index = 0; index < frame.length; index++) {
    const key = column.field.values[index];
    const byRow = cells.get(key) ?? new Map<unknown, unknown>();
    byRow.set(row.field.values[index], value.field.values[index]);
    cells.set(key, byRow);
  }
  const { type } = value.field;
  const { displayName: _shown, ...ownConfig } = value.field.config;
  const { displayNameFromDS: _legend, ...bareConfig } = ownConfig;
  const config = typeof column.field.values[0] === "number" ? bareConfig : ownConfig;
  const rowHead = { name: `${row.name}\\${column.name}`, type: row.field.type };
  const fields: Field[] = [
    { ...rowHead, config: row.field.config, values: rowValues },
    ...[...cells].map(([key, byRow]) => ({
      name: String(key),
      type,
      config,
      values: rowValues.map((rowValue) => byRow.get(rowValue) ?? empty),
    })),
  ];
  return [{ fields, length: rowValues.length }];
};
