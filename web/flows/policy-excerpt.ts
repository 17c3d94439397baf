/** The lines of a policy around those that an explanation marks, and their YAML in parts for colouring. Pure. */

import type { WirePolicyText } from "../../src/api/wire/flow-explanation.ts";

/** One line shown; `state` is the mark's, "" without one. */
export interface ExcerptLine {
  readonly number: number;
  readonly text: string;
  readonly state: string;
  readonly note: string;
}

/** Lines shown before and after a marked one. */
const before = 1;
const after = 2;
/** A gap this small is shown instead. */
const smallGap = 3;
/** Of several marks on one line, the one that tells most. */
const ranks = ["denies", "misses", "closes", "allows"];

/** Lines with gaps between distant ones; without marks, none. */
export function excerptLines(
  text: string,
  marks: WirePolicyText["marks"],
): readonly (ExcerptLine | "gap")[] {
  const lines = text.split("\n");
  const wanted = new Set<number>();
  for (const { line } of marks) {
    for (let at = line - before; at <= line + after; at++) {
      if (at >= 1 && at <= lines.length) wanted.add(at);
    }
  }
  const shown: (ExcerptLine | "gap")[] = [];
  let last = 0;
  for (const number of [...wanted].sort((a, b) => a - b)) {
    const isNear = last > 0 && number - last <= smallGap;
    for (let at = last + 1; isNear && at < number; at++) shown.push(lineAt(lines, at, marks));
    if (last > 0 && !isNear && number > last + 1) shown.push("gap");
    shown.push(lineAt(lines, number, marks));
    last = number;
  }
  while (shown.length > 0 && isBlank(shown.at(-1))) shown.pop();
  return shown;
}

function isBlank(line: ExcerptLine | "gap" | undefined): boolean {
  return line === "gap" || (line !== undefined && line.text.trim() === "" && line.state === "");
}

function lineAt(
  lines: readonly string[],
  number: number,
  marks: WirePolicyText["marks"],
): ExcerptLine {
  const here = marks
    .filter(({ line }) => line === number)
    .sort((a, b) => ranks.indexOf(a.state) - ranks.indexOf(b.state));
  return {
    number,
    text: lines[number - 1] ?? "",
    state: here[0]?.state ?? "",
    note: here[0]?.note ?? "",
  };
}

/** A stretch of a YAML line. */
export interface YamlPart {
  readonly kind: "plain" | "key" | "value" | "comment";
  readonly text: string;
  readonly at: number;
}

/** Key, colon, value and comment of a line; good for colours, no parser. */
export function yamlParts(text: string): readonly YamlPart[] {
  const match = /^(\s*(?:- )*)([^\s:#'"][^:#]*|"[^"]*")(:)(\s.*|)$/.exec(text);
  const pieces: [YamlPart["kind"], string][] = [];
  if (text.trimStart().startsWith("#")) pieces.push(["comment", text]);
  else if (match === null) {
    const [, dash = "", rest = ""] = /^(\s*(?:- )*)(.*)$/s.exec(text) ?? [];
    pieces.push(["plain", dash], ["value", rest]);
  } else {
    const [, lead = "", key = "", colon = "", value = ""] = match;
    pieces.push(["plain", lead], ["key", key], ["plain", colon], ["value", value]);
  }
  let at = 0;
  return pieces.flatMap(([kind, piece]) => {
    if (piece === "") return [];
    const part = { kind, text: piece, at };
    at += piece.length;
    return [part];
  });
}
