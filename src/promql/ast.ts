/**
 * The PromQL syntax tree. Nodes are plain objects with a `kind`; `start`/`end` are byte offsets of the
 * node's text in the query, end exclusive, as Prometheus' positions. A tree is not changed after
 * parsing. Browser-safe.
 */

import type { Matcher } from "../model/matcher.ts";

/** Offsets into the query, end exclusive. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/** What an expression evaluates to. */
export type ValueType = "scalar" | "vector" | "matrix" | "string" | "none";

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | ParenExpr
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | CallExpr
  | DurationExpr;

export interface NumberLiteral extends PositionRange {
  readonly kind: "number";
  readonly value: number;
  /** Written as a duration (`5m`): the printer keeps that spelling. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends PositionRange {
  readonly kind: "string";
  readonly value: string;
}

/** `@ 123`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: "timestamp"; readonly timestampMs: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** Modifiers that vector selectors and subqueries share. */
export interface TimeModifiers {
  /** As written, ms, negative for a negative offset; 0 where none. */
  readonly offsetMs: number;
  /** The offset where it is a duration expression (experimental); then `offsetMs` is 0. */
  readonly offsetExpr?: DurationExpr | NumberLiteral;
  readonly at?: AtModifier;
}

export interface VectorSelector extends PositionRange, TimeModifiers {
  readonly kind: "vectorSelector";
  /** The name before the braces, "" where it is only in matchers. */
  readonly name: string;
  /** All matchers, that of the name included, in the order written (the name's last, as Prometheus does). */
  readonly matchers: readonly Matcher[];
  /** Extended range selectors (experimental). */
  readonly extension?: "anchored" | "smoothed";
}

export interface MatrixSelector extends PositionRange {
  readonly kind: "matrixSelector";
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  /** The range where it is a duration expression; then `rangeMs` is 0. */
  readonly rangeExpr?: DurationExpr | NumberLiteral;
}

export interface SubqueryExpr extends PositionRange, TimeModifiers {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr | NumberLiteral;
  /** 0 means the engine's default step. */
  readonly stepMs: number;
  readonly stepExpr?: DurationExpr | NumberLiteral;
}

export interface ParenExpr extends PositionRange {
  readonly kind: "paren";
  readonly expr: Expr;
}

export interface UnaryExpr extends PositionRange {
  readonly kind: "unary";
  readonly operator: "+" | "-";
  readonly expr: Expr;
}

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "^"
  | "atan2"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or"
  | "unless"
  | "</"
  | ">/";

/** How the two sides of a binary operation on vectors find each other. */
export interface VectorMatching {
  readonly cardinality: "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";
  /** Labels of on(...) or ignoring(...). */
  readonly labels: readonly string[];
  /** true: on(labels); false: ignoring(labels), also where nothing was written. */
  readonly isOn: boolean;
  /** Labels of group_left(...) or group_right(...). */
  readonly include: readonly string[];
  /** `fill` modifiers (experimental): values for the missing side. */
  readonly fillLeft?: number;
  readonly fillRight?: number;
}

export interface BinaryExpr extends PositionRange {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  /** Comparison gives 0 or 1 instead of filtering. */
  readonly isBool: boolean;
  /** Present where both sides are vectors. */
  readonly matching?: VectorMatching;
}

export type AggregateOperator =
  | "sum"
  | "avg"
  | "count"
  | "min"
  | "max"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "quantile"
  | "count_values"
  | "limitk"
  | "limit_ratio";

export interface AggregateExpr extends PositionRange {
  readonly kind: "aggregate";
  readonly operator: AggregateOperator;
  readonly expr: Expr;
  /** The parameter of topk, bottomk, quantile, count_values, limitk and limit_ratio. */
  readonly param?: Expr;
  readonly grouping: readonly string[];
  /** without(grouping) instead of by(grouping). */
  readonly isWithout: boolean;
}

export interface CallExpr extends PositionRange {
  readonly kind: "call";
  /** A name of functions/signatures.ts. */
  readonly functionName: string;
  readonly args: readonly Expr[];
}

/**
 * Arithmetic inside a duration (`[5m + step()]`). `right` alone for a sign: "-", and "+"
 * around a number in brackets; neither side for step() and range(). Numbers are seconds.
 */
export interface DurationExpr extends PositionRange {
  readonly kind: "duration";
  readonly operator: "+" | "-" | "*" | "/" | "%" | "^" | "step" | "range" | "min" | "max";
  readonly left?: DurationExpr | NumberLiteral;
  readonly right?: DurationExpr | NumberLiteral;
  readonly isWrapped: boolean;
}
