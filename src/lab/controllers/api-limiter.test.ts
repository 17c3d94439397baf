import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { ApiLimiter } from "./api-limiter.ts";

/** A limiter and calls that take `seconds` each; `ended` grows as they end. */
function start(limits: ConstructorParameters<typeof ApiLimiter>[1]) {
  const clock = new FakeClock();
  const limiter = new ApiLimiter("endpoint-create", limits, clock);
  const ended: number[] = [];
  const call = (seconds: number) =>
    limiter
      .run(() => new Promise<void>((resolve) => clock.after(seconds * 1000, resolve)))
      .then(() => ended.push(clock.nowMs()));
  return { clock, limiter, ended, call };
}

describe("the limiter of API calls", () => {
  it("lets no more calls run at once than are allowed", async () => {
    const { clock, limiter, ended, call } = start({ parallel: 2 });
    for (let i = 0; i < 3; i++) void call(1);
    await clock.advance(0);
    expect([limiter.figures().inFlight, limiter.waitingCount]).toEqual([2, 1]);
    await clock.advance(2000);
    expect(ended).toEqual([1000, 1000, 2000]);
    expect(limiter.figures().meanWaitSeconds).toBeCloseTo(1 / 3);
  });

  it("lets calls pass at the rate after a burst", async () => {
    const { clock, ended, call } = start({ parallel: 9, rate: { perSecond: 2, burst: 1 } });
    for (let i = 0; i < 3; i++) void call(0);
    await clock.advance(1100);
    expect(ended).toEqual([0, 500, 1000]);
  });

  it("allows more where calls are quicker than expected, and less where they are slower", async () => {
    const limits = { parallel: 4, rate: { perSecond: 1, burst: 4 }, estimatedSeconds: 2 };
    const { clock, limiter, call } = start(limits);
    void call(0.5);
    await clock.advance(500);
    expect(limiter.figures().adjustment).toBe(4);
    expect(limiter.figures().limits).toEqual({ parallel: 16, perSecond: 4, burst: 16 });
    void call(7.5);
    await clock.advance(7500);
    expect(limiter.figures().limits).toEqual({ parallel: 2, perSecond: 0.5, burst: 2 });
  });

  it("goes on after a call that fails", async () => {
    const { clock, limiter } = start({ parallel: 1 });
    const failed = limiter.run(() => Promise.reject(new RangeError("no")));
    const next = limiter.run(() => "done");
    await expect(failed).rejects.toThrow("no");
    await clock.advance(0);
    expect(await next).toBe("done");
  });
});
