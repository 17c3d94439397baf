import { describe, expect, it } from "vitest";
import { type Bucket, bucketFrame, bucketSums } from "./bucket-frames.ts";

const point = (timeMs: number, ...buckets: Bucket[]) => ({ timeMs, buckets: () => buckets });

describe("native histograms", () => {
  const frame = bucketFrame(
    [
      point(1000, [1, 2, 3], [2, 4, 1]),
      point(0, [1, 2, 5]),
      point(1000, [1, 2, 1], [4, Infinity, 2]),
    ],
    { refId: "A", stepMs: 1000 },
  );

  it("become a column a bucket, counts of one time and bucket added up", () => {
    expect(frame.fields.map(({ name, values }) => [name, [...values]])).toEqual([
      ["Time", [0, 1000]],
      ["2", [5, 4]],
      ["4", [0, 1]],
      ["+Inf", [0, 2]],
    ]);
  });

  it("are summed over all times for a histogram's bars", () => {
    expect(bucketSums(frame)).toEqual([
      [1, 2, 9],
      [2, 4, 1],
      [4, Number.POSITIVE_INFINITY, 2],
    ]);
    const classic = frame.fields.map(({ labels, ...field }) =>
      labels === undefined ? field : { ...field, labels: { le: labels["le"] ?? "" } },
    );
    expect(bucketSums({ ...frame, fields: classic })?.[0]).toEqual([0, 2, 9]);
    expect(bucketSums({ fields: [], length: 0 })).toBe(undefined);
  });
});
