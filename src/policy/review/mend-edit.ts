/**
 * Mends that can be put in place: faults and findings say "did you mean …" or "quote it"; here that
 * becomes one change of the text. Only where the word to replace stands on the very line, or the few
 * after it that belong to the same rule.
 */

import type { PolicyFault } from "../document/policy-fault.ts";

/** One change: on `line` (1-based), the characters from `from` to `to` (0-based) become `text`. */
export interface MendEdit {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** "Write fromEndpoints". */
  readonly title: string;
}

/** Lines below the named one in which a mistyped word is looked for. */
const linesBelow = 12;

/** The change that mends a fault; undefined where only a person can. */
export function mendOfFault(text: string, fault: PolicyFault): MendEdit | undefined {
  const { mend, line, path } = fault;
  const wanted = /did you mean "([^"]+)"/.exec(mend)?.[1];
  if (wanted !== undefined) {
    const word = fault.stage === "unknown-field" ? lastKey(path) : quotedValue(fault.reason);
    return word === undefined ? undefined : replaceWord(text, line, { word, wanted });
  }
  const quoted = /^quote it, as in "(.*)"$/.exec(mend)?.[1];
  if (quoted !== undefined) {
    const wanted = JSON.stringify(quoted);
    return replaceWord(text, line, { word: quoted, wanted, title: "Quote it" });
  }
  const version = /^want (apiVersion|kind): (\S+)$/.exec(mend);
  if (version !== null) return replaceValue(text, line, version[1] ?? "", version[2] ?? "");
  const cidr = /^write (\S+\/\d+)$/.exec(mend)?.[1];
  if (cidr === undefined) return undefined;
  return replaceWord(text, line, { word: cidr.replace(/\/\d+$/, ""), wanted: cidr });
}

/** The change that mends what the linter found: a mistyped label key or value. */
export function mendOfFinding(text: string, line: number, message: string): MendEdit | undefined {
  const value = /none has ([^\s=]+)=([^\s;]+); did you mean "([^"]+)"/.exec(message);
  if (value !== null) return replaceNear(text, line, value[2] ?? "", value[3] ?? "");
  const key = /none has the label (?:of its namespace )?([^\s;]+); did you mean "([^"]+)"/.exec(
    message,
  );
  return key === null ? undefined : replaceNear(text, line, key[1] ?? "", key[2] ?? "");
}

function lastKey(path: string): string | undefined {
  return /([^.[\]]+)(?:\[\d+\])*$/.exec(path)?.[1];
}

/** `Unsupported value: "QUIC": …`. */
function quotedValue(reason: string): string | undefined {
  return /(?:Unsupported|Invalid) value: "([^"]+)"/.exec(reason)?.[1];
}

function replaceNear(text: string, line: number, word: string, wanted: string) {
  const count = text.split("\n").length;
  for (let at = line; at <= Math.min(count, line + linesBelow); at++) {
    const edit = replaceWord(text, at, { word, wanted });
    if (edit !== undefined) return edit;
  }
  return undefined;
}

interface WordChange {
  readonly word: string;
  readonly wanted: string;
  readonly title?: string;
}

function replaceWord(
  text: string,
  line: number,
  { word, wanted, title = `Write ${wanted}` }: WordChange,
): MendEdit | undefined {
  const content = text.split("\n")[line - 1] ?? "";
  for (let from = content.indexOf(word); from >= 0; from = content.indexOf(word, from + 1)) {
    const before = content[from - 1] ?? " ";
    const after = content[from + word.length] ?? " ";
    if (/[\w./-]/.test(before) || /[\w./-]/.test(after)) continue;
    return { line, from, to: from + word.length, text: wanted, title };
  }
  return undefined;
}

function replaceValue(
  text: string,
  line: number,
  key: string,
  value: string,
): MendEdit | undefined {
  const content = text.split("\n")[line - 1] ?? "";
  const found = new RegExp(`^(\\s*(?:- )?${key}:\\s*)(\\S.*)?$`).exec(content);
  if (found === null) return undefined;
  const from = found[1]?.length ?? 0;
  return { line, from, to: content.trimEnd().length, text: value, title: `Write ${value}` };
}
