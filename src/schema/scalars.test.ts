import { describe, expect, it } from "vitest";
import { nearestWord } from "./did-you-mean.ts";
import { booleanScalar, durationScalar, parseSizeBytes, Secret } from "./scalars.ts";

describe("scalars", () => {
  it("prints durations in their shortest form", () => {
    expect(durationScalar.parse("90s")).toBe("1m30s");
  });

  it("reads sizes in powers of 1024", () => {
    expect([
      parseSizeBytes("10KB"),
      parseSizeBytes("1MiB"),
      parseSizeBytes("5"),
      parseSizeBytes("0"),
    ]).toEqual([10240, 1048576, undefined, 0]);
  });

  it("reads YAML 1.1's booleans", () => {
    expect(booleanScalar.parse("Yes")).toBe(true);
    expect(booleanScalar.safeParse("maybe").success).toBe(false);
  });

  it("never prints a secret", () => {
    const secret = new Secret("hunter2");
    expect(`${secret} ${JSON.stringify({ secret })}`).toBe('<secret> {"secret":"<secret>"}');
    expect(secret.reveal()).toBe("hunter2");
  });
});

describe("nearestWord", () => {
  it("finds a near word and none that is far", () => {
    expect(nearestWord("scrape_intervall", ["scrape_timeout", "scrape_interval"])).toBe(
      "scrape_interval",
    );
    expect(nearestWord("foo", ["global", "rule_files"])).toBeUndefined();
    expect(nearestWord("golbal", ["global"])).toBe("global");
  });
});
