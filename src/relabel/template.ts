/**
 * Replacement templates with Go's rules (regexp.Expand): `$1`, `$name`, `${name}`, `$$`; a name runs
 * as far as letters, digits and underscores go, so `$1x` is the group called "1x". Parsed once.
 */

/** A piece of a template: text, or the group that stands there. */
type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "name"; readonly name: string };

/** Groups of one match; "" where a group took no part or does not exist. */
export interface MatchGroups {
  byIndex(index: number): string;
  byName(name: string): string;
}

/** A parsed template. */
export interface Template {
  /** True where the text holds no `$` at all. */
  readonly isConstant: boolean;
  expand(groups: MatchGroups): string;
}

/** Go gives up on numbers beyond this and takes them as names. */
const groupIndexMax = 100_000_000;
const groupReference = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u;

/** Parses a template; there are no bad ones: a lone `$` is text. */
export function parseTemplate(source: string): Template {
  const parts: TemplatePart[] = [];
  let rest = source;
  for (;;) {
    const dollarAt = rest.indexOf("$");
    if (dollarAt < 0) break;
    parts.push({ kind: "text", text: rest.slice(0, dollarAt) });
    rest = rest.slice(dollarAt + 1);
    if (rest.startsWith("$")) {
      parts.push({ kind: "text", text: "$" });
      rest = rest.slice(1);
      continue;
    }
    const reference = groupReference.exec(rest);
    if (reference === null) {
      parts.push({ kind: "text", text: "$" });
      continue;
    }
    parts.push(groupPart(reference[1] ?? reference[2] ?? ""));
    rest = rest.slice(reference[0].length);
  }
  parts.push({ kind: "text", text: rest });
  return {
    isConstant: !source.includes("$"),
    expand: (groups) => parts.map((part) => expandPart(part, groups)).join(""),
  };
}

function groupPart(name: string): TemplatePart {
  const isIndex = /^(?:0|[1-9][0-9]*)$/.test(name) && Number(name) < groupIndexMax;
  return isIndex ? { kind: "index", index: Number(name) } : { kind: "name", name };
}

function expandPart(part: TemplatePart, groups: MatchGroups): string {
  if (part.kind === "text") return part.text;
  return part.kind === "index" ? groups.byIndex(part.index) : groups.byName(part.name);
}
