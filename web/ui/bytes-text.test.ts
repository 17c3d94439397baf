import { expect, it } from "vitest";
import { bytesText } from "./bytes-text.ts";

it("spells sizes with one decimal below a hundred", () => {
  const check = (bytes: number, want: string) => expect(bytesText(bytes)).toBe(want);
  check(0, "0 B");
  check(999, "999 B");
  check(1000, "1.0 kB");
  check(12_400_000, "12.4 MB");
  check(212_000_000, "212 MB");
  check(5e15, "5000 TB");
});
