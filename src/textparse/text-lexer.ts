/** Tokens of the Prometheus text format 0.0.4; a line break is added after the last byte. */

import {
  ByteLexer,
  isLabelNameStart,
  isMetricNameStart,
  lexerState,
  type Token,
  token,
} from "./byte-lexer.ts";

/** Lexer of the text format. Blanks and tabs between tokens are tokens of their own. */
export class TextLexer extends ByteLexer {
  constructor(body: Uint8Array) {
    super(body, true);
  }

  override lex(): Token {
    if (this.isAtEnd()) return token.eof;
    const byte = this.begin();
    if (isBlank(byte) && this.state !== lexerState.metaText) return this.#whitespace();
    switch (this.state) {
      case lexerState.init:
        return this.#lineStart(byte);
      case lexerState.comment:
        return this.#afterHash();
      case lexerState.metaName:
        if (byte === 34) return this.quotedString(token.metricName, lexerState.metaText, true);
        return isMetricNameStart(byte) ? this.metricName(lexerState.metaText) : token.invalid;
      case lexerState.metaText:
        return this.#metaText(byte);
      case lexerState.labels:
        return this.#label(byte);
      case lexerState.labelValue:
        if (byte !== 34) return token.invalid;
        return this.quotedString(token.labelValue, lexerState.labels, true);
      case lexerState.value:
        return this.#value(byte);
      default:
        return this.#timestamp(byte);
    }
  }

  #lineStart(byte: number): Token {
    if (byte === 0) {
      this.advance();
      return token.eof;
    }
    if (byte === 10) return this.single(token.linebreak, lexerState.init);
    if (byte === 123) return this.single(token.braceOpen, lexerState.labels);
    if (isMetricNameStart(byte)) return this.metricName(lexerState.value);
    if (byte !== 35) return token.invalid;
    if (!isBlank(this.advance())) return this.#restOfComment();
    while (isBlank(this.advance()));
    this.state = lexerState.comment;
    return this.#afterHash();
  }

  /** HELP or TYPE with a blank after it, else the line is a comment. */
  #afterHash(): Token {
    const isHelp = this.current === 72;
    if (this.word(isHelp ? "HELP" : "TYPE") && isBlank(this.current)) {
      while (isBlank(this.advance()));
      this.state = lexerState.metaName;
      return isHelp ? token.help : token.type;
    }
    return this.#restOfComment();
  }

  #restOfComment(): Token {
    while (this.current !== 10) {
      if (this.current === 0) return token.eof;
      this.advance();
    }
    this.state = lexerState.init;
    return token.comment;
  }

  /** The rest of the line; blanks alone are no text. */
  #metaText(first: number): Token {
    let byte = first;
    let isOnlyBlank = byte !== 10 && byte !== 0;
    while (byte !== 10 && byte !== 0) {
      if (!isBlank(byte)) isOnlyBlank = false;
      byte = this.advance();
    }
    if (isOnlyBlank) return token.whitespace;
    this.state = lexerState.init;
    return token.text;
  }

  #label(byte: number): Token {
    if (isLabelNameStart(byte)) return this.labelName();
    if (byte === 34) return this.quotedString(token.quotedString, lexerState.labels, true);
    if (byte === 125) return this.single(token.braceClose, lexerState.value);
    if (byte === 61) return this.single(token.equal, lexerState.labelValue);
    return byte === 44 ? this.single(token.comma, lexerState.labels) : token.invalid;
  }

  #value(first: number): Token {
    if (first === 123) return this.single(token.braceOpen, lexerState.labels);
    let byte = first;
    while (byte !== 0 && byte !== 10 && byte !== 123 && !isBlank(byte)) byte = this.advance();
    if (this.position === this.start) return token.invalid;
    this.state = lexerState.timestamp;
    return token.value;
  }

  #timestamp(first: number): Token {
    if (first === 10) return this.single(token.linebreak, lexerState.init);
    let byte = first;
    while (byte >= 48 && byte <= 57) byte = this.advance();
    return this.position === this.start ? token.invalid : token.timestamp;
  }

  #whitespace(): Token {
    while (isBlank(this.advance()));
    return token.whitespace;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}
