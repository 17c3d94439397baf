/**
 * Pins every selector of a query to one time with `@`: then the result must be the same whenever the
 * query is evaluated. Prometheus' test harness checks each instant eval like this, and so do we.
 */

import type { AtModifier, Expr, TimeModifiers } from "../ast.ts";

/** Functions whose result changes with the evaluation time even if their arguments do not. */
const timeDependentFunctions: ReadonlySet<string> = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "end",
  "hour",
  "minute",
  "month",
  "predict_linear",
  "range",
  "start",
  "step",
  "time",
  "timestamp",
  "year",
]);

/** The expression with `@ timeMs` everywhere, or undefined where it depends on the time anyway. */
export function pinToTime(expr: Expr, timeMs: number): Expr | undefined {
  if (isTimeDependent(expr)) return undefined;
  return pin(expr, { kind: "timestamp", timestampMs: timeMs });
}

/** A subquery gets its own `@`, so that what is inside it does not count. */
function isTimeDependent(expr: Expr): boolean {
  switch (expr.kind) {
    case "paren":
    case "unary":
      return isTimeDependent(expr.expr);
    case "binary":
      return isTimeDependent(expr.left) || isTimeDependent(expr.right);
    case "aggregate":
      return (
        isTimeDependent(expr.expr) || (expr.param !== undefined && isTimeDependent(expr.param))
      );
    case "call":
      return timeDependentFunctions.has(expr.functionName) || expr.args.some(isTimeDependent);
    default:
      return false;
  }
}

function pin(expr: Expr, at: AtModifier): Expr {
  switch (expr.kind) {
    case "vectorSelector":
    case "subquery":
      return { ...expr, at: atOf(expr, at) };
    case "matrixSelector":
      return { ...expr, selector: { ...expr.selector, at: atOf(expr.selector, at) } };
    case "paren":
    case "unary":
      return { ...expr, expr: pin(expr.expr, at) };
    case "binary":
      return { ...expr, left: pin(expr.left, at), right: pin(expr.right, at) };
    case "aggregate": {
      const param = expr.param === undefined ? {} : { param: pin(expr.param, at) };
      return { ...expr, expr: pin(expr.expr, at), ...param };
    }
    case "call":
      return { ...expr, args: expr.args.map((arg) => pin(arg, at)) };
    default:
      return expr;
  }
}

function atOf(modifiers: TimeModifiers, at: AtModifier): AtModifier {
  return modifiers.at?.kind === "timestamp" ? modifiers.at : at;
}
