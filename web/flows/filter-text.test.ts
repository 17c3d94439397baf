import { describe, expect, it } from "vitest";
import {
  editDistance,
  filterConditions,
  filterSpot,
  filterTokens,
  quoteValue,
  withoutCondition,
} from "./filter-text.ts";

const bare = new Set(["--ipv4"]);
const line = "--namespace default --not --from-label 'k8s:a=b c' --ipv4 dropped";

describe("the filter line", () => {
  it("tells flags, values, --not and words apart, quotes included", () => {
    expect(filterTokens(line, bare).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "flag --namespace",
      "value default",
      "not --not",
      "flag --from-label",
      "value 'k8s:a=b c'",
      "flag --ipv4",
      "word dropped",
    ]);
  });

  it("keeps an open quote in one piece while it is typed", () => {
    expect(filterTokens("--pod 'a b", bare).map(({ text }) => text)).toEqual(["--pod", "'a b"]);
  });

  it("takes away one condition with its --not", () => {
    const conditions = filterConditions(line, bare);
    expect(conditions.map(({ text }) => text)).toEqual([
      "--namespace default",
      "--not --from-label 'k8s:a=b c'",
      "--ipv4",
      "dropped",
    ]);
    const second = conditions[1];
    expect(second && withoutCondition(line, second)).toBe("--namespace default --ipv4 dropped");
  });

  it("knows what is written at the cursor", () => {
    expect(filterSpot("--to-p", 6, bare)).toMatchObject({ kind: "flag", prefix: "--to-p" });
    expect(filterSpot("--verdict DR", 12, bare)).toMatchObject({
      kind: "value",
      flag: "--verdict",
      prefix: "DR",
    });
    expect(filterSpot("--verdict ", 10, bare)).toMatchObject({ kind: "value", prefix: "" });
    expect(filterSpot("--verdict=DR", 12, bare)).toMatchObject({ kind: "value", start: 10 });
    expect(filterSpot("--ipv4 ", 7, bare)).toMatchObject({ kind: "flag" });
  });

  it("quotes what a shell would part", () => {
    expect(quoteValue("k8s:app=probe")).toBe("k8s:app=probe");
    expect(quoteValue("it's")).toBe("'it'\\''s'");
  });

  it("measures how far a name is from a known one", () => {
    expect(editDistance("default/x-wing", "default/xwing")).toBe(1);
  });
});
