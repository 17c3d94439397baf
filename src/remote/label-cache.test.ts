import { describe, expect, it } from "vitest";
import { LabelCache, unknownEntry } from "./label-cache.ts";

function range(text: string, padding = 0) {
  const bytes = new Uint8Array(Buffer.from(" ".repeat(padding) + text));
  const view = new DataView(bytes.buffer);
  return { bytes, view, from: padding, to: padding + text.length };
}

describe("LabelCache", () => {
  it("finds equal bytes wherever they lie, and nothing else", () => {
    const cache = new LabelCache();
    const first = cache.add(range("abc"), 7);
    const second = cache.add(range("a much longer set of labels than sixteen bytes"), 8);
    expect(cache.find(range("abc", 5))).toBe(first);
    expect(cache.find(range("a much longer set of labels than sixteen bytes", 1))).toBe(second);
    expect(cache.find(range("a much longer set of labels than sixteen bytez"))).toBe(unknownEntry);
    expect(cache.find(range("ab"))).toBe(unknownEntry);
    expect(cache.refs[second]).toBe(8);
  });

  it("predicts what followed last time, if it lies there again", () => {
    const cache = new LabelCache();
    const a = cache.add(range("aaaa"), 1);
    const b = cache.add(range("bbbb"), 2);
    cache.follow(a, b);
    const body = range("aaaabbbb");
    expect(cache.predict(a, body.view, 4, 8)).toBe(b);
    expect(cache.predict(a, body.view, 3, 8)).toBe(unknownEntry);
    expect(cache.predict(a, body.view, 4, 7)).toBe(unknownEntry);
    expect(cache.predict(b, body.view, 0, 8)).toBe(unknownEntry);
    expect(cache.predict(unknownEntry, body.view, 0, 8)).toBe(unknownEntry);
  });

  it("keeps thousands of entries apart", () => {
    const cache = new LabelCache();
    const name = (i: number) => `series number ${i} with some more text behind it`;
    for (let i = 0; i < 5000; i++) cache.add(range(name(i)), i + 1);
    for (let i = 0; i < 5000; i++) expect(cache.refs[cache.find(range(name(i)))]).toBe(i + 1);
  });

  it("starts anew at its bound and says so by its generation", () => {
    const cache = new LabelCache(100);
    for (let i = 0; i < 10; i++) cache.add(range(`0123456789${i}`), i);
    expect(cache.generation).toBe(1);
    expect(cache.usedBytes).toBe(11);
    expect(cache.find(range("01234567890"))).toBe(unknownEntry);
    expect(cache.find(range("01234567899"))).toBe(0);
  });
});
