/** Names of the metrics that an expression selects, for empty panels. */

import type { Expr, VectorSelector } from "../../src/promql/ast.ts";
import { parseExpr } from "../../src/promql/parser.ts";

/** Each name once, in order; none where the expression does not parse or selects by labels alone. */
export function metricNamesIn(query: string): readonly string[] {
  let expr: Expr;
  try {
    expr = parseExpr(query);
  } catch {
    // The server says what is wrong with it; here there is nothing to name.
    return [];
  }
  const names = new Set<string>();
  visitSelectors(expr, (selector) => {
    const named = selector.matchers.find(
      (matcher) => matcher.name === "__name__" && matcher.operator === "=",
    );
    const name = selector.name || named?.value;
    if (name) names.add(name);
  });
  return [...names];
}

/** Nodes are plain objects: whatever has a kind is one. */
function visitSelectors(node: unknown, visit: (selector: VectorSelector) => void): void {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) visitSelectors(one, visit);
    return;
  }
  if (!("kind" in node)) return;
  if (node.kind === "vectorSelector") visit(node as VectorSelector);
  else for (const child of Object.values(node)) visitSelectors(child, visit);
}
