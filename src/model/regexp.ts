/**
 * Regular expressions with RE2's syntax and linear time, fully anchored and with `.` matching
 * newlines, as Prometheus uses them for matchers and relabelling. Fast paths serve what people
 * really write: literals, alternations of literals, and a literal before or after `.*` / `.+`.
 */

import { RE2JS } from "re2js";
import { errorMessage, ParseError } from "../base/errors.ts";

/** A compiled, anchored expression. */
export interface AnchoredRegexp {
  readonly source: string;
  /** Whether the whole of `text` matches. */
  matches(text: string): boolean;
  /** All strings that can match, where they are a finite list of literals; else undefined. */
  readonly literals: readonly string[] | undefined;
  /** A literal that every match begins with, "" where none is known. */
  readonly prefix: string;
}

/** Alternatives beyond this use a Set lookup only; below, the list is walked. */
const literalListMax = 8;
const metaCharacters = /[\\^$.|?*+()[\]{}]/;

/** Compiles `source`; throws ParseError with RE2's own reason. Cost: linear in the source. */
export function compileAnchoredRegexp(source: string): AnchoredRegexp {
  const literals = literalAlternatives(source);
  if (literals !== undefined) return literalRegexp(source, literals);
  return wildcardRegexp(source) ?? automatonRegexp(source);
}

/** RE2 for callers that need groups or unanchored search; throws ParseError with RE2's reason. */
export function compileRe2(source: string, input = source): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (thrown) {
    throw new ParseError(withoutFlags(errorMessage(thrown)), {
      input,
      start: 0,
      end: input.length,
    });
  }
}

/** RE2JS shows the DOTALL flag as a `(?s)` that nobody wrote, and leaves out an empty quotation. */
function withoutFlags(message: string): string {
  return message.endsWith("end of expression") ? `${message}: \`\`` : message.replace("`(?s)", "`");
}

/** `a|b|c`, `(a|b|c)` and `a` without meta characters, else undefined. */
function literalAlternatives(source: string): readonly string[] | undefined {
  const inner = source.startsWith("(") && source.endsWith(")") ? unwrapGroup(source) : source;
  const alternatives = inner.split("|");
  return alternatives.some((literal) => metaCharacters.test(literal)) ? undefined : alternatives;
}

function unwrapGroup(source: string): string {
  return source.startsWith("(?:") ? source.slice(3, -1) : source.slice(1, -1);
}

function literalRegexp(source: string, literals: readonly string[]): AnchoredRegexp {
  const set = new Set(literals);
  const only = literals.length === 1 ? literals[0] : undefined;
  let matches: (text: string) => boolean = (text) => set.has(text);
  if (only !== undefined) matches = (text) => text === only;
  else if (literals.length <= literalListMax) matches = (text) => literals.includes(text);
  return { source, matches, literals: [...set], prefix: only ?? "" };
}

/** `.*`, `.+`, and one literal with `.*` or `.+` on either side. */
function wildcardRegexp(source: string): AnchoredRegexp | undefined {
  const parts = /^(\.[*+])?([^\\^$.|?*+()[\]{}]*)(\.[*+])?$/.exec(source);
  if (parts === null) return undefined;
  const [, before, literal = "", after] = parts;
  if (literal === "") {
    const minLength = (before === ".+" ? 1 : 0) + (after === ".+" ? 1 : 0);
    return { source, literals: undefined, prefix: "", matches: (text) => text.length >= minLength };
  }
  const leastBefore = before === ".+" ? 1 : 0;
  const leastAfter = after === ".+" ? 1 : 0;
  if (before === undefined) {
    const least = literal.length + leastAfter;
    return {
      source,
      literals: undefined,
      prefix: literal,
      matches: (text) => text.length >= least && text.startsWith(literal),
    };
  }
  if (after === undefined) {
    const least = literal.length + leastBefore;
    return {
      source,
      literals: undefined,
      prefix: "",
      matches: (text) => text.length >= least && text.endsWith(literal),
    };
  }
  return {
    source,
    literals: undefined,
    prefix: "",
    matches: (text) => {
      const at = leastAfter === 0 ? text.indexOf(literal, leastBefore) : -1;
      if (leastAfter === 0) return at >= 0;
      const last = text.lastIndexOf(literal, text.length - literal.length - leastAfter);
      return last >= leastBefore && text.length >= literal.length + leastBefore + leastAfter;
    },
  };
}

function automatonRegexp(source: string): AnchoredRegexp {
  compileRe2(source);
  const automaton = compileRe2(`^(?s:${source})$`, source);
  const prefix = literalPrefix(source);
  return {
    source,
    literals: undefined,
    prefix,
    matches: (text) => text.startsWith(prefix) && automaton.matches(text),
  };
}

/** The literal run at the start of a source without top-level alternation; "" when unsure. */
function literalPrefix(source: string): string {
  if (source.includes("|") || source.includes("(?")) return "";
  const at = source.search(metaCharacters);
  if (at <= 0) return "";
  // A quantifier applies to the character before it, which is then not certain.
  return /[?*{]/.test(source[at] as string) ? source.slice(0, at - 1) : source.slice(0, at);
}
