/**
 * Samples to ask about (counters with resets, gaps and stale markers, classic and native histograms, floats
 * beside histograms), random queries over them, and where two answers differ.
 */

import {
  double,
  field,
  labels,
  sample,
  series,
  snappyBlock,
  varint,
  zigzag,
} from "../src/remote/testing/write-request.ts";
import { expectEqual } from "./app-test.ts";
import { postWrite } from "./faults/remote-write-client.ts";
import { askedMetrics, type RandomQueries } from "./random-queries.ts";

/** The first sample of every series. */
export const startMs = 1_763_697_600_000;
const stepMs = 15_000;
const pointCount = 80;
/** The last one. */
export const endMs = startMs + (pointCount - 1) * stepMs;
/** Relative difference that two values may have. */
const tolerance = 1e-9;
/** A stale marker's bits, as they are sent. */
const staleBytes = [0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f];

/** A random request within the samples: path and parameters below /api/v1/. */
export function nextRequest(queries: RandomQueries): string {
  const query = encodeURIComponent(queries.next());
  const from = startMs / 1000 + queries.pick([0, 60, 301, 607.5, 1100]);
  if (queries.pick([true, false])) return `query?query=${query}&time=${from}`;
  return `query_range?query=${query}&start=${from}&end=${from + 400}&step=${queries.pick([7, 15, 60])}`;
}

/** Writes the samples of all series, time by time: a request each, as a sender would. */
export async function loadSamples(url: string): Promise<void> {
  for (let point = 0; point < pointCount; point++) {
    const answer = await postWrite(url, snappyBlock(samplesAt(point)));
    expectEqual(answer.status, 204, await answer.text());
  }
}

function samplesAt(point: number): number[] {
  const atMs = startMs + point * stepMs;
  const parts: number[][] = [];
  for (const [job, i] of [
    ["a", 1],
    ["a", 2],
    ["b", 1],
    ["b", 3],
  ] as const) {
    const named = (__name__: string, le?: string) =>
      labels({ __name__, i: String(i), job, ...(le === undefined ? {} : { le }) });
    const grown = (point * i) % (job === "a" ? 37 : 1000);
    parts.push(series(named(askedMetrics.counter), sample(atMs, grown)));
    if (point % 23 !== i) parts.push(series(named(askedMetrics.gauge), gaugeAt(point, i, atMs)));
    for (const [le, share] of [
      ["0.5", 1],
      ["1", 2],
      ["+Inf", 4],
    ] as const) {
      parts.push(series(named(askedMetrics.buckets, le), sample(atMs, grown * share)));
    }
    const shape = shapeAt(grown, atMs);
    parts.push(series(named(askedMetrics.shape), shape));
    const isFloat = (point + i) % 9 < 3;
    parts.push(series(named(askedMetrics.mixed), isFloat ? sample(atMs, point) : shape));
  }
  return parts.flat();
}

function gaugeAt(point: number, i: number, atMs: number): number[] {
  if (point % 31 === i * 7) return field(2, 0x09, ...staleBytes, 0x10, ...varint(atMs));
  return sample(atMs, Math.sin(point / i) * 10 ** i);
}

/** A native histogram of schema 1 with a zero bucket and three more. */
function shapeAt(grown: number, atMs: number): number[] {
  const packed = (number: number, values: readonly number[]) =>
    field(number, ...values.flatMap((value) => zigzag(value)));
  return field(
    4,
    ...[0x08, ...varint(grown * 5)],
    ...[0x19, ...double(grown * 2.5)],
    ...[0x20, ...zigzag(1)],
    ...[0x29, ...double(0.001)],
    ...[0x30, ...varint(grown)],
    ...field(11, 0x08, ...zigzag(0), 0x10, 2),
    ...field(11, 0x08, ...zigzag(1), 0x10, 1),
    ...packed(12, [grown, grown, -grown]),
    ...[15 << 3, ...varint(atMs)],
  );
}

/** What a server answers, in an order that does not depend on it. */
export async function ask(url: string, request: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1/${request}`);
  const body = (await answer.json()) as {
    error?: string;
    data?: { result: { metric?: object }[] };
    warnings?: string[];
    infos?: string[];
  };
  // Which two of many series are named is a matter of their order.
  const error = body.error?.replace(/^found duplicate series.*$/, "found duplicate series");
  const rows = (body.data?.result ?? []).map(
    (row) => [JSON.stringify(Object.entries(row.metric ?? {}).sort()), row] as const,
  );
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  const remarks = [...(body.warnings ?? []), ...(body.infos ?? [])].sort();
  return { status: answer.status, error, rows, remarks };
}

/** The first place where two JSON values differ, numbers in texts compared as numbers; "" where none. */
export function differenceOf(want: unknown, have: unknown, path: string): string {
  if (typeof want === "object" && typeof have === "object" && want !== null && have !== null) {
    const keys = new Set([...Object.keys(want), ...Object.keys(have)]);
    for (const key of keys) {
      const inner = [want, have].map((side) => (side as Record<string, unknown>)[key]);
      const difference = differenceOf(inner[0], inner[1], `${path}.${key}`);
      if (difference !== "") return difference;
    }
    return "";
  }
  if (want === have || isNearly(want, have)) return "";
  return `${path}: want ${JSON.stringify(want)}, have ${JSON.stringify(have)}`;
}

function isNearly(want: unknown, have: unknown): boolean {
  if (typeof want !== "string" || typeof have !== "string") return false;
  const [a, b] = [Number(want), Number(have)];
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
