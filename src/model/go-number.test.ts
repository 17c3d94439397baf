import { expect, it } from "vitest";
import { parseGoUint } from "./go-number.ts";

function check(text: string, want: bigint | undefined): void {
  expect(parseGoUint(text), text).toBe(want);
}

it("reads every base and underscores between digits", () => {
  check("0", 0n);
  check("1_000", 1000n);
  check("0x1F", 31n);
  check("0X_1f", 31n);
  check("0b11", 3n);
  check("0o17", 15n);
  check("017", 15n);
  check("18446744073709551616", 18446744073709551616n);
});

it("refuses what Go refuses", () => {
  for (const text of ["", "-1", "+1", "1__0", "_1", "1_", "0x", "08", "1e3", " 1", "１"]) {
    check(text, undefined);
  }
});
