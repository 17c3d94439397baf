/**
 * Random PromQL for fuzzing: well-formed by the grammar (not by types), and mutations of bytes of
 * such texts. Deterministic: the same seed gives the same texts.
 */

import { seededRandom } from "../../base/seeded-random.ts";
import { functionSignatures } from "../functions/signatures.ts";
import { aggregators } from "../token.ts";

const names = ["up", "x_total", "a:b", "le", "by", "sum", "inf", "nan", "größe", "{'a b'}"];
const matchers = [
  'job="a"',
  "job!='b'",
  'job=~"a.*|b"',
  'job!~"(a|b)+"',
  '__name__=~".+"',
  "'a b'=`c`",
  'le="0.1"',
  "",
];
const durations = [
  "5m",
  "1h30m",
  "1ms",
  "0s",
  "300",
  "1y",
  "-5m",
  "5m+1m",
  "step()",
  "max_of(1m,5)",
];
const numbers = ["0", "1", "-1.5", "1e308", "0x1F", "Inf", "NaN", "1_000", ".5", "5m", "1e999"];
const operators = ["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "</", ">/"];
const setOperators = ["and", "or", "unless", "atan2"];
const matchings = [
  "",
  " on(job)",
  " ignoring(le)",
  " on() group_left(x)",
  " bool",
  " group_right()",
];
const suffixes = [
  "",
  " offset 5m",
  " offset -1m",
  " @ 0",
  " @ start()",
  " @ end() offset 1m",
  " smoothed",
];
/** Bytes that the lexer treats in ways of their own. */
const oddPieces = [
  "\0",
  "\\",
  '"',
  "`",
  "'",
  "#",
  "\n",
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  "😀",
  "\u2028",
  "\ud800",
  "@",
  "=~",
  ":",
  "\\xff",
  "\\u12",
];

/** Makes texts of one seed. */
export class QueryGenerator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  /** An expression at most `depth` deep. */
  expression(depth: number): string {
    if (depth <= 0) return this.#leaf();
    const inner = () => this.expression(depth - 1 - this.below(2));
    switch (this.below(8)) {
      case 0:
        return `${this.#pick([...aggregators])}${this.#pick([" ", " by (job) ", " without (le) "])}(${this.#arguments(inner)})`;
      case 1:
        return `${this.#pick(functionNames)}(${this.#arguments(inner)})`;
      case 2:
        return `${inner()} ${this.#pick(operators)}${this.#pick(matchings)} ${inner()}`;
      case 3:
        return `${inner()} ${this.#pick(setOperators)}${this.#pick(matchings)} ${inner()}`;
      case 4:
        return `(${inner()})${this.#pick(suffixes)}`;
      case 5:
        return `${inner()}[${this.#pick(durations)}:${this.#pick(["", ...durations])}]${this.#pick(suffixes)}`;
      case 6:
        return `-${inner()}`;
      default:
        return this.#leaf();
    }
  }

  /** `text` with a few pieces removed, doubled, swapped or put in. */
  mutate(text: string): string {
    let mutated = text;
    for (let rounds = 1 + this.below(4); rounds > 0; rounds--) {
      const at = this.below(mutated.length + 1);
      const to = Math.min(mutated.length, at + 1 + this.below(4));
      const middle = [
        "",
        mutated.slice(at, to).repeat(2),
        this.#pick(oddPieces),
        String.fromCharCode(this.below(0x300)),
      ][this.below(4)];
      mutated = mutated.slice(0, at) + middle + mutated.slice(to);
    }
    return mutated;
  }

  #arguments(inner: () => string): string {
    return Array.from({ length: this.below(4) }, inner).join(", ");
  }

  #leaf(): string {
    switch (this.below(4)) {
      case 0:
        return this.#pick(numbers);
      case 1:
        return this.#pick(['"text"', "'a\\nb'", "`raw`"]);
      case 2:
        return `${this.#selector()}[${this.#pick(durations)}]${this.#pick(suffixes)}`;
      default:
        return `${this.#selector()}${this.#pick(suffixes)}`;
    }
  }

  #selector(): string {
    const list = Array.from({ length: this.below(3) }, () => this.#pick(matchers)).join(",");
    return `${this.#pick(names)}${this.below(2) === 0 ? "" : `{${list}}`}`;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const functionNames: readonly string[] = Object.keys(functionSignatures);
