import { expect, it } from "vitest";
import { csvLine } from "./csv-line.ts";

it("quotes what separates cells and lines", () => {
  expect(csvLine(["a,b", 'say "x"', "two\nlines", ""])).toBe('"a,b","say ""x""","two\nlines",');
});

it("leaves numbers as they are and keeps spreadsheets from running anything else", () => {
  expect(csvLine(["-1", "+Inf", "-1.5e+10", "-.5"])).toBe("-1,+Inf,-1.5e+10,-.5");
  expect(csvLine(["=1+1", "@x", "-2+3+cmd|' /C calc'!A0", "+-1"])).toBe(
    "'=1+1,'@x,'-2+3+cmd|' /C calc'!A0,'+-1",
  );
});
