/** Tokens of OpenMetrics text 1.0. Blanks belong to the tokens after them; nothing is added at the end. */

import {
  ByteLexer,
  isLabelNameStart,
  isMetricNameStart,
  type LexerState,
  lexerState,
  type Token,
  token,
} from "./byte-lexer.ts";

/** Lexer of OpenMetrics. */
export class OpenMetricsLexer extends ByteLexer {
  constructor(body: Uint8Array) {
    super(body, false);
  }

  override lex(): Token {
    if (this.isAtEnd()) return token.eof;
    const byte = this.begin();
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
        return this.quotedString(token.labelValue, lexerState.labels, false);
      case lexerState.value:
        if (byte === 123) return this.single(token.braceOpen, lexerState.labels);
        return this.#word(byte, token.value, lexerState.timestamp);
      case lexerState.timestamp:
        return this.#timestampOrExemplar(byte);
      case lexerState.exemplar:
        return this.#exemplarLabel(byte);
      case lexerState.exemplarValue:
        if (byte === 34) return this.quotedString(token.labelValue, lexerState.exemplar, false);
        return this.#word(byte, token.value, lexerState.exemplarTimestamp);
      default:
        if (byte === 10) return this.single(token.linebreak, lexerState.init);
        return this.#word(byte, token.timestamp, lexerState.exemplarTimestamp);
    }
  }

  #lineStart(byte: number): Token {
    if (byte === 123) return this.single(token.braceOpen, lexerState.labels);
    if (isMetricNameStart(byte)) return this.metricName(lexerState.value);
    if (byte !== 35 || this.advance() !== 32) return token.invalid;
    this.advance();
    this.state = lexerState.comment;
    return this.#afterHash();
  }

  #afterHash(): Token {
    const first = this.current;
    switch (first) {
      case 72:
        return this.#metaWord("HELP ", token.help);
      case 84:
        return this.#metaWord("TYPE ", token.type);
      case 85:
        return this.#metaWord("UNIT ", token.unit);
      case 69:
        if (!this.word("EOF")) return token.invalid;
        if (this.current === 10) this.advance();
        this.state = lexerState.init;
        return token.eofWord;
      default:
        return token.invalid;
    }
  }

  #metaWord(word: string, found: Token): Token {
    if (!this.word(word)) return token.invalid;
    this.state = lexerState.metaName;
    return found;
  }

  /** A blank and the rest of the line with its line break. */
  #metaText(first: number): Token {
    if (first !== 32) return token.invalid;
    let byte = this.advance();
    while (byte !== 10) {
      if (byte === 0) return token.invalid;
      byte = this.advance();
    }
    return this.single(token.text, lexerState.init);
  }

  #label(byte: number): Token {
    if (isLabelNameStart(byte)) return this.labelName();
    if (byte === 34) return this.quotedString(token.quotedString, lexerState.labels, true);
    if (byte === 125) return this.single(token.braceClose, lexerState.value);
    if (byte === 61) return this.single(token.equal, lexerState.labelValue);
    return byte === 44 ? this.single(token.comma, lexerState.labels) : token.invalid;
  }

  #exemplarLabel(byte: number): Token {
    if (isLabelNameStart(byte)) return this.labelName();
    if (byte === 34) return this.quotedString(token.quotedString, lexerState.exemplar, false);
    if (byte === 125) return this.single(token.braceClose, lexerState.exemplarValue);
    if (byte === 61) return this.single(token.equal, lexerState.exemplarValue);
    return byte === 44 ? this.single(token.comma, lexerState.exemplar) : token.invalid;
  }

  /** A blank and at least one byte that is neither blank nor line break. */
  #word(first: number, found: Token, next: LexerState): Token {
    if (first !== 32 || !isWordByte(this.advance())) return token.invalid;
    while (isWordByte(this.advance()));
    this.state = next;
    return found;
  }

  /** ` # {` begins an exemplar; ` # ` and anything else is lost for the lexer, as in Prometheus. */
  #timestampOrExemplar(first: number): Token {
    if (first === 10) return this.single(token.linebreak, lexerState.init);
    if (first !== 32 || !isWordByte(this.advance())) return token.invalid;
    const isHash = this.current === 35;
    let byte = this.advance();
    if (isHash && byte === 32) {
      if (this.advance() !== 123) return token.invalid;
      return this.single(token.comment, lexerState.exemplar);
    }
    while (isWordByte(byte)) byte = this.advance();
    return token.timestamp;
  }
}

function isWordByte(byte: number): boolean {
  return byte !== 32 && byte !== 10 && byte !== 0;
}
