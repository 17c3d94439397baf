import { expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { DecimalScanner } from "./decimal-scanner.ts";

const seed = 20_261_121;

function randomNumberText(random: () => number): string {
  const digits = (most: number) => {
    let text = "";
    for (let i = Math.floor(random() * most); i >= 0; i--) text += Math.floor(random() * 10);
    return text;
  };
  let text = ["", "", "-", "+"][Math.floor(random() * 4)] + digits(18);
  if (random() < 0.6) text += `.${random() < 0.1 ? "" : digits(18)}`;
  if (random() < 0.3)
    text += `${random() < 0.5 ? "e" : "E"}${random() < 0.5 ? "-" : ""}${digits(2)}`;
  return text;
}

it(`reads what Number() reads, or leaves it (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const scanner = new DecimalScanner();
  let taken = 0;
  for (let i = 0; i < 100_000; i++) {
    const text = randomNumberText(random);
    const body = new TextEncoder().encode(`${text} `);
    const end = scanner.scan(body, 0, body.length);
    if (end < 0) continue;
    taken++;
    if (end !== text.length || !Object.is(scanner.value, Number(text))) {
      expect.fail(`${text}: read ${scanner.value} up to ${end}`);
    }
  }
  expect(taken).toBeGreaterThan(30_000);
});

it(`reads the shortest decimals of doubles that sums have (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const scanner = new DecimalScanner();
  let taken = 0;
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const value = random() * 10 ** Math.floor(random() * 14 - 4) + random() * 1e-9;
    // Next to a double and next to the middle between two of them, too.
    const text = random() < 0.5 ? String(value) : value.toPrecision(15 + Math.floor(random() * 5));
    const body = new TextEncoder().encode(text);
    const end = scanner.scan(body, 0, body.length);
    if (end < 0) continue;
    taken++;
    if (end !== text.length || !Object.is(scanner.value, Number(text))) {
      expect.fail(`${text}: read ${scanner.value} up to ${end}`);
    }
  }
  expect(taken / count).toBeGreaterThan(0.95);
});

it("leaves what lies in the middle between two doubles", () => {
  for (const text of ["900719925474099.25", "4503599627370496.5", "0.50000000000000005551"]) {
    const scanner = new DecimalScanner();
    const body = new TextEncoder().encode(text);
    const end = scanner.scan(body, 0, body.length);
    if (end >= 0) expect(scanner.value).toBe(Number(text));
  }
});

it("takes shortest decimals of doubles and stops at the byte after them", () => {
  const check = (text: string, end: number, value: number) => {
    const scanner = new DecimalScanner();
    const body = new TextEncoder().encode(text);
    expect([text, scanner.scan(body, 0, body.length), scanner.value]).toEqual([text, end, value]);
  };
  check("9007199254740991", 16, 9007199254740991);
  check("1e22\n", 4, 1e22);
  check("0.1 5", 3, 0.1);
  check("-0}", 2, -0);
  check("1.", 2, 1);
  check("9007199254740993", -1, 0.5);
  check("1e23", -1, 0.5);
  check(".", -1, 0.5);
  check("1e", -1, 0.5);
  check("NaN", -1, 0.5);
});
