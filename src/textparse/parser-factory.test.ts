import { describe, expect, it } from "vitest";
import { histogramToString } from "../model/histogram.ts";
import { SymbolTable } from "./byte-text.ts";
import { type ExpositionParser, entryKind } from "./exposition-parser.ts";
import { createTextParser, type TextParserOptions } from "./parser-factory.ts";

const textType = "text/plain; version=0.0.4";
const openMetricsType = "application/openmetrics-text; version=1.0.0";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parserFor(body: string | Uint8Array, type: string, options: TextParserOptions = {}) {
  const data = typeof body === "string" ? bytes(body) : body;
  const { parser } = createTextParser(data, type, options);
  if (parser === undefined) return expect.fail(`no parser for ${type}`);
  return parser;
}

/** All entries, one line each. */
function walk(parser: ExpositionParser): string {
  const lines: string[] = [];
  for (let kind = parser.next(); kind !== entryKind.end; kind = parser.next()) {
    if (kind === entryKind.comment) lines.push(parser.text());
    else if (kind === entryKind.type) lines.push(`${parser.familyName()}: ${parser.metricType}`);
    else if (kind === entryKind.help || kind === entryKind.unit) {
      lines.push(`${parser.familyName()}: ${parser.text()}`);
    } else lines.push(describeSample(parser, kind === entryKind.histogram));
  }
  if (parser.error !== undefined) lines.push(`error: ${parser.error.message}`);
  return lines.join("\n");
}

function describeSample(parser: ExpositionParser, isHistogram: boolean): string {
  const value =
    isHistogram && parser.histogram ? histogramToString(parser.histogram) : parser.value;
  const exemplar = parser.nextExemplar();
  return [
    parser.labels().toString(),
    value,
    ...(parser.hasTimestamp ? [`@${parser.timestampMs}`] : []),
    ...(exemplar ? [`# ${exemplar.labels} ${exemplar.value} @${exemplar.timestampMs}`] : []),
  ].join(" ");
}

describe("text format", () => {
  const check = (name: string, body: string, want: string) =>
    it(name, () => expect(walk(parserFor(body, textType))).toBe(want));

  check(
    "reads plain lines with and without labels and timestamps",
    'a 1\nb{x="y"} -2.5 1000\n',
    '{__name__="a"} 1\n{__name__="b", x="y"} -2.5 @1000',
  );
  check(
    "reads blanks, escapes, extra commas and quoted names",
    '{"a.b", x = "\\"\\n\\\\" ,}\t3',
    '{__name__="a.b", x="\\"\\n\\\\"} 3',
  );
  check(
    "reads metadata and comments",
    "# HELP a some\\nhelp\n# TYPE a gauge\n# a remark\n\na NaN\n",
    'a: some\nhelp\na: gauge\n# a remark\n{__name__="a"} NaN',
  );
  check(
    "writes le and quantile as OpenMetrics does, where the type says so",
    '# TYPE h histogram\nh_bucket{le="1e3"} 1\n# TYPE g gauge\ng{le="1"} 1\n',
    'h: histogram\n{__name__="h_bucket", le="1000.0"} 1\ng: gauge\n{__name__="g", le="1"} 1',
  );
  check(
    "delivers what comes before an error",
    "a 1\nb x\nc 3\n",
    '{__name__="a"} 1\nerror: strconv.ParseFloat: parsing "x": invalid syntax while parsing: "b x"',
  );
  check(
    "refuses an exemplar",
    'a 1 # {id="x"} 1\n',
    'error: expected timestamp or new record, got "#" ("INVALID") while parsing: "a 1 #"',
  );
  check(
    "refuses a timestamp beyond 64 bits",
    "a 1 9223372036854775808\n",
    'error: strconv.ParseInt: parsing "9223372036854775808": value out of range while parsing: "a 1 9223372036854775808"',
  );
  check("refuses a value that is no UTF-8 only as bytes", 'a{b="ü"} 1', '{__name__="a", b="ü"} 1');
  check(
    "reads numbers of many digits",
    "a 7.424100000000001e-05\nb 123456789012345678901234567890\n",
    '{__name__="a"} 0.00007424100000000001\n{__name__="b"} 1.2345678901234568e+29',
  );
});

describe("OpenMetrics", () => {
  const check = (name: string, body: string, want: string, options: TextParserOptions = {}) =>
    it(name, () => expect(walk(parserFor(body, openMetricsType, options))).toBe(want));

  check(
    "reads exemplars, units and timestamps in seconds",
    '# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1 2.5 # {id="x"} 0.5 1.25\n# EOF\n',
    'a_seconds: counter\na_seconds: seconds\n{__name__="a_seconds_total"} 1 @2500 # {id="x"} 0.5 @1250',
  );
  check("wants an EOF", "a 1\n", '{__name__="a"} 1\nerror: data does not end with # EOF');
  check(
    "wants one blank",
    "a  1\n# EOF\n",
    'error: expected value after metric, got "  " ("INVALID") while parsing: "a  "',
  );
  check(
    "hides _created lines on demand",
    "# TYPE a counter\na_total 1\na_created 5\n# EOF\n",
    'a: counter\n{__name__="a_total"} 1',
    { skipCreatedSeries: true },
  );
  check(
    "adds type and unit labels",
    "# TYPE a_s gauge\n# UNIT a_s s\na_s 1\n# EOF\n",
    'a_s: gauge\na_s: s\n{__name__="a_s", __type__="gauge", __unit__="s"} 1',
    { typeAndUnitLabels: true },
  );

  it("finds the start timestamp in the _created line of the same labels", () => {
    const body =
      '# TYPE a counter\na_total{x="1"} 1\na_created{x="1"} 5.5\na_total{x="2"} 1\na_created{x="3"} 7\n# EOF\n';
    const parser = parserFor(body, openMetricsType, { skipCreatedSeries: true });
    const starts: number[] = [];
    while (parser.next())
      if (parser.metricType && parser.seriesEnd > 0) starts.push(parser.startTimestampMs());
    expect(starts).toEqual([5500, 0]);
  });
});

describe("conversion to native histograms", () => {
  const body =
    '# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="2"} 3\nh_bucket{le="+Inf"} 5\nh_sum 4.5\nh_count 5\nx 1\n';

  it("delivers one histogram in place of its series", () => {
    expect(walk(parserFor(body, textType, { convertToNhcb: true }))).toBe(
      'h: histogram\n{__name__="h"} {count:5, sum:4.5, [-Inf,1]:3, (2,+Inf]:2}\n{__name__="x"} 1',
    );
  });

  it("keeps the classic series on demand", () => {
    const lines = walk(parserFor(body, textType, { convertToNhcb: true, keepClassic: true }));
    expect(lines.split("\n")).toHaveLength(8);
  });

  it("gives up a histogram whose buckets fall", () => {
    const falling = body.replace('{le="2"} 3', '{le="2"} 2');
    expect(walk(parserFor(falling, textType, { convertToNhcb: true }))).toBe(
      'h: histogram\n{__name__="x"} 1',
    );
  });
});

describe("tryRepeat", () => {
  const before = bytes('# TYPE a counter\na{x="1"} 1\na{x="2"} 2\na 3\n');
  const series = ['a{x="1"}', 'a{x="2"}', "a"].map((text) => {
    const start = new TextDecoder().decode(before).indexOf(`${text} `);
    return { start, end: start + text.length };
  });

  function repeatAt(body: string, index: number, type = textType): ExpositionParser | undefined {
    const parser = parserFor(body, type);
    const { start, end } = series[index]!;
    return parser.tryRepeat(before, start, end) ? parser : undefined;
  }

  it("moves over a known line and reads its value and timestamp", () => {
    const parser = repeatAt('a{x="1"} 17.5 1000\na{x="2"} 9\n', 0);
    expect(parser && describeSample(parser, false)).toBe('{__name__="a", x="1"} 17.5 @1000');
    expect(parser?.tryRepeat(before, series[1]!.start, series[1]!.end)).toBe(true);
    expect(parser?.seriesText()).toBe('a{x="2"}');
    expect(parser?.value).toBe(9);
    expect(parser?.next()).toBe(entryKind.end);
  });

  it("leaves other lines to next()", () => {
    expect(repeatAt('a{x="3"} 1\n', 0)).toBeUndefined();
    expect(repeatAt("# HELP a x\n", 0)).toBeUndefined();
    expect(repeatAt("ab 1\n", 2)).toBeUndefined();
    expect(repeatAt('a {x="1"} 1\n', 2)).toBeUndefined();
    expect(repeatAt("a x\n", 2)).toBeUndefined();
    expect(repeatAt('a 1 # {id="x"} 1\n', 2, openMetricsType)).toBeUndefined();
    const parser = parserFor('a{x="3"} 1\n', textType);
    parser.tryRepeat(before, series[0]!.start, series[0]!.end);
    expect(walk(parser)).toBe('{__name__="a", x="3"} 1');
  });
});

describe("SymbolTable", () => {
  it("gives equal bytes one string and grows", () => {
    const table = new SymbolTable();
    const body = bytes(Array.from({ length: 1000 }, (_, i) => `name${i}`).join(" "));
    for (let round = 0; round < 2; round++) {
      let start = 0;
      for (let i = 0; i < 1000; i++) {
        const end = start + `name${i}`.length;
        expect(table.intern(body, start, end)).toBe(`name${i}`);
        start = end + 1;
      }
    }
    expect(table.size).toBe(1000);
  });
});
