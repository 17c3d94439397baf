/**
 * Patterns over names: domain names with `*`, node names (`cluster/node`, either part a domain
 * pattern or missing), and prefixes of Kubernetes names (`namespace/prefix`). Error texts are Hubble's.
 */

import { RE2JS } from "re2js";
import { ConfigError } from "../../base/errors.ts";
import { quoteString } from "../../model/labels.ts";

/** Tests one name. */
export type NameTest = (name: string) => boolean;

/** The cluster of a node name that names none. */
const defaultCluster = "default";
/** Where a cluster or node part is missing: any domain name. */
const anyDomain = "(?:[-0-9_a-z]+(?:\\.[-0-9_a-z]+)*)";

/** A test of a domain name against patterns. Throws ConfigError. */
export function compileDomainPatterns(patterns: readonly string[]): NameTest {
  return compileAlternatives(patterns.map(domainRegexp));
}

/** A test of a flow's node name. Throws ConfigError. */
export function compileNodePatterns(patterns: readonly string[]): NameTest {
  const matches = compileAlternatives(patterns.map(nodeRegexp));
  return (name) => {
    if (name === "") return false;
    return matches(name.includes("/") ? name : `${defaultCluster}/${name}`);
  };
}

/** A test of a namespace and a name. A missing namespace is "default", an empty one ("/x") any. Throws ConfigError. */
export function compileNamespacedNames(
  names: readonly string[],
): (namespace: string, name: string) => boolean {
  const wanted = names.map((text) => {
    if (text === "") refuse("invalid filter, name must not be empty");
    const [first = "", second] = text.split("/");
    return second === undefined
      ? { namespace: "default", prefix: first }
      : { namespace: first, prefix: second };
  });
  return (namespace, name) => {
    if (namespace === "" && name === "") return false;
    for (let i = 0; i < wanted.length; i++) {
      const { namespace: wantedNamespace, prefix } = wanted[i]!;
      if (!name.startsWith(prefix)) continue;
      if (wantedNamespace === "" || wantedNamespace === namespace) return true;
    }
    return false;
  };
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}

function domainRegexp(pattern: string): string {
  const name = pattern.trim().replace(/\.$/, "").toLowerCase();
  if (name === "") refuse("empty pattern");
  if (name.endsWith(".")) refuse("multiple trailing dots in pattern");
  let regexp = "";
  for (const char of name) {
    if (char === ".") regexp += "\\.";
    else if (char === "*") regexp += "[-.0-9a-z]*";
    else if (/[-_0-9a-z]/.test(char)) regexp += char;
    else refuse(`${quoteRune(char)}: invalid rune in pattern`);
  }
  return regexp;
}

/** A character in single quotes, as Go's %q writes it. */
function quoteRune(char: string): string {
  if (char === "'") return "'\\''";
  return char === '"' ? "'\"'" : `'${quoteString(char).slice(1, -1)}'`;
}

function nodeRegexp(pattern: string): string {
  if (pattern === "") refuse("empty pattern");
  const parts = pattern.split("/");
  if (parts.length > 2) refuse("too many slashes in pattern");
  const node = parts.at(-1) as string;
  const cluster = parts.length === 2 ? (parts[0] as string) : "";
  const part = (text: string) => (text === "" ? anyDomain : domainRegexp(text));
  return `${part(cluster)}/${part(node)}`;
}

/** RE2 where a pattern has several stars: backtracking over them would take polynomial time. */
function compileAlternatives(regexps: readonly string[]): NameTest {
  const source = regexps.join("|");
  if (regexps.every((regexp) => regexp.split("*").length <= 2)) {
    const native = new RegExp(`^(?:${source})$`);
    return (name) => native.test(name);
  }
  const automaton = RE2JS.compile(source);
  return (name) => automaton.matches(name);
}
