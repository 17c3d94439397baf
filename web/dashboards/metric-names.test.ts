import { describe, expect, it } from "vitest";
import { metricNamesIn } from "./metric-names.ts";

describe("metricNamesIn", () => {
  it("finds every selected metric once", () => {
    expect(
      metricNamesIn(
        'topk(5, sum by (le) (rate(a_bucket{x="y"}[5m])) / on() group_left b) + a_bucket + {__name__="c"}',
      ),
    ).toEqual(["a_bucket", "b", "c"]);
  });

  it("names nothing for a broken expression or a selector by labels", () => {
    expect(metricNamesIn("sum(")).toEqual([]);
    expect(metricNamesIn('{job="x"}')).toEqual([]);
  });
});
