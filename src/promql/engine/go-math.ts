/**
 * Arithmetic where Go and JavaScript disagree, so that answers agree with Prometheus', and the tests
 * for "almost equal" that its histogram code uses. Pure, no allocation.
 */

/** The smallest positive normal double. */
const minNormal = 2.2250738585072014e-308;

/** math.Pow: unlike `**`, pow(1, NaN) and pow(-1, ±Inf) are 1. */
export function goPow(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  return base ** exponent;
}

/** math.Max: unlike Math.max, +Inf wins over NaN. */
export function goMax(a: number, b: number): number {
  if (a === Infinity || b === Infinity) return Infinity;
  return Math.max(a, b);
}

/** math.Min: unlike Math.min, -Inf wins over NaN. */
export function goMin(a: number, b: number): number {
  if (a === -Infinity || b === -Infinity) return -Infinity;
  return Math.min(a, b);
}

/** Whether a and b differ by less than their sum times `epsilon`; both NaN counts as equal. */
export function isAlmostEqual(a: number, b: number, epsilon: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const absSum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || absSum < minNormal) return difference < epsilon * minNormal;
  return difference / Math.min(absSum, Number.MAX_VALUE) < epsilon;
}

const decimalFloat = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/;
const infinity = /^([+-]?)inf(?:inity)?$/i;

/** strconv.ParseFloat(text, 64); undefined where Go gives an error (also out of range). */
export function parseGoFloat(text: string): number | undefined {
  if (decimalFloat.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const sign = infinity.exec(text);
  if (sign !== null) return sign[1] === "-" ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  const hex = hexFloat.exec(text);
  if (hex === null) return undefined;
  const [, minus, whole = "", fraction = "", exponent] = hex;
  const digits = whole + fraction;
  if (digits === "") return undefined;
  let mantissa = 0;
  for (const digit of digits) mantissa = mantissa * 16 + Number.parseInt(digit, 16);
  const value = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return minus === "-" ? -value : value;
}

/** fmt's %.2g. */
export function formatTwoDigits(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return "0";
  const rounded = twoDigits(value);
  const [mantissa = "", exponentText = "0"] = rounded.split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 2) return String(Number(rounded));
  const sign = exponent < 0 ? "-" : "+";
  return `${mantissa.replace(/\.0$/, "")}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Two digits and an exponent. A value halfway between two goes to the even one, as in Go. */
function twoDigits(value: number): string {
  // Every digit of the value: it is halfway where the third is a 5 and nothing follows.
  const halfway = /^(-?\d\.[02468])50*(e.*)$/.exec(value.toExponential(100));
  return halfway === null ? value.toExponential(1) : `${halfway[1]}${halfway[2]}`;
}
