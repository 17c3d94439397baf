/** Matchers of overrides and transformations: which fields of which frame are meant. */

import type { FieldNamer } from "./field-name.ts";
import type { Field, Frame } from "./frame.ts";
import { asArray, asObject, asString } from "./json-reader.ts";
import { parsePattern } from "./pattern.ts";
import { reduceField } from "./reduce.ts";

/** True for a field that is meant. */
export type FieldMatcher = (field: Field, frame: Frame) => boolean;

/** A matcher as the dashboard has it. */
export interface MatcherConfig {
  readonly id: string;
  readonly options?: unknown;
}

type MatcherFactory = (options: unknown, namer: FieldNamer) => FieldMatcher;

/** Makes a matcher ready; undefined for an id that is not known (which then matches nothing). */
export function createFieldMatcher(
  { id, options }: MatcherConfig,
  namer: FieldNamer,
): FieldMatcher | undefined {
  return Object.hasOwn(factories, id) ? factories[id]?.(options, namer) : undefined;
}

const factories: Readonly<Record<string, MatcherFactory>> = {
  byName: (options, namer) => matchNames(new Set([String(options)]), namer),
  byNames: (options, namer) => {
    const { mode, names } = asObject(options);
    const matches = matchNames(new Set(asArray(names).map(String)), namer);
    return mode === "exclude" ? (field, frame) => !matches(field, frame) : matches;
  },
  byRegexp: (options, namer) => matchPattern(String(options ?? ""), namer),
  byRegexpOrNames: (options, namer) => {
    const { pattern, names } = asObject(options);
    const byName = matchNames(new Set(asArray(names).map(String)), namer);
    const text = asString(pattern);
    const byPattern = text === "" ? () => false : matchPattern(text, namer);
    return (field, frame) => byName(field, frame) || byPattern(field, frame);
  },
  byType: (options) => {
    const type = typeof options === "string" ? options : asObject(options)["type"];
    return (field) => field.type === type;
  },
  byTypes: (options) => {
    const types = new Set(asArray(options));
    return (field) => types.has(field.type);
  },
  numeric: () => (field) => field.type === "number",
  time: () => (field) => field.type === "time",
  first: () => (field, frame) => frame.fields[0] === field,
  firstTimeField: () => (field, frame) =>
    frame.fields.find((other) => other.type === "time") === field,
  byFrameRefID: (options) => (_field, frame) => frame.refId === options,
  byValue: matchReduced,
  alwaysMatch: () => () => true,
  neverMatch: () => () => false,
  anyMatch: (options, namer) => {
    const all = readMatchers(options, namer);
    return (field, frame) => all.some((matches) => matches(field, frame));
  },
  allMatch: (options, namer) => {
    const all = readMatchers(options, namer);
    return (field, frame) => all.every((matches) => matches(field, frame));
  },
  invertMatch: (options, namer) => {
    const [matches] = readMatchers([options], namer);
    return (field, frame) => !(matches?.(field, frame) ?? false);
  },
};

function readMatchers(options: unknown, namer: FieldNamer): FieldMatcher[] {
  return asArray(options).map((option) => {
    const raw = asObject(option);
    const config = { id: asString(raw["id"]), options: raw["options"] };
    return createFieldMatcher(config, namer) ?? (() => false);
  });
}

/**
 * Its own name or the one that is shown. "Value" also means a field that has its metric's name, "Time"
 * any time: dashboards hold these names from days when the data source called them so.
 */
function matchNames(names: ReadonlySet<string>, namer: FieldNamer): FieldMatcher {
  const means = formerName(names);
  return (field, frame) =>
    names.has(field.name) || names.has(namer(field, frame)) || means(field, frame);
}

function formerName(names: ReadonlySet<string>): FieldMatcher {
  if (names.has("Value")) return ({ name, labels }) => labels?.["__name__"] === name;
  if (!(names.has("Time") || names.has("time"))) return () => false;
  return ({ type }, { meta }) => type === "time" && (meta?.["typeVersion"] ?? null) === null;
}

function matchPattern(text: string, namer: FieldNamer): FieldMatcher {
  const pattern = parsePattern(text);
  return (field, frame) => pattern !== undefined && namer(field, frame).search(pattern) >= 0;
}

function matchReduced(options: unknown): FieldMatcher {
  const { reducer, op, value } = asObject(options);
  const id = asString(reducer, "lastNotNull");
  return (field) => compareValues(reduceField(field, [id])[id], asString(op, "gte"), value);
}

/** Grafana's comparison of override conditions: null equals null only and is neither more nor less. */
function compareValues(left: unknown, op: string, right: unknown): boolean {
  if (op === "eq") return String(left ?? null) === String(right ?? null);
  if (op === "neq") return String(left ?? null) !== String(right ?? null);
  const [a, b] = [left ?? undefined, right ?? undefined];
  if (a === undefined || b === undefined) return a === b && op.endsWith("e");
  const difference = Number(a) - Number(b);
  switch (op) {
    case "gt":
      return difference > 0;
    case "gte":
      return difference >= 0;
    case "lt":
      return difference < 0;
    case "lte":
      return difference <= 0;
    default:
      return false;
  }
}
