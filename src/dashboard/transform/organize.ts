/** organize, order, rename, renameByRegex: which columns, in which order, under which names. */

import { createFieldNamer, type FieldNamer } from "../field-name.ts";
import { type Field, type Frame, timeField } from "../frame.ts";
import { asObject, asObjects, asString, type JsonObject } from "../json-reader.ts";
import { parsePattern } from "../pattern.ts";
import { filterFieldsByName } from "./filter.ts";
import type { TransformStep } from "./step.ts";

/** Leave out, then order, then rename; columns go by their display names. */
export const organizeFields: TransformStep = (frames, options, scope) => {
  // The names are those of before: what is left out still tells the others apart.
  const only = frames.length === 1 ? frames[0] : undefined;
  const named = only === undefined ? frames : [withNames(only)];
  const chosen = (key: string) =>
    Object.entries(asObject(options[key])).flatMap(([name, isChosen]) => (isChosen ? [name] : []));
  const [included, excluded] = [chosen("includeByName"), chosen("excludeByName")];
  const kept = filterFieldsByName(
    named,
    { include: { names: included }, exclude: { names: excluded } },
    scope,
  );
  const renamed = renameFields(orderFields(kept, options, scope), options, scope);
  return only === undefined ? renamed : renamed.map(withoutNames);
};

/** A frame whose fields keep the names they have now. */
function withNames(frame: Frame): Frame {
  const namer = createFieldNamer([frame]);
  const fields = frame.fields.map((field) => ({
    ...field,
    state: { seriesIndex: 0, ...field.state, displayName: namer(field, frame) },
  }));
  return { ...frame, fields };
}

function withoutNames(frame: Frame): Frame {
  return { ...frame, fields: frame.fields.map(({ state: _state, ...field }) => field) };
}

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

/** The first time stays in front. */
function automaticOrder(options: JsonObject, namer: FieldNamer): FieldComparison {
  const rules = asObjects(options["orderBy"]);
  const { compare } = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
  return (a, b, frame) => {
    const time = timeField(frame);
    if (a === time || b === time) return Number(b === time) - Number(a === time);
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
  return renameAll(frames, (name) =>
    Object.hasOwn(names, name) ? asString(names[name]) || undefined : undefined,
  );
};

/** What the regexp finds in display names is replaced; a bare pattern must match the whole name. */
export const renameByRegex: TransformStep = (frames, options) => {
  const text = asString(options["regex"], "(.*)");
  const pattern = parsePattern(text);
  if (pattern === undefined) throw new SyntaxError(`${text} is no regular expression`);
  const replacement = asString(options["renamePattern"], "$1");
  return renameAll(frames, (name) =>
    name.search(pattern) < 0 ? undefined : name.replace(pattern, replacement),
  );
};

/** `newName` gives undefined for a name that stays. Frames are named each for itself. */
function renameAll(
  frames: readonly Frame[],
  newName: (name: string) => string | undefined,
): Frame[] {
  return frames.map((frame) => {
    const namer = createFieldNamer([frame]);
    const fields = frame.fields.map((field) => {
      const displayName = newName(namer(field, frame));
      if (displayName === undefined) return field;
      const { state: _state, ...rest } = field;
      return { ...rest, config: { ...field.config, displayName } };
    });
    return { ...frame, fields };
  });
}
