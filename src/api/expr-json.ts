/** The syntax tree as Prometheus' /api/v1/parse_query answers it. */

import { formatPlainDecimal } from "../model/value-format.ts";
import type {
  BinaryExpr,
  CallExpr,
  DurationExpr,
  Expr,
  NumberLiteral,
  TimeModifiers,
  VectorSelector,
} from "../promql/ast.ts";
import { functionSignatures } from "../promql/functions/signatures.ts";

type Json = Record<string, unknown>;

/** One node and all below it. */
export function exprJson(expr: Expr): Json {
  switch (expr.kind) {
    case "number":
      return { type: "numberLiteral", val: formatPlainDecimal(expr.value) };
    case "string":
      return { type: "stringLiteral", val: expr.value };
    case "paren":
      return { type: "parenExpr", expr: exprJson(expr.expr) };
    case "unary":
      return { type: "unaryExpr", op: expr.operator, expr: exprJson(expr.expr) };
    case "vectorSelector":
      return { type: "vectorSelector", ...selectorJson(expr) };
    case "matrixSelector":
      return {
        type: "matrixSelector",
        ...selectorJson(expr.selector),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
      };
    case "subquery":
      return {
        type: "subquery",
        expr: exprJson(expr.expr),
        range: expr.rangeMs,
        rangeExpr: durationJson(expr.rangeExpr),
        step: expr.stepMs,
        stepExpr: durationJson(expr.stepExpr),
        ...modifiersJson(expr),
      };
    case "aggregate":
      return {
        type: "aggregation",
        op: expr.operator,
        expr: exprJson(expr.expr),
        param: expr.param === undefined ? null : exprJson(expr.param),
        grouping: expr.grouping,
        without: expr.isWithout,
      };
    case "binary":
      return binaryJson(expr);
    case "call":
      return callJson(expr);
    case "duration":
      return durationJson(expr) as Json;
  }
}

function modifiersJson(expr: TimeModifiers): Json {
  return {
    offset: expr.offsetMs,
    offsetExpr: durationJson(expr.offsetExpr),
    timestamp: expr.at?.kind === "timestamp" ? expr.at.timestampMs : null,
    startOrEnd: expr.at === undefined || expr.at.kind === "timestamp" ? null : expr.at.kind,
  };
}

function selectorJson(expr: VectorSelector): Json {
  return {
    name: expr.name,
    matchers: expr.matchers.map(({ name, operator, value }) => ({ name, type: operator, value })),
    ...modifiersJson(expr),
    anchored: expr.extension === "anchored",
    smoothed: expr.extension === "smoothed",
  };
}

function binaryJson(expr: BinaryExpr): Json {
  const { matching } = expr;
  return {
    type: "binaryExpr",
    op: expr.operator,
    lhs: exprJson(expr.left),
    rhs: exprJson(expr.right),
    bool: expr.isBool,
    matching:
      matching === undefined
        ? null
        : {
            card: matching.cardinality,
            labels: matching.labels,
            on: matching.isOn,
            include: matching.include,
            fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
          },
  };
}

function callJson(expr: CallExpr): Json {
  const signature = functionSignatures[expr.functionName as keyof typeof functionSignatures];
  return {
    type: "call",
    func: {
      name: expr.functionName,
      argTypes: signature.argTypes,
      returnType: signature.returnType,
      variadic: signature.variadic,
    },
    args: expr.args.map(exprJson),
  };
}

function durationJson(expr: DurationExpr | NumberLiteral | undefined): Json | null {
  if (expr === undefined) return null;
  if (expr.kind === "number") {
    const val = formatPlainDecimal(expr.value);
    return { type: "numberLiteral", val, duration: expr.isDuration };
  }
  const { operator } = expr;
  return {
    type: "durationExpr",
    op: operator === "min" || operator === "max" ? `${operator}_of` : operator,
    lhs: durationJson(expr.left),
    rhs: durationJson(expr.right),
    wrapped: expr.isWrapped,
  };
}
