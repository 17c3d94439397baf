/**
 * Cuts a query into tokens, one at a time, so that the parser can report its own error before the
 * lexer meets the next one, as Prometheus does. What a character means depends on where it stands:
 * in the open, inside braces, or right after a "[" (durations). Errors carry Prometheus' texts.
 * O(query), no backtracking beyond one character. Browser-safe.
 */

import { ParseError } from "../base/errors.ts";
import { keywordOf, quoteCharacter, type Token, type TokenKind } from "./token.ts";

const decimalDigits = "0123456789";
const hexDigits = "0123456789abcdefABCDEF";
const durationUnits = "smhdwy";
/** Words that may stand between brackets. */
const durationKeywords: ReadonlySet<string> = new Set(["step", "range", "max_of", "min_of"]);
const singleCharacterTokens = "*/%+-^,@";

type Mode = "statements" | "braces" | "duration";

/** What was seen of the number being read. */
interface NumberState {
  readonly isHex: boolean;
  readonly digits: string;
  hasDot: boolean;
  hasExponent: boolean;
}

/** Reads tokens of one query; throws ParseError at the first character that fits nowhere. */
export class Lexer {
  readonly #input: string;
  /** Byte offset of each UTF-16 offset; undefined for ASCII, where they are equal. */
  readonly #byteOffsets: Uint32Array | undefined;
  #position = 0;
  /** Where the token being read begins. */
  #start = 0;
  #mode: Mode = "statements";
  #parenDepth = 0;
  #isBracketOpen = false;
  #hasColon = false;
  #hasDuration = false;

  constructor(input: string) {
    this.#input = input;
    this.#byteOffsets = byteOffsetsOf(input);
  }

  /** The next token; "end of input" again and again at the end. */
  next(): Token {
    this.#skipIgnored();
    this.#start = this.#position;
    switch (this.#mode) {
      case "braces":
        return this.#readInsideBraces();
      case "duration":
        return this.#readDurationPart();
      default:
        return this.#readStatement();
    }
  }

  #skipIgnored(): void {
    for (;;) {
      const char = this.#peek();
      if (isSpace(char)) this.#position++;
      else if (char === "#" && this.#mode !== "duration") this.#skipComment();
      else return;
    }
  }

  #skipComment(): void {
    while (!["\n", "\r", ""].includes(this.#peek())) this.#position++;
  }

  #readStatement(): Token {
    const char = this.#take();
    if (char === "") return this.#endOfInput();
    if (singleCharacterTokens.includes(char)) return this.#token(char as TokenKind);
    if (isDigit(char) || (char === "." && isDigit(this.#peek()))) return this.#readNumber();
    if (char === '"' || char === "'" || char === "`") return this.#readString(char);
    if (isAlpha(char) || char === ":") {
      return this.#isBracketOpen ? this.#readInBrackets(char) : this.#readWord();
    }
    switch (char) {
      case "=":
        return this.#readEquals();
      case "!":
        return this.#readNotEquals();
      case "<":
      case ">":
        return this.#readComparison(char);
      case "(":
      case ")":
        return this.#readParenthesis(char);
      case "{":
        this.#mode = "braces";
        return this.#token("{");
      case "[":
        return this.#readLeftBracket();
      case "]":
        return this.#readRightBracket();
      default:
        return this.#fail(`unexpected character: ${quoteCharacter(char)}`);
    }
  }

  #endOfInput(): Token {
    if (this.#parenDepth !== 0) this.#fail("unclosed left parenthesis");
    if (this.#isBracketOpen) this.#fail("unclosed left bracket");
    return this.#token("end of input");
  }

  #readEquals(): Token {
    const next = this.#peek();
    if (next === "~") this.#fail("unexpected character after '=': '~'");
    if (next !== "=") return this.#token("=");
    this.#position++;
    return this.#token("==");
  }

  #readNotEquals(): Token {
    const next = this.#take();
    if (next !== "=") this.#fail(`unexpected character after '!': ${quoteCharacter(next)}`);
    return this.#token("!=");
  }

  #readComparison(char: "<" | ">"): Token {
    const next = this.#peek();
    if (next !== "=" && next !== "/") return this.#token(char);
    this.#position++;
    return this.#token(`${char}${next}`);
  }

  #readParenthesis(char: "(" | ")"): Token {
    this.#parenDepth += char === "(" ? 1 : -1;
    if (this.#parenDepth < 0) this.#failAfterToken("unexpected right parenthesis ')'");
    return this.#token(char);
  }

  #readLeftBracket(): Token {
    if (this.#isBracketOpen) this.#fail("unexpected left bracket '['");
    this.#isBracketOpen = true;
    this.#hasColon = false;
    this.#mode = "duration";
    return this.#token("[");
  }

  #readRightBracket(): Token {
    if (!this.#isBracketOpen) this.#fail("unexpected right bracket ']'");
    this.#isBracketOpen = false;
    return this.#token("]");
  }

  /** A letter or colon in brackets, after the first number. */
  #readInBrackets(char: string): Token {
    if (char === ":") {
      if (this.#hasColon) this.#fail("unexpected colon ':'");
      this.#hasColon = true;
      return this.#token(":");
    }
    return (
      this.#readDurationKeyword(char) ??
      this.#fail(`unexpected character: ${quoteCharacter(char)}, expected ':'`)
    );
  }

  #readDurationKeyword(first: string): Token | undefined {
    if (!"srmSRM".includes(first)) return undefined;
    while (isAlpha(this.#peek())) this.#position++;
    const word = this.#input.slice(this.#start, this.#position).toLowerCase();
    return durationKeywords.has(word) ? this.#token(word as TokenKind) : undefined;
  }

  #readWord(): Token {
    while (isAlphaNumeric(this.#peek()) || this.#peek() === ":") this.#position++;
    const word = this.#input.slice(this.#start, this.#position);
    const keyword = keywordOf(word);
    if (keyword?.startsWith("fill") && !this.#isBeforeParenthesis()) {
      return this.#token("identifier");
    }
    if (keyword !== undefined) return this.#token(keyword);
    return this.#token(word.includes(":") ? "metricIdentifier" : "identifier");
  }

  /** fill, fill_left and fill_right came late: without a "(" they stay names, so that no query breaks. */
  #isBeforeParenthesis(): boolean {
    let position = this.#position;
    while (isSpace(this.#input.charAt(position))) position++;
    return this.#input.charAt(position) === "(";
  }

  #readInsideBraces(): Token {
    const char = this.#take();
    if (char === "") return this.#fail("unexpected end of input inside braces");
    if (isAlpha(char)) {
      while (isAlphaNumeric(this.#peek())) this.#position++;
      return this.#token("identifier");
    }
    switch (char) {
      case ",":
        return this.#token(",");
      case '"':
      case "'":
      case "`":
        return this.#readString(char);
      case "=":
        return this.#accept("~") ? this.#token("=~") : this.#token("=");
      case "!":
        return this.#readNegationInBraces();
      case "{":
        return this.#fail("unexpected left brace '{'");
      case "}":
        this.#mode = "statements";
        return this.#token("}");
      default:
        return this.#fail(`unexpected character inside braces: ${quoteCharacter(char)}`);
    }
  }

  #readNegationInBraces(): Token {
    const next = this.#take();
    if (next === "~") return this.#token("!~");
    if (next === "=") return this.#token("!=");
    return this.#fail(`unexpected character after '!' inside braces: ${quoteCharacter(next)}`);
  }

  /** Between "[" and the first number; a number leads back to the general mode, as in Prometheus. */
  #readDurationPart(): Token {
    const char = this.#take();
    if (char === "") return this.#fail("unexpected end of input in duration expression");
    if ("+-*/%^,".includes(char)) return this.#token(char as TokenKind);
    if (isDigit(char) || (char === "." && isDigit(this.#peek()))) {
      this.#hasDuration = true;
      this.#mode = "statements";
      return this.#readNumber();
    }
    switch (char) {
      case "]":
        this.#isBracketOpen = false;
        this.#hasColon = false;
        this.#mode = "statements";
        return this.#token("]");
      case ":":
        return this.#readColonInDuration();
      case "(":
      case ")":
        return this.#readParenthesis(char);
      default:
        return (
          this.#readDurationKeyword(char) ??
          this.#fail(`unexpected character in duration expression: ${quoteCharacter(char)}`)
        );
    }
  }

  #readColonInDuration(): Token {
    if (!this.#hasDuration) {
      this.#failAfterToken("unexpected colon before duration in duration expression");
    }
    if (this.#hasColon) {
      this.#failAfterToken("unexpected repeated colon in duration expression");
    }
    this.#hasColon = true;
    return this.#token(":");
  }

  /** A number or a duration; the first character is taken already. */
  #readNumber(): Token {
    this.#position = this.#start;
    if (this.#scanNumber()) return this.#token("number");
    if (this.#scanDuration()) return this.#token("duration");
    const text = this.#input.slice(this.#start, this.#position);
    return this.#fail(`bad number or duration syntax: "${text}"`);
  }

  /**
   * Takes what looks like a number and says whether it is one. Where it is not, the position stays
   * where the trouble is, since the message quotes the text up to there. In hexadecimal "e" is first
   * taken for an exponent: `0xee` at the end of a query is refused by Prometheus too.
   */
  #scanNumber(): boolean {
    const isHex = this.#accept("0") && this.#accept("xX");
    if (isHex) this.#accept("_");
    const state: NumberState = {
      isHex,
      digits: isHex ? hexDigits : decimalDigits,
      hasDot: false,
      hasExponent: false,
    };
    this.#accept(".");
    this.#accept(state.digits);
    for (;;) {
      const char = this.#peek();
      if (char === "" || !`._eE${state.digits}`.includes(char)) return !isAlphaNumeric(char);
      this.#position++;
      if (!this.#scanNumberPart(char, state)) return false;
    }
  }

  /** Judges one character of a number that is taken, and takes what must follow it. */
  #scanNumberPart(char: string, state: NumberState): boolean {
    if (char === ".") {
      if (state.hasDot || this.#accept("_.") || state.isHex) return false;
      state.hasDot = true;
      return true;
    }
    if (char === "e" || char === "E") {
      if (state.hasExponent) return false;
      state.hasExponent = true;
      this.#accept("+-");
    } else if (char !== "_") return true;
    return !this.#accept("._eE") && this.#peek() !== "";
  }

  /** The rest of a duration after its first number; wrong orders and units are the parser's to refuse. */
  #scanDuration(): boolean {
    if (!this.#accept(durationUnits)) return false;
    this.#accept("s");
    while (this.#accept(decimalDigits)) {
      while (this.#accept(decimalDigits));
      // A year can only come first.
      if (!this.#accept("smhdw")) return false;
      this.#accept("s");
    }
    if (!isAlphaNumeric(this.#peek())) return true;
    this.#position++;
    return false;
  }

  #readString(quote: string): Token {
    const isRaw = quote === "`";
    for (;;) {
      const char = this.#take();
      if (char === quote) return this.#token("string");
      if (char === "" || (char === "\n" && !isRaw)) {
        return this.#fail(isRaw ? "unterminated raw string" : "unterminated quoted string");
      }
      if (char === "\ufffd" || isLoneSurrogate(char)) return this.#fail("invalid UTF-8 rune");
      if (char === "\\" && !isRaw) this.#checkEscape(quote);
    }
  }

  /** Checks one escape, the backslash being taken; string-literal.ts gives it its meaning. */
  #checkEscape(quote: string): void {
    const char = this.#take();
    if (char === "") this.#fail("escape sequence not terminated");
    if (`abfnrtv\\${quote}`.includes(char)) return;
    if (char >= "0" && char <= "7") {
      this.#position--;
      this.#checkEscapeDigits(3, 8, 255);
    } else if (char === "x") this.#checkEscapeDigits(2, 16, 255);
    else if (char === "u") this.#checkEscapeDigits(4, 16, 0x10ffff);
    else if (char === "U") this.#checkEscapeDigits(8, 16, 0x10ffff);
    else this.#fail(`unknown escape sequence ${describeCodePoint(char)}`);
  }

  #checkEscapeDigits(count: number, base: number, max: number): void {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const char = this.#take();
      const digit = char === "" ? Number.NaN : Number.parseInt(char, base);
      if (char === "") this.#fail("escape sequence not terminated");
      if (Number.isNaN(digit)) {
        this.#fail(`illegal character ${describeCodePoint(char)} in escape sequence`);
      }
      value = value * base + digit;
    }
    if (value > max || (value >= 0xd800 && value < 0xe000)) {
      this.#fail("escape sequence is an invalid Unicode code point");
    }
  }

  #peek(): string {
    return this.#input.charAt(this.#position);
  }

  /** Takes a whole code point; "" at the end. */
  #take(): string {
    const code = this.#input.codePointAt(this.#position);
    if (code === undefined) return "";
    const char = String.fromCodePoint(code);
    this.#position += char.length;
    return char;
  }

  #accept(valid: string): boolean {
    const char = this.#peek();
    if (char === "" || !valid.includes(char)) return false;
    this.#position++;
    return true;
  }

  #token(kind: TokenKind): Token {
    return {
      kind,
      text: this.#input.slice(this.#start, this.#position),
      start: this.#byteOffset(this.#start),
      end: this.#byteOffset(this.#position),
    };
  }

  #byteOffset(position: number): number {
    return this.#byteOffsets === undefined ? position : (this.#byteOffsets[position] ?? 0);
  }

  #fail(reason: string): never {
    throw parseErrorAt(this.#input, this.#byteOffset(this.#start), reason);
  }

  /** For errors that Prometheus finds when the token is already behind it. */
  #failAfterToken(reason: string): never {
    throw parseErrorAt(this.#input, this.#byteOffset(this.#position), reason);
  }
}

/** The error of a query, with Prometheus' text; `start` and `end` are byte offsets. */
export function parseErrorAt(
  input: string,
  start: number,
  reason: string,
  end = byteLength(input),
): ParseError {
  return new ParseError(`${lineAndColumn(input, start)}: parse error: ${reason}`, {
    input,
    start,
    end,
  });
}

/** "line:column" of a byte offset, both from 1, columns counted in bytes. */
export function lineAndColumn(input: string, start: number): string {
  if (input === "") return "unknown position";
  const bytes = new TextEncoder().encode(input);
  if (start < 0 || start > bytes.length) return "invalid position";
  let line = 1;
  let lastBreak = -1;
  for (let i = 0; i < start; i++) {
    if (bytes[i] !== 10) continue;
    line++;
    lastBreak = i;
  }
  return `${line}:${start - lastBreak}`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function byteOffsetsOf(input: string): Uint32Array | undefined {
  if (!/[\u0080-\uffff]/.test(input)) return undefined;
  const offsets = new Uint32Array(input.length + 1);
  let bytes = 0;
  let position = 0;
  for (const char of input) {
    offsets.fill(bytes, position, position + char.length);
    position += char.length;
    bytes += byteLength(char);
  }
  offsets[input.length] = bytes;
  return offsets;
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9";
}

function isAlpha(char: string): boolean {
  return (char >= "a" && char <= "z") || (char >= "A" && char <= "Z") || char === "_";
}

function isAlphaNumeric(char: string): boolean {
  return isAlpha(char) || isDigit(char);
}

function isLoneSurrogate(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code >= 0xd800 && code < 0xe000;
}

/** As Go's %#U: `U+0071 'q'`, without the character where it does not print. */
function describeCodePoint(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  const isPrintable = char === " " || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char);
  return isPrintable ? `U+${hex} '${char}'` : `U+${hex}`;
}
