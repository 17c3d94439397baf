/**
 * A reader of JSON tokens that refuses what Go's protobuf JSON reader refuses, in its words and with
 * its positions (line and column, 1-based, columns in code points). Slower than JSON.parse: it is for
 * short texts that people write (filters), and for saying what is wrong with a line that failed.
 */

import { ParseError } from "../../base/errors.ts";

/** What a token is; "end" = nothing follows. */
export type TokenKind =
  | "null"
  | "bool"
  | "number"
  | "string"
  | "name"
  | "{"
  | "}"
  | "["
  | "]"
  | ","
  | "end";

/** One token: `raw` as written, `value` for strings and names unescaped. */
export interface JsonToken {
  readonly kind: TokenKind;
  readonly at: number;
  readonly raw: string;
  readonly value: string;
}

const scalars: ReadonlySet<TokenKind> = new Set(["null", "bool", "number", "string"]);
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const stringPattern = /"(?:[^"\\]|\\[\s\S])*"/y;
const badValuePattern = /[-+._a-zA-Z0-9]{1,32}|[\s\S]/uy;
const delimiterPattern = /[-+._a-zA-Z0-9]/;
const words: readonly (readonly [string, TokenKind])[] = [
  ["null", "null"],
  ["true", "bool"],
  ["false", "bool"],
];

/** Reads the tokens of one text in order, checking that each may stand where it stands. */
export class JsonTokens {
  readonly #text: string;
  #offset = 0;
  #open: ("{" | "[")[] = [];
  #last: TokenKind | undefined;
  #peeked: JsonToken | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token without taking it. Throws ParseError. */
  peek(): JsonToken {
    this.#peeked ??= this.#readChecked();
    return this.#peeked;
  }

  /** Takes the next token; commas are skipped. Throws ParseError. */
  read(): JsonToken {
    const token = this.peek();
    this.#peeked = undefined;
    return token;
  }

  /** Takes one whole value, whatever it is. */
  skipValue(): void {
    let depth = 0;
    do {
      const { kind } = this.read();
      if (kind === "{" || kind === "[") depth++;
      else if (kind === "}" || kind === "]") depth--;
    } while (depth > 0);
  }

  /** An error about the value of the token at `at`. */
  valueError(at: number, why: string): ParseError {
    return this.#error(at, `proto: (${this.#position(at)}): ${why}`);
  }

  /** The error for a token that may not stand where it stands. */
  unexpected(token: JsonToken): ParseError {
    return this.#syntaxError(token.at, `unexpected token ${token.raw}`);
  }

  #readChecked(): JsonToken {
    let token = this.#next();
    if (token.kind === "string" && !this.#mayBeValue()) token = this.#asName(token);
    this.#checkPlace(token);
    if (token.kind === "{" || token.kind === "[") this.#open.push(token.kind);
    else if (token.kind === "}" || token.kind === "]") this.#open.pop();
    this.#last = token.kind;
    return token.kind === "," ? this.#readChecked() : token;
  }

  #checkPlace(token: JsonToken): void {
    const { kind } = token;
    const inside = this.#open.at(-1);
    const last = this.#last;
    if (kind === "end") {
      if (inside !== undefined) throw this.#endError();
    } else if (kind === "}") {
      if (inside !== "{" || last === "name" || last === ",") throw this.unexpected(token);
    } else if (kind === "]") {
      if (inside !== "[" || last === ",") throw this.unexpected(token);
    } else if (kind === ",") {
      const isAfterValue =
        last !== undefined && (scalars.has(last) || last === "}" || last === "]");
      if (inside === undefined || !isAfterValue) throw this.unexpected(token);
    } else if (kind !== "name" && !this.#mayBeValue()) throw this.unexpected(token);
  }

  #mayBeValue(): boolean {
    const inside = this.#open.at(-1);
    if (inside === undefined) return this.#last === undefined;
    if (inside === "{") return this.#last === "name";
    return this.#last === "[" || this.#last === ",";
  }

  /** A string where no value may stand is the name of a member. */
  #asName(token: JsonToken): JsonToken {
    if (this.#last !== "{" && this.#last !== ",") throw this.unexpected(token);
    if (this.#offset >= this.#text.length) throw this.#endError();
    if (this.#text[this.#offset] !== ":") {
      const found = String.fromCodePoint(this.#text.codePointAt(this.#offset) as number);
      const why = `unexpected character ${found}, missing ":" after field name`;
      throw this.#syntaxError(this.#offset, why);
    }
    this.#offset++;
    this.#skipSpace();
    return { ...token, kind: "name" };
  }

  #next(): JsonToken {
    this.#skipSpace();
    const at = this.#offset;
    if (at >= this.#text.length) return { kind: "end", at, raw: "", value: "" };
    const char = this.#text[at] as string;
    if ("{}[],".includes(char)) return this.#take(char as TokenKind, char);
    if (char === '"') return this.#takeString(at);
    for (const [word, kind] of words) {
      if (this.#text.startsWith(word, at) && this.#isDelimited(at + word.length)) {
        return this.#take(kind, word);
      }
    }
    const number = this.#match(numberPattern);
    if (number !== undefined && this.#isDelimited(at + number.length)) {
      return this.#take("number", number);
    }
    throw this.#syntaxError(at, `invalid value ${this.#match(badValuePattern) ?? ""}`);
  }

  #takeString(at: number): JsonToken {
    const raw = this.#match(stringPattern);
    if (raw === undefined) throw this.#endError();
    for (let i = 0; i < raw.length; i++) {
      if (raw.charCodeAt(i) >= 0x20) continue;
      const shown = JSON.stringify(raw[i]).slice(1, -1).replace("\\u00", "\\x");
      throw this.#syntaxError(at, `invalid character '${shown}' in string`);
    }
    const badEscape = /\\(?:[^"\\/bfnrtu]|u(?![0-9a-fA-F]{4}))[^"]{0,4}/.exec(
      raw.replaceAll("\\\\", "  "),
    );
    if (badEscape !== null) {
      const code = badEscape[0].slice(0, badEscape[0][1] === "u" ? 6 : 2);
      throw this.#syntaxError(at, `invalid escape code ${JSON.stringify(code)} in string`);
    }
    return { ...this.#take("string", raw), value: JSON.parse(raw) as string };
  }

  #take(kind: TokenKind, raw: string): JsonToken {
    const at = this.#offset;
    this.#offset += raw.length;
    this.#skipSpace();
    return { kind, at, raw, value: raw };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    return pattern.exec(this.#text)?.[0];
  }

  #isDelimited(offset: number): boolean {
    return offset >= this.#text.length || !delimiterPattern.test(this.#text[offset] as string);
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#offset] ?? "x")) this.#offset++;
  }

  #position(at: number): string {
    const before = this.#text.slice(0, at);
    const lineStart = before.lastIndexOf("\n") + 1;
    return `line ${before.split("\n").length}:${[...before.slice(lineStart)].length + 1}`;
  }

  #syntaxError(at: number, why: string): ParseError {
    return this.#error(at, `proto: syntax error (${this.#position(at)}): ${why}`);
  }

  #endError(): ParseError {
    return this.#error(this.#text.length, "proto: unexpected EOF");
  }

  #error(at: number, message: string): ParseError {
    return new ParseError(message, { input: this.#text, start: at, end: at });
  }
}
