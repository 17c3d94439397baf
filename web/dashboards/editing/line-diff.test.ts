import { describe, expect, it } from "vitest";
import { type Draft, keepDraft, readDraft } from "./draft-store.ts";
import { diffLines, nearChanges } from "./line-diff.ts";

const text = (old: string, next: string) =>
  diffLines(old, next).map(
    ({ kind, text: line }) => `${{ same: " ", old: "-", new: "+" }[kind]}${line}`,
  );

describe("a difference by lines", () => {
  it("keeps common lines and shows what went and came", () => {
    expect(text("a\nb\nc", "a\nx\nc")).toEqual([" a", "-b", "+x", " c"]);
    expect(text("a\nb\nc\nd", "a\nc\nd\ne")).toEqual([" a", "-b", " c", " d", "+e"]);
    expect(text("same", "same")).toEqual([" same"]);
  });

  it("leaves out what is far from changes", () => {
    const lines = diffLines("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\nx");
    expect(nearChanges(lines, 1).map((line) => line?.text ?? "…")).toEqual(["5", "6", "x"]);
  });
});

describe("drafts", () => {
  it("outlive the page, and a storage that is broken or full gives none", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const draft: Draft = { json: { title: "T" }, baseVersion: 3 };
    expect(keepDraft(storage, "u", draft)).toBe(true);
    expect(readDraft(storage, "u")).toEqual(draft);
    keepDraft(storage, "u", undefined);
    expect(readDraft(storage, "u")).toBeUndefined();
    kept.set("ciliascope.draft.u", "{torn");
    expect(readDraft(storage, "u")).toBeUndefined();
    const full = {
      ...storage,
      setItem: () => {
        throw new DOMException("full");
      },
    };
    expect(keepDraft(full, "u", draft)).toBe(false);
  });
});
