/**
 * From what the data source gave to what a panel draws: the defaults of the panel fill each field's
 * settings, overrides replace them, names and ranges are worked out. Input frames are not changed.
 */

import { createDataResolver } from "./data-context.ts";
import { createFieldMatcher, type FieldMatcher } from "./field-matcher.ts";
import { createFieldNamer, type FieldNamer } from "./field-name.ts";
import type { Field, FieldRange, FieldSettings, Frame } from "./frame.ts";
import { interpolate, type VariableScope } from "./interpolate.ts";
import type { FieldConfig } from "./model.ts";
import { reduceField } from "./reduce.ts";

/** Fields with settings of their own and `state` filled: display name, series number, range. */
export function applyFieldConfig(
  frames: readonly Frame[],
  fieldConfig: FieldConfig,
  scope: VariableScope = { variables: new Map() },
): Frame[] {
  const namer = createFieldNamer(frames);
  const rules = fieldConfig.overrides.flatMap(({ matcher, properties }) => {
    // Rules for the tables within cells are no rules for these fields.
    if (matcher.scope === "nested") return [];
    const matches = createFieldMatcher(matcher, namer);
    return matches === undefined ? [] : [{ matches, properties }];
  });
  const work: Work = { frames, namer, scope, rules, defaults: fieldConfig.defaults };
  const configured = frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      // A display name of the new settings beats the one worked out before.
      const { state, ...rest } = field;
      const config = configure(field, frame, work);
      const keepsName = state !== undefined && isUnset(config.displayName);
      return { ...rest, config, ...(keepsName ? { state } : {}) };
    }),
  }));
  return addState(configured);
}

interface Rule {
  readonly matches: FieldMatcher;
  readonly properties: FieldConfig["overrides"][number]["properties"];
}

interface Work {
  readonly frames: readonly Frame[];
  readonly namer: FieldNamer;
  readonly scope: VariableScope;
  readonly rules: readonly Rule[];
  readonly defaults: FieldConfig["defaults"];
}

type Settings = Record<string, unknown> & { custom: Record<string, unknown> };

/** Properties outside `custom`; those of numbers reach other fields by overrides only. */
const standardProperties: Readonly<Record<string, { isForNumbers?: boolean; isNumber?: boolean }>> =
  {
    displayName: {},
    unit: {},
    min: { isForNumbers: true, isNumber: true },
    max: { isForNumbers: true, isNumber: true },
    fieldMinMax: { isForNumbers: true },
    decimals: { isForNumbers: true, isNumber: true },
    thresholds: { isForNumbers: true },
    nullValueMode: {},
    noValue: {},
    color: {},
    mappings: {},
    links: {},
    actions: {},
    description: {},
    filterable: {},
  };

/** Custom properties that are numbers, which dashboards also hold as texts. */
const numericCustoms = new Set([
  "lineWidth",
  "fillOpacity",
  "pointSize",
  "barWidthFactor",
  "barMaxWidth",
  "barAlignment",
  "axisSoftMin",
  "axisSoftMax",
  "axisWidth",
  "width",
  "minWidth",
]);

function configure(field: Field, frame: Frame, work: Work): FieldSettings {
  const expand = (text: string) => {
    const resolve = createDataResolver({ field, frame, frames: work.frames });
    return interpolate(text, { ...work.scope, resolve });
  };
  const settings: Settings = { ...field.config, custom: { ...field.config.custom } };
  fillDefaults(settings, field, { defaults: work.defaults, expand });
  for (const { matches, properties } of work.rules) {
    if (!matches(...renamed(field, frame, settings["displayName"]))) continue;
    for (const { id, value } of properties) override(settings, { id, value, expand });
  }
  return settings as unknown as FieldSettings;
}

/** A rule finds a field by the name that the panel and the rules before have given it. */
function renamed(field: Field, frame: Frame, displayName: unknown): [Field, Frame] {
  if (displayName === field.config.displayName) return [field, frame];
  const { state: _state, ...rest } = field;
  const named = { ...rest, config: { ...field.config, displayName: displayName as string } };
  return [named, { ...frame, fields: frame.fields.map((one) => (one === field ? named : one)) }];
}

/** What the field does not have itself comes from the panel. */
function fillDefaults(
  settings: Settings,
  field: Field,
  { defaults, expand }: { defaults: FieldConfig["defaults"]; expand: (text: string) => string },
): void {
  for (const [id, { isForNumbers = false }] of Object.entries(standardProperties)) {
    if (isForNumbers && field.type !== "number") continue;
    const value = process(id, (defaults as unknown as Record<string, unknown>)[id], expand);
    if (isUnset(settings[id]) && !isUnset(value)) settings[id] = value;
  }
  for (const [id, value] of Object.entries(defaults.custom ?? {})) {
    if (isUnset(settings.custom[id]) && !isUnset(value)) {
      settings.custom[id] = processCustom(id, value);
    }
  }
}

function override(
  settings: Settings,
  { id, value, expand }: { id: string; value: unknown; expand: (text: string) => string },
): void {
  if (id.startsWith("custom.")) {
    setPath(settings.custom, id.slice("custom.".length), value);
    return;
  }
  if (!Object.hasOwn(standardProperties, id)) return;
  const processed = process(id, value, expand);
  if (isUnset(processed) || (id === "displayName" && value === "")) {
    delete settings[id];
    return;
  }
  const current = settings[id];
  settings[id] =
    Array.isArray(processed) && Array.isArray(current) ? [...processed, ...current] : processed;
}

/** `a.b` within the custom options; null takes the option away. */
function setPath(custom: Record<string, unknown>, path: string, value: unknown): void {
  const [key = "", ...rest] = path.split(".");
  if (rest.length > 0) {
    const inner = { ...(custom[key] as Record<string, unknown> | undefined) };
    setPath(inner, rest.join("."), value);
    custom[key] = inner;
    return;
  }
  if (isUnset(value)) delete custom[key];
  else custom[key] = processCustom(key, value);
}

function process(id: string, value: unknown, expand: (text: string) => string): unknown {
  if (isUnset(value)) return value;
  if (id === "displayName" || id === "noValue") return expand(String(value));
  return standardProperties[id]?.isNumber === true ? Number.parseFloat(String(value)) : value;
}

function processCustom(id: string, value: unknown): unknown {
  if (!numericCustoms.has(id) || typeof value !== "string" || value.trim() === "") return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
}

function isUnset(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Series are counted over all frames, times not; numbers without min or max share one range. */
function addState(frames: readonly Frame[]): Frame[] {
  const namer = createFieldNamer(frames);
  let shared: FieldRange | undefined;
  const sharedRange = () => {
    shared ??= commonRange(frames);
    return shared;
  };
  let seriesIndex = 0;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const index = field.type === "time" ? seriesIndex : seriesIndex++;
      const displayName = namer(field, frame);
      const range = ownRange(field, sharedRange);
      return {
        ...field,
        state: { displayName, seriesIndex: index, ...(range === undefined ? {} : { range }) },
      };
    }),
  }));
}

/** Of numbers, and of what else has both bounds set. */
function ownRange(field: Field, sharedRange: () => FieldRange): FieldRange | undefined {
  const { min, max, fieldMinMax } = field.config;
  if (min !== undefined && max !== undefined) return rangeOf(min, max);
  if (field.type !== "number") return undefined;
  const found = fieldMinMax === true ? commonRange([{ fields: [field] }]) : sharedRange();
  return rangeOf(min ?? found.min, max ?? found.max);
}

function rangeOf(min: number | null, max: number | null): FieldRange {
  return { min, max, delta: (max ?? 0) - (min ?? 0) };
}

/** Smallest and largest value of all number fields. O(values). */
function commonRange(frames: readonly Pick<Frame, "fields">[]): FieldRange {
  let [min, max]: [number | null, number | null] = [null, null];
  for (const { fields } of frames) {
    for (const field of fields) {
      if (field.type !== "number") continue;
      const found = reduceField(field, ["min", "max"]) as {
        min?: number | null;
        max?: number | null;
      };
      if (!isUnset(found.min) && (min === null || found.min < min)) min = found.min;
      if (!isUnset(found.max) && (max === null || found.max > max)) max = found.max;
    }
  }
  return rangeOf(min, max);
}
