/** formatString and formatTime: the texts of one column in another form. */

import { formatDate } from "../date-format.ts";
import { createFieldNamer } from "../field-name.ts";
import type { Field, FieldType, Frame } from "../frame.ts";
import { asNumber, asString } from "../json-reader.ts";
import { browserZone, openTimeZone } from "../time-zone.ts";
import { type TransformStep, withValues } from "./step.ts";

export const formatString: TransformStep = (frames, options) => {
  const id = asString(options["outputFormat"]);
  const start = asNumber(options["substringStart"]) ?? 0;
  const end = asNumber(options["substringEnd"]) ?? 100;
  const write =
    id === "Substring"
      ? (text: string) => text.substring(start, end)
      : Object.hasOwn(textForms, id)
        ? textForms[id]
        : undefined;
  if (write === undefined) return frames;
  return mapField(frames, asString(options["stringField"]), {
    type: "string",
    convert: (value) => (value === null || value === undefined ? value : write(String(value))),
  });
};

export const formatTime: TransformStep = (frames, options, scope) => {
  const zoneName = asString(options["timezone"]);
  const zone = zoneName === "" ? (scope.zone ?? browserZone) : openTimeZone(zoneName);
  const pattern = asString(options["outputFormat"]);
  return mapField(frames, asString(options["timeField"]), {
    type: "string",
    convert: (value) => formatDate(Number(value), pattern, zone),
  });
};

function mapField(
  frames: readonly Frame[],
  name: string,
  { type, convert }: { type: FieldType; convert: (value: unknown) => unknown },
): Frame[] {
  return frames.map((frame) => {
    const namer = createFieldNamer([frame]);
    const isMeant = (field: Field) => field.name === name || namer(field, frame) === name;
    const fields = frame.fields.map((field) =>
      isMeant(field) ? { ...withValues(field, [...field.values].map(convert)), type } : field,
    );
    return { ...frame, fields };
  });
}

function words(text: string): string[] {
  return text.split(/[\s_-]+/).filter((word) => word !== "");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const textForms: Readonly<Record<string, (text: string) => string>> = {
  "Upper Case": (text) => text.toUpperCase(),
  "Lower Case": (text) => text.toLowerCase(),
  "Sentence Case": capital,
  "Title Case": (text) => text.split(" ").map(capital).join(" "),
  "Pascal Case": (text) => words(text).map(capital).join(""),
  "Camel Case": (text) =>
    words(text)
      .map((word, index) => (index === 0 ? word.toLowerCase() : capital(word)))
      .join(""),
  "Snake Case": (text) => words(text).join("_").toLowerCase(),
  "Kebab Case": (text) => words(text).join("-").toLowerCase(),
  Trim: (text) => text.trim(),
};
