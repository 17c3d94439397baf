/** calculateField: a new column from others, row by row: a reducer, arithmetic, an index, moving and running values. */

import { createFieldMatcher, type FieldMatcher } from "../field-matcher.ts";
import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import type { Field, FieldSettings, Frame } from "../frame.ts";
import { asObject, asString, asStrings, isObject, type JsonObject } from "../json-reader.ts";
import { findReducer, reduceValues } from "../reduce.ts";
import { ensureColumns } from "./join.ts";
import type { TransformStep } from "./step.ts";
import { cumulativeValues, windowValues } from "./window-values.ts";

export const calculateField: TransformStep = (input, options, scope) => {
  const frames = options["timeSeries"] === false ? input : ensureColumns(input, {}, scope);
  const mode = asString(options["mode"], "reduceRow");
  const namer = createFieldNamer(frames);
  return frames.map((frame) => {
    const work = { frame, namer, options };
    switch (mode) {
      case "reduceRow":
        return addFields(work, reduceRow(work));
      case "binary":
        return addFields(work, binary(work));
      case "unary":
        return addFields(work, unary(work));
      case "index":
        return indexRows(work);
      case "windowFunctions":
        return addFields(work, windowFunction(work));
      case "cumulativeFunctions":
        return addFields(work, cumulativeFunction(work));
      default:
        return frame;
    }
  });
};

interface Work {
  readonly frame: Frame;
  readonly namer: FieldNamer;
  readonly options: JsonObject;
}

/** A new column; `after` is the one it stands behind, the last one where absent. */
interface NewField {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly after?: Field;
}

/** With `replaceFields` only time stays beside what is new. */
function addFields({ frame, options }: Work, added: readonly NewField[]): Frame {
  if (added.length === 0) return frame;
  const toField = ({ name, values }: NewField): Field => {
    const alias = asString(options["alias"]);
    const config: FieldSettings = alias === "" ? {} : { displayName: alias };
    return { name: alias || name, type: "number", config, values };
  };
  if (options["replaceFields"] === true) {
    const time = frame.fields.find((field) => field.type === "time");
    const fields = [...(time === undefined ? [] : [time]), ...added.map(toField)];
    return { ...frame, fields };
  }
  const behind = (field: Field) => added.filter(({ after }) => after === field).map(toField);
  const last = added.filter(({ after }) => after === undefined).map(toField);
  return {
    ...frame,
    fields: [...frame.fields.flatMap((field) => [field, ...behind(field)]), ...last],
  };
}

function reduceRow({ frame, namer, options }: Work): NewField[] {
  const reduce = asObject(options["reduce"]);
  const id = asString(reduce["reducer"], "sum");
  const names = asStrings(reduce["include"]);
  const matcher: FieldMatcher | undefined =
    names.length === 0
      ? (field) => field.type === "number"
      : createFieldMatcher({ id: "byNames", options: { names } }, namer);
  const columns = frame.fields.filter((field) => matcher?.(field, frame));
  if (columns.length === 0) return [];
  const values = Array.from({ length: frame.length }, (_, row) => {
    const cells = columns.map((field) => field.values[row] ?? null);
    return reduceValues(cells, [id])[id];
  });
  return [{ name: findReducer(id)?.name ?? id, values }];
}

type Operator = (left: number, right: number) => number;

const operators: Readonly<Record<string, Operator>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

/** A number, or the column that a matcher finds. */
type Operand = { readonly fixed: number } | { readonly matcher: FieldMatcher; readonly id: string };

function readOperand(value: unknown, namer: FieldNamer): Operand | undefined {
  const raw = asObject(value);
  const fixed = isObject(value) ? raw["fixed"] : value;
  if (fixed !== undefined && fixed !== "" && !Number.isNaN(Number(fixed))) {
    return { fixed: Number(fixed) };
  }
  const config = isObject(raw["matcher"])
    ? { id: asString(asObject(raw["matcher"])["id"]), options: asObject(raw["matcher"])["options"] }
    : { id: "byName", options: value };
  const matcher = createFieldMatcher(config, namer);
  return matcher === undefined ? undefined : { matcher, id: config.id };
}

/** An operator that Grafana's package does not have adds nothing, as there. */
function binary({ frame, namer, options }: Work): NewField[] {
  const raw = asObject(options["binary"]);
  const symbol = asString(raw["operator"], "+");
  const operator = Object.hasOwn(operators, symbol) ? operators[symbol] : undefined;
  const left = readOperand(raw["left"], namer);
  const right = readOperand(raw["right"], namer);
  if (operator === undefined || left === undefined || right === undefined) return [];
  const one = (operand: Operand) => columnOf(frame, operand);
  const calculate = (a: Column, b: Column, after?: Field): NewField[] => [
    {
      name: `${a.name} ${symbol} ${b.name}`,
      values: Array.from({ length: frame.length }, (_, row) => operator(a.at(row), b.at(row))),
      ...(after === undefined ? {} : { after }),
    },
  ];
  const b = one(right);
  if (b === undefined) return [];
  if ("fixed" in left || left.id === "byName") {
    const a = one(left);
    return a === undefined ? [] : calculate(a, b);
  }
  return frame.fields
    .filter((field) => left.matcher(field, frame))
    .flatMap((field) => calculate(fieldColumn(field), b, field));
}

/** Cells as numbers: null counts as 0, what is missing as NaN. */
interface Column {
  readonly name: string;
  readonly at: (row: number) => number;
}

function columnOf(frame: Frame, operand: Operand): Column | undefined {
  if ("fixed" in operand) return { name: String(operand.fixed), at: () => operand.fixed };
  const field = frame.fields.find((one) => operand.matcher(one, frame));
  return field === undefined ? undefined : fieldColumn(field);
}

function fieldColumn(field: Field): Column {
  return { name: field.config.displayName || field.name, at: (row) => Number(field.values[row]) };
}

const unaryFunctions: Readonly<Record<string, (value: number, total: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  percent: (value, total) => value / total,
};

function unary({ frame, namer, options }: Work): NewField[] {
  const raw = asObject(options["unary"]);
  const id = asString(raw["operator"], "abs");
  const name = asString(raw["fieldName"]);
  const calculate = Object.hasOwn(unaryFunctions, id) ? unaryFunctions[id] : undefined;
  const field = findByName(frame, name, namer);
  if (field === undefined || calculate === undefined) return [];
  const cells = [...field.values].map(Number);
  const total = id === "percent" ? cells.reduce((sum, value) => sum + value, 0) : 0;
  return [{ name: `${id}(${name})`, values: cells.map((value) => calculate(value, total)) }];
}

function findByName(frame: Frame, name: string, namer: FieldNamer): Field | undefined {
  return frame.fields.find((field) => field.name === name || namer(field, frame) === name);
}

function indexRows({ frame, options }: Work): Frame {
  const isShare = asObject(options["index"])["asPercentile"] === true;
  const alias = asString(options["alias"]);
  const field: Field = {
    name: alias || "Row",
    type: "number",
    config: isShare ? { unit: "percentunit" } : {},
    values: Array.from({ length: frame.length }, (_, row) => (isShare ? row / frame.length : row)),
  };
  return {
    ...frame,
    fields: options["replaceFields"] === true ? [field] : [...frame.fields, field],
  };
}

function windowFunction({ frame, namer, options }: Work): NewField[] {
  const raw = asObject(options["window"]);
  const name = asString(raw["field"]);
  const field = findByName(frame, name, namer);
  if (field === undefined) return [];
  const isShare = asString(raw["windowSizeMode"], "percentage") === "percentage";
  const size = Number(raw["windowSize"] ?? (isShare ? 0.1 : 10));
  const alignment = asString(raw["windowAlignment"], "trailing");
  const reducer = asString(raw["reducer"], "mean");
  const values = windowValues(field.values, {
    size: isShare ? Math.ceil(size * frame.length) : size,
    isCentered: alignment === "centered",
    reducer,
  });
  return [{ name: `${alignment} moving ${reducer}(${name})`, values }];
}

function cumulativeFunction({ frame, namer, options }: Work): NewField[] {
  const raw = asObject(options["cumulative"]);
  const name = asString(raw["field"]);
  const field = findByName(frame, name, namer);
  if (field === undefined) return [];
  const reducer = asString(raw["reducer"], "sum");
  const values = cumulativeValues(field.values, reducer === "mean");
  return [{ name: `cumulative ${reducer}(${name})`, values }];
}
