/**
 * Replaces `$name`, `${name.field:format}` and `[[name:format]]` in texts with the values of the
 * dashboard's variables, of the query's own ($__interval…) and of the time range ($__from…). What is
 * not known stays as it is written.
 */

import type { AdhocFilter } from "./adhoc-filters.ts";
import { calculateInterval } from "./interval.ts";
import { readPath } from "./object-path.ts";
import type { TimeRange, TimeRangeText } from "./time-range.ts";
import type { TimeZone } from "./time-zone.ts";
import { allVariableValue } from "./variable.ts";
import {
  encodeUriStrict,
  type FormatSubject,
  formatUrlParameter,
  formatVariable,
  type VariableFormat,
  type VariableValue,
} from "./variable-format.ts";

/** A variable with its choice. */
export interface VariableState {
  readonly name: string;
  /** What is chosen; "$__all" (alone or in a list) for All, "$__auto" for an interval that follows the range. */
  readonly value: VariableValue;
  /** What the user sees chosen; the value where absent. */
  readonly text?: string | readonly string[];
  readonly isMulti?: boolean;
  readonly includesAll?: boolean;
  /** What All stands for; undefined: all options. */
  readonly allValue?: string;
  readonly options?: readonly { readonly value: VariableValue }[];
  /** Constants are in no link. */
  readonly isOutOfUrl?: boolean;
  /** Interval variables: steps of "$__auto" over the range and its least interval. */
  readonly auto?: { readonly stepCount: number; readonly minInterval: string };
}

/** A value of one query, panel repeat or data point; it wins over a variable of the same name. */
export interface ScopedValue {
  readonly value: unknown;
  readonly text?: unknown;
}

/** What a text is interpolated with. */
export interface VariableScope {
  readonly variables: ReadonlyMap<string, VariableState>;
  readonly scoped?: Readonly<Record<string, ScopedValue>>;
  /** Matchers that the user added to every query. */
  readonly filters?: readonly AdhocFilter[];
  /** For $__from, $__to and intervals that follow the range. */
  readonly range?: TimeRange;
  /** The range as written, for links. */
  readonly rangeText?: TimeRangeText;
  readonly zone?: TimeZone;
  /** `${__field.labels.pod}` and kin; undefined: not known here. */
  readonly resolve?: (name: string, path: string | undefined) => ScopedValue | undefined;
}

const referencePattern =
  /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;
/** An allValue may hold variables, which may be All themselves. */
const nestingMax = 8;

/** `text` with its variables replaced; `format` where a reference names none (glob where absent). */
export function interpolate(
  text: string,
  scope: VariableScope,
  format: string | VariableFormat = "glob",
): string {
  return replaceReferences(text, { scope, format, depth: 0 });
}

/** Names of variables in a text, each once, whether known or not. */
export function referencedVariables(text: string): string[] {
  const names = new Set<string>();
  for (const [, bare, brackets, , braces] of text.matchAll(referencePattern)) {
    names.add(bare ?? brackets ?? braces ?? "");
  }
  return [...names];
}

interface Work {
  readonly scope: VariableScope;
  readonly format: string | VariableFormat;
  readonly depth: number;
}

interface Reference {
  readonly name: string;
  readonly path: string | undefined;
  readonly format: string | VariableFormat;
}

function replaceReferences(text: string, work: Work): string {
  // Fast path: most titles and many queries have none.
  if (work.depth > nestingMax || !(text.includes("$") || text.includes("[["))) return text;
  return text.replace(
    referencePattern,
    (match: string, bare, brackets, bracketFormat, braces, path, braceFormat) => {
      const format: string | VariableFormat = bracketFormat ?? braceFormat ?? work.format;
      const reference: Reference = { name: bare ?? brackets ?? braces, path, format };
      return replaceOne(reference, work) ?? match;
    },
  );
}

function replaceOne(reference: Reference, work: Work): string | undefined {
  const { scope } = work;
  const { name, path, format } = reference;
  const scoped = scope.scoped;
  if (scoped !== undefined && Object.hasOwn(scoped, name)) {
    return writeScoped(scoped[name] as ScopedValue, reference, scope);
  }
  const variable = scope.variables.get(name);
  if (variable !== undefined) return writeVariable(variable, reference, work);
  const resolved = scope.resolve?.(name, path);
  if (resolved !== undefined) {
    return writeScoped(resolved, { name, path: undefined, format }, scope);
  }
  return writeBuiltIn(reference, scope);
}

function writeScoped(scoped: ScopedValue, reference: Reference, scope: VariableScope): string {
  const { name, path, format } = reference;
  const value = path === undefined ? scoped.value : readPath(scoped.value, path);
  if (value === null || value === undefined) return "";
  const text = String(scoped.text ?? value);
  return write(asVariableValue(value), format, {
    name,
    isMulti: false,
    includesAll: false,
    text,
    ...zoneOf(scope),
  });
}

function writeVariable(variable: VariableState, reference: Reference, work: Work): string {
  const { format, path } = reference;
  const { scope } = work;
  const subject: FormatSubject = {
    name: variable.name,
    isMulti: variable.isMulti ?? false,
    includesAll: variable.includesAll ?? false,
    text: path === undefined ? chosenText(variable) : "",
    urlValue: variable.value,
    ...zoneOf(scope),
  };
  if (isAllChosen(variable) && variable.allValue !== undefined && variable.allValue !== "") {
    const written = writeAllValue(variable.allValue, format, subject);
    return replaceReferences(written, { ...work, depth: work.depth + 1 });
  }
  const value = variableValue(variable, scope.range);
  const part = path === undefined ? value : (elementAt(value, path) ?? "");
  return write(part, format, subject);
}

/** What All stands for goes in raw, but for the formats that show or link the choice. */
function writeAllValue(
  allValue: string,
  format: string | VariableFormat,
  subject: FormatSubject,
): string {
  if (format === "text" || format === "queryparam") return write(allValue, format, subject);
  return format === "percentencode" ? encodeUriStrict(allValue) : allValue;
}

/** The values that a choice stands for: All without an allValue is every option, "$__auto" an interval. */
export function variableValue(
  variable: VariableState,
  range: TimeRange | undefined,
): VariableValue {
  if (isAllChosen(variable)) {
    if (variable.allValue !== undefined && variable.allValue !== "") return variable.allValue;
    return (variable.options ?? []).map((option) => String(option.value));
  }
  const { auto } = variable;
  if (auto !== undefined && String(variable.value).startsWith("$__auto") && range !== undefined) {
    const rangeMs = range.toMs - range.fromMs;
    return (
      calculateInterval(rangeMs, auto.stepCount, auto.minInterval)?.interval ??
      calculateInterval(rangeMs, auto.stepCount)?.interval ??
      ""
    );
  }
  return variable.value;
}

/** True where All is chosen. */
export function isAllChosen(variable: Pick<VariableState, "value">): boolean {
  const { value } = variable;
  return value === allVariableValue || (Array.isArray(value) && value[0] === allVariableValue);
}

/** What the user sees chosen. */
export function chosenText(variable: VariableState): string {
  if (isAllChosen(variable)) return "All";
  const text = variable.text ?? variable.value;
  return Array.isArray(text) ? text.join(" + ") : String(text);
}

function elementAt(value: VariableValue, path: string): VariableValue | undefined {
  const index = Number.parseInt(path, 10);
  return Array.isArray(value) && index >= 0 ? value[index] : undefined;
}

function write(
  value: VariableValue,
  format: string | VariableFormat,
  subject: FormatSubject,
): string {
  return typeof format === "string"
    ? formatVariable(value, format, subject)
    : format(value, subject, []);
}

function asVariableValue(value: unknown): VariableValue {
  if (typeof value === "number" || typeof value === "boolean") return value;
  return Array.isArray(value) ? (value as VariableValue) : String(value);
}

function zoneOf(scope: VariableScope): { zone?: TimeZone } {
  return scope.zone === undefined ? {} : { zone: scope.zone };
}

function writeBuiltIn(reference: Reference, scope: VariableScope): string | undefined {
  const { name, format } = reference;
  const { range } = scope;
  const subject = { name, isMulti: false, includesAll: false, text: "", ...zoneOf(scope) };
  switch (name) {
    case "__from":
    case "__to": {
      if (range === undefined) return undefined;
      const value = String(name === "__from" ? range.fromMs : range.toMs);
      return write(value, format, { ...subject, text: value });
    }
    case "__timezone":
      return scope.zone?.name;
    case "__url_time_range":
      return urlTimeRange(scope);
    case "__all_variables":
      return urlVariables(scope.variables.values());
    default:
      return undefined;
  }
}

/** "from=…&to=…&timezone=…" of a link that keeps the range. */
export function urlTimeRange(scope: VariableScope): string | undefined {
  const { range, rangeText, zone } = scope;
  if (range === undefined) return undefined;
  const from = rangeText?.from ?? new Date(range.fromMs).toISOString();
  const to = rangeText?.to ?? new Date(range.toMs).toISOString();
  const parts = [formatUrlParameter("from", from), formatUrlParameter("to", to)];
  return [...parts, ...(zone === undefined ? [] : [`timezone=${zone.name}`])].join("&");
}

/** "var-a=1&var-b=2" of a link that keeps the choices; empty ones and constants are left out. */
export function urlVariables(variables: Iterable<VariableState>): string {
  const parts: string[] = [];
  for (const { name, value, isOutOfUrl } of variables) {
    const chosen = isAllChosen({ value }) ? allVariableValue : value;
    if (isOutOfUrl !== true && chosen !== "") {
      parts.push(formatUrlParameter(`var-${name}`, chosen));
    }
  }
  return parts.join("&");
}
