import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { ConnectError, sendSyns } from "./syn-schedule.ts";

function start(accepts: (attempt: number) => boolean, signal?: AbortSignal) {
  const clock = new FakeClock();
  const sentMs: number[] = [];
  const outcome = sendSyns(
    () => {
      sentMs.push(clock.nowMs());
      return accepts(sentMs.length) ? "accepted" : undefined;
    },
    "10.0.1.2:80",
    { clock, random: seededRandom(1), signal },
  ).catch((thrown: unknown) => thrown);
  return { clock, sentMs, outcome };
}

describe("sendSyns", () => {
  it("sends again after 1, 3, 7, 15, 31 and 63 s and gives up after about 130 s", async () => {
    const { clock, sentMs, outcome } = start(() => false);
    await clock.advance(126_999);
    expect(sentMs).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000]);
    await clock.advance(4001);
    expect(await outcome).toMatchObject({ name: "ConnectError", code: "ETIMEDOUT" });
    expect(clock.nowMs()).toBeLessThanOrEqual(131_000);
  });

  it("stops sending once the policy lets it through", async () => {
    const { clock, sentMs, outcome } = start((attempt) => attempt === 3);
    await clock.advance(60_000);
    expect(await outcome).toBe("accepted");
    expect(sentMs).toEqual([0, 1000, 3000]);
  });

  it("ends at once when the client gives up", async () => {
    const abort = new AbortController();
    const { clock, sentMs, outcome } = start(() => false, abort.signal);
    await clock.advance(1500);
    abort.abort();
    expect(await outcome).toBeInstanceOf(ConnectError);
    await clock.advance(60_000);
    expect(sentMs).toEqual([0, 1000]);
  });
});
