/** organize, order, rename, renameByRegex: which columns, in which order, under which names. */

import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { asObject, asObjects, asString, type JsonObject } from "../json-reader.ts";
import { parsePattern } from "../pattern.ts";
import type { TransformStep } from "./step.ts";

/** Order, then leave out, then rename; columns go by their display names. */
export const organizeFields: TransformStep = (frames, options, scope) => {
  const ordered = orderFields(frames, options, scope);
  const excluded = asObject(options["excludeByName"]);
  const namer = createFieldNamer(ordered);
  const isKept = (field: Field, frame: Frame) =>
    !(excluded[namer(field, frame)] === true || excluded[field.name] === true);
  const kept = ordered
    .map((frame) => ({ ...frame, fields: frame.fields.filter((field) => isKept(field, frame)) }))
    .filter((frame) => frame.fields.length > 0);
  return renameFields(kept, options, scope);
};

/** By `indexByName`, columns without an index last; or by name or label where `orderByMode` is auto. */
export const orderFields: TransformStep = (frames, options) => {
  const namer = createFieldNamer(frames);
  const compare =
    options["orderByMode"] === "auto"
      ? automaticOrder(options, namer)
      : manualOrder(asObject(options["indexByName"]), namer);
  return frames.map((frame) => ({
    ...frame,
    fields: [...frame.fields].sort((a, b) => compare(a, b, frame)),
  }));
};

type FieldComparison = (a: Field, b: Field, frame: Frame) => number;

function manualOrder(indexByName: JsonObject, namer: FieldNamer): FieldComparison {
  const place = (field: Field, frame: Frame) => {
    const index = indexByName[namer(field, frame)];
    return Number.isInteger(index) ? (index as number) : Number.MAX_SAFE_INTEGER;
  };
  return (a, b, frame) => place(a, frame) - place(b, frame);
}

/** Times stay in front. */
function automaticOrder(options: JsonObject, namer: FieldNamer): FieldComparison {
  const rules = asObjects(options["orderBy"]);
  const { compare } = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
  return (a, b, frame) => {
    const [isATime, isBTime] = [a.type === "time", b.type === "time"];
    if (isATime || isBTime) return Number(isBTime) - Number(isATime);
    for (const rule of rules) {
      const label = asString(rule["name"]);
      const textOf = (field: Field) =>
        rule["type"] === "label" ? (field.labels?.[label] ?? "") : namer(field, frame);
      const order = compare(textOf(a), textOf(b));
      if (order !== 0) return rule["desc"] === true ? -order : order;
    }
    return 0;
  };
}

/** `renameByName`, by display name. */
export const renameFields: TransformStep = (frames, options) => {
  const names = asObject(options["renameByName"]);
  return renameAll(frames, (name) => (Object.hasOwn(names, name) ? asString(names[name]) : ""));
};

/** What the regexp finds in display names is replaced; a bare pattern must match the whole name. */
export const renameByRegex: TransformStep = (frames, options) => {
  const text = asString(options["regex"]);
  const pattern = parsePattern(text);
  if (pattern === undefined) throw new SyntaxError(`${text} is no regular expression`);
  const replacement = asString(options["renamePattern"]);
  return renameAll(frames, (name) =>
    name.search(pattern) < 0 ? "" : name.replace(pattern, replacement),
  );
};

/** `newName` gives "" for a name that stays. */
function renameAll(frames: readonly Frame[], newName: (name: string) => string): Frame[] {
  const namer = createFieldNamer(frames);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const displayName = newName(namer(field, frame));
      if (displayName === "") return field;
      const { state: _state, ...rest } = field;
      return { ...rest, config: { ...field.config, displayName } };
    }),
  }));
}
