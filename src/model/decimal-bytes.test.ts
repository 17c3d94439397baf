import { describe, expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { DecimalBytes } from "./decimal-bytes.ts";

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);
const decimals = new DecimalBytes();

/** What is written at the third byte; undefined where it is left to the caller. */
function written(value: number): string | undefined {
  const end = decimals.write(bytes, view, 3, value);
  return end < 0 ? undefined : Buffer.from(bytes.subarray(3, end)).toString("latin1");
}

describe("decimal bytes", () => {
  it("writes what String gives, for floats of all kinds, and leaves few to the caller", () => {
    const random = seededRandom(7);
    const bits = new DataView(new ArrayBuffer(8));
    const kinds: readonly (() => number)[] = [
      () => random() * 10 ** Math.floor(random() * 20 - 5),
      () => Math.round(random() * 1e6) / 10 ** Math.floor(random() * 9),
      () => -Math.round(random() * 1e6) / 360,
      () => Number((random() * 1e12).toPrecision(1 + Math.floor(random() * 17))),
      // Floats with few bits set, and their neighbours: where decimals are as near as can be.
      () => {
        bits.setUint32(0, ((1006 + Math.floor(random() * 66)) << 20) | (random() * 2 ** 20));
        bits.setUint32(4, Math.floor(random() * 4));
        return bits.getFloat64(0);
      },
    ];
    let left = 0;
    const wrong: [number, string][] = [];
    for (let i = 0; i < 100_000; i++) {
      const value = kinds[i % kinds.length]!();
      const text = written(value);
      if (text === undefined) left++;
      else if (text !== String(value)) wrong.push([value, text]);
    }
    expect(wrong).toEqual([]);
    expect(left).toBeLessThan(5000);
  });

  it.each([
    0.1, 0.3, 43.5, 1234.5678, 100.25, 1e-5, 9.999999999999998, 99999999999999.98, 999999999999999,
    1200.3, 300.00000000000006, 123456789012345.6, 0.000012345,
  ])("writes %d", (value) => {
    expect([written(value), written(-value)]).toEqual([String(value), `-${value}`]);
  });

  it.each([0, -0, 1, 0.5, 9.9e-6, 1e15, 1e300, Number.NaN, Infinity, -Infinity])(
    "leaves %d to the caller, with nothing before it touched",
    (value) => {
      bytes.fill(1);
      expect(written(value)).toBeUndefined();
      expect([...bytes.subarray(0, 3)]).toEqual([1, 1, 1]);
    },
  );
});
