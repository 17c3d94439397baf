/** joinByField and ensureColumns: frames side by side, their rows matched by one column. */

import { createFieldMatcher } from "../field-matcher.ts";
import { createFieldNamer } from "../field-name.ts";
import { type Field, type FieldValues, type Frame, timeField } from "../frame.ts";
import { asString } from "../json-reader.ts";
import { joinedRefId, type TransformStep } from "./step.ts";

export const joinByField: TransformStep = (frames, options) => {
  if (frames.length <= 1) return frames;
  return [joinFrames(frames, asString(options["byField"]), asString(options["mode"], "outer"))];
};

/** Series with a common time column as one table; anything else as it is. */
export const ensureColumns: TransformStep = (frames) => {
  const names = frames.map((frame) => timeField(frame)?.name);
  const [name] = names;
  if (frames.length <= 1 || name === undefined) return frames;
  if (names.some((other) => other !== name)) return frames;
  return [joinFrames(frames, name, "outer")];
};

/** A frame with its key column found. */
interface Side {
  readonly key: Field;
  readonly others: readonly Field[];
}

/** Frames without the field are left out; without any of them the result is empty, as "inner" is without one. */
function joinFrames(frames: readonly Frame[], name: string, mode: string): Frame {
  const sides = readSides(frames, name);
  const refId = joinedRefId("joinByField", frames);
  const [first] = sides;
  if (first === undefined) return { refId, fields: [], length: 0 };
  const isOuter = mode === "outer";
  const columns =
    mode === "inner" && sides.length < frames.length
      ? undefined
      : isOuter
        ? joinColumns(sides)
        : matchColumns(sides, mode === "outerTabular");
  const fields = [first.key, ...sides.flatMap(({ others }) => others)].map((field, index) => {
    const { state: _state, ...copy } = field;
    return { ...copy, values: columns?.[index] ?? [] };
  });
  return { refId, fields, length: columns?.[0]?.length ?? 0 };
}

/** Without a name the first time of each frame is the key. */
function readSides(frames: readonly Frame[], name: string): Side[] {
  const matcher = { id: name === "" ? "firstTimeField" : "byName", options: name };
  const isKey = createFieldMatcher(matcher, createFieldNamer(frames));
  if (name === "" && (frames[0] === undefined || timeField(frames[0]) === undefined)) return [];
  return frames.flatMap((frame) => {
    const key = frame.fields.find((field) => isKey?.(field, frame) ?? false);
    if (key === undefined) return [];
    const others = frame.fields.filter((field) => field !== key);
    return [{ key, others: others.map((field) => nameByFrame(field, frame)) }];
  });
}

/** The frame's name becomes the name of its value, or a label, so that columns can be told apart. */
function nameByFrame(field: Field, { name = "" }: Frame): Field {
  if (name === "") return field;
  if (field.name === "Value") return { ...field, name };
  return { ...field, labels: { name, ...field.labels } };
}

/** The key, then the other columns of all sides. */
type Columns = readonly FieldValues[];

/** Every key once, in ascending order where they are numbers; of equal keys the last row of a side counts. */
function joinColumns(sides: readonly Side[]): Columns {
  const keys = sides[0]?.key.values ?? [];
  if (sides.every((side) => hasSameValues(side.key.values, keys))) return sortColumns(sides);
  const all = [...new Set(sides.flatMap(({ key }) => [...key.values] as unknown[]))];
  all.sort((a, b) => (a as number) - (b as number));
  const places = new Map(all.map((key, place) => [key, place]));
  return [
    all,
    ...sides.flatMap(({ key, others }) =>
      others.map((field) => placeValues(field, { key: key.values, places })),
    ),
  ];
}

function hasSameValues(values: FieldValues, others: FieldValues): boolean {
  if (values.length !== others.length) return false;
  for (let row = 0; row < values.length; row++) if (values[row] !== others[row]) return false;
  return true;
}

/** The rows are the same already; they are sorted where the keys do not rise from row to row. */
function sortColumns(sides: readonly Side[]): Columns {
  const keys = sides[0]?.key.values ?? [];
  const columns = [keys, ...sides.flatMap(({ others }) => others.map(({ values }) => values))];
  if (isRising(keys)) return columns;
  const rows = Array.from({ length: keys.length }, (_, row) => row);
  rows.sort((a, b) => (keys[a] as number) - (keys[b] as number));
  return columns.map((values) => rows.map((row) => values[row]));
}

function isRising(keys: FieldValues): boolean {
  let before: unknown;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row];
    if (key === null || key === undefined) continue;
    if (before !== undefined && (key as number) <= (before as number)) return false;
    before = key;
  }
  return true;
}

/** Cells without a row are undefined; beside a null they are null, so that a line does not span it (as the column asks). */
function placeValues(
  field: Field,
  { key, places }: { key: FieldValues; places: ReadonlyMap<unknown, number> },
): unknown[] {
  const spanNulls = field.config.custom?.["spanNulls"];
  const cells = new Array<unknown>(places.size).fill(undefined);
  const nulls: number[] = [];
  for (let row = 0; row < field.values.length; row++) {
    const place = places.get(key[row]) ?? 0;
    const value: unknown = field.values[row];
    if (value === null && spanNulls === true) continue;
    cells[place] = value;
    if (value === null && spanNulls !== -1) nulls.push(place);
  }
  for (const place of nulls) spreadNull(cells, place);
  return cells;
}

function spreadNull(cells: unknown[], place: number): void {
  const isEmpty = (index: number) =>
    index >= 0 && index < cells.length && (cells[index] ?? null) === null;
  for (let index = place - 1; isEmpty(index); index--) cells[index] = null;
  for (let index = place + 1; isEmpty(index); index++) cells[index] = null;
}

/**
 * Every combination of rows with equal keys (as texts). With `keepsAll` then the rows of the left side
 * and those of the right side that found none; empty keys find none.
 */
function matchColumns(sides: readonly Side[], keepsAll: boolean): Columns {
  const [first, ...others] = sides.map(
    (side): Columns => [side.key.values, ...side.others.map(({ values }) => values)],
  );
  let left: Columns = first ?? [[]];
  for (const right of others) left = matchTables(left, right, keepsAll);
  return left;
}

/** A row of both sides, or of one. */
type RowPair = readonly [number | undefined, number | undefined];

function matchTables(left: Columns, right: Columns, keepsAll: boolean): Columns {
  const [leftKeys = [], rightKeys = []] = [left[0], right[0]];
  const pairs = pairRows(leftKeys, rightKeys, keepsAll);
  const cells = (values: FieldValues, side: 0 | 1) =>
    pairs.map((pair) => (pair[side] === undefined ? null : values[pair[side]]));
  return [
    pairs.map(([one, other]) => (one === undefined ? rightKeys[other ?? 0] : leftKeys[one])),
    ...left.slice(1).map((values) => cells(values, 0)),
    ...right.slice(1).map((values) => cells(values, 1)),
  ];
}

function pairRows(leftKeys: FieldValues, rightKeys: FieldValues, keepsAll: boolean): RowPair[] {
  const rowsByKey = new Map<string, number[]>();
  for (const [row, key] of ([...rightKeys] as unknown[]).entries()) {
    const rows = rowsByKey.get(String(key));
    if (rows === undefined) rowsByKey.set(String(key), [row]);
    else rows.push(row);
  }
  const pairs: RowPair[] = [];
  const alone: RowPair[] = [];
  const found = new Set<string>();
  for (const [row, key] of ([...leftKeys] as unknown[]).entries()) {
    const isEmpty = key === null || key === undefined;
    const matches = isEmpty ? undefined : rowsByKey.get(String(key));
    if (matches === undefined) alone.push([row, undefined]);
    else found.add(String(key));
    for (const match of matches ?? []) pairs.push([row, match]);
  }
  if (!keepsAll) return pairs;
  const unmatched = [...rowsByKey]
    .filter(([key]) => !found.has(key))
    .flatMap(([, rows]) => rows.map((row): RowPair => [undefined, row]));
  return [...pairs, ...alone, ...unmatched];
}
