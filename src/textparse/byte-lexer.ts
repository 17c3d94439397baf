/**
 * Tokens over bytes, the way Prometheus' generated lexers find them: states, longest match without
 * backtracking, and `position` left where the match failed, since error texts quote up to there.
 * This is the slow, exact path; common lines never come here (see line-parser.ts).
 */

import { quoteBytes } from "./byte-text.ts";

/** Tokens; the numbers mean nothing. */
export const token = {
  invalid: 0,
  eof: 1,
  linebreak: 2,
  whitespace: 3,
  help: 4,
  type: 5,
  unit: 6,
  eofWord: 7,
  text: 8,
  comment: 9,
  metricName: 10,
  quotedString: 11,
  braceOpen: 12,
  braceClose: 13,
  labelName: 14,
  labelValue: 15,
  comma: 16,
  equal: 17,
  timestamp: 18,
  value: 19,
} as const;

/** One of the numbers above. */
export type Token = (typeof token)[keyof typeof token];

/** Tokens as error texts call them, by number. */
const tokenNames: readonly string[] = [
  "INVALID",
  "EOF",
  "LINEBREAK",
  "WHITESPACE",
  "HELP",
  "TYPE",
  "UNIT",
  "EOFWORD",
  "TEXT",
  "COMMENT",
  "MNAME",
  "QSTRING",
  "BOPEN",
  "BCLOSE",
  "LNAME",
  "LVALUE",
  "COMMA",
  "EQUAL",
  "TIMESTAMP",
  "VALUE",
];

/** The name of a token in error texts. */
export function tokenName(which: Token): string {
  return tokenNames[which] as string;
}

/** What the lexer expects next. */
export const lexerState = {
  init: 0,
  comment: 1,
  metaName: 2,
  metaText: 3,
  labels: 4,
  labelValue: 5,
  value: 6,
  timestamp: 7,
  exemplar: 8,
  exemplarValue: 9,
  exemplarTimestamp: 10,
} as const;

/** One of the numbers above. */
export type LexerState = (typeof lexerState)[keyof typeof lexerState];

const letterBit = 1;
const digitBit = 2;
const colonBit = 4;
/** Character classes of names, by byte. */
const nameBits = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const lower = byte | 32;
  if ((lower >= 97 && lower <= 122) || byte === 95) nameBits[byte] = letterBit;
  else if (byte >= 48 && byte <= 57) nameBits[byte] = digitBit;
  else if (byte === 58) nameBits[byte] = colonBit;
}

/** Whether a byte may begin a metric name (letters, `_`, `:`). */
export function isMetricNameStart(byte: number): boolean {
  return (nameBits[byte]! & (letterBit | colonBit)) !== 0;
}

/** Whether a byte may go on a metric name. */
export function isMetricNamePart(byte: number): boolean {
  return nameBits[byte] !== 0;
}

/** Whether a byte may begin a label name (letters, `_`). */
export function isLabelNameStart(byte: number): boolean {
  return nameBits[byte] === letterBit;
}

/** Whether a byte may go on a label name. */
export function isLabelNamePart(byte: number): boolean {
  return (nameBits[byte]! & (letterBit | digitBit)) !== 0;
}

/** Common parts of both lexers. `current` is the byte at `position`, 0 at the end. */
export abstract class ByteLexer {
  readonly body: Uint8Array;
  /** Bytes to read: those of the body plus, for the text format, a line break that is always added. */
  readonly length: number;
  position = 0;
  /** Where the last token began. */
  start = 0;
  state: LexerState = lexerState.init;
  protected current = 0;

  constructor(body: Uint8Array, hasAddedNewline: boolean) {
    this.body = body;
    this.length = body.length + (hasAddedNewline ? 1 : 0);
  }

  /** The next token; it covers [start, position). */
  abstract lex(): Token;

  byteAt(index: number): number {
    if (index < this.body.length) return this.body[index] as number;
    return index < this.length ? 10 : 0;
  }

  /** A copy of [start, end), the added line break included. For errors. */
  bytes(start: number, end: number): Uint8Array {
    const copy = new Uint8Array(Math.max(0, Math.min(end, this.length) - start));
    for (let i = 0; i < copy.length; i++) copy[i] = this.byteAt(start + i);
    return copy;
  }

  /** [start, end) as Go's %q prints it. */
  quoted(start: number, end: number): string {
    return quoteBytes(this.bytes(start, end));
  }

  /** Steps to the next byte. NUL is stepped over where a text may hold it. */
  protected advance(): number {
    this.position++;
    const { state } = this;
    const mayHoldNul =
      state === lexerState.labelValue ||
      state === lexerState.metaText ||
      state === lexerState.comment;
    while (mayHoldNul && this.position < this.length && this.byteAt(this.position) === 0) {
      this.position++;
    }
    this.current = this.byteAt(this.position);
    return this.current;
  }

  /** Goes on while a metric name lasts. `current` is its first byte. */
  protected metricName(next: LexerState): Token {
    while (isMetricNamePart(this.advance()));
    this.state = next;
    return token.metricName;
  }

  /** Goes on while a label name lasts. `current` is its first byte. */
  protected labelName(): Token {
    while (isLabelNamePart(this.advance()));
    return token.labelName;
  }

  /** A quoted string; `current` is the opening quote. A backslash takes the next byte, but no newline. */
  protected quotedString(found: Token, next: LexerState, mayHoldNewline: boolean): Token {
    let byte = this.advance();
    while (byte !== 34) {
      if (byte === 0 || (byte === 10 && !mayHoldNewline)) return token.invalid;
      if (byte === 92) {
        byte = this.advance();
        if (byte === 10 || byte === 0) return token.invalid;
      }
      byte = this.advance();
    }
    this.advance();
    this.state = next;
    return found;
  }

  /** A one-byte token. */
  protected single(found: Token, next: LexerState): Token {
    this.advance();
    this.state = next;
    return found;
  }

  /** Steps over `word`; false, and stopped at the first other byte, where it is not there. */
  protected word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.current !== word.charCodeAt(i)) return false;
      this.advance();
    }
    return true;
  }

  /** Whether the lexer has read everything. */
  protected isAtEnd(): boolean {
    return this.position >= this.length;
  }

  /** Begins a token. */
  protected begin(): number {
    this.start = this.position;
    this.current = this.byteAt(this.position);
    return this.current;
  }
}
