/** What kind of value an expression gives, known without evaluating it. Browser-safe. */

import { assertNever } from "../base/assert.ts";
import type { Expr, ValueType } from "./ast.ts";
import { findFunctionSignature } from "./functions/signatures.ts";

/** The type of an expression's value. O(depth of operators). */
export function typeOfExpr(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
    case "duration":
      return "scalar";
    case "string":
      return "string";
    case "vectorSelector":
    case "aggregate":
      return "vector";
    case "matrixSelector":
    case "subquery":
      return "matrix";
    case "paren":
    case "unary":
      return typeOfExpr(expr.expr);
    case "binary": {
      const isScalar = typeOfExpr(expr.left) === "scalar" && typeOfExpr(expr.right) === "scalar";
      return isScalar ? "scalar" : "vector";
    }
    case "call":
      return findFunctionSignature(expr.functionName)?.returnType ?? "none";
    default:
      return assertNever(expr, "expression kind");
  }
}

/** The name of a type in documentation and error messages. */
export function documentedType(type: ValueType): string {
  if (type === "vector") return "instant vector";
  if (type === "matrix") return "range vector";
  return type;
}
