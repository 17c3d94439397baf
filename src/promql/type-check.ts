/**
 * Checks the types in a fresh tree and settles how vectors match: set operations become many-to-many,
 * and `matching` goes where a side is no vector. Runs once, inside parseExpr: nobody else changes a
 * tree. Errors come in Prometheus' order. O(nodes). Browser-safe.
 */

import { metricNameLabel, quoteString } from "../model/labels.ts";
import type {
  AggregateExpr,
  BinaryExpr,
  CallExpr,
  Expr,
  PositionRange,
  ValueType,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { type FunctionSignature, findFunctionSignature } from "./functions/signatures.ts";
import type { TokenReader } from "./token-reader.ts";
import { documentedType, typeOfExpr } from "./value-type.ts";

const comparisonOperators: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const setOperators: ReadonlySet<string> = new Set(["and", "or", "unless"]);

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Throws ParseError at the first thing of the wrong type; changes `matching` in place. */
export function checkTypes(expr: Expr, reader: TokenReader): void {
  new TypeChecker(reader).check(expr);
}

class TypeChecker {
  readonly #reader: TokenReader;
  /** Second arguments of info(): label selectors that may be empty. */
  readonly #labelSelectors = new Set<Expr>();

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case "aggregate":
        return this.#checkAggregate(expr);
      case "binary":
        return this.#checkBinary(expr);
      case "call":
        return this.#checkCall(expr);
      case "paren":
        return this.check(expr.expr);
      case "unary":
        return this.#checkUnary(expr, expr.expr);
      case "subquery":
        this.#checkSubquery(expr, expr.expr);
        return "matrix";
      case "matrixSelector":
        this.#checkSelector(expr.selector);
        return "matrix";
      case "vectorSelector":
        this.#checkSelector(expr);
        return "vector";
      default:
        return typeOfExpr(expr);
    }
  }

  #checkUnary(at: PositionRange, operand: Expr): ValueType {
    const type = this.check(operand);
    if (type !== "scalar" && type !== "vector") {
      this.#fail(
        at,
        `unary expression only allowed on expressions of type scalar or instant vector, got "${documentedType(type)}"`,
      );
    }
    return type;
  }

  #checkSubquery(at: PositionRange, inner: Expr): void {
    const type = this.check(inner);
    if (type === "vector") return;
    this.#fail(at, `subquery is only allowed on instant vector, got ${type} instead`);
  }

  #checkAggregate(expr: AggregateExpr): ValueType {
    this.#expectType(expr.expr, "vector", "aggregation expression");
    if (expr.param !== undefined) {
      const wanted = expr.operator === "count_values" ? "string" : "scalar";
      this.#expectType(expr.param, wanted, "aggregation parameter");
    }
    return "vector";
  }

  #expectType(expr: Expr, wanted: ValueType, context: string): void {
    const type = this.check(expr);
    if (type === wanted) return;
    this.#fail(
      expr,
      `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`,
    );
  }

  #checkBinary(expr: BinaryExpr): ValueType {
    const left = this.check(expr.left);
    const right = this.check(expr.right);
    const isComparison = comparisonOperators.has(expr.operator);
    const areScalars = left === "scalar" && right === "scalar";
    if (expr.isBool && !isComparison) {
      this.#failAtOperator(expr, "bool modifier can only be used on comparison operators");
    }
    if (isComparison && !expr.isBool && areScalars) {
      this.#failAtOperator(expr, "comparisons between scalars must use BOOL modifier");
    }
    this.#checkGroupLabels(expr);
    for (const [side, type] of [[expr.left, left] as const, [expr.right, right] as const]) {
      if (type === "scalar" || type === "vector") continue;
      this.#fail(side, "binary expression must contain only scalar and instant vector types");
    }
    if (left === "vector" && right === "vector") this.#checkVectorMatching(expr);
    else this.#dropMatching(expr);
    return areScalars ? "scalar" : "vector";
  }

  #checkGroupLabels(expr: BinaryExpr): void {
    const { matching } = expr;
    if (matching?.isOn !== true) return;
    const label = matching.labels.find((name) => matching.include.includes(name));
    if (label === undefined) return;
    const reason = `label ${quoteString(label)} must not occur in ON and GROUP clause at once`;
    this.#failAtOperator(expr, reason);
  }

  #checkVectorMatching(expr: BinaryExpr): void {
    const { matching, operator } = expr;
    if (matching === undefined || !setOperators.has(operator)) return;
    if (matching.cardinality !== "one-to-one") {
      this.#fail(expr, `no grouping allowed for "${operator}" operation`);
    }
    if (hasFill(matching)) {
      this.#fail(expr, "filling in missing series not allowed for set operators");
    }
    (expr as Mutable<BinaryExpr>).matching = { ...matching, cardinality: "many-to-many" };
  }

  #dropMatching(expr: BinaryExpr): void {
    const { matching, operator } = expr;
    if (matching !== undefined) {
      if (matching.labels.length > 0) {
        this.#fail(expr, "vector matching only allowed between instant vectors");
      }
      if (hasFill(matching)) {
        this.#fail(expr, "filling in missing series only allowed between instant vectors");
      }
    }
    if (setOperators.has(operator)) {
      this.#fail(expr, `set operator "${operator}" not allowed in binary scalar expression`);
    }
    delete (expr as Mutable<BinaryExpr>).matching;
  }

  #checkCall(expr: CallExpr): ValueType {
    const signature = findFunctionSignature(expr.functionName);
    if (signature === undefined) {
      return this.#fail(expr, `unknown function with name "${expr.functionName}"`);
    }
    this.#checkArgumentCount(expr, signature);
    if (expr.functionName === "info") this.#checkInfoArguments(expr);
    const context = `call to function "${expr.functionName}"`;
    const { argTypes } = signature;
    for (const [index, arg] of expr.args.entries()) {
      const wanted = argTypes[Math.min(index, argTypes.length - 1)];
      if (wanted !== undefined) this.#expectType(arg, wanted, context);
    }
    return signature.returnType;
  }

  #checkArgumentCount(expr: CallExpr, signature: FunctionSignature): void {
    const { argTypes, variadic } = signature;
    const given = expr.args.length;
    const least = variadic === 0 ? argTypes.length : argTypes.length - 1;
    const most = variadic < 0 ? Number.POSITIVE_INFINITY : least + variadic;
    if (given >= least && given <= most) return;
    const [bound, count] = given < least ? ["at least ", least] : ["at most ", most];
    const wanted = variadic === 0 ? argTypes.length : `${bound}${count}`;
    this.#fail(
      expr,
      `expected ${wanted} argument(s) in call to "${expr.functionName}", got ${given}`,
    );
  }

  #checkInfoArguments(expr: CallExpr): void {
    const labelSelector = expr.args[1];
    if (labelSelector === undefined) return;
    const type = typeOfExpr(labelSelector);
    if (type !== "vector") {
      const wanted = 'expected type instant vector in call to function "info"';
      this.#fail(expr, `${wanted}, got ${documentedType(type)}`);
    }
    if (labelSelector.kind !== "vectorSelector") {
      this.#fail(labelSelector, "expected label selectors only");
    } else if (labelSelector.name !== "") {
      this.#fail(labelSelector, "expected label selectors only, got vector selector instead");
    }
    this.#labelSelectors.add(labelSelector);
  }

  #checkSelector(selector: VectorSelector): void {
    const { matchers, name } = selector;
    if (name === "") {
      if (this.#labelSelectors.has(selector)) return;
      if (matchers.some((matcher) => !matcher.matches(""))) return;
      this.#fail(selector, "vector selector must contain at least one non-empty matcher");
    }
    // The last matcher is that of the name before the braces.
    const other = matchers.slice(0, -1).find((matcher) => matcher.name === metricNameLabel);
    if (other === undefined) return;
    const names = `${quoteString(name)} or ${quoteString(other.value)}`;
    this.#fail(selector, `metric name must not be set twice: ${names}`);
  }

  #failAtOperator(expr: BinaryExpr, reason: string): never {
    const bytes = new TextEncoder().encode(this.#reader.input);
    let { end: start } = expr.left;
    while (start < bytes.length && " \t\n\r".includes(String.fromCharCode(bytes[start] ?? 0))) {
      start++;
    }
    return this.#fail({ start, end: expr.right.start }, reason);
  }

  #fail(at: PositionRange, reason: string): never {
    this.#reader.fail(at, reason);
  }
}

function hasFill(matching: VectorMatching): boolean {
  return matching.fillLeft !== undefined || matching.fillRight !== undefined;
}
