/**
 * Mappings of config files as zod schemas: an unknown key is an error that names the nearest known
 * one, a key without a value counts as absent (go-yaml's habit), and `checkDocument` turns zod's
 * first issue into a ConfigError with file, line, path and mend.
 */

import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { DocumentPath, YamlDocument } from "./yaml-document.ts";

/** Marks an issue that is about the key itself, not its value. */
const aboutKey = { isAboutKey: true };

/** Options of `mapping`. */
export interface MappingOptions {
  /** Keys whose null means something: they reach the schema as "". */
  readonly nullIsEmpty?: readonly string[];
}

/** An object schema with exactly these keys; absent and null keys take the schema's defaults. */
export function mapping<const Shape extends z.ZodRawShape>(
  shape: Shape,
  options: MappingOptions = {},
) {
  const known = Object.keys(shape);
  return z.preprocess((value, context) => {
    if (value === null || value === undefined) return {};
    if (!isMapping(value)) {
      context.addIssue({ code: "custom", message: `want a mapping, have ${describe(value)}` });
      return z.NEVER;
    }
    const present: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(value)) {
      if (!Object.hasOwn(shape, key)) {
        context.addIssue({
          code: "custom",
          path: [key],
          message: `unknown key "${key}"${didYouMean(key, known)}`,
          params: aboutKey,
        });
      } else if (entry !== null) present[key] = entry;
      else if (options.nullIsEmpty?.includes(key)) present[key] = "";
    }
    return present;
  }, z.object(shape));
}

/** A list of `item`; null and absent mean empty. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.preprocess(
    (value) => (value === null || value === undefined ? [] : value),
    z.array(item, { error: (issue) => `want a list, have ${describe(issue.input)}` }),
  );
}

/** Checks `value` and throws ConfigError with the path of the first issue; `at` adds file and line. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: { readonly document?: YamlDocument; readonly prefix?: DocumentPath } = {},
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw issueError(result.error, value, at);
}

/** Checks a whole document. */
export function checkDocument<Schema extends z.ZodType>(
  schema: Schema,
  document: YamlDocument,
): z.output<Schema> {
  return checkValue(schema, document.value, { document });
}

/** A ConfigError about the value at `path` of a document. */
export function errorAt(
  message: string,
  path: DocumentPath,
  document: YamlDocument | undefined,
): ConfigError {
  return new ConfigError(message, {
    file: document?.file,
    path: formatPath(path),
    line: document?.lineOf(path),
  });
}

/** `scrape_configs[2].scrape_interval` */
export function formatPath(path: DocumentPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

function issueError(
  error: z.ZodError,
  value: unknown,
  at: { readonly document?: YamlDocument; readonly prefix?: DocumentPath },
): ConfigError {
  const { document, prefix = [] } = at;
  const issue = error.issues[0];
  if (issue === undefined) return errorAt("cannot be used", prefix, document);
  const path = [...prefix, ...issue.path.map((step) => (typeof step === "symbol" ? "?" : step))];
  const isAboutKey = issue.code === "custom" && issue.params === aboutKey;
  if (!isAboutKey) return errorAt(issueMessage(issue, value), path, document);
  return new ConfigError(issue.message, {
    file: document?.file,
    path: formatPath(path.slice(0, -1)),
    line: document?.lineOfKey(path),
  });
}

function issueMessage(issue: z.core.$ZodIssue, value: unknown): string {
  // Our own schemas word their issues themselves; what is left are zod's own type errors.
  if (issue.code !== "invalid_type" || !issue.message.startsWith("Invalid input")) {
    return issue.message;
  }
  let input = value;
  for (const step of issue.path) {
    if (typeof input === "object" && input !== null) input = Reflect.get(input, step) as unknown;
  }
  const want =
    issue.expected === "record" || issue.expected === "object" ? "a mapping" : issue.expected;
  return `want ${want}, have ${describe(input)}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : JSON.stringify(value);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
