/**
 * Values of a data point for texts of links and names: `${__field.labels.pod}`, `${__series.name}`,
 * `${__value.text}`, `${__data.fields[0]}`. Give the result to a scope as `resolve`.
 */

import { createDisplay, type DisplayContext } from "./display.ts";
import { createFieldNamer, formatLabels, frameDisplayName } from "./field-name.ts";
import type { Field, Frame } from "./frame.ts";
import { interpolate, type ScopedValue, type VariableScope } from "./interpolate.ts";
import { readPath } from "./object-path.ts";
import { joinFormatted } from "./units/format-value.ts";

/** Where a text is used. */
export interface DataPlace {
  readonly frame: Frame;
  readonly field: Field;
  /** Absent for texts of a whole field: its values are then not known. */
  readonly rowIndex?: number;
  /** All frames, which names depend on; the one where absent. */
  readonly frames?: readonly Frame[];
  readonly context?: DisplayContext;
}

/** A resolver of the names that begin with `__field`, `__series`, `__value` and `__data`. */
export function createDataResolver(place: DataPlace): NonNullable<VariableScope["resolve"]> {
  return (name, path) => {
    switch (name) {
      case "__field":
        return path === undefined ? undefined : fieldValue(place, path);
      case "__series":
        return path === "name" ? { value: frameDisplayName(place.frame) } : undefined;
      case "__value":
        return cellValue(place, place.field, path ?? "");
      case "__data":
        return path === undefined ? undefined : dataValue(place, path);
      default:
        return undefined;
    }
  };
}

/** A link of a field or panel ready to follow. */
export interface ResolvedLink {
  readonly title: string;
  readonly href: string;
  readonly opensNewTab: boolean;
}

/** The field's links for one point, their variables replaced. */
export function resolveLinks(place: DataPlace, scope: VariableScope): ResolvedLink[] {
  const inPlace = { ...scope, resolve: createDataResolver(place) };
  return (place.field.config.links ?? []).map(({ title, url, opensNewTab }) => ({
    title: interpolate(title, inPlace),
    href: interpolate(url, inPlace),
    opensNewTab,
  }));
}

const missing: ScopedValue = { value: "" };

function fieldValue({ field, frame, frames }: DataPlace, path: string): ScopedValue {
  if (path === "labels") {
    return { value: formatLabels(field.labels ?? {}, { withoutBraces: true }) };
  }
  if (path === "displayName") return { value: createFieldNamer(frames ?? [frame])(field, frame) };
  return { value: readPath({ name: field.name, labels: field.labels ?? {} }, path) ?? "" };
}

/** A cell by its parts: shown with its unit, `raw`, `numeric`, `text`, `time`. */
function cellValue(place: DataPlace, field: Field, part: string): ScopedValue | undefined {
  const { rowIndex, frame } = place;
  if (rowIndex === undefined) return undefined;
  const raw = field.values[rowIndex];
  if (part === "raw") return { value: raw };
  if (part === "time") {
    const time = frame.fields.find((other) => other.type === "time");
    return { value: time?.values[rowIndex] ?? "" };
  }
  const shown = createDisplay(field, place.context)(raw);
  return { value: part === "numeric" ? shown.numeric : joinFormatted(shown) };
}

/** `fields[0]`, `fields.name`, `fields["name"]`, each with `.text` (without unit) or `.numeric`. */
function dataValue(place: DataPlace, path: string): ScopedValue {
  const match = /^fields(?:\.([^.[\]]+)|\[(?:(\d+)|["']([^"']+)["'])\])(?:\.(\w+))?$/.exec(path);
  if (match === null) return missing;
  const [, bare, index, quoted, part = ""] = match;
  const field = findField(place, { name: bare ?? quoted, index });
  if (field === undefined) return missing;
  if (part === "text" && place.rowIndex !== undefined) {
    return { value: createDisplay(field, place.context)(field.values[place.rowIndex]).text };
  }
  return cellValue(place, field, part) ?? missing;
}

function findField(
  { frame, frames }: DataPlace,
  wanted: { name: string | undefined; index: string | undefined },
): Field | undefined {
  if (wanted.index !== undefined) return frame.fields[Number(wanted.index)];
  const namer = createFieldNamer(frames ?? [frame]);
  return (
    frame.fields.find((field) => field.name === wanted.name) ??
    frame.fields.find((field) => namer(field, frame) === wanted.name)
  );
}
