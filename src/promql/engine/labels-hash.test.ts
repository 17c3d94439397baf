import { expect, it } from "vitest";
import { xxh64 } from "./labels-hash.ts";

it("hashes as XXH64 with seed 0 does", () => {
  const check = (text: string, want: bigint) =>
    expect(xxh64(new TextEncoder().encode(text))).toBe(want);
  check("", 0xef46db3751d8e999n);
  check("a", 0xd24ec4f1a98c6e5bn);
  check("abc", 0x44bc2cf5ad770999n);
});
