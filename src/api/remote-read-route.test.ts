import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { seededRandom } from "../base/seeded-random.ts";
import { Registry } from "../metrics/registry.ts";
import { Labels } from "../model/labels.ts";
import type { SampleBuffer } from "../model/sample.ts";
import { ReadHandler } from "../remote/read-handler.ts";
import { readLimitsDefault } from "../remote/read-limits.ts";
import {
  decodeFrames,
  decodeSampled,
  hints,
  matcher,
  query,
  readBody,
  wantsChunks,
} from "../remote/testing/read-messages.ts";
import type { Queryable } from "../storage/storage.ts";
import { openTestApp, testSources } from "./testing/test-app.ts";

const path = "/api/v1/read";
const { concurrencyMax } = readLimitsDefault;
const up = query(0, 60_000, matcher("__name__", "=", "up"));

/** The application over the test sources' two series of `up`. */
function open(queryable: Queryable = testSources().queryable, clock = new FakeClock(0)) {
  return openTestApp({
    clock,
    readHandler: new ReadHandler({
      queryable,
      clock,
      registry: new Registry(),
      externalLabels: () => Labels.empty,
      limits: readLimitsDefault,
    }),
  });
}

describe("POST /api/v1/read", () => {
  it("answers samples with Prometheus' headers", async () => {
    const answer = await open().request(path, { method: "POST", body: readBody(up) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-protobuf");
    expect(answer.headers.get("content-encoding")).toBe("snappy");
    const [series = []] = decodeSampled(new Uint8Array(await answer.arrayBuffer()));
    expect(series.map(({ labels, samples }) => [labels[1], samples.length])).toEqual([
      ["job=agent", 5],
      ["job=operator", 5],
    ]);
  });

  it("answers chunks with Prometheus' headers, whatever the request says of itself", async () => {
    const answer = await open().request(path, {
      method: "POST",
      body: readBody(up, wantsChunks),
      headers: { "content-type": "text/html", "content-encoding": "gzip" },
    });
    expect(answer.headers.get("content-type")).toBe(
      "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
    );
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(decodeFrames(new Uint8Array(await answer.arrayBuffer()))).toHaveLength(2);
  });

  it("takes POST only", async () => {
    const got = await open().request(path);
    expect([got.status, got.headers.get("allow"), await got.text()]).toEqual([
      405,
      "OPTIONS, POST",
      "Method Not Allowed\n",
    ]);
    expect((await open().request(path, { method: "OPTIONS" })).status).toBe(204);
  });

  it("breaks the body off where reading fails after it began", async () => {
    const app = open(
      manySeries((read) => {
        if (read > 200) throw new Error("the disk is gone");
      }),
    );
    const body = readBody(up, wantsChunks);
    const answer = await app.request(path, { method: "POST", body });
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow("the disk is gone");
  });

  it("is over for a reader that takes nothing for minutes, and the next one has its turn", async () => {
    const clock = new FakeClock(0);
    const app = open(
      manySeries(() => {}),
      clock,
    );
    const ask = () => app.request(path, { method: "POST", body: readBody(up, wantsChunks) });
    const stuck = await Promise.all(Array.from({ length: concurrencyMax }, ask));
    const next = ask();
    await clock.advance(6 * 60_000);
    expect((await next).status).toBe(200);
    for (const answer of stuck) await expect(answer.arrayBuffer()).rejects.toThrow("takes nothing");
  });

  it("answers any bytes with a status of Prometheus, and no request but a whole one with 200", async () => {
    const app = open();
    const random = seededRandom(1);
    const whole = [...up, ...query(0, 9, matcher("a", "=~", "(b|c)+"), hints(0, 5, "rate"))];
    for (let round = 0; round < 400; round++) {
      const plain = [...whole, ...(random() < 0.5 ? wantsChunks : [])];
      for (let change = Math.ceil(random() * 4); change > 0; change--) {
        plain[Math.floor(random() * plain.length)] = Math.floor(random() * 256);
      }
      const block = readBody(plain);
      const body = random() < 0.2 ? block.slice(0, Math.floor(random() * block.length)) : block;
      const answer = await app.request(path, { method: "POST", body });
      expect([200, 400, 500], Buffer.from(body).toString("hex")).toContain(answer.status);
      if (body !== block) expect(answer.status).toBe(400);
      await answer.arrayBuffer();
    }
  });
});

/** A thousand series of a thousand samples; `onRead` is told how many were read before. */
function manySeries(onRead: (count: number) => void): Queryable {
  const { queryable } = testSources();
  let reads = 0;
  return {
    querier(minMs, maxMs) {
      const querier = queryable.querier(minMs, maxMs);
      return {
        labelNames: (matchers) => querier.labelNames(matchers),
        labelValues: (name, matchers) => querier.labelValues(name, matchers),
        close: () => querier.close(),
        async select(matchers, how) {
          const found = await querier.select(matchers, how);
          const labels = found.series[0]?.labels ?? Labels.empty;
          const readSamples = (into: SampleBuffer): void => {
            onRead(reads++);
            for (let i = 0; i < 1000; i++) into.push(i * 60, Math.sin(i));
          };
          return {
            ...found,
            series: Array.from({ length: 1000 }, () => ({ labels, readSamples })),
          };
        },
      };
    },
  };
}
