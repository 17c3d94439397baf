/**
 * The parser of PromQL as of Prometheus 3.14: recursive descent with precedence climbing, then a type
 * check. It reports the first error with Prometheus' own text and position ("1:5: parse error: …").
 * Where two errors could be meant, order matters: a token is looked at only when Prometheus' table
 * would look at it. Browser-safe: the editor uses this parser too.
 */

import type { Matcher } from "../model/matcher.ts";
import type {
  AggregateExpr,
  AggregateOperator,
  AtModifier,
  BinaryExpr,
  BinaryOperator,
  Expr,
  MatrixSelector,
  SubqueryExpr,
  TimeModifiers,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import {
  type Duration,
  durationToMs,
  isNumberNext,
  readNumberLiteral,
  readOffset,
  readPositiveDuration,
} from "./duration-parser.ts";
import { findFunctionSignature } from "./functions/signatures.ts";
import {
  readGroupingLabels,
  readSelectorAfterName,
  readVectorSelector,
} from "./selector-parser.ts";
import { unquoteString } from "./string-literal.ts";
import { aggregators, isMetricName, type Token, type TokenKind } from "./token.ts";
import { type ParserOptions, TokenReader } from "./token-reader.ts";
import { checkTypes } from "./type-check.ts";
import { typeOfExpr } from "./value-type.ts";

export type { ParserOptions } from "./token-reader.ts";

/** Brackets, calls and signs within each other; a bound on our own recursion. */
const nestingMax = 500;
/** Operators in one expression; later walks of the tree recurse along such a chain. */
const operatorsMax = 1000;

const precedences: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "</": 3,
  ">/": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 6,
};
const powerPrecedence = 6;

/** Aggregations with a parameter before the vector. */
const parameterAggregators: ReadonlySet<string> = new Set([
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);
const experimentalAggregators: ReadonlySet<string> = new Set(["limitk", "limit_ratio"]);

/** What an operand can begin with, beside numbers and names. */
const operandStarts: ReadonlySet<string> = new Set([
  "(",
  "{",
  "+",
  "-",
  "string",
  "fill",
  "fill_left",
  "fill_right",
]);

/** Words that are functions where a "(" follows. */
const callableKeywords: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "identifier",
  "start",
  "end",
  "step",
  "range",
  "min_of",
  "max_of",
]);

/** The tree of a query. Throws ParseError whose message is Prometheus', position included. */
export function parseExpr(query: string, options: ParserOptions = {}): Expr {
  const reader = new TokenReader(query, options);
  const first = reader.peek();
  if (first.kind === "end of input") {
    reader.fail({ start: 0, end: 0 }, "no expression found in input");
  }
  const expr = new ExpressionParser(reader).readExpr();
  if (!reader.isNext("end of input")) reader.unexpected();
  checkTypes(expr, reader);
  return expr;
}

/** The matchers of a selector alone, as match[] takes it. An empty list is for the caller to refuse. */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const reader = new TokenReader(text, {});
  const selector = readVectorSelector(reader);
  if (!reader.isNext("end of input")) reader.unexpected();
  return selector.matchers;
}

/** What kind of value an expression gives; cost: its depth. */
export function valueTypeOf(expr: Expr): ValueType {
  return typeOfExpr(expr);
}

/** What `offset` and `@` may follow. */
type Modifiable = VectorSelector | MatrixSelector | SubqueryExpr;

class ExpressionParser {
  readonly #reader: TokenReader;
  #nesting = 0;
  #operatorCount = 0;

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  /** An expression of operators that bind at least as tightly as `minPrecedence`. */
  readExpr(minPrecedence = 0): Expr {
    this.#nesting++;
    if (this.#nesting > nestingMax) {
      this.#reader.fail(this.#reader.peek(), `expression is nested deeper than ${nestingMax}`);
    }
    let left = this.#readOperand();
    for (;;) {
      const operator = this.#reader.peek();
      const precedence = precedenceOf(operator.kind);
      if (precedence === undefined || precedence < minPrecedence) break;
      this.#reader.take();
      left = this.#readBinary(left, operator);
    }
    this.#nesting--;
    return left;
  }

  #readBinary(left: Expr, operatorToken: Token): BinaryExpr {
    const reader = this.#reader;
    const operator = operatorToken.kind as BinaryOperator;
    this.#operatorCount++;
    if (this.#operatorCount > operatorsMax) {
      reader.fail(operatorToken, `expression has more than ${operatorsMax} operators`);
    }
    const isBool = reader.takeIf("bool") !== undefined;
    const matching = readMatching(reader);
    const precedence = precedences[operator];
    const right = this.readExpr(operator === "^" ? precedence : precedence + 1);
    const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (hasFill && reader.options.enableBinopFillModifiers !== true) {
      reader.fail(left, "binop fill modifiers are experimental and not enabled");
    }
    return {
      kind: "binary",
      start: left.start,
      end: right.end,
      operator,
      left,
      right,
      isBool,
      matching,
    };
  }

  #readOperand(): Expr {
    const sign = this.#reader.peek();
    if (sign.kind !== "+" && sign.kind !== "-") return this.#readModifiers(this.#readPrimary());
    this.#reader.take();
    const operand = this.readExpr(powerPrecedence);
    if (operand.kind === "number") {
      const value = sign.kind === "-" ? -operand.value : operand.value;
      return { ...operand, value, start: sign.start };
    }
    return {
      kind: "unary",
      operator: sign.kind,
      expr: operand,
      start: sign.start,
      end: operand.end,
    };
  }

  #readPrimary(): Expr {
    const reader = this.#reader;
    const token = reader.peek();
    if (isNumberNext(reader)) return readNumberLiteral(reader);
    if (token.kind === "string") {
      reader.take();
      const { start, end } = token;
      return { kind: "string", value: unquoteString(token.text), start, end };
    }
    if (token.kind === "(") return this.#readParenthesized();
    if (!isMetricName(token.kind)) return readVectorSelector(reader);
    reader.take();
    const next = reader.peek().kind;
    if (aggregators.has(token.kind) && (next === "(" || next === "by" || next === "without")) {
      return this.#readAggregate(token);
    }
    if (next === "(" && callableKeywords.has(token.kind)) return this.#readCall(token);
    return readSelectorAfterName(reader, token);
  }

  #readParenthesized(): Expr {
    const open = this.#reader.take();
    const expr = this.readExpr();
    const close = this.#reader.expect(")");
    return { kind: "paren", expr, start: open.start, end: close.end };
  }

  #readCall(name: Token): Expr {
    const args = this.#readArguments();
    const signature = findFunctionSignature(name.text);
    if (signature === undefined) {
      return this.#reader.fail(name, `unknown function with name "${name.text}"`);
    }
    if (signature.isExperimental && this.#reader.options.enableExperimentalFunctions !== true) {
      this.#reader.fail(name, `function "${name.text}" is not enabled`);
    }
    const end = this.#reader.previousEnd;
    return { kind: "call", functionName: name.text, args, start: name.start, end };
  }

  #readArguments(): Expr[] {
    const reader = this.#reader;
    const args: Expr[] = [];
    reader.expect("(");
    if (reader.takeIf(")") !== undefined) return args;
    for (;;) {
      args.push(this.readExpr());
      const comma = reader.takeIf(",");
      if (comma === undefined) break;
      if (!canBeginExpression(reader.peek().kind)) {
        reader.fail(comma, "trailing commas not allowed in function call args");
      }
    }
    reader.expect(")");
    return args;
  }

  #readAggregate(operator: Token): AggregateExpr {
    const reader = this.#reader;
    reader.aggregationDepth++;
    let modifier = readAggregateModifier(reader);
    const args = this.#readArguments();
    modifier ??= readAggregateModifier(reader);
    reader.aggregationDepth--;
    return this.#buildAggregate(operator, args, {
      grouping: modifier?.grouping ?? [],
      isWithout: modifier?.isWithout ?? false,
    });
  }

  #buildAggregate(
    token: Token,
    args: readonly Expr[],
    modifier: Pick<AggregateExpr, "grouping" | "isWithout">,
  ): AggregateExpr {
    const reader = this.#reader;
    const operator = token.kind as AggregateOperator;
    const range = { start: token.start, end: reader.previousEnd };
    if (args.length === 0) reader.fail(range, "no arguments for aggregate expression provided");
    const isExperimental = experimentalAggregators.has(operator);
    if (isExperimental && reader.options.enableExperimentalFunctions !== true) {
      reader.fail(
        range,
        `${operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
      );
    }
    const wanted = parameterAggregators.has(operator) ? 2 : 1;
    const expr = args[wanted - 1];
    if (args.length !== wanted || expr === undefined) {
      return reader.fail(
        range,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const [param] = args;
    const withParam = wanted === 2 && param !== undefined ? { param } : {};
    return { kind: "aggregate", operator, expr, ...withParam, ...modifier, ...range };
  }

  /** Ranges, offsets and the like behind an operand; they bind tighter than any operator. */
  #readModifiers(operand: Expr): Expr {
    const reader = this.#reader;
    let expr = operand;
    for (;;) {
      const token = reader.peek();
      switch (token.kind) {
        case "[":
          expr = readBrackets(reader, expr);
          break;
        case "offset":
          expr = readOffsetModifier(reader, expr);
          break;
        case "@":
          expr = readAtModifier(reader, expr);
          break;
        case "anchored":
        case "smoothed":
          reader.take();
          expr = extendSelector(reader, expr, token.kind);
          break;
        default:
          return expr;
      }
    }
  }
}

function precedenceOf(kind: TokenKind): number | undefined {
  return Object.hasOwn(precedences, kind) ? precedences[kind as BinaryOperator] : undefined;
}

function canBeginExpression(kind: TokenKind): boolean {
  if (["number", "duration", "string", "(", "+", "-", "{"].includes(kind)) return true;
  return isMetricName(kind);
}

function readAggregateModifier(
  reader: TokenReader,
): Pick<AggregateExpr, "grouping" | "isWithout"> | undefined {
  const { kind } = reader.peek();
  if (kind !== "by" && kind !== "without") return undefined;
  reader.take();
  return { grouping: readGroupingLabels(reader), isWithout: kind === "without" };
}

function readMatching(reader: TokenReader): VectorMatching {
  const modifier = reader.peek().kind;
  let matching: VectorMatching = {
    cardinality: "one-to-one",
    labels: [],
    isOn: modifier === "on",
    include: [],
  };
  if (modifier === "on" || modifier === "ignoring") {
    reader.take();
    matching = { ...matching, labels: readGroupingLabels(reader) };
    const group = reader.takeIf("group_left") ?? reader.takeIf("group_right");
    if (group !== undefined) {
      // Where no operand can begin, Prometheus says what is missing of the labels.
      const hasLabels = reader.isNext("(") || !canBeginOperand(reader);
      const include = hasLabels ? readGroupingLabels(reader) : [];
      const cardinality = group.kind === "group_left" ? "many-to-one" : "one-to-many";
      matching = { ...matching, cardinality, include };
    }
  }
  return readFill(reader, matching);
}

/** Whether an operand, or the fill modifiers before it, can begin at the next token. */
function canBeginOperand(reader: TokenReader): boolean {
  const { kind } = reader.peek();
  return operandStarts.has(kind) || isNumberNext(reader) || isMetricName(kind);
}

function readFill(reader: TokenReader, matching: VectorMatching): VectorMatching {
  if (reader.takeIf("fill") !== undefined) {
    const value = readFillValue(reader);
    return { ...matching, fillLeft: value, fillRight: value };
  }
  if (reader.takeIf("fill_left") !== undefined) {
    const fillLeft = readFillValue(reader);
    if (reader.takeIf("fill_right") === undefined) return { ...matching, fillLeft };
    return { ...matching, fillLeft, fillRight: readFillValue(reader) };
  }
  if (reader.takeIf("fill_right") !== undefined) {
    const fillRight = readFillValue(reader);
    if (reader.takeIf("fill_left") === undefined) return { ...matching, fillRight };
    return { ...matching, fillLeft: readFillValue(reader), fillRight };
  }
  return matching;
}

function readFillValue(reader: TokenReader): number {
  reader.expect("(");
  const sign = reader.takeIf("-") ?? reader.takeIf("+");
  if (!isNumberNext(reader)) reader.unexpected();
  const { value } = readNumberLiteral(reader);
  reader.expect(")");
  return sign?.kind === "-" ? -value : value;
}

function readBrackets(reader: TokenReader, expr: Expr): Expr {
  const open = reader.take();
  const range = readPositiveDuration(
    reader,
    "subquery or range selector",
    "number, duration, step(), or range()",
  );
  if (reader.takeIf("]") !== undefined) return buildMatrixSelector(reader, { expr, range, open });
  if (reader.takeIf(":") === undefined) reader.unexpected("subquery or range", '":" or "]"');
  let step: Duration | undefined;
  if (!reader.isNext("]")) {
    const expected = 'number, duration, step(), range(), or "]"';
    step = readPositiveDuration(reader, "subquery selector", expected);
  }
  const close = reader.expect("]", "subquery selector", '"]"');
  return {
    kind: "subquery",
    start: expr.start,
    end: close.end,
    expr,
    rangeMs: literalMs(range),
    ...(range.kind === "duration" ? { rangeExpr: range } : {}),
    stepMs: step === undefined ? 0 : literalMs(step),
    ...(step?.kind === "duration" ? { stepExpr: step } : {}),
    offsetMs: 0,
  };
}

/** 0 for an expression: its length is known only when the query runs. */
function literalMs(duration: Duration): number {
  return duration.kind === "number" ? durationToMs(duration.value) : 0;
}

function buildMatrixSelector(
  reader: TokenReader,
  from: { expr: Expr; range: Duration; open: Token },
): MatrixSelector {
  const { expr, range, open } = from;
  const at = { start: open.start, end: reader.previousEnd };
  if (expr.kind !== "vectorSelector") {
    return reader.fail(at, "ranges only allowed for vector selectors");
  }
  if (hasOffset(expr)) reader.fail(at, "no offset modifiers allowed before range");
  if (expr.at !== undefined) reader.fail(at, "no @ modifiers allowed before range");
  return {
    kind: "matrixSelector",
    start: expr.start,
    end: at.end,
    selector: expr,
    rangeMs: literalMs(range),
    ...(range.kind === "duration" ? { rangeExpr: range } : {}),
  };
}

function hasOffset(modifiers: TimeModifiers): boolean {
  return modifiers.offsetMs !== 0 || modifiers.offsetExpr !== undefined;
}

function isModifiable(expr: Expr): expr is Modifiable {
  return ["vectorSelector", "matrixSelector", "subquery"].includes(expr.kind);
}

/** A copy with modifiers added, ending where the token taken last ends. */
function withModifiers(
  reader: TokenReader,
  expr: Modifiable,
  modifiers: Partial<TimeModifiers>,
): Modifiable {
  const end = reader.previousEnd;
  return expr.kind === "matrixSelector"
    ? { ...expr, end, selector: { ...expr.selector, ...modifiers } }
    : { ...expr, end, ...modifiers };
}

function modifiersOf(expr: Modifiable): TimeModifiers {
  return expr.kind === "matrixSelector" ? expr.selector : expr;
}

function readOffsetModifier(reader: TokenReader, expr: Expr): Expr {
  reader.take();
  const offset = readOffset(reader);
  if (!isModifiable(expr)) {
    return reader.fail(
      expr,
      "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
  }
  if (hasOffset(modifiersOf(expr))) reader.fail(expr, "offset may not be set multiple times");
  const modifier =
    offset.kind === "duration" ? { offsetExpr: offset } : { offsetMs: literalMs(offset) };
  return withModifiers(reader, expr, modifier);
}

function readAtModifier(reader: TokenReader, expr: Expr): Expr {
  reader.take();
  const at = readAtTarget(reader, expr);
  if (!isModifiable(expr)) {
    return reader.fail(
      expr,
      "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
  }
  if (modifiersOf(expr).at !== undefined) {
    reader.fail(expr, "@ <timestamp> may not be set multiple times");
  }
  return withModifiers(reader, expr, { at });
}

function readAtTarget(reader: TokenReader, expr: Expr): AtModifier {
  const preprocessor = reader.takeIf("start") ?? reader.takeIf("end");
  if (preprocessor !== undefined) {
    reader.expect("(", "@", "timestamp");
    reader.expect(")", "@", "timestamp");
    return { kind: preprocessor.kind === "start" ? "start" : "end" };
  }
  const sign = reader.takeIf("-") ?? reader.takeIf("+");
  if (!isNumberNext(reader)) reader.unexpected("@", "timestamp");
  const { value } = readNumberLiteral(reader);
  const seconds = sign?.kind === "-" ? -value : value;
  if (!(Math.abs(seconds) < 2 ** 63)) {
    reader.fail(expr, `timestamp out of bounds for @ modifier: ${formatSixDecimals(seconds)}`);
  }
  const timestampMs = roundHalfAway(seconds * 1000);
  // Beyond 64 bits all become the earliest time, in Go on amd64.
  return {
    kind: "timestamp",
    timestampMs: Math.abs(timestampMs) < 2 ** 63 ? timestampMs : -(2 ** 63),
  };
}

/** Go's math.Round: halves away from zero. */
function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

/** Go's %f. */
function formatSixDecimals(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function extendSelector(reader: TokenReader, expr: Expr, extension: "anchored" | "smoothed"): Expr {
  if (reader.options.enableExtendedRangeSelectors !== true) {
    reader.fail(expr, `${extension} modifier is experimental and not enabled`);
  }
  if (expr.kind === "subquery") {
    reader.fail(expr, `${extension} modifier is not supported for subqueries`);
  }
  if (expr.kind !== "vectorSelector" && expr.kind !== "matrixSelector") {
    return reader.fail(expr, `${extension} modifier not implemented`);
  }
  const selector = expr.kind === "matrixSelector" ? expr.selector : expr;
  if (selector.extension !== undefined && selector.extension !== extension) {
    reader.fail(expr, "anchored and smoothed modifiers cannot be used together");
  }
  return expr.kind === "matrixSelector"
    ? { ...expr, selector: { ...expr.selector, extension } }
    : { ...expr, extension };
}
