import { expect, it } from "vitest";
import { readTimestamp } from "./timestamp-reader.ts";

function check(text: string, want: string): void {
  const read = readTimestamp(text);
  expect(typeof read === "string" ? read : read.text, text).toBe(want);
}

it("leaves the written form as it is", () => {
  const forms = ["", ".120", ".000001", ".100000001"].map(
    (below) => `2024-01-15T10:00:00${below}Z`,
  );
  for (const text of [...forms, "2024-02-29T23:59:59Z", "0001-01-01T00:00:00Z"]) check(text, text);
});

it("brings other zones and digits into that form", () => {
  check("2024-01-15T12:00:00.5+02:00", "2024-01-15T10:00:00.500Z");
  check("2024-01-31T23:30:00-01:00", "2024-02-01T00:30:00Z");
  check("2024-01-15T10:00:00.000Z", "2024-01-15T10:00:00Z");
  check("2024-01-15T10:00:00.120000Z", "2024-01-15T10:00:00.120Z");
  check("2024-01-15T10:00:00.0000012Z", "2024-01-15T10:00:00.000001200Z");
  check("2024-01-15T10:00:00,1234567891Z", "2024-01-15T10:00:00.123456789Z");
});

it("refuses what is no time", () => {
  for (const text of ["", "x", "2024-01-15", "2024-01-15T10:00:00", "2024-01-15t10:00:00z"]) {
    check(text, "invalid");
  }
  for (const text of ["2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-15T24:00:00Z"]) {
    check(text, "invalid");
  }
  check("2024-01-15T10:00:60Z", "invalid");
  check("2024-01-15T10:00:00.1234567891Z", "invalid");
  check("0000-12-31T23:00:00Z", "out of range");
  check("9999-12-31T23:59:59-00:01", "out of range");
});
