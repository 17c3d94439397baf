/**
 * What the parsers of both text formats share. Each line is tried on a fast path first: one pass
 * over the bytes that takes what exporters really write (no blanks inside braces, no exemplar). A
 * line that it does not take goes to the lexer, which is exact down to the error texts. Offsets are
 * into the body; nothing is decoded until `labels()` or `text()` asks. Oracle: line-parser.fuzz.test.ts.
 */

import { ParseError } from "../base/errors.ts";
import { type Labels, quoteString } from "../model/labels.ts";
import type { Exemplar, MetricType } from "../model/sample.ts";
import {
  type ByteLexer,
  isLabelNamePart,
  isLabelNameStart,
  isMetricNamePart,
  isMetricNameStart,
  lexerState,
  type Token,
  token,
  tokenName,
} from "./byte-lexer.ts";
import { decodeUtf8, isSameBytes, isSameInViews, isUtf8, SymbolTable } from "./byte-text.ts";
import { DecimalScanner } from "./decimal-scanner.ts";
import { type EntryKind, type ExpositionParser, entryKind } from "./exposition-parser.ts";
import { parseGoFloat } from "./go-float.ts";
import { OffsetList, readSeriesLabels } from "./label-reader.ts";

/** How much of a malformed line a ParseError keeps, bytes. */
const errorInputBytesMax = 512;
/** The longest name of a type is "gaugehistogram". */
const typeBytesMax = 14;
const helpWord = Uint8Array.from("# HELP ", (char) => char.charCodeAt(0));
const typeWord = Uint8Array.from("# TYPE ", (char) => char.charCodeAt(0));

/** Options that both formats have. */
export interface LineParserOptions {
  /** Adds `__type__` and `__unit__` labels from the family's metadata. */
  readonly hasTypeAndUnitLabels: boolean;
  /** Strings to share between parsers; a table of its own where absent. */
  readonly symbols?: SymbolTable | undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Base of TextParser and OpenMetricsParser. */
export abstract class LineParser implements ExpositionParser {
  error: ParseError | undefined;
  seriesStart = 0;
  seriesEnd = 0;
  value = 0.5;
  hasTimestamp = false;
  timestampMs = 0.5;
  readonly histogram = undefined;
  metricType: MetricType | undefined;

  protected readonly body: Uint8Array;
  protected readonly lexer: ByteLexer;
  protected readonly symbols: SymbolTable;
  protected readonly hasTypeAndUnitLabels: boolean;
  protected readonly scanner = new DecimalScanner();
  /** Where the next entry begins. */
  protected position = 0;
  /** Where the current entry began, blanks before it included. */
  protected lineStart = 0;
  /** Metric name, then name and value of each label of the current series. */
  protected readonly offsets = new OffsetList();
  /** Whether `offsets` belong to the current series (not after tryRepeat). */
  protected hasOffsets = false;
  protected familyStart = 0;
  protected familyEnd = 0;
  protected textStart = 0;
  protected textEnd = 0;
  protected unit = "";
  #isDone = false;
  readonly #view: DataView;
  /** The body that `tryRepeat` was last given, and its words. */
  #previousBody: Uint8Array | undefined;
  #previousView: DataView;

  constructor(body: Uint8Array, lexer: ByteLexer, options: LineParserOptions) {
    this.body = body;
    this.#view = viewOf(body);
    this.#previousView = this.#view;
    this.lexer = lexer;
    this.symbols = options.symbols ?? new SymbolTable();
    this.hasTypeAndUnitLabels = options.hasTypeAndUnitLabels;
  }

  next(): EntryKind {
    if (this.#isDone) return entryKind.end;
    const kind = this.parseEntry();
    if (kind === entryKind.end) this.#isDone = true;
    return kind;
  }

  tryRepeat(previousBody: Uint8Array, previousStart: number, previousEnd: number): boolean {
    const { body, position } = this;
    const length = previousEnd - previousStart;
    const end = position + length;
    if (end >= body.length || this.lexer.state !== lexerState.init) return false;
    const previousView = this.#viewOfPrevious(previousBody);
    if (!isSameInViews(this.#view, position, previousView, previousStart, length)) return false;
    const byte = body[end]!;
    if (byte !== 32 && byte !== 9) return false;
    const after = this.scanSuffix(end);
    if (after < 0) return false;
    this.lineStart = position;
    this.seriesStart = position;
    this.seriesEnd = end;
    this.position = after;
    this.hasOffsets = false;
    return true;
  }

  tryRepeatMetadata(previousBody: Uint8Array, previousStart: number, previousEnd: number): boolean {
    const { body, position } = this;
    const length = previousEnd - previousStart;
    const end = position + length;
    // What follows the line break matters too: see scanText.
    if (!this.forgetsMetadata || end + 1 >= body.length || this.lexer.state !== lexerState.init) {
      return false;
    }
    if (body[position] !== 35 || body[end] !== 10 || body[end + 1] === 0) return false;
    const previousView = this.#viewOfPrevious(previousBody);
    if (!isSameInViews(this.#view, position, previousView, previousStart, length)) return false;
    this.lineStart = position;
    this.textEnd = end;
    this.position = end + 1;
    return true;
  }

  #viewOfPrevious(previousBody: Uint8Array): DataView {
    if (previousBody !== this.#previousBody) {
      this.#previousBody = previousBody;
      this.#previousView = viewOf(previousBody);
    }
    return this.#previousView;
  }

  labels(): Labels {
    this.ensureOffsets();
    const { metricType, unit, hasTypeAndUnitLabels } = this;
    const family = { metricType, unit, hasTypeAndUnitLabels };
    return readSeriesLabels(this.body, this.offsets, this.symbols, family);
  }

  seriesText(): string {
    return decodeUtf8(this.body, this.seriesStart, this.seriesEnd);
  }

  nextExemplar(): Exemplar | undefined {
    return undefined;
  }

  startTimestampMs(): number {
    return 0;
  }

  familyName(): string {
    return decodeUtf8(this.body, this.familyStart, this.familyEnd);
  }

  get metadataStart(): number {
    return this.lineStart;
  }

  get metadataEnd(): number {
    return this.textEnd;
  }

  abstract text(): string;

  /** Parses one entry from `position` on; `end` at the end and on an error. */
  protected abstract parseEntry(): EntryKind;

  /**
   * Fast path for what follows a series part that ends at `end`: sets value and timestamp, returns
   * where the next line begins, -1 where the exact path must decide (everything unset then).
   */
  protected abstract scanSuffix(end: number): number;

  /** The next token that means something. */
  protected abstract nextToken(): Token;

  /** Whether metadata lines mean nothing for the entries after them. */
  protected get forgetsMetadata(): boolean {
    return false;
  }

  /** Whether a label must be followed by a comma or the closing brace. */
  protected abstract readonly needsComma: boolean;

  /** Fast path for a whole series line; false, and nothing moved, where it is not for it. */
  protected trySeriesLine(): boolean {
    if (this.lexer.state !== lexerState.init) return false;
    const end = this.scanSeries(this.position);
    if (end < 0) return false;
    const after = this.scanSuffix(end);
    if (after < 0) return false;
    this.lineStart = this.position;
    this.seriesStart = this.position;
    this.seriesEnd = end;
    this.position = after;
    this.hasOffsets = true;
    return true;
  }

  /**
   * Fast path for `# HELP name text` and `# TYPE name type` with single blanks; `end`, and nothing
   * moved, where it is not for it.
   */
  protected tryMetadataLine(types: ReadonlyMap<string, MetricType>): EntryKind {
    const { body, position } = this;
    const limit = body.length;
    if (position + 8 >= limit || body[position] !== 35 || this.lexer.state !== lexerState.init) {
      return entryKind.end;
    }
    const isHelp = isSameBytes(helpWord, 0, helpWord.length, body, position);
    if (!isHelp && !isSameBytes(typeWord, 0, typeWord.length, body, position)) return entryKind.end;
    const nameStart = position + helpWord.length;
    if (!isMetricNameStart(body[nameStart]!)) return entryKind.end;
    let i = nameStart + 1;
    while (i < limit && isMetricNamePart(body[i]!)) i++;
    const textStart = i + 1;
    if (textStart >= limit || body[i] !== 32 || body[textStart]! <= 32) return entryKind.end;
    const textEnd = this.#scanText(textStart);
    if (textEnd < 0) return entryKind.end;
    if (!isHelp) {
      if (textEnd - textStart > typeBytesMax) return entryKind.end;
      const type = types.get(this.symbols.intern(body, textStart, textEnd));
      if (type === undefined) return entryKind.end;
      this.metricType = type;
    }
    this.familyStart = nameStart;
    this.familyEnd = i;
    this.textStart = textStart;
    this.textEnd = textEnd;
    this.lineStart = position;
    this.position = textEnd + 1;
    return isHelp ? entryKind.help : entryKind.type;
  }

  /** Where the line break after `start` is; -1 where there is none, a NUL before it, or no UTF-8. */
  #scanText(start: number): number {
    const { body } = this;
    const limit = body.length;
    let i = start;
    let high = 0;
    for (; i < limit; i++) {
      const byte = body[i]!;
      if (byte === 10) break;
      if (byte === 0) return -1;
      high |= byte;
    }
    // The exact lexer takes a NUL after the line break as part of the text.
    if (i === limit || body[i + 1] === 0) return -1;
    return high >= 0x80 && !isUtf8(body, start, i) ? -1 : i;
  }

  /** Fast path: name and labels without blanks; returns the end, -1 where it is something else. */
  protected scanSeries(start: number): number {
    const { body, offsets } = this;
    const limit = body.length;
    let i = start;
    if (i >= limit || !isMetricNameStart(body[i]!)) return -1;
    do i++;
    while (i < limit && isMetricNamePart(body[i]!));
    offsets.count = 0;
    offsets.push(start, i);
    if (i >= limit || body[i] !== 123) return i;
    i++;
    while (i < limit && body[i] !== 125) {
      i = this.#scanLabel(i);
      if (i < 0) return -1;
      // A comma goes before the next label or, as an extra, before the brace.
      if (i < limit && body[i] === 44) i++;
      else if (body[i] !== 125) return -1;
    }
    return i < limit ? i + 1 : -1;
  }

  /** Fast path: `name="value"`; returns the index after the quote, -1 for anything unusual. */
  #scanLabel(start: number): number {
    const { body } = this;
    const limit = body.length;
    let i = start;
    if (!isLabelNameStart(body[i]!)) return -1;
    do i++;
    while (i < limit && isLabelNamePart(body[i]!));
    if (i + 1 >= limit || body[i] !== 61 || body[i + 1] !== 34) return -1;
    const nameEnd = i;
    i += 2;
    const valueStart = i;
    let high = 0;
    for (; ; i++) {
      if (i >= limit) return -1;
      let byte = body[i]!;
      if (byte === 34) break;
      if (byte === 92) {
        if (++i >= limit) return -1;
        byte = body[i]!;
      }
      if (byte < 32) return -1;
      high |= byte;
    }
    if (high >= 0x80 && !isUtf8(body, valueStart, i)) return -1;
    this.offsets.push(start, nameEnd);
    this.offsets.push(valueStart, i);
    return i + 1;
  }

  /**
   * Fast path for the number at `start`: sets scanner.value, returns the index after it, -1 where
   * it is malformed. NaN, Inf and numbers of many digits are read here too, by way of a string.
   */
  protected scanNumber(start: number): number {
    const { body } = this;
    const limit = body.length;
    const end = this.scanner.scan(body, start, limit);
    if (end === limit || (end >= 0 && body[end]! <= 32)) return end;
    let i = start;
    while (i < limit && body[i]! > 32) i++;
    const text = decodeUtf8(body, start, i);
    if (/[pP_]/.test(text)) return -1;
    const { value, problem } = parseGoFloat(text);
    if (problem !== "") return -1;
    this.scanner.value = value;
    return i;
  }

  /** Finds the offsets of a series that was only repeated. */
  protected ensureOffsets(): void {
    if (this.hasOffsets) return;
    this.hasOffsets = true;
    if (this.scanSeries(this.seriesStart) === this.seriesEnd) return;
    const { lexer } = this;
    lexer.position = this.seriesStart;
    lexer.state = lexerState.init;
    this.parseSeriesPart(this.nextToken());
    lexer.state = lexerState.init;
  }

  /** Exact path: begins an entry at `position`. */
  protected beginEntry(): void {
    this.lexer.position = this.position;
    this.lineStart = this.position;
    this.offsets.count = 0;
    this.hasOffsets = true;
  }

  /** Exact path: metric name and labels; `first` is the line's first token. The token after them, undefined on an error. */
  protected parseSeriesPart(first: Token): Token | undefined {
    const { lexer, offsets } = this;
    this.seriesStart = this.lineStart;
    if (first === token.metricName) offsets.push(this.lineStart, lexer.position);
    else offsets.push(-1, -1);
    this.seriesEnd = lexer.position;
    const second = first === token.metricName ? this.nextToken() : first;
    if (second !== token.braceOpen) return second;
    if (!this.parseLabels(offsets, false)) return undefined;
    this.seriesEnd = lexer.position;
    const after = this.nextToken();
    if (offsets.items[0] !== -1) return after;
    this.fail(`metric name not set while parsing: ${lexer.quoted(this.lineStart, lexer.position)}`);
    return undefined;
  }

  /** Exact path: what is inside braces. False after an error. */
  protected parseLabels(into: OffsetList, isExemplar: boolean): boolean {
    let which: Token | undefined = this.nextToken();
    while (which !== undefined && which !== token.braceClose) {
      which = this.#parseLabel(which, into, isExemplar);
    }
    return which !== undefined;
  }

  /** One label, or the quoted metric name; returns the token after it and its comma, undefined after an error. */
  #parseLabel(first: Token, into: OffsetList, isExemplar: boolean): Token | undefined {
    const { lexer } = this;
    const isQuoted = first === token.quotedString;
    if (first !== token.labelName && !isQuoted) {
      return this.failAt("expected label name", first) || undefined;
    }
    const { start, position: end } = lexer;
    const second = this.nextToken();
    if (isQuoted && (second === token.comma || second === token.braceClose)) {
      if (isExemplar) return this.failAt("expected label name", second) || undefined;
      if (!this.#setQuotedName(start, end)) return undefined;
      return second === token.comma ? this.nextToken() : second;
    }
    into.push(isQuoted ? start + 1 : start, isQuoted ? end - 1 : end);
    if (second !== token.equal) return this.failAt("expected equal", second) || undefined;
    return this.#parseLabelValue(into) ? this.#afterLabel() : undefined;
  }

  #afterLabel(): Token | undefined {
    const after = this.nextToken();
    if (after === token.comma) return this.nextToken();
    if (after === token.braceClose || !this.needsComma) return after;
    return this.failAt("expected comma or brace close", after) || undefined;
  }

  /** A quoted string alone inside the braces is the metric name. */
  #setQuotedName(start: number, end: number): boolean {
    const { lexer, offsets } = this;
    if (offsets.items[0] !== -1) {
      const line = lexer.quoted(this.lineStart, lexer.position);
      return this.fail(`metric name already set while parsing: ${line}`);
    }
    offsets.items[0] = start + 1;
    offsets.items[1] = end - 1;
    return true;
  }

  #parseLabelValue(into: OffsetList): boolean {
    const { lexer } = this;
    const which = this.nextToken();
    if (which !== token.labelValue) return this.failAt("expected label value", which);
    if (!isUtf8(this.body, lexer.start, lexer.position)) {
      const value = lexer.quoted(lexer.start, lexer.position);
      return this.fail(`invalid UTF-8 label value: ${value}`);
    }
    into.push(lexer.start + 1, lexer.position - 1);
    return true;
  }

  /** Exact path: the number of a token, from `start` on; undefined after an error. */
  protected parseNumber(start: number): number | undefined {
    const { lexer } = this;
    const text = decodeUtf8(this.body, start, lexer.position);
    const isOldStyle = !/[pP_]/.test(text);
    const { value, problem } = parseGoFloat(text);
    if (isOldStyle && problem === "") return value;
    const line = lexer.quoted(this.lineStart, lexer.position);
    const reason = isOldStyle
      ? `strconv.ParseFloat: parsing ${lexer.quoted(start, lexer.position)}: ${problem}`
      : "unsupported character in float";
    this.fail(`${reason} while parsing: ${line}`);
    return undefined;
  }

  /** Exact path: the name after HELP, TYPE or UNIT. False after an error. */
  protected parseFamilyName(after: Token): boolean {
    const { lexer } = this;
    const which = this.nextToken();
    if (which !== token.metricName) {
      return this.failAt(`expected metric name after ${tokenName(after)}`, which);
    }
    const isQuoted = lexer.byteAt(lexer.start) === 34;
    this.familyStart = lexer.start + (isQuoted ? 1 : 0);
    this.familyEnd = lexer.position - (isQuoted ? 1 : 0);
    return true;
  }

  /** Exact path: takes the current text as the type. False after an error. */
  protected setMetricType(types: ReadonlyMap<string, MetricType>): boolean {
    const text = decodeUtf8(this.body, this.textStart, this.textEnd);
    const type = types.get(text);
    if (type === undefined) {
      return this.fail(`invalid metric type ${this.lexer.quoted(this.textStart, this.textEnd)}`);
    }
    this.metricType = type;
    return true;
  }

  /** Exact path: help must be UTF-8. False after an error. */
  protected checkHelp(): boolean {
    if (isUtf8(this.body, this.textStart, this.textEnd)) return true;
    const text = this.lexer.quoted(this.textStart, this.textEnd);
    return this.fail(`help text ${text} is not a valid utf8 string`);
  }

  /** Records an error; false for the caller to pass on. */
  protected fail(message: string): false {
    const start = this.lineStart;
    const stop = Math.min(this.lexer.position + 1, start + errorInputBytesMax);
    const input = decodeUtf8(this.body, start, stop);
    this.error = new ParseError(message, { input, start: 0, end: input.length });
    return false;
  }

  /** Records an unexpected token. */
  protected failAt(expectation: string, got: Token): false {
    const { lexer } = this;
    const stop = Math.min(lexer.length, lexer.position + 1);
    const found = `${lexer.quoted(lexer.start, stop)} (${quoteString(tokenName(got))})`;
    const line = lexer.quoted(this.lineStart, stop);
    return this.fail(`${expectation}, got ${found} while parsing: ${line}`);
  }
}
