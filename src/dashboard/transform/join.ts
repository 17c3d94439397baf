/** joinByField and ensureColumns: frames side by side, their rows matched by one column. */

import { createFieldNamer } from "../field-name.ts";
import type { Field, Frame } from "../frame.ts";
import { asString } from "../json-reader.ts";
import { sortFrame } from "./sort.ts";
import { joinedRefId, type TransformStep } from "./step.ts";

export const joinByField: TransformStep = (frames, options) => {
  if (frames.length <= 1) return frames;
  const name = asString(options["byField"]);
  const mode = asString(options["mode"], "outer");
  const joined = joinFrames(frames, name === "" ? bestJoinField(frames) : name, mode);
  return joined === undefined ? frames : [joined];
};

/** Series with a common time column as one table; anything else as it is. */
export const ensureColumns: TransformStep = (frames) => {
  const names = frames.map((frame) => frame.fields.find((field) => field.type === "time")?.name);
  const [name] = names;
  if (frames.length <= 1 || name === undefined) return frames;
  if (names.some((other) => other !== name)) return frames;
  const joined = joinFrames(frames, name, "outer");
  return joined === undefined ? frames : [joined];
};

function bestJoinField(frames: readonly Frame[]): string {
  const fields = frames[0]?.fields ?? [];
  const time = fields.find((field) => field.type === "time");
  if (time !== undefined) return time.name;
  const isCommon = (name: string) =>
    frames.every((frame) => frame.fields.some((field) => field.name === name));
  return fields.find((field) => isCommon(field.name))?.name ?? "";
}

/** A frame with its key column found. */
interface Side {
  readonly frame: Frame;
  readonly key: Field;
  readonly others: readonly Field[];
}

/** Frames without the field are left out; undefined where none has it. */
function joinFrames(frames: readonly Frame[], name: string, mode: string): Frame | undefined {
  const namer = createFieldNamer(frames);
  const sides = frames.flatMap((frame): Side[] => {
    const isKey = (field: Field) => field.name === name || namer(field, frame) === name;
    const index = frame.fields.findIndex(isKey);
    if (index < 0) return [];
    const ordered = mode === "outer" ? sortAscending(frame, index) : frame;
    const others = ordered.fields.filter((_, other) => other !== index);
    return [{ frame: ordered, key: ordered.fields[index] as Field, others }];
  });
  const [first] = sides;
  if (first === undefined) return undefined;
  const rows = mode === "outer" ? outerRows(sides) : matchRows(sides, mode === "outerTabular");
  const emptyCell = mode === "outerTabular" ? null : undefined;
  const fields = [
    { ...first.key, values: rows.map((row) => row.key) },
    ...sides.flatMap((side, index) =>
      side.others.map((field) => {
        const { state: _state, ...copy } = field;
        const values = rows.map(({ places }) => {
          const place = places[index];
          return place === undefined ? emptyCell : field.values[place];
        });
        return { ...copy, ...frameLabel(field, side.frame), values };
      }),
    ),
  ];
  return { refId: joinedRefId("joinByField", frames), fields, length: rows.length };
}

/** The frame's name stays as a label, so that columns can be told apart. */
function frameLabel(field: Field, { name }: Frame): Pick<Field, "labels"> {
  return name === undefined || name === "" ? {} : { labels: { ...field.labels, name } };
}

function sortAscending(frame: Frame, index: number): Frame {
  const values = frame.fields[index]?.values ?? [];
  for (let row = 1; row < values.length; row++) {
    if ((values[row] as number) < (values[row - 1] as number)) {
      return sortFrame(frame, index, false);
    }
  }
  return frame;
}

/** A row of the result: its key and the row of each side, undefined where a side has none. */
interface JoinedRow {
  readonly key: unknown;
  readonly places: readonly (number | undefined)[];
}

/** Every key once, in ascending order where they are numbers; of equal keys the last row of a side counts. */
function outerRows(sides: readonly Side[]): JoinedRow[] {
  const rowsByKey = sides.map(({ key }) => {
    const places = new Map<unknown, number>();
    for (let row = 0; row < key.values.length; row++) places.set(key.values[row], row);
    return places;
  });
  const keys = [...new Set(rowsByKey.flatMap((places) => [...places.keys()]))];
  keys.sort((a, b) => (a as number) - (b as number));
  return keys.map((key) => ({ key, places: rowsByKey.map((places) => places.get(key)) }));
}

/** Every combination of rows with equal keys; with `keepsAll` also rows that no other side has. */
function matchRows(sides: readonly Side[], keepsAll: boolean): JoinedRow[] {
  let rows: JoinedRow[] = [...(sides[0]?.key.values ?? [])].map((key, row) => ({
    key,
    places: [row],
  }));
  for (const [index, side] of sides.entries()) {
    if (index > 0) rows = matchSide(rows, { side, index, keepsAll });
  }
  return rows;
}

function matchSide(
  rows: readonly JoinedRow[],
  { side, index, keepsAll }: { side: Side; index: number; keepsAll: boolean },
): JoinedRow[] {
  const placesByKey = new Map<unknown, number[]>();
  for (const [place, key] of [...side.key.values].entries()) {
    const places = placesByKey.get(key);
    if (places === undefined) placesByKey.set(key, [place]);
    else places.push(place);
  }
  const known = new Set(rows.map(({ key }) => key));
  const matched = rows.flatMap(({ key, places }): JoinedRow[] => {
    const found = placesByKey.get(key);
    if (found === undefined) return keepsAll ? [{ key, places: [...places, undefined] }] : [];
    return found.map((place) => ({ key, places: [...places, place] }));
  });
  if (!keepsAll) return matched;
  const unmatched = [...placesByKey]
    .filter(([key]) => !known.has(key))
    .flatMap(([key, places]) =>
      places.map((place) => ({ key, places: [...new Array<undefined>(index), place] })),
    );
  return [...matched, ...unmatched];
}
