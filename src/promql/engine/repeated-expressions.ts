/** Which parts of a query are written more than once, so that they are evaluated once. */

import type { Expr } from "../ast.ts";
import { printExpr } from "../printer.ts";

/** Queries with more nodes than this are not searched: printing each of their parts would take too long. */
const nodesMax = 500;

const sharedKinds: ReadonlySet<Expr["kind"]> = new Set([
  "aggregate",
  "binary",
  "call",
  "vectorSelector",
]);

/** Expressions of a query that read series and are written at least twice, each with its text. */
export function findRepeated(root: Expr): ReadonlyMap<Expr, string> {
  const all = [root];
  for (let i = 0; i < all.length && all.length <= nodesMax; i++) {
    all.push(...childrenOf(all[i] as Expr));
  }
  if (all.length > nodesMax) return new Map();
  const byText = new Map<string, Expr[]>();
  for (const expr of all) {
    if (!sharedKinds.has(expr.kind) || !readsSeries(expr)) continue;
    const text = printExpr(expr);
    byText.set(text, [...(byText.get(text) ?? []), expr]);
  }
  const repeated = new Map<Expr, string>();
  for (const [text, found] of byText) {
    if (found.length > 1) for (const expr of found) repeated.set(expr, text);
  }
  return repeated;
}

function readsSeries(expr: Expr): boolean {
  if (expr.kind === "vectorSelector" || expr.kind === "matrixSelector") return true;
  return childrenOf(expr).some(readsSeries);
}

/** The expressions inside an expression, in the order in which they are evaluated. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "paren":
    case "unary":
    case "subquery":
      return [expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case "call":
      return expr.args;
    default:
      return [];
  }
}
