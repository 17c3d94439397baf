/**
 * Reads decimal numbers from bytes without making a string. Fast path: a mantissa below 2^53 (exact
 * in a double) and a power of ten within 1e±22 (exact too); one multiplication or division then
 * rounds correctly, as Number() would. The 16 to 19 digits that sums of floats have are divided in
 * double-double arithmetic, where its error cannot change the result (nearly always). Everything
 * else is left to `parseGoFloat`. O(digits), no allocation. Oracle: Number(), in
 * decimal-scanner.fuzz.test.ts.
 */

const mantissaLimit = 2 ** 53;
const exactPowerMax = 22;
/** Digits whose value is exact in a double whatever they are. */
const headDigitsMax = 15;
/** As many more are exact in a second double. */
const longDigitsMax = 19;
/** Splits a double into halves of 26 bits (Veltkamp). */
const splitter = 2 ** 27 + 1;
/** Bound of the relative error of a double-double quotient; the true one is below 2^-100. */
const quotientError = 2 ** -96;
const powersOfTen = new Float64Array(exactPowerMax + 1);
for (let i = 0; i <= exactPowerMax; i++) powersOfTen[i] = Number(`1e${i}`);

/** Holds the last number read; one for each parser. */
export class DecimalScanner {
  /** The number of the last successful scan. */
  value = 0.5;

  /**
   * Reads the number that begins at `start`; returns the index after it, or -1 where the fast path
   * cannot take it (no number, too many digits, a large exponent, NaN, Inf…). Reads below `limit`.
   */
  scan(body: Uint8Array, start: number, limit: number): number {
    const isNegative = body[start] === 45;
    let i = isNegative || body[start] === 43 ? start + 1 : start;
    const digitsStart = i;
    let mantissa = 0;
    let pointAt = -1;
    for (; i < limit; i++) {
      const byte = body[i]!;
      if (byte >= 48 && byte <= 57) mantissa = mantissa * 10 + (byte - 48);
      else if (byte === 46 && pointAt < 0) pointAt = i;
      else break;
    }
    const digitsEnd = i;
    const digits = i - digitsStart - (pointAt < 0 ? 0 : 1);
    let exponent = pointAt < 0 ? 0 : pointAt + 1 - i;
    if (digits === 0) return -1;
    if (i < limit && (body[i]! | 32) === 101) {
      const end = scanExponent(body, i + 1, limit);
      if (end < 0) return -1;
      exponent += readExponent(body, i + 1, end);
      i = end;
    }
    // Once past 2^53 the sum only grows, so rounding on the way cannot bring it back below.
    const magnitude =
      mantissa < mantissaLimit
        ? scale(mantissa, exponent)
        : scaleLong(body, digitsStart, digitsEnd, exponent);
    if (magnitude < 0) return -1;
    this.value = isNegative ? -magnitude : magnitude;
    return i;
  }
}

/** -1 where the power of ten is not exact. */
function scale(mantissa: number, exponent: number): number {
  if (Math.abs(exponent) > exactPowerMax) return -1;
  if (exponent < 0) return mantissa / powersOfTen[-exponent]!;
  return exponent > 0 ? mantissa * powersOfTen[exponent]! : mantissa;
}

/**
 * The value of the digits in [start, end), a point among them, times 10^exponent for an exponent
 * below zero; -1 where it cannot be told exactly. With head and tail exact doubles, 10^n too:
 * quotient = q + correction, q = fl(digits / 10^n), correction = (digits - q * 10^n) / 10^n.
 */
function scaleLong(body: Uint8Array, start: number, end: number, exponent: number): number {
  let head = 0;
  let tail = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const digit = body[i]! - 48;
    if (digit < 0) continue;
    // Zeros in front are no digits.
    if (digits > 0 || digit > 0) digits++;
    if (digits <= headDigitsMax) head = head * 10 + digit;
    else tail = tail * 10 + digit;
  }
  if (exponent >= 0 || exponent < -exactPowerMax || digits > longDigitsMax) return -1;
  const shift = powersOfTen[digits - headDigitsMax]!;
  const divisor = powersOfTen[-exponent]!;
  const headPart = head * shift;
  const headRest = productError(head, shift, headPart);
  const sum = headPart + tail;
  const sumRest = tail - (sum - headPart) + headRest;
  const quotient = sum / divisor;
  const product = quotient * divisor;
  const remainder = sum - product - productError(quotient, divisor, product) + sumRest;
  const correction = remainder / divisor;
  const margin = quotient * quotientError;
  const value = quotient + (correction + margin);
  return value === quotient + (correction - margin) ? value : -1;
}

/** a * b - product, exactly, where product = fl(a * b) (Dekker). */
function productError(a: number, b: number, product: number): number {
  const aScaled = a * splitter;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * splitter;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** Where the digits of an exponent end, -1 where there are none or too many to matter. */
function scanExponent(body: Uint8Array, start: number, limit: number): number {
  let i = start;
  if (i < limit && (body[i] === 45 || body[i] === 43)) i++;
  const digitsStart = i;
  while (i < limit && body[i]! >= 48 && body[i]! <= 57) i++;
  return i === digitsStart || i - digitsStart > 4 ? -1 : i;
}

function readExponent(body: Uint8Array, start: number, end: number): number {
  const isNegative = body[start] === 45;
  let exponent = 0;
  for (let i = isNegative || body[start] === 43 ? start + 1 : start; i < end; i++) {
    exponent = exponent * 10 + (body[i]! - 48);
  }
  return isNegative ? -exponent : exponent;
}
