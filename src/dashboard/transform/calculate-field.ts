/** calculateField: a new column from others, row by row: a reducer, arithmetic, an index, moving and running values. */

import { createFieldMatcher } from "../field-matcher.ts";
import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import { type Field, type FieldSettings, type Frame, timeField } from "../frame.ts";
import { asObject, asString, asStrings, isObject, type JsonObject } from "../json-reader.ts";
import { findReducer, type ReduceOptions, reduceValue } from "../reduce.ts";
import { ensureColumns } from "./join.ts";
import { type TransformStep, withValues } from "./step.ts";
import { cumulativeValues, windowValues } from "./window-values.ts";

export const calculateField: TransformStep = (input, options, scope) => {
  const mode = asString(options["mode"], "reduceRow");
  const staysApart =
    options["timeSeries"] === false || (mode === "binary" && hasFixedRight(options));
  const frames = staysApart ? input : ensureColumns(input, {}, scope);
  const namer = createFieldNamer(frames);
  return frames.flatMap((frame) => {
    const work = { frame, namer, options };
    switch (mode) {
      case "reduceRow":
        return addFields(work, reduceRow(work));
      case "binary":
        return addFields(work, binary(work));
      case "unary":
        return addFields(work, unary(work));
      case "index":
        return [indexRows(work)];
      case "windowFunctions":
        return addFields(work, windowFunction(work));
      case "cumulativeFunctions":
        return addFields(work, cumulativeFunction(work));
      default:
        return [frame];
    }
  });
};

interface Work {
  readonly frame: Frame;
  readonly namer: FieldNamer;
  readonly options: JsonObject;
}

/** A new column, the last one; or like the one that it stands behind (`after`). */
interface NewField {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly after?: Field;
}

/** With `replaceFields` only time stays beside what is new; a frame without anything new goes. */
function addFields({ frame, options }: Work, added: readonly NewField[]): Frame[] {
  const isReplaced = options["replaceFields"] === true;
  if (added.length === 0) return isReplaced ? [] : [frame];
  const toField = ({ name, values, after }: NewField): Field => {
    if (after !== undefined) return { ...withValues(after, values), name };
    const alias = asString(options["alias"]);
    const config: FieldSettings = alias === "" ? {} : { displayName: alias };
    return { name: alias || name, type: "number", config, values };
  };
  const time = options["timeSeries"] === false ? undefined : timeField(frame);
  const kept = time === undefined ? [] : [time];
  if (isReplaced) return [{ ...frame, fields: [...kept, ...added.map(toField)] }];
  if (added.some(({ after }) => after !== undefined)) {
    const behind = (field: Field) => added.filter(({ after }) => after === field).map(toField);
    const others = frame.fields.filter((field) => field !== time);
    const fields = others.flatMap((field) => [field, ...behind(field)]);
    return [{ ...frame, fields: [...kept, ...fields] }];
  }
  return [{ ...frame, fields: [...frame.fields, ...added.map(toField)] }];
}

/** Null counts as a value that is not there, but is counted (as everywhere where nulls are not left out). */
function reduceRow({ frame, namer, options }: Work): NewField[] {
  const reduce = asObject(options["reduce"]);
  const id = asString(reduce["reducer"], "sum");
  const reducer = findReducer(id);
  if (reducer === undefined) throw new RangeError(`${id} is no reducer`);
  const names = asStrings(reduce["include"]);
  const matcher = createFieldMatcher(
    names.length === 0 ? { id: "numeric" } : { id: "byNames", options: { names } },
    namer,
  );
  const columns = frame.fields.filter((field) => matcher?.(field, frame));
  if (columns.length === 0) return [];
  const nullValueMode = reduce["nullValueMode"];
  const reduceOptions: ReduceOptions = {
    nullValueMode:
      nullValueMode === "connected" || nullValueMode === "null as zero" ? nullValueMode : "null",
  };
  const values = Array.from({ length: frame.length }, (_, row) =>
    reduceValue(
      columns.map((field) => field.values[row]),
      id,
      reduceOptions,
    ),
  );
  return [{ name: reducer.name, values }];
}

type Operator = (left: number, right: number) => number;

const operators: Readonly<Record<string, Operator>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

/** A side of an operation: a matcher of columns, or a number as it is written. */
interface Operand {
  readonly matcherId: string;
  /** The matcher's option, or the number. */
  readonly text: string;
}

/** A bare text is a number, unless a column is called so, or the name of a column. */
function readOperand(value: unknown, frame: Frame): Operand {
  if (!isObject(value)) {
    const text = asString(value);
    const isNumber = !Number.isNaN(Number(text));
    const isName = !isNumber || frame.fields.some(({ name }) => name === text);
    return { matcherId: isName ? "byName" : "", text };
  }
  const matcher = asObject(value["matcher"]);
  const option = matcher["options"] ?? value["fixed"] ?? "";
  return { matcherId: asString(matcher["id"]), text: String(option) };
}

function hasFixedRight(options: JsonObject): boolean {
  const right = asObject(options["binary"])["right"];
  const written = isObject(right) ? right["fixed"] : right;
  return typeof written === "string" || typeof written === "number"
    ? !Number.isNaN(Number(written))
    : false;
}

/** An operator that Grafana's package does not have adds nothing, as there. */
function binary(work: Work): NewField[] {
  const { frame, options } = work;
  const raw = asObject(options["binary"]);
  const symbol = asString(raw["operator"], "+");
  const operator = Object.hasOwn(operators, symbol) ? operators[symbol] : undefined;
  const [left, right] = [readOperand(raw["left"], frame), readOperand(raw["right"], frame)];
  const rightCells = operandCells(work, right);
  if (operator === undefined || rightCells === undefined) return [];
  const calculate = (cells: CellReader) =>
    Array.from({ length: frame.length }, (_, row) => operator(cells(row), rightCells(row)));
  if (left.matcherId === "byType") {
    return frame.fields
      .filter(({ type }) => type === left.text)
      .map((field) => ({
        name: `${field.name} ${symbol} ${right.text}`,
        values: calculate((row) => field.values[row] as number),
        after: field,
      }));
  }
  const leftCells = operandCells(work, left);
  if (leftCells === undefined) return [];
  const isNamed =
    left.text !== "" && right.text !== "" && !`${left.text}${right.text}`.includes("$");
  const name = isNamed ? `${left.text} ${symbol} ${right.text}` : "";
  return [{ name, values: calculate(leftCells) }];
}

/** Cells as arithmetic takes them: null counts as 0, what is missing as NaN. */
type CellReader = (row: number) => number;

/** The column that is shown under the name, else the number that the text begins with. */
function operandCells(
  { frame, namer }: Work,
  { matcherId, text }: Operand,
): CellReader | undefined {
  const field =
    matcherId === "byName" ? frame.fields.find((one) => namer(one, frame) === text) : undefined;
  if (field !== undefined) {
    const isBoolean = field.type === "boolean";
    return (row) =>
      isBoolean ? Number(Boolean(field.values[row])) : (field.values[row] as number);
  }
  const number = Number.parseFloat(text);
  return Number.isNaN(number) ? undefined : () => number;
}

const unaryFunctions: Readonly<Record<string, (value: number, total: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  percent: (value, total) => value / (total || 1),
};

function unary({ frame, namer, options }: Work): NewField[] {
  const raw = asObject(options["unary"]);
  const id = asString(raw["operator"], "abs");
  const name = asString(raw["fieldName"]);
  const calculate = Object.hasOwn(unaryFunctions, id) ? unaryFunctions[id] : undefined;
  const field = frame.fields.findLast((one) => one.type === "number" && namer(one, frame) === name);
  if (field === undefined || field.values.length === 0 || calculate === undefined) return [];
  const cells = [...field.values].map(Number);
  const finite = cells.filter(Number.isFinite);
  const total = id === "percent" ? finite.reduce((sum, value) => sum + value, 0) : 0;
  return [{ name: `${id}(${name})`, values: cells.map((value) => calculate(value, total)) }];
}

/** The column that a name means, the first of numbers without one. */
function findField({ frame, namer }: Work, name: string): Field | undefined {
  const matcher = createFieldMatcher(
    name === "" ? { id: "numeric" } : { id: "byNames", options: { names: [name] } },
    namer,
  );
  return frame.fields.find((field) => matcher?.(field, frame));
}

function indexRows({ frame, options }: Work): Frame {
  const isShare = asObject(options["index"])["asPercentile"] === true;
  const field: Field = {
    name: asString(options["alias"], "Row"),
    type: "number",
    config: isShare ? { unit: "percentunit" } : {},
    values: Array.from({ length: frame.length }, (_, row) => (isShare ? row / frame.length : row)),
  };
  return {
    ...frame,
    fields: options["replaceFields"] === true ? [field] : [...frame.fields, field],
  };
}

function windowFunction(work: Work): NewField[] {
  const { frame, options } = work;
  const raw = asObject(options["window"]);
  const name = asString(raw["field"]);
  const isShare = asString(raw["windowSizeMode"], "percentage") === "percentage";
  const size = Number(raw["windowSize"] ?? 0.1);
  if (size <= 0) throw new RangeError(`a window of ${size} is empty`);
  const alignment = asString(raw["windowAlignment"], "trailing");
  const reducer = readReducer(raw, "mean", ["mean", "stdDev", "variance"]);
  const field = findField(work, name);
  if (field === undefined) return [];
  const values = windowValues(field.values, {
    size: Math.ceil(isShare ? size * frame.length : size),
    isCentered: alignment === "centered",
    reducer,
  });
  return [{ name: `${alignment} moving ${reducer}${inParentheses(name)}`, values }];
}

function cumulativeFunction(work: Work): NewField[] {
  const raw = asObject(work.options["cumulative"]);
  const name = asString(raw["field"]);
  const reducer = readReducer(raw, "sum", ["sum", "mean"]);
  const field = findField(work, name);
  if (field === undefined) return [];
  const values = cumulativeValues(field.values, reducer === "mean");
  return [{ name: `cumulative ${reducer}${inParentheses(name)}`, values }];
}

function readReducer(raw: JsonObject, otherwise: string, known: readonly string[]): string {
  const reducer = asString(raw["reducer"], otherwise);
  if (!known.includes(reducer)) throw new RangeError(`${reducer} is none of ${known.join(", ")}`);
  return reducer;
}

function inParentheses(name: string): string {
  return name === "" ? "" : `(${name})`;
}
