/**
 * The names of series and columns as Grafana shows them: the field's own display name, the data
 * source's legend, else the labels that tell the series apart.
 */

import type { Field, Frame, Labels } from "./frame.ts";

/** The name that says nothing: a series is then named for its labels. */
const valueFieldName = "Value";
const timeFieldName = "Time";

/** `{a="1", b="2"}`, sorted by name, quotes not escaped; "" without labels. */
export function formatLabels(labels: Labels, options: { withoutBraces?: boolean } = {}): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return "";
  const pairs = names.map((name) => `${name}="${labels[name]}"`).join(", ");
  return options.withoutBraces === true ? pairs : `{${pairs}}`;
}

/** Labels of `{a="1",b="2"}`; values end at the first quote, as Grafana reads them. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(/\b(\w+)(?:!?=~?)"([^"\n]*?)"/g)) {
    labels[name] = value;
  }
  return labels;
}

/** Pairs that every label set has. */
export function findCommonLabels(sets: readonly Labels[]): Record<string, string> {
  const [first = {}, ...others] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) =>
      others.every((labels) => labels[name] === value),
    ),
  );
}

/** `labels` without the pairs of `common`. */
export function uniqueLabels(labels: Labels, common: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !(name in common)));
}

/** Names fields among the frames they are drawn with. */
export type FieldNamer = (field: Field, frame: Frame) => string;

/** A namer for fields of `frames`; what the frames have in common is worked out once. */
export function createFieldNamer(frames: readonly Frame[]): FieldNamer {
  const singleLabel = singleLabelName(frames);
  const isNamedByFrame = frames.some((frame) => frame.name !== frames[0]?.name);
  return (field, frame) => {
    if (field.state !== undefined) return field.state.displayName;
    const name = nameField(field, frame, { singleLabel, isNamedByFrame });
    return isComparison(frame) && !isPlainTime(field) ? `${name} (comparison)` : name;
  };
}

/** The name of one field; for many fields make a namer. O(fields of all frames). */
export function fieldDisplayName(
  field: Field,
  frame: Frame,
  frames: readonly Frame[] = [frame],
): string {
  return createFieldNamer(frames)(field, frame);
}

/** The name of a frame: its own, that of its only value field, else all of them, or "Series (A)" where `index` is given. */
export function frameDisplayName(frame: Frame, index?: number): string {
  if (frame.name !== undefined && frame.name !== "") return frame.name;
  const namer = createFieldNamer([frame]);
  const names = frame.fields
    .filter((field) => field.type !== "time")
    .map((field) => namer(field, frame));
  if (names.length === 1) return names[0] ?? "";
  if (index === undefined && frame.fields.length > 0) return names.join(", ");
  return `Series (${frame.refId ?? index})`;
}

function isComparison(frame: Frame): boolean {
  const compare = frame.meta?.["timeCompare"] as { isTimeShiftQuery?: boolean } | undefined;
  return compare?.isTimeShiftQuery === true;
}

/** A time that nobody named. */
function isPlainTime({ type, labels, config }: Field): boolean {
  const isNamed = Boolean(config.displayName) || Boolean(config.displayNameFromDS);
  return type === "time" && labels === undefined && !isNamed;
}

interface Surroundings {
  /** The only label name of all fields. */
  readonly singleLabel: string | undefined;
  readonly isNamedByFrame: boolean;
}

function nameField(
  field: Field,
  frame: Frame,
  { singleLabel, isNamedByFrame }: Surroundings,
): string {
  const { displayName, displayNameFromDS } = field.config;
  if (displayName !== undefined && displayName !== "") return displayName;
  if (displayNameFromDS !== undefined && displayNameFromDS !== "") return displayNameFromDS;
  if (isPlainTime(field)) return field.name || timeFieldName;
  const parts: string[] = [];
  if (isNamedByFrame && frame.name) parts.push(frame.name);
  if (field.name !== "" && field.name !== valueFieldName) parts.push(field.name);
  const labelText = labelPart(field.labels, singleLabel);
  if (labelText !== "") parts.push(labelText);
  if (parts.length === 0 && frame.name) parts.push(frame.name);
  const name = parts.length > 0 ? parts.join(" ") : field.name || valueFieldName;
  return name === field.name ? uniqueName(field, frame) : name;
}

function labelPart(labels: Labels | undefined, singleLabel: string | undefined): string {
  if (labels === undefined) return "";
  return singleLabel === undefined ? formatLabels(labels) : (labels[singleLabel] ?? "");
}

function singleLabelName(frames: readonly Frame[]): string | undefined {
  let single: string | undefined;
  for (const frame of frames) {
    for (const { labels } of frame.fields) {
      if (labels === undefined) continue;
      const names = Object.keys(labels);
      if (names.length > 1) return undefined;
      const [name] = names;
      if (name === undefined) continue;
      if (single !== undefined && single !== name) return undefined;
      single = name;
    }
  }
  return single;
}

/** Numbers fields of one name within their frame: "Value 1", "Value 2". */
function uniqueName(field: Field, frame: Frame): string {
  const sameName = frame.fields.filter((other) => other.name === field.name);
  const place = sameName.indexOf(field);
  if (sameName.length <= 1 || place < 0) return field.name || valueFieldName;
  return `${field.name} ${place + 1}`;
}
