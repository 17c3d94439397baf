/** The Prometheus text format 0.0.4, as Prometheus 3.14 reads it. */

import type { MetricType } from "../model/sample.ts";
import { type Token, token, tokenName } from "./byte-lexer.ts";
import { decodeUtf8 } from "./byte-text.ts";
import { type EntryKind, entryKind } from "./exposition-parser.ts";
import { unescapeHelp } from "./label-reader.ts";
import { LineParser, type LineParserOptions } from "./line-parser.ts";
import { TextLexer } from "./text-lexer.ts";

const metricTypes: ReadonlyMap<string, MetricType> = new Map([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["untyped", "unknown"],
]);
/** Timestamps of up to so many digits are read on the fast path. */
const fastTimestampDigits = 15;
const int64Max = 9_223_372_036_854_775_807n;

/** Parser of one body. */
export class TextParser extends LineParser {
  protected override readonly needsComma = false;
  #kind: EntryKind = entryKind.end;

  constructor(body: Uint8Array, options: LineParserOptions) {
    super(body, new TextLexer(body), options);
  }

  protected override get forgetsMetadata(): boolean {
    return !this.hasTypeAndUnitLabels;
  }

  override text(): string {
    const text = decodeUtf8(this.body, this.textStart, this.textEnd);
    return this.#kind === entryKind.help ? unescapeHelp(text) : text;
  }

  protected override parseEntry(): EntryKind {
    this.#kind = this.trySeriesLine() ? entryKind.series : this.tryMetadataLine(metricTypes);
    if (this.#kind === entryKind.end) this.#kind = this.#parseExactly();
    return this.#kind;
  }

  protected override nextToken(): Token {
    for (;;) {
      const which = this.lexer.lex();
      if (which !== token.whitespace) return which;
    }
  }

  protected override scanSuffix(end: number): number {
    const { body } = this;
    const limit = body.length;
    let i = this.#skipBlanks(end);
    if (i >= limit || body[i] === 10) return -1;
    i = this.scanNumber(i);
    if (i < 0) return -1;
    const { value } = this.scanner;
    i = this.#skipBlanks(i);
    let hasTimestamp = false;
    let timestampMs = 0;
    const digitsStart = i;
    for (; i < limit && body[i]! >= 48 && body[i]! <= 57; i++) {
      timestampMs = timestampMs * 10 + body[i]! - 48;
      hasTimestamp = true;
    }
    if (hasTimestamp) {
      if (i - digitsStart > fastTimestampDigits) return -1;
      i = this.#skipBlanks(i);
    }
    if (i < limit && body[i] !== 10) return -1;
    this.value = value;
    this.hasTimestamp = hasTimestamp;
    if (hasTimestamp) this.timestampMs = timestampMs;
    return i + 1;
  }

  #skipBlanks(start: number): number {
    const { body } = this;
    let i = start;
    while (i < body.length && (body[i] === 32 || body[i] === 9)) i++;
    return i;
  }

  #parseExactly(): EntryKind {
    const { lexer } = this;
    for (;;) {
      this.beginEntry();
      const first = this.nextToken();
      let kind: EntryKind = entryKind.end;
      switch (first) {
        case token.eof:
          return entryKind.end;
        case token.linebreak:
          // Blank lines are allowed.
          this.position = lexer.position;
          continue;
        case token.help:
        case token.type:
          kind = this.#parseMetadata(first);
          break;
        case token.comment:
          kind = this.#parseComment();
          break;
        case token.braceOpen:
        case token.metricName: {
          const after = this.parseSeriesPart(first);
          if (after !== undefined && this.#parseSuffix(after)) kind = entryKind.series;
          break;
        }
        default:
          this.failAt("expected a valid start token", first);
      }
      this.position = lexer.position;
      return kind;
    }
  }

  #parseMetadata(which: Token): EntryKind {
    const { lexer } = this;
    if (!this.parseFamilyName(which)) return entryKind.end;
    const isHelp = which === token.help;
    const found = this.nextToken();
    if (found !== token.text) {
      this.fail(`expected text in ${tokenName(which)}, got ${tokenName(found)}`);
      return entryKind.end;
    }
    this.textStart = Math.min(lexer.start + 1, lexer.position);
    this.textEnd = lexer.position;
    if (!(isHelp ? this.checkHelp() : this.setMetricType(metricTypes))) return entryKind.end;
    const after = this.nextToken();
    if (after !== token.linebreak) {
      this.failAt("linebreak expected after metadata", after);
      return entryKind.end;
    }
    return isHelp ? entryKind.help : entryKind.type;
  }

  #parseComment(): EntryKind {
    const { lexer } = this;
    this.textStart = lexer.start;
    this.textEnd = lexer.position;
    const after = this.nextToken();
    if (after === token.linebreak) return entryKind.comment;
    this.failAt("linebreak expected after comment", after);
    return entryKind.end;
  }

  #parseSuffix(first: Token): boolean {
    const { lexer } = this;
    if (first !== token.value) return this.failAt("expected value after metric", first);
    const value = this.parseNumber(lexer.start);
    if (value === undefined) return false;
    this.value = value;
    this.hasTimestamp = false;
    const after = this.nextToken();
    if (after === token.linebreak) return true;
    if (after !== token.timestamp) return this.failAt("expected timestamp or new record", after);
    if (!this.#setTimestamp()) return false;
    const last = this.nextToken();
    return last === token.linebreak || this.failAt("expected next entry after timestamp", last);
  }

  #setTimestamp(): boolean {
    const { lexer } = this;
    const text = decodeUtf8(this.body, lexer.start, lexer.position);
    this.hasTimestamp = true;
    this.timestampMs = Number(text);
    if (BigInt(text) <= int64Max) return true;
    const line = lexer.quoted(this.lineStart, lexer.position);
    return this.fail(
      `strconv.ParseInt: parsing "${text}": value out of range while parsing: ${line}`,
    );
  }
}
