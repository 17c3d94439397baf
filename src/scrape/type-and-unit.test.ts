import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../model/labels.ts";
import { MetadataCache } from "./metadata-cache.ts";
import { withTypeAndUnit } from "./type-and-unit.ts";

describe("withTypeAndUnit", () => {
  const metadata = new MetadataCache();
  const seconds = metadata.entry("x_seconds", 3);
  seconds.type = "histogram";
  seconds.unit = "seconds";
  metadata.entry("plain", 3);
  const check = (name: string, scrape = 3) =>
    withTypeAndUnit(labelsFromObject({ __name__: name, le: "1" }), metadata, scrape).toString();

  it("labels the series of a family that this scrape declared", () => {
    expect(check("x_seconds_bucket")).toBe(
      '{__name__="x_seconds_bucket", __type__="histogram", __unit__="seconds", le="1"}',
    );
  });

  it("adds nothing that is unknown or was declared earlier only", () => {
    expect(check("plain")).toBe('{__name__="plain", le="1"}');
    expect(check("other_total")).toBe('{__name__="other_total", le="1"}');
    expect(check("x_seconds_sum", 4)).toBe('{__name__="x_seconds_sum", le="1"}');
  });
});
