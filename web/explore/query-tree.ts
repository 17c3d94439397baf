/**
 * The tree view's rows: each part of a query with a short text, how deep it stands, and what it cost
 * on the server. Parts and costs meet by their byte offsets in the query. Pure, O(nodes).
 */

import type { QueryNode } from "../../src/api/wire/query-nodes.ts";
import type { Expr } from "../../src/promql/ast.ts";
import { parseExpr, valueTypeOf } from "../../src/promql/parser.ts";

/** One part of a query. */
export interface TreeRow {
  readonly depth: number;
  /** For each level above: whether a line goes on there, so that branches can be drawn. */
  readonly lines: readonly boolean[];
  readonly isLast: boolean;
  /** The part's own words, what is inside it as "…". */
  readonly label: string;
  /** The whole text of the part. */
  readonly text: string;
  readonly type: string;
  /** Name of the metric that a selector selects. */
  readonly metric?: string;
  readonly cost?: QueryNode;
  /** Time of this part without what is inside it, ms. */
  readonly selfMs?: number;
}

const parserOptions = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** Rows from the outside in; none where the query does not parse. */
export function treeRows(query: string, nodes: readonly QueryNode[]): readonly TreeRow[] {
  let expr: Expr;
  try {
    expr = parseExpr(query, parserOptions);
  } catch {
    // The row of the query says what is wrong.
    return [];
  }
  const costs = new Map(nodes.map((node) => [`${node.start} ${node.end}`, node]));
  const rows: TreeRow[] = [];
  addRows(expr, { bytes: new TextEncoder().encode(query), costs, rows }, [], true);
  return rows;
}

interface TreeInput {
  readonly bytes: Uint8Array;
  readonly costs: ReadonlyMap<string, QueryNode>;
  readonly rows: TreeRow[];
}

function addRows(expr: Expr, input: TreeInput, lines: readonly boolean[], isLast: boolean): void {
  // Brackets say nothing of their own.
  if (expr.kind === "paren") {
    addRows(expr.expr, input, lines, isLast);
    return;
  }
  const children = childrenOf(expr);
  const cost = input.costs.get(`${expr.start} ${expr.end}`);
  const metric = metricOf(expr);
  const own = selfTime(cost, children, input.costs);
  input.rows.push({
    depth: lines.length,
    lines,
    isLast,
    label: labelOf(expr, children, input.bytes),
    text: textBetween(input.bytes, expr.start, expr.end),
    type: valueTypeOf(expr),
    ...(metric === undefined ? {} : { metric }),
    ...(cost === undefined ? {} : { cost }),
    ...(own === undefined ? {} : { selfMs: own }),
  });
  const below = [...lines, !isLast];
  for (const [index, child] of children.entries()) {
    addRows(child, input, below, index === children.length - 1);
  }
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "subquery":
    case "paren":
    case "unary":
      return [expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case "call":
      return expr.args;
    default:
      return [];
  }
}

function metricOf(expr: Expr): string | undefined {
  const selector = expr.kind === "matrixSelector" ? expr.selector : expr;
  if (selector.kind !== "vectorSelector") return undefined;
  const named = selector.matchers.find(
    ({ name, operator }) => name === "__name__" && operator === "=",
  );
  return named?.value ?? (selector.name === "" ? undefined : selector.name);
}

/** A range selector's time is in its function, and a shared part is evaluated once: never below 0. */
function selfTime(
  cost: QueryNode | undefined,
  children: readonly Expr[],
  costs: ReadonlyMap<string, QueryNode>,
): number | undefined {
  if (cost === undefined) return undefined;
  let inside = 0;
  for (const child of children) {
    let inner = child;
    while (inner.kind === "paren") inner = inner.expr;
    inside += costs.get(`${inner.start} ${inner.end}`)?.timeMs ?? 0;
  }
  return Math.max(0, cost.timeMs - inside);
}

function labelOf(expr: Expr, children: readonly Expr[], bytes: Uint8Array): string {
  let label = "";
  let at = expr.start;
  const isLeafy = (child: Expr) => child.kind === "number" || child.kind === "string";
  for (const child of [...children].sort((a, b) => a.start - b.start)) {
    if (isLeafy(child)) continue;
    label += `${textBetween(bytes, at, child.start)}…`;
    at = child.end;
  }
  label += textBetween(bytes, at, expr.end);
  return label.replace(/\s+/g, " ").replace(/\( …/g, "(…").replace(/… \)/g, "…)").trim();
}

function textBetween(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end));
}
