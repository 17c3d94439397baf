/**
 * What the parts of the parser share: the lexer with one token of lookahead, taken only when asked
 * for (an error in what is read must come before an error in what follows), the options, and how
 * deep in aggregations we are, since Prometheus names that in its messages. Browser-safe.
 */

import type { PositionRange } from "./ast.ts";
import { Lexer, parseErrorAt } from "./lexer.ts";
import { describeToken, type Token, type TokenKind } from "./token.ts";

/** Parts of the language that Prometheus puts, or put, behind feature flags. */
export interface ParserOptions {
  /** Functions and aggregations marked experimental (promql-experimental-functions). Default: false. */
  readonly enableExperimentalFunctions?: boolean;
  /** Arithmetic in durations, on since Prometheus 3.14. Default: true. */
  readonly enableDurationExpressions?: boolean;
  /** `anchored` and `smoothed` (promql-extended-range-selectors). Default: false. */
  readonly enableExtendedRangeSelectors?: boolean;
  /** `fill`, `fill_left`, `fill_right` (promql-binop-fill-modifiers). Default: false. */
  readonly enableBinopFillModifiers?: boolean;
}

/** Tokens of one query for the parser. */
export class TokenReader {
  readonly input: string;
  readonly options: ParserOptions;
  /** How many aggregations enclose the place being read. */
  aggregationDepth = 0;
  readonly #lexer: Lexer;
  #lookahead: Token | undefined;
  #previousEnd = 0;

  constructor(input: string, options: ParserOptions) {
    this.input = input;
    this.options = options;
    this.#lexer = new Lexer(input);
  }

  /** End of the token taken last, as a byte offset. */
  get previousEnd(): number {
    return this.#previousEnd;
  }

  peek(): Token {
    this.#lookahead ??= this.#lexer.next();
    return this.#lookahead;
  }

  take(): Token {
    const token = this.peek();
    this.#lookahead = undefined;
    this.#previousEnd = token.end;
    return token;
  }

  isNext(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  /** Takes the next token where it is of this kind. */
  takeIf(kind: TokenKind): Token | undefined {
    return this.isNext(kind) ? this.take() : undefined;
  }

  /** Takes a token of this kind; `context` and `expected` make the message where it is another. */
  expect(kind: TokenKind, context?: string, expected?: string): Token {
    return this.takeIf(kind) ?? this.unexpected(context, expected);
  }

  /** Refuses the next token. Without a context it is that of the aggregation around, if any. */
  unexpected(context?: string, expected?: string): never {
    const token = this.peek();
    const where = context ?? (this.aggregationDepth > 0 ? "aggregation" : "");
    let message = `unexpected ${describeToken(token)}`;
    if (where !== "") message += ` in ${where}`;
    if (expected !== undefined) message += `, expected ${expected}`;
    this.fail(token, message);
  }

  /** Refuses what stands at `at`. */
  fail(at: PositionRange, message: string): never {
    throw parseErrorAt(this.input, at.start, message, at.end);
  }
}
