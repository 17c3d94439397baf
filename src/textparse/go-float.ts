/**
 * Floats as Go's strconv.ParseFloat takes them, with its error texts: decimal, hexadecimal with a
 * binary exponent, `_` between digits, inf, infinity and nan in any case. For texts that the fast
 * scanner does not take.
 */

/** The number, or why there is none ("" = fine). */
export interface GoFloat {
  readonly value: number;
  readonly problem: "" | "invalid syntax" | "value out of range";
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const hexadecimal = /^([+-]?)0[xX](?=[\da-fA-F.])([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)$/;
const infinite = /^([+-]?)inf(?:inity)?$/i;
/** Underscores stand between digits, or between a base prefix and the first digit. */
const misplacedUnderscore = /_(?![\da-fA-F])|(?<![\da-fA-FxX])_/;

/** Parses `text`; never throws. */
export function parseGoFloat(text: string): GoFloat {
  if (decimal.test(text)) return checkRange(Number(text));
  if (/^nan$/i.test(text)) return { value: Number.NaN, problem: "" };
  const sign = infinite.exec(text);
  if (sign !== null) {
    return {
      value: sign[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
      problem: "",
    };
  }
  if (text.includes("_") && !misplacedUnderscore.test(text)) {
    const plain = text.replaceAll("_", "");
    if (decimal.test(plain)) return checkRange(Number(plain));
    return parseHexadecimal(plain);
  }
  return parseHexadecimal(text);
}

function checkRange(value: number): GoFloat {
  return { value, problem: Number.isFinite(value) ? "" : "value out of range" };
}

function parseHexadecimal(text: string): GoFloat {
  const match = hexadecimal.exec(text);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "") {
    return { value: Number.NaN, problem: "invalid syntax" };
  }
  // Exact up to 13 digits, as anybody writes them; longer ones may be off by the last bit.
  const mantissa = Number.parseInt(whole + fraction, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return checkRange(sign === "-" ? -value : value);
}
