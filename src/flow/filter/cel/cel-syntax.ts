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
/** What may begin an expression, as cel-go's grammar lists it in its errors, in places of its own. */
const literalStart =
  "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const expressionStart = `{'[', '{', '(', '.', '-', '!', ${literalStart}`;
const argumentStart = `{'[', '{', '(', ')', '.', '-', '!', ${literalStart}`;
const indexStart = `{'[', '{', '(', '.', '-', '!', '?', ${literalStart}`;
const listStart = `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${literalStart}`;
const mapStart = `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${literalStart}`;
/** Words that are no names. */
const keywords: ReadonlySet<string> = new Set(["in", "true", "false", "null"]);

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

/** The text of the above. Columns count characters; wide dots stand under those beyond ASCII. */
export function celErrorText(text: string, at: number, why: string): string {
  if (text === "") return `ERROR: <input>:1:0: ${why}`;
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = text.slice(lineStart).split("\n", 1)[0] as string;
  const passed = [...before.slice(lineStart)];
  const isWide = (char: string | undefined) => char !== undefined && char > "\u007f";
  const dots = passed.map((char) => (isWide(char) ? "\uff0e" : ".")).join("");
  const caret = isWide(line[at - lineStart]) ? "\uff3e" : "^";
  const place = `${before.split("\n").length}:${passed.length + 1}`;
  return `ERROR: <input>:${place}: ${why}\n | ${line.replaceAll("\t", " ")}\n | ${dots}${caret}`;
}

/** Something wrong at an offset. */
interface Fault {
  readonly at: number;
  readonly why: string;
}

/**
 * Goes on after what one token too many or too few explains, as cel-go's parser does; what is wrong
 * beyond that ends the parsing.
 */
class CelParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #faults: Fault[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    const { tokens, faults } = tokenize(text);
    this.#tokens = tokens;
    this.#faults = faults;
  }

  parse(): CelNode {
    const node = this.#expression();
    const next = this.#peek();
    if (next.kind !== "end") {
      const isLast = this.#tokens[this.#index + 1]?.kind === "end";
      const word = isLast ? "extraneous" : "mismatched";
      throw this.#error(next, `${word} input '${next.text}' expecting <EOF>`);
    }
    if (this.#faults.length > 0) throw this.#failure();
    return node;
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
      this.#want(":", "':'");
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
        const name = this.#field();
        const open = this.#peek();
        node = this.#skip("(")
          ? { kind: "call", at: open.at, name: name.text, target: node, args: this.#list(")") }
          : { kind: "select", at: token.at, of: node, field: name.text };
      } else if (this.#skip("[")) {
        const index = this.#first(indexStart);
        this.#close("]");
        node = call("_[_]", token.at, [node, index]);
      } else return node;
    }
  }

  /** A name after a dot. */
  #field(): Token {
    const token = this.#take();
    if (token.kind === "name" && !keywords.has(token.text)) return token;
    throw this.#error(token, `no viable alternative at input '.${token.text}'`);
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
    if (text === "in") return this.#unexpected(token);
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
        this.#close(")");
        return node;
      }
      if (token.text === "[") return { kind: "list", at, items: this.#list("]") };
      if (token.text === "{") return { kind: "map", at, entries: this.#entries() };
      // A leading dot means the root of all names: the container is not looked at.
      if (token.text === ".") return this.#named({ ...this.#field(), at });
    }
    return this.#unexpected(token);
  }

  /** A token that begins no expression is one too many where the next one does. */
  #unexpected(token: Token): CelNode {
    const isOneTooMany = token.kind !== "end" && mayBegin(this.#peek());
    const isAfterNot = token.kind === "end" && this.#tokens[this.#index - 1]?.text === "!";
    const word = isOneTooMany || isAfterNot ? "extraneous" : "mismatched";
    const why = `${word} input '${shown(token)}' expecting ${expressionStart}`;
    if (!isOneTooMany) throw this.#error(token, why);
    this.#faults.push({ at: token.at, why: `Syntax error: ${why}` });
    return this.#primary();
  }

  /** The first expression within brackets, where the end of the text has words of its own. */
  #first(start: string): CelNode {
    const token = this.#peek();
    if (token.kind !== "end") return this.#expression();
    throw this.#error(token, `mismatched input '<EOF>' expecting ${start}`);
  }

  #list(close: ")" | "]"): CelNode[] {
    const items: CelNode[] = [];
    if (this.#skip(close)) return items;
    items.push(this.#first(close === ")" ? argumentStart : listStart));
    while (this.#skip(",")) {
      // Lists may end in a comma, arguments may not.
      if (close === "]" && this.#skip(close)) return items;
      items.push(this.#expression());
    }
    if (close === ")") this.#close(close);
    else this.#want(close, "{']', ','}");
    return items;
  }

  #entries(): [CelNode, CelNode][] {
    const entries: [CelNode, CelNode][] = [];
    while (!this.#skip("}")) {
      const key = entries.length === 0 ? this.#first(mapStart) : this.#expression();
      this.#want(":", "':'");
      entries.push([key, this.#expression()]);
      if (!this.#skip(",")) {
        this.#want("}", "{'}', ','}");
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

  #want(symbol: string, wanted: string): void {
    if (this.#skip(symbol)) return;
    const token = this.#peek();
    throw this.#error(token, `mismatched input '${shown(token)}' expecting ${wanted}`);
  }

  /** A bracket that may be missing at the end, told once, or stand behind one token too many. */
  #close(symbol: ")" | "]"): void {
    if (this.#skip(symbol)) return;
    const token = this.#peek();
    const next = this.#tokens[this.#index + 1];
    if (token.kind === "end") {
      const why = `Syntax error: missing '${symbol}' at '<EOF>'`;
      if (this.#faults.at(-1)?.at !== token.at) this.#faults.push({ at: token.at, why });
    } else if (next?.kind === "symbol" && next.text === symbol) {
      const why = `Syntax error: extraneous input '${token.text}' expecting '${symbol}'`;
      this.#faults.push({ at: token.at, why });
      this.#index += 2;
    } else this.#want(symbol, `'${symbol}'`);
  }

  #error(token: Token, why: string): ParseError {
    this.#faults.push({ at: token.at, why: `Syntax error: ${why}` });
    return this.#failure();
  }

  /** All that was found so far, in the order of the text. */
  #failure(): ParseError {
    const sorted = [...this.#faults].sort((x, y) => x.at - y.at);
    const texts = sorted.map(({ at, why }) => celErrorText(this.#text, at, why));
    const at = sorted[0]?.at ?? 0;
    return new ParseError(texts.join("\n"), { input: this.#text, start: at, end: at });
  }
}

/** Whether an expression may begin with the token. */
function mayBegin({ kind, text }: Token): boolean {
  if (kind === "symbol") return "[{(.-!".includes(text);
  return kind !== "end" && text !== "in";
}

function call(name: string, at: number, args: readonly CelNode[]): CelNode {
  return { kind: "call", at, name, target: undefined, args };
}

function shown(token: Token): string {
  return token.kind === "end" ? "<EOF>" : token.text;
}

const escapeSource =
  "\\\\(?:[abfnrtv\\\\?\"'`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})";
const stringSource = `(?:[bB][rR]?|[rR][bB]?)?(?:"""(?:[^\\\\]|\\\\[\\s\\S])*?"""|'''(?:[^\\\\]|\\\\[\\s\\S])*?'''|"(?:[^"\\\\\\n]|${escapeSource})*"|'(?:[^'\\\\\\n]|${escapeSource})*')`;
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

/** An escape up to the character that breaks it. */
const brokenEscapeSource =
  "\\\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?[^]?";
/** What the lexer passes over, as it does: a string up to where it breaks, half an operator with what follows. */
const brokenSource = [
  `"(?:[^"\\\\\\n]|${escapeSource})*(?:${brokenEscapeSource}|\\n|$)`,
  `'(?:[^'\\\\\\n]|${escapeSource})*(?:${brokenEscapeSource}|\\n|$)`,
  "[=&|][^]?",
  "[^]",
].join("|");

function tokenize(text: string): { readonly tokens: Token[]; readonly faults: Fault[] } {
  const pattern = new RegExp(tokenSource, "y");
  const broken = new RegExp(brokenSource, "yu");
  const tokens: Token[] = [];
  const faults: Fault[] = [];
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) {
      broken.lastIndex = at;
      const passed = broken.exec(text)?.[0] ?? (text[at] as string);
      faults.push({ at, why: `Syntax error: token recognition error at: '${passed}'` });
      at += passed.length;
      continue;
    }
    const groups = match.groups ?? {};
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined) as string;
    if (kind !== "space") {
      const isBytes = kind === "string" && /^[rR]?[bB]/.test(match[0]);
      tokens.push({ kind: (isBytes ? "bytes" : kind) as Token["kind"], text: match[0], at });
    }
    at += match[0].length;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return { tokens, faults };
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
