/**
 * Scalars of config files as zod schemas. YAML scalars arrive as the text that the user wrote
 * (yaml-document.ts), as go-yaml hands them to Prometheus' string fields: `job_name: 500` is "500",
 * `replacement: 1.0` is "1.0". Plain numbers and booleans are taken too, for callers with JSON.
 * Output stays printable: durations and sizes are canonical text, secrets print as `<secret>`.
 */

import { z } from "zod";
import { durationProblem, formatDuration, parseDuration } from "../model/duration.ts";

/** What a secret prints as, in YAML, JSON and templates; Prometheus' own word. */
export const redacted = "<secret>";

/** A value that must never be printed. `reveal` is for the one place that sends it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }
}

const trueWords = new Set(["true", "yes", "on", "y"]);
const falseWords = new Set(["false", "no", "off", "n"]);

/** Any scalar as text. */
export const textScalar = z
  .union([z.string(), z.number(), z.boolean()], { error: "want a text" })
  .transform(String);

/** YAML 1.1's booleans, as go-yaml reads them. */
export const booleanScalar = textScalar.transform((text, context): boolean => {
  const word = text.toLowerCase();
  if (trueWords.has(word)) return true;
  if (!falseWords.has(word)) {
    context.addIssue({ code: "custom", message: `want true or false, have "${text}"` });
  }
  return false;
});

/** An integer of at least `min`. */
export function integerScalar(min = 0) {
  return textScalar.transform((text, context): number => {
    const value = /^[+-]?\d(?:_?\d)*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    context.addIssue({
      code: "custom",
      message: `want a whole number of at least ${min}, have "${text}"`,
    });
    return z.NEVER;
  });
}

/** A Prometheus duration, as the shortest text of the same length of time: "90s" becomes "1m30s". */
export const durationScalar = textScalar.transform((text, context): string => {
  const problem = durationProblem(text);
  if (problem === undefined) return formatDuration(parseDuration(text) ?? 0);
  context.addIssue({ code: "custom", message: `${problem} (write 15s, 1m30s, 500ms)` });
  return z.NEVER;
});

/** A size in bytes: `10KB`, `5MiB`, `0`; units are powers of 1024 in both spellings, as in Prometheus. */
export const sizeScalar = textScalar.transform((text, context): string => {
  if (parseSizeBytes(text) !== undefined) return text;
  context.addIssue({ code: "custom", message: `want a size such as 10MB, have "${text}"` });
  return z.NEVER;
});

/** Bytes of a size text; undefined where it is none. */
export function parseSizeBytes(text: string): number | undefined {
  if (text === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]?)i?B$/i.exec(text);
  if (match === null) return undefined;
  const power = ["", "K", "M", "G", "T", "P", "E"].indexOf((match[2] ?? "").toUpperCase());
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** A secret text. */
export const secretScalar = textScalar.transform((text) => new Secret(text));

/** A mapping from text to text. */
export const textMap = z.record(z.string(), textScalar);
