/** formatString and formatTime: the texts of one column in another form. */

import { createFieldNamer } from "../field-name.ts";
import type { Field, FieldType, Frame } from "../frame.ts";
import { interpolate } from "../interpolate.ts";
import { asNumber, asString } from "../json-reader.ts";
import { browserZone, openTimeZone } from "../time-zone.ts";
import { fieldToText } from "./convert-field-type.ts";
import { type TransformStep, withValues } from "./step.ts";

export const formatString: TransformStep = (frames, options) => {
  const id = asString(options["outputFormat"], "Upper Case");
  const start = asNumber(options["substringStart"]) ?? 0;
  const end = asNumber(options["substringEnd"]);
  const write: ((text: string) => string) | undefined =
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

/** Columns go by their display names; what is no time becomes its text. */
export const formatTime: TransformStep = (frames, options, scope) => {
  const zoneName = asString(options["timezone"]);
  const zone = zoneName === "" ? (scope.zone ?? browserZone) : openTimeZone(zoneName);
  const pattern = interpolate(asString(options["outputFormat"]), scope);
  const name = asString(options["timeField"]);
  const namer = createFieldNamer(frames);
  return frames.map((frame) => {
    const fields = frame.fields.map((field) =>
      namer(field, frame) === name ? fieldToText(field, { pattern, zone }) : field,
    );
    return { ...frame, fields };
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

/** Words are what blanks part; the rest of each in small letters. */
function capitalWords(text: string): string[] {
  return text.split(" ").map((word) => capital(word.toLowerCase()));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const textForms: Readonly<Record<string, (text: string) => string>> = {
  "Upper Case": (text) => text.toUpperCase(),
  "Lower Case": (text) => text.toLowerCase(),
  "Sentence Case": capital,
  "Title Case": (text) => capitalWords(text).join(" "),
  "Pascal Case": (text) => capitalWords(text).join(""),
  "Camel Case": (text) => {
    const words = capitalWords(text).join("");
    return words.charAt(0).toLowerCase() + words.slice(1);
  },
  "Snake Case": (text) => text.toLowerCase().split(" ").join("_"),
  "Kebab Case": (text) => text.toLowerCase().split(" ").join("-"),
  Trim: (text) => text.trim(),
};
