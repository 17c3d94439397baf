/**
 * The Common Expression Language as text: tokens, the tree, and the parser. Offsets are UTF-16 units
 * and stand where cel-go puts them (a select at its dot, a call at its parenthesis, a binary expression
 * at its operator), so that our errors point where the original's do.
 */

import { ParseError } from "../../../base/errors.ts";

/** A node of the tree. */
export type CelNode =
  | {
      readonly kind: "literal";
      readonly at: number;
      readonly type: LiteralType;
      readonly value: LiteralValue;
    }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "select"; readonly at: number; readonly of: CelNode; readonly field: string }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly name: string;
      readonly target: CelNode | undefined;
      readonly args: readonly CelNode[];
    }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly CelNode[] }
  | {
      readonly kind: "map";
      readonly at: number;
      readonly entries: readonly (readonly [CelNode, CelNode])[];
    };

/** Types that literals can have. */
export type LiteralType = "int" | "uint" | "double" | "string" | "bytes" | "bool" | "null";
/** A literal's value; integers as bigint. */
export type LiteralValue = bigint | number | string | boolean | null | Uint8Array;

/** Nesting beyond this is refused, as cel-go does. */
const depthMax = 250;
/** What may begin an expression, as cel-go's grammar lists it in its errors. */
const expressionStart =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

interface Token {
  readonly kind: "name" | "int" | "uint" | "double" | "string" | "bytes" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

/** Operators between two operands, loosest first. */
const binaryLevels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<=", "<", ">=", ">", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];
const reserved: ReadonlySet<string> = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** Parses an expression. Throws ParseError in cel-go's form, with the place under the text. */
export function parseCel(text: string): CelNode {
  return new CelParser(text).parse();
}

/** An error as cel-go prints it: place, reason, the line, a caret. */
export function celError(text: string, at: number, why: string): ParseError {
  return new ParseError(celErrorText(text, at, why), { input: text, start: at, end: at });
}

/** The text of the above. */
export function celErrorText(text: string, at: number, why: string): string {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = text.slice(lineStart).split("\n", 1)[0] as string;
  const column = at - lineStart;
  const place = `${before.split("\n").length}:${column + 1}`;
  return `ERROR: <input>:${place}: ${why}\n | ${line}\n | ${".".repeat(column)}^`;
}

class CelParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): CelNode {
    const node = this.#expression();
    const next = this.#peek();
    if (next.kind === "end") return node;
    const wanted =
      "{<EOF>, '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', '.', '-', '?', '+', '*', '/', '%%'}";
    throw this.#error(next, `mismatched input '${next.text}' expecting ${wanted}`);
  }

  #expression(): CelNode {
    if (++this.#depth > depthMax) {
      throw celError(
        this.#text,
        this.#peek().at,
        `expression recursion limit exceeded: ${depthMax}`,
      );
    }
    const condition = this.#binary(0);
    const question = this.#peek();
    let node = condition;
    if (this.#skip("?")) {
      const yes = this.#binary(0);
      this.#want(":");
      node = call("_?_:_", question.at, [condition, yes, this.#expression()]);
    }
    this.#depth--;
    return node;
  }

  #binary(level: number): CelNode {
    const operators = binaryLevels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#peek();
      const isWord = token.kind === "name" && token.text === "in";
      if ((token.kind !== "symbol" && !isWord) || !operators.includes(token.text)) return left;
      this.#index++;
      const right = this.#binary(level + 1);
      left = call(token.text === "in" ? "@in" : `_${token.text}_`, token.at, [left, right]);
    }
  }

  #unary(): CelNode {
    const first = this.#peek();
    if (first.kind !== "symbol" || (first.text !== "!" && first.text !== "-"))
      return this.#member();
    let count = 0;
    while (this.#skip(first.text)) count++;
    const next = this.#peek();
    if (first.text === "-" && count === 1 && (next.kind === "int" || next.kind === "double")) {
      return this.#negativeLiteral(first.at);
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return call(first.text === "!" ? "!_" : "-_", first.at, [operand]);
  }

  /** A minus before a number is part of it: -9223372036854775808 has no positive. */
  #negativeLiteral(at: number): CelNode {
    const token = this.#take();
    const node = numberLiteral({ ...token, text: `-${token.text}`, at }, this.#text);
    return this.#suffixes(node);
  }

  #member(): CelNode {
    return this.#suffixes(this.#primary());
  }

  #suffixes(start: CelNode): CelNode {
    let node = start;
    for (;;) {
      const token = this.#peek();
      if (this.#skip(".")) {
        const name = this.#take();
        if (name.kind !== "name")
          throw this.#error(name, `no viable alternative at input '.${shown(name)}'`);
        const open = this.#peek();
        node = this.#skip("(")
          ? { kind: "call", at: open.at, name: name.text, target: node, args: this.#list(")") }
          : { kind: "select", at: token.at, of: node, field: name.text };
      } else if (this.#skip("[")) {
        const index = this.#expression();
        this.#want("]");
        node = call("_[_]", token.at, [node, index]);
      } else return node;
    }
  }

  #primary(): CelNode {
    const token = this.#take();
    switch (token.kind) {
      case "int":
      case "uint":
      case "double":
        return numberLiteral(token, this.#text);
      case "string":
      case "bytes":
        return textLiteral(token, this.#text);
      case "name":
        return this.#named(token);
      default:
        return this.#bracketed(token);
    }
  }

  #named(token: Token): CelNode {
    const { text, at } = token;
    if (text === "true" || text === "false") {
      return { kind: "literal", at, type: "bool", value: text === "true" };
    }
    if (text === "null") return { kind: "literal", at, type: "null", value: null };
    if (text === "in")
      throw this.#error(token, `mismatched input 'in' expecting ${expressionStart}`);
    if (reserved.has(text)) throw celError(this.#text, at, `reserved identifier: ${text}`);
    const open = this.#peek();
    if (!this.#skip("(")) return { kind: "name", at, name: text };
    return { kind: "call", at: open.at, name: text, target: undefined, args: this.#list(")") };
  }

  #bracketed(token: Token): CelNode {
    const { at } = token;
    if (token.kind === "symbol") {
      if (token.text === "(") {
        const node = this.#expression();
        this.#want(")");
        return node;
      }
      if (token.text === "[") return { kind: "list", at, items: this.#list("]") };
      if (token.text === "{") return { kind: "map", at, entries: this.#entries() };
      // A leading dot means the root of all names: the container is not looked at.
      if (token.text === ".") return this.#named({ ...this.#take(), at });
    }
    throw this.#error(token, `mismatched input '${shown(token)}' expecting ${expressionStart}`);
  }

  #list(close: string): CelNode[] {
    const items: CelNode[] = [];
    while (!this.#skip(close)) {
      items.push(this.#expression());
      if (!this.#skip(",")) {
        this.#want(close);
        break;
      }
    }
    return items;
  }

  #entries(): [CelNode, CelNode][] {
    const entries: [CelNode, CelNode][] = [];
    while (!this.#skip("}")) {
      const key = this.#expression();
      this.#want(":");
      entries.push([key, this.#expression()]);
      if (!this.#skip(",")) {
        this.#want("}");
        break;
      }
    }
    return entries;
  }

  #peek(): Token {
    return this.#tokens[this.#index] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#index++;
    return token;
  }

  #skip(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#index++;
    return true;
  }

  #want(symbol: string): void {
    if (this.#skip(symbol)) return;
    const token = this.#peek();
    throw this.#error(token, `mismatched input '${shown(token)}' expecting '${symbol}'`);
  }

  #error(token: Token, why: string): ParseError {
    return celError(this.#text, token.at, `Syntax error: ${why}`);
  }
}

function call(name: string, at: number, args: readonly CelNode[]): CelNode {
  return { kind: "call", at, name, target: undefined, args };
}

function shown(token: Token): string {
  return token.kind === "end" ? "<EOF>" : token.text;
}

const stringSource =
  "(?:[bB][rR]?|[rR][bB]?)?(?:\"\"\"(?:[^\\\\]|\\\\[\\s\\S])*?\"\"\"|'''(?:[^\\\\]|\\\\[\\s\\S])*?'''|\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)*')";
const rawStringSource =
  "[rR][bB]?(?:\"[^\"\\n]*\"|'[^'\\n]*')|[bB][rR](?:\"[^\"\\n]*\"|'[^'\\n]*')";
const tokenSource = [
  "(?<space>\\s+|//[^\\n]*)",
  `(?<string>${rawStringSource}|${stringSource})`,
  "(?<double>\\d+\\.\\d+(?:[eE][-+]?\\d+)?|\\d+[eE][-+]?\\d+|\\.\\d+(?:[eE][-+]?\\d+)?)",
  "(?<uint>(?:0x[0-9a-fA-F]+|\\d+)[uU])",
  "(?<int>0x[0-9a-fA-F]+|\\d+)",
  "(?<name>[_a-zA-Z][_a-zA-Z0-9]*)",
  "(?<symbol>\\|\\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()[\\]{}])",
].join("|");

function tokenize(text: string): Token[] {
  const pattern = new RegExp(tokenSource, "y");
  const tokens: Token[] = [];
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      const char = String.fromCodePoint(text.codePointAt(at) as number);
      throw celError(text, at, `Syntax error: token recognition error at: '${char}'`);
    }
    const groups = match.groups ?? {};
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined) as string;
    if (kind === "space") continue;
    const isBytes = kind === "string" && /^[rR]?[bB]/.test(match[0]);
    tokens.push({ kind: (isBytes ? "bytes" : kind) as Token["kind"], text: match[0], at });
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

function numberLiteral(token: Token, input: string): CelNode {
  const { at, kind } = token;
  if (kind === "double") {
    const value = Number(token.text);
    if (!Number.isFinite(value)) throw celError(input, at, "invalid double literal");
    return { kind: "literal", at, type: "double", value };
  }
  const isNegative = token.text.startsWith("-");
  const digits = token.text.replace(/^-|[uU]$/g, "").replace(/[uU]$/, "");
  const magnitude = BigInt(digits);
  const value = isNegative ? -magnitude : magnitude;
  const isUint = kind === "uint";
  const most = isUint ? 0xffffffffffffffffn : 0x7fffffffffffffffn;
  if (value > most || value < -0x8000000000000000n) {
    throw celError(input, at, `invalid ${isUint ? "uint" : "int"} literal`);
  }
  return { kind: "literal", at, type: isUint ? "uint" : "int", value };
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function textLiteral(token: Token, input: string): CelNode {
  const prefix = /^[bBrR]*/.exec(token.text)?.[0] ?? "";
  const quoted = token.text.slice(prefix.length);
  const quoteLength = /^(?:"""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1;
  const inner = quoted.slice(quoteLength, -quoteLength);
  const isRaw = /r/i.test(prefix);
  const text = isRaw ? inner : unescapeText(inner, token, input);
  if (token.kind === "string")
    return { kind: "literal", at: token.at, type: "string", value: text };
  return { kind: "literal", at: token.at, type: "bytes", value: new TextEncoder().encode(text) };
}

function unescapeText(text: string, token: Token, input: string): string {
  const pattern =
    /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;
  return text.replace(pattern, (_, hex, short, long, octal, single) => {
    const digits = (hex ?? short ?? long) as string | undefined;
    if (digits !== undefined) return String.fromCodePoint(Number.parseInt(digits, 16));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal as string, 8));
    const char = single as string;
    if (escapes[char] !== undefined) return escapes[char];
    if ("\\?\"'`".includes(char)) return char;
    throw celError(input, token.at, "Syntax error: unable to unescape string");
  });
}
