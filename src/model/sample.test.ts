/** SampleBuffer: lines of times that serve again, and what is known of samples. */

import { describe, expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { SampleBuffer } from "./sample.ts";

/** Whole numbers below a limit, from a seed. */
function wholeNumbers(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

describe("lines of times", () => {
  it("are right whatever was written before, and so is what is said to be the same (seeds 1..400)", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = wholeNumbers(seed);
      const buffer = new SampleBuffer(4);
      let before: number[] = [];
      for (let reading = 0; reading < 12; reading++) {
        buffer.clear();
        const want: number[] = [];
        for (let part = 0, parts = random(5); part < parts; part++) {
          const action = random(8);
          const count = 1 + random(6);
          const firstMs = part * 1000;
          if (action < 5) {
            buffer.addLine(firstMs, 15, count);
            for (let i = 0; i < count; i++) want.push(firstMs + i * 15);
            buffer.count += count;
          } else if (action < 7) {
            for (let i = 0; i < count; i++) {
              buffer.push(firstMs + i * 7, 1);
              want.push(firstMs + i * 7);
            }
          } else if (want.length > 0) {
            const from = random(want.length);
            want.length = from;
            buffer.cutAt(from);
          }
        }
        const times = [...buffer.timestampsMs.subarray(0, buffer.count)];
        expect(times, `seed ${seed}`).toEqual(want);
        const { sameTimesCount } = buffer;
        expect(sameTimesCount).toBeLessThanOrEqual(want.length);
        expect(want.slice(0, sameTimesCount), `seed ${seed}`).toEqual(
          before.slice(0, sameTimesCount),
        );
        // What stands behind the last sample may serve again, too.
        before = [...buffer.timestampsMs];
      }
    }
  });

  it("are there already where the reading before had the same", () => {
    const buffer = new SampleBuffer(4);
    for (const same of [0, 7, 7]) {
      buffer.clear();
      buffer.addLine(1000, 15, 3);
      buffer.count += 3;
      buffer.addLine(2000, 15, 4);
      buffer.count += 4;
      buffer.push(3000, 1);
      expect(buffer.sameTimesCount).toBe(same);
    }
  });
});
