/**
 * Ad hoc filters: matchers that a dashboard's user adds to every query. In links a filter is
 * `key|operator|value` with `__gfp__` for a bar, as in Grafana. Applied to the parsed expression, so
 * that a selector in a string or a subquery is treated as what it is.
 */

import { createMatcher, type Matcher, type MatchOperator } from "../model/matcher.ts";
import type { Expr, VectorSelector } from "../promql/ast.ts";
import { parseExpr } from "../promql/parser.ts";
import { printExpr } from "../promql/printer.ts";
import { asObjects, asString, type JsonObject } from "./json-reader.ts";

/** One filter. */
export interface AdhocFilter {
  readonly key: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

const operators = new Set<string>(["=", "!=", "=~", "!~"]);
const barText = "__gfp__";

/** The filters of link values; those that are none are left out. */
export function parseFilters(texts: readonly string[]): readonly AdhocFilter[] {
  return texts.flatMap((text) => {
    const [key = "", operator = "", value = ""] = text
      .split("|")
      .map((part) => part.replaceAll(barText, "|"));
    return key !== "" && isOperator(operator) ? [{ key, operator, value }] : [];
  });
}

/** A filter as a link carries it. */
export function filterText({ key, operator, value }: AdhocFilter): string {
  return [key, operator, value].map((part) => part.replaceAll("|", barText)).join("|");
}

/** The filters that a file has stored with its variable, as link values. */
export function storedFilters(raw: JsonObject): readonly string[] {
  return asObjects(raw["filters"]).flatMap((filter) => {
    const operator = asString(filter["operator"], "=");
    const key = asString(filter["key"]);
    if (key === "" || !isOperator(operator)) return [];
    return [filterText({ key, operator, value: asString(filter["value"]) })];
  });
}

function isOperator(text: string): text is MatchOperator {
  return operators.has(text);
}

/** `expr` with the filters on each of its selectors; as it is where it does not parse (the server says why). */
export function applyFilters(expr: string, filters: readonly AdhocFilter[]): string {
  if (filters.length === 0) return expr;
  let parsed: Expr;
  let matchers: readonly Matcher[];
  try {
    parsed = parseExpr(expr);
    matchers = filters.map(({ key, operator, value }) => createMatcher(operator, key, value));
  } catch {
    // Neither a broken query nor a half-typed regular expression may take the panel away.
    return expr;
  }
  return printExpr(withMatchers(parsed, matchers) as Expr);
}

/** Nodes are plain objects: every selector among their values is rewritten. */
function withMatchers(node: unknown, added: readonly Matcher[]): unknown {
  if (node === null || typeof node !== "object") return node;
  if (Array.isArray(node)) return node.map((one: unknown) => withMatchers(one, added));
  if (!("kind" in node)) return node;
  if (node.kind === "vectorSelector") {
    const selector = node as unknown as VectorSelector;
    return { ...selector, matchers: [...selector.matchers, ...added] };
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withMatchers(value, added)]),
  );
}
