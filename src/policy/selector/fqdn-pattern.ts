/**
 * DNS names and patterns of `toFQDNs` and `rules.dns`. Names are compared in lower case with a
 * trailing dot. `*` stands for characters of one label; `**.` at the start for one or more labels;
 * a lone `*` for every name. Translation after Cilium's recorded expressions (conformance policy/dnsproxy).
 */

import { type AnchoredRegexp, compileAnchoredRegexp } from "../../model/regexp.ts";

const labelCharacter = "[-a-zA-Z0-9_]";
const anyLabelPart = `${labelCharacter}*`;
const oneOrMoreLabels = `(${labelCharacter}+([.]${labelCharacter}+){0,})`;
const everyName = `((${labelCharacter}+[.])+)|([.])`;

/** Longest name or pattern that Cilium's schema takes. */
export const fqdnLengthMax = 255;

/** Lower case, one trailing dot. */
export function normalizeName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower : `${lower}.`;
}

/** A name or pattern, asked about normalised names. */
export interface FqdnPattern {
  matches(name: string): boolean;
}

/** Compiles a matchName. */
export function compileMatchName(name: string): FqdnPattern {
  const normal = normalizeName(name);
  return { matches: (other) => other === normal };
}

/** Compiles a matchPattern, when it is first asked. Never throws for a pattern that passed `isPatternText`. */
export function compileMatchPattern(pattern: string): FqdnPattern {
  let compiled: AnchoredRegexp | undefined;
  return {
    matches(name) {
      compiled ??= compilePattern(pattern);
      return compiled.matches(name);
    },
  };
}

function compilePattern(pattern: string): AnchoredRegexp {
  const normal = normalizeName(pattern);
  if (/^\*+\.$/.test(normal)) return compileAnchoredRegexp(everyName);
  const deep = /^\*{2,}\./.exec(normal);
  const head = deep === null ? "" : `${oneOrMoreLabels}[.]`;
  const rest = normal.slice(deep?.[0].length ?? 0);
  const body = rest.replaceAll(".", "[.]").replaceAll(/\*+/g, anyLabelPart);
  return compileAnchoredRegexp(head + body);
}

/** Characters a matchName may have. */
export function isNameText(text: string): boolean {
  return /^[-a-zA-Z0-9_.]*$/.test(text);
}

/** Characters a matchPattern may have. */
export function isPatternText(text: string): boolean {
  return /^[-a-zA-Z0-9_.*]*$/.test(text);
}
