/**
 * Trees as text: `printExpr` on one line, as Prometheus' String(), and `prettyPrint` broken into
 * indented lines where one would be longer than 100 bytes, as its format_query. Parsing the text
 * again gives the same tree. Browser-safe.
 */

import { assertNever } from "../base/assert.ts";
import { formatDuration } from "../model/duration.ts";
import { compareUtf8, isLegacyLabelName, metricNameLabel, quoteString } from "../model/labels.ts";
import { type Matcher, matcherToString } from "../model/matcher.ts";
import { formatGoFloat, formatPlainDecimal } from "../model/value-format.ts";
import type {
  AggregateExpr,
  BinaryExpr,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  SubqueryExpr,
  TimeModifiers,
  VectorSelector,
} from "./ast.ts";

/** A node longer than this many bytes is split over lines. */
const lineBytesMax = 100;

/** The expression on one line. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return printNumber(expr);
    case "string":
      return quoteString(expr.value);
    case "vectorSelector":
      return printVectorSelector(expr);
    case "matrixSelector":
      return printMatrixSelector(expr);
    case "subquery":
      return `${printExpr(expr.expr)}${subquerySuffix(expr)}`;
    case "paren":
      return `(${printExpr(expr.expr)})`;
    case "unary":
      return `${expr.operator}${printExpr(expr.expr)}`;
    case "binary":
      return `${printExpr(expr.left)} ${operatorText(expr)} ${printExpr(expr.right)}`;
    case "aggregate":
      return printAggregate(expr);
    case "call":
      return `${expr.functionName}(${expr.args.map(printExpr).join(", ")})`;
    case "duration":
      return printDuration(expr);
    default:
      return assertNever(expr, "expression kind");
  }
}

/** The expression over several lines where it is long. */
export function prettyPrint(expr: Expr): string {
  return pretty(expr, 0);
}

function printNumber(literal: NumberLiteral): string {
  if (!literal.isDuration) return formatPlainDecimal(literal.value);
  return formatDuration(Math.trunc(literal.value * 1000));
}

function printVectorSelector(selector: VectorSelector): string {
  const { at, extension, offset } = modifierTexts(selector);
  return `${printMatchers(selector)}${at}${extension}${offset}`;
}

function printMatchers(selector: VectorSelector): string {
  const texts = selector.matchers
    .filter((matcher) => !isNameBefore(matcher, selector.name))
    .map(matcherToString)
    .sort(compareUtf8);
  return texts.length === 0 ? selector.name : `${selector.name}{${texts.join(",")}}`;
}

/** Whether the matcher is the name written before the braces. */
function isNameBefore(matcher: Matcher, name: string): boolean {
  return (
    name !== "" &&
    matcher.name === metricNameLabel &&
    matcher.operator === "=" &&
    matcher.value === name
  );
}

function printMatrixSelector(expr: MatrixSelector): string {
  const { at, extension, offset } = modifierTexts(expr.selector);
  const range =
    expr.rangeExpr === undefined ? formatDuration(expr.rangeMs) : printExpr(expr.rangeExpr);
  return `${printMatchers(expr.selector)}[${range}]${extension}${at}${offset}`;
}

function subquerySuffix(expr: SubqueryExpr): string {
  const range =
    expr.rangeExpr === undefined ? formatDuration(expr.rangeMs) : printExpr(expr.rangeExpr);
  let step = "";
  if (expr.stepMs !== 0) step = formatDuration(expr.stepMs);
  else if (expr.stepExpr !== undefined) step = printExpr(expr.stepExpr);
  const { at, offset } = modifierTexts(expr);
  return `[${range}:${step}]${at}${offset}`;
}

interface ModifierTexts {
  readonly at: string;
  readonly extension: string;
  readonly offset: string;
}

function modifierTexts(
  modifiers: TimeModifiers & Pick<VectorSelector, "extension">,
): ModifierTexts {
  const { at, extension, offsetExpr, offsetMs } = modifiers;
  let atText = "";
  if (at?.kind === "timestamp") atText = ` @ ${(at.timestampMs / 1000).toFixed(3)}`;
  else if (at !== undefined) atText = ` @ ${at.kind}()`;
  let offset = "";
  if (offsetExpr !== undefined) offset = ` offset ${printExpr(offsetExpr)}`;
  else if (offsetMs !== 0) offset = ` offset ${formatDuration(offsetMs)}`;
  return { at: atText, extension: extension === undefined ? "" : ` ${extension}`, offset };
}

function printAggregate(expr: AggregateExpr): string {
  const param = expr.param === undefined ? "" : `${printExpr(expr.param)}, `;
  return `${aggregateHead(expr)}(${param}${printExpr(expr.expr)})`;
}

function aggregateHead(expr: AggregateExpr): string {
  if (!expr.isWithout && expr.grouping.length === 0) return expr.operator;
  return `${expr.operator} ${expr.isWithout ? "without" : "by"} (${printLabels(expr.grouping)}) `;
}

function printLabels(names: readonly string[]): string {
  return names.map((name) => (isLegacyLabelName(name) ? name : quoteString(name))).join(", ");
}

/** The operator with everything between it and the right side. */
function operatorText(expr: BinaryExpr): string {
  const { matching } = expr;
  let text = expr.isBool ? `${expr.operator} bool` : expr.operator;
  if (matching === undefined) return text;
  const { cardinality, fillLeft, fillRight } = matching;
  const isGrouped = cardinality === "many-to-one" || cardinality === "one-to-many";
  if (matching.labels.length > 0 || matching.isOn || isGrouped) {
    text += ` ${matching.isOn ? "on" : "ignoring"} (${printLabels(matching.labels)})`;
  }
  if (isGrouped) {
    const side = cardinality === "many-to-one" ? "left" : "right";
    text += ` group_${side} (${printLabels(matching.include)})`;
  }
  if (fillLeft !== undefined && fillLeft === fillRight)
    return `${text} fill (${formatGoFloat(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGoFloat(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGoFloat(fillRight)})`;
  return text;
}

function printDuration(expr: DurationExpr): string {
  const text = durationText(expr);
  return expr.isWrapped ? `(${text})` : text;
}

function durationText(expr: DurationExpr): string {
  const { operator } = expr;
  const left = expr.left === undefined ? "" : printExpr(expr.left);
  const right = expr.right === undefined ? "" : printExpr(expr.right);
  if (operator === "step" || operator === "range") return `${operator}()`;
  if (operator === "min" || operator === "max") return `${operator}_of(${left}, ${right})`;
  if (expr.left !== undefined) return `${left} ${operator} ${right}`;
  return operator === "-" ? `-${right}` : right;
}

/** `level` is the indentation; 0 also means that no line break came before. */
function pretty(expr: Expr, level: number): string {
  switch (expr.kind) {
    case "subquery":
      // Prometheus indents a subquery only where it is split.
      if (!needsSplit(expr)) return printExpr(expr);
      return `${pretty(expr.expr, level)}${subquerySuffix(expr)}`;
    case "unary":
      return `${indent(level)}${expr.operator}${pretty(expr.expr, level).trim()}`;
    case "binary":
    case "aggregate":
    case "call":
    case "paren":
      return needsSplit(expr) ? prettySplit(expr, level) : `${indent(level)}${printExpr(expr)}`;
    case "duration":
      return printExpr(expr);
    default:
      return `${indent(level)}${printExpr(expr)}`;
  }
}

function prettySplit(expr: Expr, level: number): string {
  const pad = indent(level);
  switch (expr.kind) {
    case "binary": {
      const left = pretty(expr.left, level + 1);
      return `${left}\n${pad}${operatorText(expr)}\n${pretty(expr.right, level + 1)}`;
    }
    case "aggregate": {
      const param = expr.param === undefined ? "" : `${pretty(expr.param, level + 1)},\n`;
      return `${pad}${aggregateHead(expr)}(\n${param}${pretty(expr.expr, level + 1)}\n${pad})`;
    }
    case "call": {
      const args = expr.args.map((arg) => pretty(arg, level + 1)).join(",\n");
      return `${pad}${expr.functionName}(\n${args}\n${pad})`;
    }
    case "paren":
      return `${pad}(\n${pretty(expr.expr, level + 1)}\n${pad})`;
    default:
      return `${pad}${printExpr(expr)}`;
  }
}

function needsSplit(expr: Expr): boolean {
  return new TextEncoder().encode(printExpr(expr)).length > lineBytesMax;
}

function indent(level: number): string {
  return "  ".repeat(level);
}
