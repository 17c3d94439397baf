/**
 * The options of a variable (written in the file, or fetched and then filtered and sorted) and which of
 * them is chosen: the link's, the file's, All, or the first.
 */

import type { VariableState } from "./interpolate.ts";
import type { Variable } from "./model.ts";
import { parsePattern } from "./pattern.ts";
import { allVariableValue } from "./variable.ts";

/** What the user picks from. */
export interface VariableOption {
  readonly text: string;
  readonly value: string;
}

/** A data source that a variable may choose. */
export interface NamedSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
}

/** Options and why they are not what was meant, if so. */
export interface OptionList {
  readonly options: readonly VariableOption[];
  readonly problem?: string;
}

/** Value of an interval variable that follows the range. */
export const autoIntervalValue = "$__auto";

/** True where the options come from the data source. */
export function needsQuery(variable: Variable): boolean {
  return variable.type === "query";
}

/** Options that need no query: of custom, interval, constant, textbox and data source variables. */
export function staticOptions(variable: Variable, sources: readonly NamedSource[]): OptionList {
  switch (variable.type) {
    case "custom":
      return { options: customOptions(variable.query) };
    case "interval":
      return { options: intervalOptions(variable) };
    case "constant":
    case "textbox":
      return { options: [{ text: variable.query, value: variable.query }] };
    case "datasource":
      return filterOptions(
        sources
          .filter(({ type }) => type === variable.query)
          .map(({ name, uid }) => ({ text: name, value: uid })),
        variable.regex,
        "text",
      );
    default:
      return { options: variable.options.filter(({ value }) => value !== allVariableValue) };
  }
}

/** Options of a query variable from what the data source gave. */
export function queryOptions(
  variable: Pick<Variable, "regex" | "sort">,
  found: readonly (string | VariableOption)[],
): OptionList {
  const options = found.map((item) =>
    typeof item === "string" ? { text: item, value: item } : item,
  );
  const filtered = filterOptions(options, variable.regex, "value");
  return { ...filtered, options: sortOptions(filtered.options, variable.sort) };
}

/** `a, b, "text : value"` with `\,` for a comma. */
export function customOptions(query: string): VariableOption[] {
  const items = query.match(/(?:\\,|[^,])+/g) ?? [];
  return items.map((item) => {
    const text = item.replaceAll("\\,", ",");
    const pair = /^\s*(.+)\s:\s(.+)$/s.exec(text);
    return pair === null
      ? { text: text.trim(), value: text.trim() }
      : { text: (pair[1] ?? "").trim(), value: (pair[2] ?? "").trim() };
  });
}

function intervalOptions(variable: Variable): VariableOption[] {
  const items = variable.query.match(/(["'])(.*?)\1|\w+/g) ?? [];
  const options = items
    .map((item) => item.replace(/^["']|["']$/g, ""))
    .map((item) => ({ text: item, value: item }));
  return variable.auto === undefined
    ? options
    : [{ text: "auto", value: autoIntervalValue }, ...options];
}

/** Keeps what the regexp finds: whole, its groups `text` and `value`, or its first group (each match of it with the flag g). */
function filterOptions(
  options: readonly VariableOption[],
  regex: string,
  matched: "text" | "value",
): OptionList {
  if (regex === "") return { options: uniqueOptions(options) };
  const pattern = parsePattern(regex);
  if (pattern === undefined) {
    return { options: uniqueOptions(options), problem: `${regex} is no regular expression` };
  }
  const kept = options.flatMap((option) => pickOption(option, option[matched], pattern));
  return { options: uniqueOptions(kept) };
}

function pickOption(option: VariableOption, text: string, pattern: RegExp): VariableOption[] {
  const matches = pattern.global
    ? [...text.matchAll(pattern)]
    : [pattern.exec(text)].filter((match) => match !== null);
  if (matches.length === 0) return [];
  const named = (group: string) =>
    matches.find((match) => match.groups?.[group] !== undefined)?.groups?.[group];
  const [valueGroup, textGroup] = [named("value"), named("text")];
  const value = valueGroup ?? textGroup;
  if (value !== undefined) return [{ text: textGroup ?? value, value }];
  const captured = matches.filter((match) => match.length > 1);
  if (captured.length === 0) return [option];
  return captured.map((match) => ({ text: match[1] ?? "", value: match[1] ?? "" }));
}

function uniqueOptions(options: readonly VariableOption[]): VariableOption[] {
  const seen = new Set<string>();
  return options.filter(({ value }) => !seen.has(value) && seen.add(value) !== undefined);
}

/** Grafana's 0 (as it comes) … 8: alphabetical, numerical, without case, natural; even ones descend. */
export function sortOptions(options: readonly VariableOption[], sort: number): VariableOption[] {
  const sorted = [...options];
  const compare = comparisons[Math.ceil(sort / 2)];
  if (sort <= 0 || compare === undefined) return sorted;
  sorted.sort((a, b) => compare(a.text, b.text));
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

type Comparison = (a: string, b: string) => number;

const comparisons: readonly (Comparison | undefined)[] = [
  undefined,
  compareText,
  (a, b) => firstNumber(a) - firstNumber(b),
  (a, b) => compareText(a.toLowerCase(), b.toLowerCase()),
  (a, b) => a.localeCompare(b, undefined, { numeric: true }),
];

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function firstNumber(text: string): number {
  const match = /\d+/.exec(text);
  return match === null ? -1 : Number.parseInt(match[0], 10);
}

/**
 * What is chosen: of `wanted` (the link's values, else the file's) those that are options; else All
 * where the variable has it; else the first option. Free texts are taken as they are.
 */
export function chooseValues(
  variable: Variable,
  options: readonly VariableOption[],
  wanted: readonly string[] = variable.current,
): readonly string[] {
  if (variable.type === "constant") return [variable.query];
  if (variable.type === "adhoc") return wanted.filter((value) => value !== "");
  if (variable.type === "textbox") return [wanted[0] ?? variable.query];
  const found = wanted.flatMap((value) => findChoice(value, variable, options) ?? []);
  if (found.includes(allVariableValue)) return [allVariableValue];
  if (found.length > 0) return variable.isMulti ? found : found.slice(0, 1);
  if (variable.includesAll) return [allVariableValue];
  return options.slice(0, 1).map(({ value }) => value);
}

/** A link may carry the text of an option instead of its value, and "All". */
function findChoice(
  wanted: string,
  variable: Variable,
  options: readonly VariableOption[],
): string | undefined {
  if (variable.includesAll && (wanted === allVariableValue || wanted === "All")) {
    return allVariableValue;
  }
  if (variable.type === "interval" && wanted.startsWith(autoIntervalValue)) {
    return variable.auto === undefined ? undefined : autoIntervalValue;
  }
  const option =
    options.find(({ value }) => value === wanted) ?? options.find(({ text }) => text === wanted);
  return option?.value;
}

/** A variable with its choice, as interpolate() takes it. */
export function toVariableState(
  variable: Variable,
  chosen: readonly string[],
  options: readonly VariableOption[],
): VariableState {
  const texts = chosen.map((value) => options.find((one) => one.value === value)?.text ?? value);
  return {
    name: variable.name,
    value: variable.isMulti ? chosen : (chosen[0] ?? ""),
    text: variable.isMulti ? texts : (texts[0] ?? ""),
    isMulti: variable.isMulti,
    includesAll: variable.includesAll,
    ...(variable.allValue === undefined ? {} : { allValue: variable.allValue }),
    options,
    isOutOfUrl: variable.type === "constant",
    ...(variable.auto === undefined ? {} : { auto: variable.auto }),
  };
}
