/** filterFieldsByName, filterFields, filterFrames, filterByRefId, filterByValue, limit. */

import { createFieldMatcher, type FieldMatcher } from "../field-matcher.ts";
import { createFieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { interpolate } from "../interpolate.ts";
import { asObject, asObjects, asString, asStrings, type JsonObject } from "../json-reader.ts";
import { parsePattern } from "../pattern.ts";
import { pickRows, type TransformStep, withValues } from "./step.ts";

/** By names and a pattern; a column is kept where either finds it. */
export const filterFieldsByName: TransformStep = (frames, options, scope) => {
  const read = (value: unknown) => {
    const raw = asObject(value);
    const variable = interpolate(asString(raw["variable"]), scope, "csv");
    const names = [
      ...asStrings(raw["names"]),
      ...(variable === "" ? [] : variable.split(",").map((name) => name.trim())),
    ];
    const pattern = interpolate(asString(raw["pattern"]), scope);
    return names.length === 0 && pattern === ""
      ? undefined
      : { id: "byRegexpOrNames", options: { names, pattern } };
  };
  return keepFields(frames, {
    include: read(options["include"]),
    exclude: read(options["exclude"]),
  });
};

/** By any field matcher. */
export const filterFields: TransformStep = (frames, options) => {
  const read = (value: unknown) => {
    const raw = asObject(value);
    return raw["id"] === undefined
      ? undefined
      : { id: asString(raw["id"]), options: raw["options"] };
  };
  return keepFields(frames, {
    include: read(options["include"]),
    exclude: read(options["exclude"]),
  });
};

interface Filters<T> {
  readonly include: T | undefined;
  readonly exclude: T | undefined;
}

/** Frames without a field left are left out. */
function keepFields(
  frames: readonly Frame[],
  filters: Filters<{ id: string; options: unknown }>,
): readonly Frame[] {
  const { include, exclude } = filters;
  if (include === undefined && exclude === undefined) return frames;
  const namer = createFieldNamer(frames);
  const never: FieldMatcher = () => false;
  const includes = include && (createFieldMatcher(include, namer) ?? never);
  const excludes = exclude && (createFieldMatcher(exclude, namer) ?? never);
  return frames
    .map((frame) => ({
      ...frame,
      fields: frame.fields.filter(
        (field) => !(excludes?.(field, frame) ?? false) && (includes?.(field, frame) ?? true),
      ),
    }))
    .filter((frame) => frame.fields.length > 0);
}

/** By a regexp of refIds. */
export const filterByRefId: TransformStep = (frames, options) => {
  const read = (value: unknown) => {
    const pattern = asString(value);
    return pattern === "" ? undefined : createFrameMatcher({ id: "byRefId", options: pattern });
  };
  return keepFrames(frames, {
    include: read(options["include"]),
    exclude: read(options["exclude"]),
  });
};

/** By any frame matcher. */
export const filterFrames: TransformStep = (frames, options) => {
  const read = (value: unknown) => {
    const raw = asObject(value);
    return raw["id"] === undefined ? undefined : createFrameMatcher(raw);
  };
  return keepFrames(frames, {
    include: read(options["include"]),
    exclude: read(options["exclude"]),
  });
};

function keepFrames(
  frames: readonly Frame[],
  { include, exclude }: Filters<FrameMatcher>,
): readonly Frame[] {
  return frames.filter(
    (frame, index) => !(exclude?.(frame, index) ?? false) && (include?.(frame, index) ?? true),
  );
}

export type FrameMatcher = (frame: Frame, index: number) => boolean;

/** byRefId, byName (regexps) and byIndex; any other id matches nothing. */
export function createFrameMatcher(raw: JsonObject): FrameMatcher {
  const { id, options } = raw;
  if (id === "byIndex") return (_frame, index) => index === Number(options);
  const pattern = parsePattern(String(options ?? ""));
  if (pattern === undefined) return () => false;
  if (id === "byRefId") return ({ refId }) => refId !== undefined && refId.search(pattern) >= 0;
  if (id === "byName") return ({ name }) => name !== undefined && name.search(pattern) >= 0;
  return () => false;
}

type ValueTest = (value: unknown) => boolean;

/** Rows whose values pass all (or any) tests; a test of a field that is not there is not passed. */
export const filterByValue: TransformStep = (frames, options, scope) => {
  const filters = asObjects(options["filters"]);
  if (filters.length === 0) return frames;
  const namer = createFieldNamer(frames);
  const isAny = options["match"] === "any";
  const includes = options["type"] !== "exclude";
  return frames.map((frame) => {
    const tests = filters.map((filter) => {
      const name = asString(filter["fieldName"]);
      const field = frame.fields.findLast((one) => namer(one, frame) === name);
      const test = createValueTest(asObject(filter["config"]), (text) => interpolate(text, scope));
      return (row: number) => field !== undefined && test(field.values[row]);
    });
    const rows = Array.from({ length: frame.length }, (_, row) => row);
    const isMatch = (row: number) =>
      isAny ? tests.some((test) => test(row)) : tests.every((test) => test(row));
    return pickRows(
      frame,
      rows.filter((row) => isMatch(row) === includes),
    );
  });
};

/** Comparisons are JavaScript's loose ones, as in Grafana: null counts as 0, "9" as 9. */
function createValueTest(config: JsonObject, expand: (text: string) => string): ValueTest {
  const options = asObject(config["options"]);
  const option = (key: string) => {
    const value = options[key];
    return typeof value === "string" ? expand(value) : value;
  };
  const wanted = option("value") as number;
  switch (config["id"]) {
    case "isNull":
      return isNothing;
    case "isNotNull":
      return (value) => !isNothing(value);
    case "greater":
      return ofNumbers((value) => value > wanted);
    case "greaterOrEqual":
      return ofNumbers((value) => value >= wanted);
    case "lower":
      return ofNumbers((value) => value < wanted);
    case "lowerOrEqual":
      return ofNumbers((value) => value <= wanted);
    case "equal":
      return (value) => isLooselyEqual(value, wanted);
    case "notEqual":
      return (value) => !isLooselyEqual(value, wanted);
    case "substring":
    case "notSubstring":
      return substringTest(String(wanted ?? ""), config["id"] === "substring");
    case "regex": {
      const pattern = new RegExp(String(wanted));
      return (value) => !isNothing(value) && pattern.test(String(value));
    }
    case "between": {
      const [from, to] = [wholeNumber(option("from")), wholeNumber(option("to"))];
      return ofNumbers((value) => value > from && value < to);
    }
    default:
      return () => false;
  }
}

/** What no number can be made of passes no comparison. */
function ofNumbers(test: (value: number) => boolean): ValueTest {
  return (value) => !Number.isNaN(Number(value)) && test(value as number);
}

/** Without case; an empty text is in everything, and nothing is without it. */
function substringTest(text: string, isWanted: boolean): ValueTest {
  if (text === "") return () => isWanted;
  const wanted = text.toLowerCase();
  return (value) =>
    typeof value === "string" && value !== "" && value.toLowerCase().includes(wanted) === isWanted;
}

function wholeNumber(value: unknown): number {
  return typeof value === "number" ? value : Number.parseInt(String(value), 10);
}

function isLooselyEqual(value: unknown, wanted: unknown): boolean {
  if (isNothing(value) || isNothing(wanted)) return isNothing(value) && isNothing(wanted);
  return typeof value === typeof wanted ? value === wanted : Number(value) === Number(wanted);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** The first rows, or the last ones where the limit is negative; 10 where none is given. */
export const limitRows: TransformStep = (frames, options, scope) => {
  const raw = options["limitField"] ?? 10;
  const limit = Number.parseInt(interpolate(String(raw), scope), 10);
  if (Number.isNaN(limit)) return frames;
  return frames.map((frame) => {
    if (frame.length <= Math.abs(limit)) return frame;
    const slice = ({ values }: Field) =>
      limit >= 0 ? values.slice(0, limit) : values.slice(limit);
    const fields = frame.fields.map((field) => withValues(field, slice(field)));
    return { ...frame, fields, length: Math.abs(limit) };
  });
};
