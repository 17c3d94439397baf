/**
 * The same remote-write requests to Prometheus 3 and to us: seeded random ones with labels, samples and
 * native histograms of all kinds, some of them bad, some no protobuf. Every answer must be the same in
 * status and text, and so must what is stored at the end. Skipped, and said so, where no Prometheus 3
 * was built (its words are those of 3.14; Debian's 2.42 has others).
 */

import { type Random, seededRandom } from "../src/base/seeded-random.ts";
import {
  double,
  field,
  label,
  labels,
  sample,
  series,
  snappyBlock,
  varint,
  zigzag,
} from "../src/remote/testing/write-request.ts";
import { type AppTest, expectEqual } from "./app-test.ts";
import { postWrite } from "./faults/remote-write-client.ts";
import { startBesidePrometheus } from "./peers.ts";

const requestCount = 400;
const seed = 1;
const startMs = 1_763_697_600_000;

export const remoteWriteBesidePrometheusTest: AppTest = {
  name: "remote-write-beside-prometheus",
  async run(context) {
    const both = await startBesidePrometheus(context);
    if (both === undefined) return;
    const { theirs, ours } = both;
    const requests = new RandomRequests(seed);
    for (let i = 0; i < requestCount; i++) {
      const plain = requests.next();
      const want = await post(theirs.url, plain);
      const what = `request ${i} of seed ${seed}: ${Buffer.from(plain).toString("hex")}`;
      expectEqual(await post(ours.url, plain), want, what);
    }
    const timeSeconds = (requests.newestMs + 1000) / 1000;
    const want = await stored(theirs.url, timeSeconds);
    expectEqual(await stored(ours.url, timeSeconds), want, "what is stored");
  },
};

async function post(url: string, plain: readonly number[]): Promise<string> {
  const answer = await postWrite(url, snappyBlock(plain));
  return `${answer.status} ${await answer.text()}`;
}

interface StoredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: unknown;
  readonly histograms?: unknown;
}

async function stored(url: string, timeSeconds: number): Promise<string> {
  const query = encodeURIComponent('{__name__=~".+"}[100d]');
  const answer = await fetch(`${url}/api/v1/query?query=${query}&time=${timeSeconds}`);
  const body = (await answer.json()) as { data: { result: StoredSeries[] } };
  return body.data.result
    .map(({ metric, values, histograms }) =>
      JSON.stringify([Object.entries(metric).sort(), values, histograms]),
    )
    .sort()
    .join("\n");
}

/** Requests from a seed; times move forward, mostly. */
class RandomRequests {
  newestMs = startMs;
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): number[] {
    // The head begins with a good sample: what a refused first one leaves behind differs.
    if (this.newestMs === startMs)
      return series(labels({ __name__: "m" }), sample(this.#later(), 1));
    const plain = Array.from({ length: 1 + this.#below(3) }, () => this.#series()).flat();
    if (this.#chance(0.02)) plain.splice(this.#below(plain.length), 1);
    return plain;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #later(): number {
    this.newestMs += 1 + this.#below(400);
    return this.newestMs;
  }

  #time(): number {
    const now = this.#later();
    if (this.#chance(0.9)) return now;
    return this.#pick([now - 100_000, now - 7_200_000, startMs + 1e12, 0, now - 1000]);
  }

  #labels(): number[] {
    const m = (more: Readonly<Record<string, string>>) =>
      labels({ __name__: this.#pick(["m", "n"]), ...more });
    if (this.#chance(0.85)) return m({ a: this.#pick(["1", "2", "3"]) });
    return this.#pick([
      labels({ a: "b" }),
      [],
      m({ "": "x" }),
      [...m({ z: "1" }), ...label("a", "1")],
      [...m({ a: "1" }), ...label("a", "2")],
      [...m({}), ...label("e", "")],
      m({ "ü x": "ÿ" }),
      [...m({}), ...field(1, ...field(1, 0xc3))],
    ]);
  }

  #series(): number[] {
    const parts = [this.#labels()];
    const values = [0, 1, -0, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 123_456_789];
    for (let i = this.#below(3); i > 0; i--) {
      parts.push(sample(this.#time(), this.#pick(values)));
    }
    if (this.#chance(0.3)) parts.push(this.#histogram());
    const damage = [[0x08, 1], [0x17, 1], [0x12, 50], [0x0c], [0x2a, 1, 1], [0x02], [0x80]];
    if (this.#chance(0.03)) parts.push(this.#pick(damage));
    return series(...parts);
  }

  #histogram(): number[] {
    const isFloat = this.#chance(0.4);
    const counts = Array.from({ length: this.#below(4) }, () => this.#below(5));
    const schema = this.#chance(0.4)
      ? this.#pick([-9, -5, 9, 52, 53, -53, 8, 100])
      : this.#pick([0, 3, -4, 8, 9, 12]);
    const total = counts.reduce((sum, count) => sum + count, 0) + (this.#chance(0.1) ? 1 : 0);
    const deltas = counts.flatMap((count, i) => zigzag(count - (counts[i - 1] ?? 0)));
    const bounds = Array.from({ length: this.#below(4) }, (_, i) => i + this.#random());
    const hasBounds = bounds.length > 0 && (schema === -53 || this.#chance(0.03));
    const packed = bounds.flatMap(double);
    return field(
      4,
      ...(isFloat ? [0x11, ...double(total)] : [0x08, ...varint(total)]),
      ...[0x19, ...double(this.#pick([1, 2.5, Number.NaN]))],
      ...[0x20, ...zigzag(schema)],
      ...[0x29, ...double(this.#pick([0, 0.001]))],
      ...this.#spans(counts.length),
      ...(isFloat ? field(13, ...counts.flatMap(double)) : field(12, ...deltas)),
      ...(hasBounds ? [0x82, 0x01, ...varint(packed.length), ...packed] : []),
      ...[0x78, ...varint(this.#time())],
    );
  }

  #spans(count: number): number[] {
    const span = (offset: number, length: number) =>
      field(11, 0x08, ...zigzag(offset), 0x10, ...varint(length));
    if (count === 0) return [];
    if (count === 1 || this.#chance(0.5)) {
      return span(this.#pick([0, 1, 5, -3]), count + (this.#chance(0.05) ? 1 : 0));
    }
    return [...span(this.#pick([0, -2, 3]), 1), ...span(this.#pick([0, 2, -1]), count - 1)];
  }
}
