/** Label matchers: name, operator, value, compiled once. A missing label matches as "". Browser-safe. */

import { isLegacyLabelName, quoteString } from "./labels.ts";
import { type AnchoredRegexp, compileAnchoredRegexp } from "./regexp.ts";

export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** One compiled matcher. */
export interface Matcher {
  readonly operator: MatchOperator;
  readonly name: string;
  readonly value: string;
  /** The compiled expression of `=~` and `!~`. */
  readonly regexp: AnchoredRegexp | undefined;
  /** Whether a label value ("" = absent) satisfies the matcher. */
  matches(value: string): boolean;
}

/** Compiles a matcher; throws ParseError for a bad regular expression. */
export function createMatcher(operator: MatchOperator, name: string, value: string): Matcher {
  if (operator === "=") {
    return { operator, name, value, regexp: undefined, matches: (actual) => actual === value };
  }
  if (operator === "!=") {
    return { operator, name, value, regexp: undefined, matches: (actual) => actual !== value };
  }
  const regexp = compileAnchoredRegexp(value);
  const matches = operator === "=~" ? regexp.matches : (actual: string) => !regexp.matches(actual);
  return { operator, name, value, regexp, matches };
}

/** As written in PromQL: `job=~"a|b"`, a name outside the legacy set quoted. */
export function matcherToString(matcher: Matcher): string {
  const name = isLegacyLabelName(matcher.name) ? matcher.name : quoteString(matcher.name);
  return `${name}${matcher.operator}${quoteString(matcher.value)}`;
}
