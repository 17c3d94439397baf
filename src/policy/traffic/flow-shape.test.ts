import { describe, expect, it } from "vitest";
import { ParseError } from "../../base/errors.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { FlowShape } from "./flow-shape.ts";
import { FlowTally } from "./flow-tally.ts";

const plain =
  '{"flow":{"time":"2026-01-15T10:00:00.162Z","uuid":"7c71f907-e39b","verdict":"FORWARDED","IP":{"source":"10.0.0.5","destination":"1.1.1.1"},"l4":{"TCP":{"source_port":49886,"destination_port":80,"flags":{"SYN":true}}},"source":{"namespace":"a","labels":["k8s:app=ä","k8s:io.kubernetes.pod.namespace=a"]},"destination":{"labels":["reserved:world"]},"l7":{"type":"REQUEST","http":{"method":"GET","url":"/a?b=1\\u0026c=2"}},"traffic_direction":"EGRESS","is_reply":false,"Summary":"TCP"},"node_name":"n","time":"2026-01-15T10:00:00.162Z"}';

const times = [
  "2026-01-15T10:00:00Z",
  "2026-01-15T10:00:00.500Z",
  "2026-01-31T10:00:00.000Z",
  "2026-02-29T10:00:00Z",
  "2024-02-29T10:00:00.123456789Z",
  "2026-01-15T12:00:00+02:00",
  "2026-01-15T10:00:0\\u0031Z",
  "2026-13-15T10:00:00Z",
  "2026-01-15T24:00:00Z",
  "0000-01-15T10:00:00Z",
  "",
  "soon",
];
const ports = [
  "1",
  "65535",
  "0",
  "00",
  "-1",
  '"7"',
  "7.0",
  "1e9",
  "9e9",
  "12345678901",
  "",
  "true",
];
const swaps: readonly (readonly [string, string])[] = [
  ['"verdict":"FORWARDED",', ""],
  ['"verdict":"FORWARDED"', '"verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED"'],
  ['"verdict":"FORWARDED"', '"verdict":"AUDIT"'],
  ['"verdict":"FORWARDED"', '"unknown":{"source_port":5,"x":["\\"source_port\\":9"]},"verdict":1'],
  ['"verdict":"FORWARDED"', '"verdict":"FORWARDED","time":"2026-03-01T00:00:00Z"'],
  ['"verdict":"FORWARDED"', '"verdict":"FORWARDED","\\u0074ime":"2026-03-01T00:00:00Z"'],
  ['"flow":{', '"flow": {'],
  ["}}}", "}}"],
  ['"uuid":"7c71f907-e39b"', '"uuid":"7c\\u0031"'],
  ['"uuid":"7c71f907-e39b"', '"uuid":7'],
  ['"uuid":"7c71f907-e39b",', ""],
  ['"is_reply":false', '"is_reply":true'],
  ['"l7":{"type":"REQUEST"', '"l7":{"type":"RESPONSE"'],
  ['},"node_name":"n"', '},"flow":{"time":"2026-04-01T00:00:00Z"},"node_name":"n"'],
  [',"time":"2026-01-15T10:00:00.162Z"}', "}"],
  [',"time":"2026-01-15T10:00:00.162Z"}', ',"time":"'],
  [',"time":"2026-01-15T10:00:00.162Z"}', ',"time":"2026-01-15T10:00:00.162Z"'],
  ["ä", "\ufffd"],
  ["10.0.0.5", "10.0.0.6"],
  ["1.1.1.1", "1.1.1.2"],
  ["\\u0026", "&"],
];

const random = seededRandom(7);
function below(limit: number): number {
  return Math.floor(random() * limit);
}

function randomLine(): string {
  let line = plain;
  for (let swap = below(3); swap > 0; swap--) line = line.replace(...pick(swaps));
  if (below(3) === 0) line = line.replace(/"source_port":\d+/, `"source_port":${pick(ports)}`);
  else line = line.replace(/"source_port":\d+/, `"source_port":${below(60_000)}`);
  const head = pick(times);
  if (below(2) === 0) line = line.replace(/"time":"[^"]*"/, `"time":"${head}"`);
  if (below(4) === 0) line = line.replace(/"time":"[^"]*"}$/, `"time":"${pick(times)}"}`);
  if (below(10) === 0) line = line.slice(0, below(line.length));
  return line;
}

function pick<T>(choices: readonly T[]): T {
  return choices[below(choices.length)] as T;
}

function outcome(take: () => void): string {
  try {
    take();
    return "taken";
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    return thrown.message;
  }
}

describe("FlowTally.addLineBytes", () => {
  it("says of random lines, broken ones among them, what parsing each says", () => {
    const known = new FlowTally();
    const parsed = new FlowTally();
    for (let i = 0; i < 5_000; i++) {
      const line = randomLine();
      const padding = "x".repeat(below(5));
      const bytes = new TextEncoder().encode(`${padding}${line}\n${plain}`);
      const end = padding.length + new TextEncoder().encode(line).length;
      const got = outcome(() => known.addLineBytes(bytes, padding.length, end));
      expect(got, line).toBe(outcome(() => parsed.addLine(line)));
    }
    expect(known.snapshot()).toEqual(parsed.snapshot());
    expect(known.flowCount).toBeGreaterThan(1000);
  });
});

describe("FlowShape", () => {
  function shapeText(line: string): string | undefined {
    const shape = new FlowShape();
    const bytes = new TextEncoder().encode(line);
    if (!shape.scan(bytes, 0, bytes.length)) return undefined;
    const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
    return `${text(shape.start, shape.gapStart)}|${text(shape.gapEnd, shape.end)}`;
  }

  it("leaves out time, id and source port only", () => {
    const line =
      '{"flow":{"time":"2026-01-15T10:00:00Z","uuid":"a-1","l4":{"TCP":{"source_port":5,"destination_port":6}}},"time":"2026-01-15T10:00:00Z"}';
    expect(shapeText(line)).toBe('","l4":{"TCP":{"source_port":|,"destination_port":6}}},"time":"');
  });

  it("finds none in lines of another form", () => {
    for (const line of ["", "{}", '{"flow":{"time":"soon"}}', '{"lost_events":{}}']) {
      expect(shapeText(line), line).toBeUndefined();
    }
  });
});
