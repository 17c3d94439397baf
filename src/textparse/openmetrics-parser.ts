/**
 * OpenMetrics text 1.0, as Prometheus 3.14 reads it: exemplars, and start timestamps out of the
 * `_created` lines, which are looked for ahead of the sample by a second parser on the same bytes.
 */

import type { Exemplar, MetricType } from "../model/sample.ts";
import { type LexerState, type Token, token, tokenName } from "./byte-lexer.ts";
import { decodeUtf8, isSameBytes } from "./byte-text.ts";
import { type EntryKind, entryKind } from "./exposition-parser.ts";
import { OffsetList, readExemplarLabels, unescapeLabelValue } from "./label-reader.ts";
import { LineParser, type LineParserOptions } from "./line-parser.ts";
import { OpenMetricsLexer } from "./openmetrics-lexer.ts";

/** Options of OpenMetrics alone. */
export interface OpenMetricsParserOptions extends LineParserOptions {
  /** Hides `_created` lines from the entries; `startTimestampMs` finds them all the same. */
  readonly skipsCreatedSeries: boolean;
}

const metricTypes: ReadonlyMap<string, MetricType> = new Map(
  (
    [
      "counter",
      "gauge",
      "histogram",
      "gaugehistogram",
      "summary",
      "info",
      "stateset",
      "unknown",
    ] as const
  ).map((type) => [type, type]),
);
const createdSuffix = Uint8Array.from("_created", (char) => char.charCodeAt(0));
const int64Limit = 2 ** 63;

/** Parser of one body. */
export class OpenMetricsParser extends LineParser {
  protected override readonly needsComma = true;
  #kind: EntryKind = entryKind.end;
  #skipsCreatedSeries: boolean;
  readonly #exemplarOffsets = new OffsetList();
  #exemplar: { readonly value: number; readonly timestampMs: number | undefined } | undefined;
  /** Bytes of the family name of the last metadata line. */
  #familyNameSize = 0;
  #startTimestampMs = 0;
  /** Which series `#startTimestampMs` is for; undefined: none. */
  #startTimestampKey: string | undefined;
  /** The parser that looks ahead; made on first use. */
  #scout: OpenMetricsParser | undefined;
  /** True in a scout: exemplars are stepped over unread. */
  #ignoresExemplars = false;

  constructor(body: Uint8Array, options: OpenMetricsParserOptions) {
    super(body, new OpenMetricsLexer(body), options);
    this.#skipsCreatedSeries = options.skipsCreatedSeries;
  }

  override text(): string {
    if (this.#kind === entryKind.unit) return this.unit;
    const text = decodeUtf8(this.body, this.textStart, this.textEnd);
    return this.#kind === entryKind.help ? unescapeLabelValue(text) : text;
  }

  override nextExemplar(): Exemplar | undefined {
    const exemplar = this.#exemplar;
    if (exemplar === undefined) return undefined;
    this.#exemplar = undefined;
    const labels = readExemplarLabels(this.body, this.#exemplarOffsets, this.symbols);
    const { value, timestampMs } = exemplar;
    return timestampMs === undefined ? { labels, value } : { labels, value, timestampMs };
  }

  override startTimestampMs(): number {
    if (!mayHaveStart(this.metricType)) {
      this.#startTimestampKey = undefined;
      return 0;
    }
    this.ensureOffsets();
    const nameStart = this.offsets.items[0]!;
    const isQuoted = this.body[this.seriesStart] === 123 && this.body[this.seriesStart + 1] === 34;
    const nameEnd = this.seriesStart + this.#familyNameSize + (isQuoted ? 2 : 0);
    const key = this.#seriesKey(nameStart, Math.max(nameStart, nameEnd));
    if (key === this.#startTimestampKey && this.#startTimestampMs > 0) {
      return this.#startTimestampMs;
    }
    const found = this.#findCreated(key);
    this.#skipsCreatedSeries = true;
    this.#startTimestampKey = found === undefined ? undefined : key;
    if (found !== undefined) this.#startTimestampMs = found;
    return found ?? 0;
  }

  /** The ms of the `_created` line of the series called `key` by `#seriesKey`. */
  #findCreated(key: string): number | undefined {
    this.#scout ??= new OpenMetricsParser(this.body, {
      hasTypeAndUnitLabels: false,
      skipsCreatedSeries: false,
      symbols: this.symbols,
    });
    const scout = this.#scout;
    scout.#resume(this.position, this.lexer.state, this.metricType);
    while (scout.parseEntry() === entryKind.series) {
      const [nameStart = 0, nameEnd = 0] = scout.offsets.items;
      if (!scout.#isCreatedName(nameStart, nameEnd)) continue;
      const peeked = scout.#seriesKey(nameStart, nameEnd - createdSuffix.length);
      return peeked === key ? toInt64(scout.value * 1000) : undefined;
    }
    return undefined;
  }

  #resume(position: number, state: LexerState, metricType: MetricType | undefined): void {
    this.position = position;
    this.lexer.state = state;
    this.metricType = metricType;
    this.#ignoresExemplars = true;
  }

  /** Labels (without the bucket's or quantile's) and name as one text, equal for the series of one metric. */
  #seriesKey(nameStart: number, nameEnd: number): string {
    const { items, count } = this.offsets;
    let key = "";
    for (let i = 2; i < count; i += 4) {
      const name = this.symbols.intern(this.body, items[i]!, items[i + 1]!);
      if (name === "quantile" && this.metricType === "summary") continue;
      if (name === "le" && this.metricType === "histogram") continue;
      key += name + this.symbols.intern(this.body, items[i + 2]!, items[i + 3]!);
    }
    return key + decodeUtf8(this.body, nameStart, nameEnd);
  }

  #isCreatedName(nameStart: number, nameEnd: number): boolean {
    const size = createdSuffix.length;
    return (
      nameEnd - nameStart >= size && isSameBytes(createdSuffix, 0, size, this.body, nameEnd - size)
    );
  }

  protected override parseEntry(): EntryKind {
    for (;;) {
      this.#exemplar = undefined;
      this.#kind = this.trySeriesLine() ? entryKind.series : this.#parseOther();
      if (this.#kind !== entryKind.series || !this.#skipsCreatedSeries) return this.#kind;
      if (!mayHaveStart(this.metricType)) return this.#kind;
      const [nameStart = 0, nameEnd = 0] = this.offsets.items;
      if (!this.#isCreatedName(nameStart, nameEnd)) return this.#kind;
    }
  }

  protected override nextToken(): Token {
    return this.lexer.lex();
  }

  protected override scanSuffix(end: number): number {
    const { body } = this;
    const limit = body.length;
    if (end + 1 >= limit || body[end] !== 32) return -1;
    let i = this.scanNumber(end + 1);
    if (i < 0 || i >= limit) return -1;
    const { value } = this.scanner;
    const hasTimestamp = body[i] === 32;
    if (hasTimestamp) {
      i = this.scanNumber(i + 1);
      if (i < 0 || i >= limit || !Number.isFinite(this.scanner.value)) return -1;
    }
    if (body[i] !== 10) return -1;
    this.value = value;
    this.hasTimestamp = hasTimestamp;
    if (hasTimestamp) this.timestampMs = toInt64(this.scanner.value * 1000);
    this.#exemplar = undefined;
    return i + 1;
  }

  #parseOther(): EntryKind {
    const kind = this.tryMetadataLine(metricTypes);
    if (kind === entryKind.end) return this.#parseExactly();
    this.#familyNameSize = this.familyEnd - this.familyStart;
    return kind;
  }

  #parseExactly(): EntryKind {
    const { lexer } = this;
    this.beginEntry();
    const first = this.nextToken();
    let kind: EntryKind = entryKind.end;
    switch (first) {
      case token.eofWord:
        if (this.nextToken() !== token.eof) this.fail("unexpected data after # EOF");
        break;
      case token.eof:
        this.fail("data does not end with # EOF");
        break;
      case token.help:
      case token.type:
      case token.unit:
        kind = this.#parseMetadata(first);
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

  #parseMetadata(which: Token): EntryKind {
    const { lexer } = this;
    if (!this.parseFamilyName(which)) return entryKind.end;
    this.#familyNameSize = this.familyEnd - this.familyStart;
    if (this.nextToken() !== token.text) {
      this.fail(`expected text in ${tokenName(which)}`);
      return entryKind.end;
    }
    this.textStart = lexer.start + 1;
    this.textEnd = lexer.position - 1;
    if (which === token.help) return this.checkHelp() ? entryKind.help : entryKind.end;
    if (which === token.type) {
      return this.setMetricType(metricTypes) ? entryKind.type : entryKind.end;
    }
    return this.#setUnit() ? entryKind.unit : entryKind.end;
  }

  #setUnit(): boolean {
    this.unit = decodeUtf8(this.body, this.textStart, this.textEnd);
    if (this.unit === "" || this.familyName().endsWith(`_${this.unit}`)) return true;
    const { lexer } = this;
    const unit = lexer.quoted(this.textStart, this.textEnd);
    const family = lexer.quoted(this.familyStart, this.familyEnd);
    return this.fail(`unit ${unit} not a suffix of metric ${family}`);
  }

  /** Exact path: value, timestamp, exemplar. */
  #parseSuffix(first: Token): boolean {
    const value = this.#parseValue(first, "metric");
    if (value === undefined) return false;
    this.value = value;
    this.hasTimestamp = false;
    const after = this.nextToken();
    if (after === token.eof) return this.fail("data does not end with # EOF");
    if (after === token.comment) return this.#parseExemplar();
    // What is neither of these stays for the next entry to complain about, as in Prometheus.
    if (after !== token.timestamp) return true;
    const timestampMs = this.#parseTimestamp("timestamp");
    if (timestampMs === undefined) return false;
    this.hasTimestamp = true;
    this.timestampMs = timestampMs;
    const last = this.nextToken();
    if (last === token.linebreak) return true;
    if (last === token.comment) return this.#parseExemplar();
    return this.failAt("expected next entry after timestamp", last);
  }

  #parseExemplar(): boolean {
    if (this.#ignoresExemplars) return this.#skipExemplar();
    this.#exemplarOffsets.count = 0;
    if (!this.parseLabels(this.#exemplarOffsets, true)) return false;
    const value = this.#parseValue(this.nextToken(), "exemplar labels");
    if (value === undefined) return false;
    this.#exemplar = { value, timestampMs: undefined };
    const after = this.nextToken();
    if (after === token.eof) return this.fail("data does not end with # EOF");
    if (after === token.linebreak) return true;
    if (after !== token.timestamp) return this.failAt("expected timestamp or comment", after);
    const timestampMs = this.#parseTimestamp("exemplar timestamp");
    if (timestampMs === undefined) return false;
    this.#exemplar = { value, timestampMs };
    const last = this.nextToken();
    return (
      last === token.linebreak || this.failAt("expected next entry after exemplar timestamp", last)
    );
  }

  #skipExemplar(): boolean {
    for (;;) {
      const which = this.nextToken();
      if (which === token.linebreak) return true;
      if (which === token.eof || which === token.invalid) return false;
    }
  }

  #parseValue(which: Token, after: string): number | undefined {
    if (which === token.value) return this.parseNumber(this.lexer.start + 1);
    this.failAt(`expected value after ${after}`, which);
    return undefined;
  }

  /** Seconds to ms; `what` is how an error calls it. */
  #parseTimestamp(what: string): number | undefined {
    const seconds = this.parseNumber(this.lexer.start + 1);
    if (seconds === undefined) return undefined;
    if (Number.isFinite(seconds)) return toInt64(seconds * 1000);
    const shown = Number.isNaN(seconds) ? "NaN" : seconds > 0 ? "+Inf" : "-Inf";
    this.fail(`invalid ${what} ${shown}`);
    return undefined;
  }
}

/** Types whose series may have a `_created` line. */
function mayHaveStart(type: MetricType | undefined): boolean {
  return type === "counter" || type === "summary" || type === "histogram";
}

/** Go's conversion of a float to int64 on x86: truncates, and what does not fit becomes the least one. */
function toInt64(value: number): number {
  if (!(Math.abs(value) < int64Limit)) return -int64Limit;
  return Math.trunc(value) + 0;
}
