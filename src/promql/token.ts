/**
 * The tokens of PromQL and how error messages name them. A token's kind is its own spelling for
 * punctuation, operators and keywords ("(", "+", "and", "group_left") and a word for the rest
 * ("identifier", "number", …). Names and texts are those of Prometheus 3.14. Browser-safe.
 */

import { quoteString } from "../model/labels.ts";

const keywordSpellings = [
  "and",
  "or",
  "unless",
  "atan2",
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
  "offset",
  "smoothed",
  "anchored",
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "fill",
  "fill_left",
  "fill_right",
  "bool",
  "start",
  "end",
  "step",
  "range",
  "max_of",
  "min_of",
] as const;

const punctuationSpellings = ["(", ")", "{", "}", "[", "]", ",", "=", ":"] as const;

const symbolSpellings = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "==",
  "!=",
  "<=",
  "<",
  ">=",
  ">",
  "</",
  ">/",
  "=~",
  "!~",
  "@",
] as const;

/** Words that mean something to the parser in some place; all may be metric or label names elsewhere. */
export type Keyword = (typeof keywordSpellings)[number];

export type TokenKind =
  | Keyword
  | (typeof punctuationSpellings)[number]
  | (typeof symbolSpellings)[number]
  | "identifier"
  | "metricIdentifier"
  | "number"
  | "duration"
  | "string"
  | "end of input";

/** One token. `start` and `end` are byte offsets into the query, end exclusive. */
export interface Token {
  readonly kind: TokenKind;
  /** As written; "" at the end of the input. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const keywords: ReadonlySet<string> = new Set(keywordSpellings);

/** The keyword a word stands for, in any case; inf and nan are numbers. */
export function keywordOf(word: string): Keyword | "number" | undefined {
  const lower = word.toLowerCase();
  if (lower === "inf" || lower === "nan") return "number";
  return keywords.has(lower) ? (lower as Keyword) : undefined;
}

/** The aggregation operators. */
export const aggregators: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "sum",
  "avg",
  "count",
  "min",
  "max",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

/** Keywords that cannot begin an expression as a metric's name. */
const reservedInExpressions: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "atan2",
  "bool",
  "on",
  "ignoring",
  "group_left",
  "group_right",
]);

/** Whether the token can be a metric's name before braces. */
export function isMetricName(kind: TokenKind): boolean {
  if (kind === "identifier" || kind === "metricIdentifier") return true;
  return keywords.has(kind) && !reservedInExpressions.has(kind);
}

/** Whether the token can be a label's name in by(...), on(...) and the like; only `without` cannot. */
export function isGroupingLabel(kind: TokenKind): boolean {
  if (kind === "identifier" || kind === "metricIdentifier") return true;
  return keywords.has(kind) && kind !== "without";
}

const operators: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...symbolSpellings,
  "and",
  "or",
  "unless",
  "atan2",
]);

const modifiers: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "by",
  "group_left",
  "group_right",
  "fill",
  "fill_left",
  "fill_right",
  "ignoring",
  "offset",
  "smoothed",
  "anchored",
  "on",
  "without",
]);

/** Texts longer than this are cut in messages. */
const shownTextMax = 10;

/** How a message names the token: `<op:+>`, `identifier "up"`, `end of input`. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case "end of input":
      return token.kind;
    case "identifier":
      return `identifier ${quoteString(token.text)}`;
    case "metricIdentifier":
      return `metric identifier ${quoteString(token.text)}`;
    case "number":
    case "duration":
    case "string":
      return `${token.kind} ${quoteShortened(token.text)}`;
    default:
      if (modifiers.has(token.kind)) return `<${token.text}>`;
      if (operators.has(token.kind)) return `<op:${token.text}>`;
      if (aggregators.has(token.kind)) return `<aggr:${token.text}>`;
      return quoteShortened(token.text);
  }
}

function quoteShortened(text: string): string {
  // Go counts bytes, then cuts characters.
  if (new TextEncoder().encode(text).length <= shownTextMax) return quoteString(text);
  return `${quoteString([...text].slice(0, shownTextMax).join(""))}...`;
}

/** A character as Go's %q writes it: `'a'`, `'\n'`, `'日'`; "" is the end of the text, which Go shows as U+FFFD. */
export function quoteCharacter(char: string): string {
  if (char === "") return "'\ufffd'";
  if (char === "'") return "'\\''";
  if (char === '"') return "'\"'";
  return `'${quoteString(char).slice(1, -1)}'`;
}
