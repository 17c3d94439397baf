import { expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { type EntryKind, type ExpositionParser, entryKind } from "./exposition-parser.ts";
import { OpenMetricsParser } from "./openmetrics-parser.ts";
import { TextParser } from "./text-parser.ts";

const seed = 3_141_592;
const rounds = 2000;

/** The oracle: the same parsers with the fast paths off. */
class ExactTextParser extends TextParser {
  protected override trySeriesLine(): boolean {
    return false;
  }
  protected override tryMetadataLine(): EntryKind {
    return entryKind.end;
  }
}

class ExactOpenMetricsParser extends OpenMetricsParser {
  protected override trySeriesLine(): boolean {
    return false;
  }
  protected override tryMetadataLine(): EntryKind {
    return entryKind.end;
  }
}

/** Whole numbers below a limit, from a seed, so that a failure can be replayed. */
function randomSource(start: number): (limit: number) => number {
  const random = seededRandom(start);
  return (limit) => Math.floor(random() * limit);
}

const textBody = `# HELP a some \\n help ü
# TYPE a counter
a{x="1",y="\\"\\\\ü"} 1 1700000000000
a{x="2",} 2.5e3
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="+Inf"} NaN
{"q.n", "l l"="v"} -1

b  7.424100000000001e-05	12
# remark
c +Inf
`;
const openMetricsBody = `# HELP a some \\n help ü
# TYPE a_s counter
# UNIT a_s s
a_s_total{x="1",y="\\"\\\\ü"} 1 1700000000.5 # {id="x"} 0.5 1.5
a_s_created{x="1",y="\\"\\\\ü"} 12.5
# TYPE h histogram
h_bucket{le="0.5"} 1 # {id="x",b="c"} 0.5
h_bucket{le="+Inf",} 2
h_created 7.424100000000001
{"q.n","l l"="v"} -1
b 1e300 5
# EOF
`;
const spice = ' \t\n\0"\\{}=,#_:+-.019eEpNaIünf\u00ff\r';

function mutate(body: Uint8Array, random: (limit: number) => number): Uint8Array {
  const bytes = [...body];
  const extra = new TextEncoder().encode(spice);
  for (let i = random(4); i >= 0; i--) {
    const at = random(bytes.length);
    const byte = extra[random(extra.length)]!;
    const kind = random(4);
    if (kind === 0) bytes.splice(at, 1);
    else if (kind === 1) bytes.splice(at, 0, byte);
    else if (kind === 2) bytes[at] = byte;
    else bytes.splice(at, random(12));
  }
  return Uint8Array.from(bytes);
}

function walk(parser: ExpositionParser): string[] {
  const lines: string[] = [];
  for (let kind = parser.next(); kind !== entryKind.end; kind = parser.next()) {
    if (kind === entryKind.series) {
      const exemplar = parser.nextExemplar();
      const time = parser.hasTimestamp ? parser.timestampMs : "";
      lines.push(
        `${parser.seriesText()} ${parser.labels()} ${parser.value} ${time} ${JSON.stringify(exemplar)} ${parser.startTimestampMs()}`,
      );
    } else if (kind === entryKind.comment) lines.push(parser.text());
    else lines.push(`${kind} ${parser.familyName()} ${parser.text()} ${parser.metricType}`);
  }
  lines.push(parser.error?.message ?? "end");
  return lines;
}

it(`reads mutated text bodies on the fast path as on the exact one (seed ${seed})`, () => {
  const random = randomSource(seed);
  const options = { hasTypeAndUnitLabels: false };
  const body = new TextEncoder().encode(textBody);
  for (let i = 0; i < rounds; i++) {
    const mutated = i === 0 ? body : mutate(body, random);
    const want = walk(new ExactTextParser(mutated, options));
    expect(walk(new TextParser(mutated, options)), `round ${i}`).toEqual(want);
  }
});

it(`reads mutated OpenMetrics bodies on the fast path as on the exact one (seed ${seed})`, () => {
  const random = randomSource(seed);
  const body = new TextEncoder().encode(openMetricsBody);
  for (let i = 0; i < rounds; i++) {
    const options = { hasTypeAndUnitLabels: i % 2 === 0, skipsCreatedSeries: i % 3 === 0 };
    const mutated = i === 0 ? body : mutate(body, random);
    const want = walk(new ExactOpenMetricsParser(mutated, options));
    expect(walk(new OpenMetricsParser(mutated, options)), `round ${i}`).toEqual(want);
  }
});

it(`repeats mutated lines as next() reads them (seed ${seed})`, () => {
  const random = randomSource(seed);
  const options = { hasTypeAndUnitLabels: false };
  const known = new TextEncoder().encode('a{x="1",y="2"} 1 1700000000000\n');
  const seriesEnd = 14;
  let repeated = 0;
  for (let i = 0; i < rounds; i++) {
    const mutated = mutate(known, random);
    const parser = new TextParser(mutated, options);
    if (!parser.tryRepeat(known, 0, seriesEnd)) continue;
    repeated++;
    const exact = new ExactTextParser(mutated, options);
    expect(exact.next()).toBe(entryKind.series);
    const fields = (from: ExpositionParser) => [
      from.seriesText(),
      from.labels().toString(),
      from.value,
      from.hasTimestamp && from.timestampMs,
    ];
    expect(fields(parser)).toEqual(fields(exact));
    expect(walk(parser)).toEqual(walk(exact));
  }
  expect(repeated).toBeGreaterThan(rounds / 10);
});

/** Every entry, metadata by its bytes; with `previous` its metadata lines are repeated where that works. */
function walkRanges(parser: TextParser, body: Uint8Array, previous?: MetadataLines): string[] {
  const seen: string[] = [];
  const text = (): string =>
    Buffer.from(body.subarray(parser.metadataStart, parser.metadataEnd)).toString("latin1");
  for (let at = 0; ; ) {
    const [start, end] = previous?.ranges[at] ?? [0, 0];
    if (end > 0 && parser.tryRepeatMetadata(previous?.body ?? body, start, end)) {
      seen.push(text());
      at++;
      continue;
    }
    const kind = parser.next();
    if (kind === entryKind.end) return [...seen, parser.error?.message ?? "end"];
    if (kind === entryKind.series) seen.push(`${parser.seriesText()} ${parser.value}`);
    else if (kind !== entryKind.comment) {
      seen.push(text());
      at++;
    }
  }
}

interface MetadataLines {
  readonly body: Uint8Array;
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

function metadataLines(body: Uint8Array): MetadataLines {
  const parser = new TextParser(body, { hasTypeAndUnitLabels: false });
  const ranges: [number, number][] = [];
  for (let kind = parser.next(); kind !== entryKind.end; kind = parser.next()) {
    if (kind === entryKind.series || kind === entryKind.comment) continue;
    ranges.push([parser.metadataStart, parser.metadataEnd]);
  }
  return { body, ranges };
}

it(`repeats mutated metadata lines as next() reads them (seed ${seed})`, () => {
  const random = randomSource(seed);
  const options = { hasTypeAndUnitLabels: false };
  const first = new TextEncoder().encode(textBody);
  for (let i = 0; i < rounds; i++) {
    const before = i % 2 === 0 ? first : mutate(first, random);
    const body = i === 0 ? first : mutate(before, random);
    const want = walkRanges(new TextParser(body, options), body);
    const have = walkRanges(new TextParser(body, options), body, metadataLines(before));
    expect(have, `round ${i}`).toEqual(want);
  }
});
