/**
 * The filter line of the flows page as text: words with their roles for colouring, conditions that can
 * be taken away one by one, what is being written at the cursor, and quoting. What a condition means is
 * the server's to say (flow/observe/filter-line.ts). Pure.
 */

/** A stretch of the line. */
export interface FilterToken {
  readonly kind: "flag" | "not" | "value" | "word";
  /** As written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A flag with its value, or a word alone; a `--not` before it belongs to it. */
export interface FilterCondition {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What the cursor stands in: a flag's name, or the value of `flag`. */
export interface FilterSpot {
  readonly kind: "flag" | "value";
  /** With dashes; "" for a flag's name. */
  readonly flag: string;
  /** What is written of it so far, quotes taken away. */
  readonly prefix: string;
  readonly start: number;
  readonly end: number;
}

const wordPattern = /(?:[^\s'"\\]|\\[\s\S]|'[^']*(?:'|$)|"(?:[^"\\]|\\[\s\S])*(?:"|$)|\\$)+/g;

/** Words of the line; `bareFlags` (with dashes) take no value. */
export function filterTokens(line: string, bareFlags: ReadonlySet<string>): FilterToken[] {
  const tokens: FilterToken[] = [];
  let expectsValue = false;
  for (const match of line.matchAll(wordPattern)) {
    const text = match[0];
    const start = match.index;
    const end = start + text.length;
    if (!expectsValue && /^-+\S/.test(text)) {
      const kind = text === "--not" ? "not" : "flag";
      expectsValue = kind === "flag" && !text.includes("=") && !bareFlags.has(text);
      tokens.push({ kind, text, start, end });
      continue;
    }
    tokens.push({ kind: expectsValue ? "value" : "word", text, start, end });
    expectsValue = false;
  }
  return tokens;
}

/** The conditions of the line, in order. */
export function filterConditions(
  line: string,
  bareFlags: ReadonlySet<string>,
): readonly FilterCondition[] {
  const conditions: FilterCondition[] = [];
  let start: number | undefined;
  const tokens = filterTokens(line, bareFlags);
  for (const [index, token] of tokens.entries()) {
    start ??= token.start;
    const next = tokens[index + 1];
    const goesOn = token.kind === "not" || (token.kind === "flag" && next?.kind === "value");
    if (goesOn && next !== undefined) continue;
    conditions.push({ text: line.slice(start, token.end), start, end: token.end });
    start = undefined;
  }
  return conditions;
}

/** The line with one condition gone. */
export function withoutCondition(line: string, { start, end }: FilterCondition): string {
  return `${line.slice(0, start).trimEnd()} ${line.slice(end).trimStart()}`.trim();
}

/** The line with `condition` at its end. */
export function withCondition(line: string, condition: string): string {
  return line.trim() === "" ? condition : `${line.trimEnd()} ${condition}`;
}

/** What would be completed at `cursor`; undefined in the midst of a word that stands for itself. */
export function filterSpot(
  line: string,
  cursor: number,
  bareFlags: ReadonlySet<string>,
): FilterSpot | undefined {
  const tokens = filterTokens(line, bareFlags);
  const at = tokens.find(({ start, end }) => start < cursor && cursor <= end);
  const before = tokens.filter(({ end }) => end < cursor).at(-1);
  if (at === undefined) {
    const isValue =
      before?.kind === "flag" && !before.text.includes("=") && !bareFlags.has(before.text);
    const next = tokens.find(({ start }) => start >= cursor);
    if (isValue && next?.kind !== "value") {
      return { kind: "value", flag: before.text, prefix: "", start: cursor, end: cursor };
    }
    return { kind: "flag", flag: "", prefix: "", start: cursor, end: cursor };
  }
  const written = line.slice(at.start, cursor);
  if (at.kind === "value") {
    const flag = tokens[tokens.indexOf(at) - 1]?.text ?? "";
    const prefix = written.replace(/^['"]/, "");
    return { kind: "value", flag, prefix, start: at.start, end: at.end };
  }
  const given = /^(--?[^=]+)=(.*)$/s.exec(written);
  if (at.kind === "flag" && given !== null) {
    const [, flag = "", prefix = ""] = given;
    return { kind: "value", flag, prefix, start: at.start + flag.length + 1, end: at.end };
  }
  return { kind: "flag", flag: "", prefix: written, start: at.start, end: at.end };
}

/** A value as it must be written. */
export function quoteValue(value: string): string {
  return /^[\w./:=*,@+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** How near two texts are: edits needed, for "use X instead". */
export function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      row.push(
        Math.min(
          (previous[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (previous[j - 1] ?? 0) + (isSame ? 0 : 1),
        ),
      );
    }
    previous = row;
  }
  return previous[other.length] ?? 0;
}
