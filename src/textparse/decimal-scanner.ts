/**
 * Reads decimal numbers from bytes without making a string. The fast path takes a mantissa below
 * 2^53 (exact in a double) and a power of ten within 1e±22 (exact too): one multiplication or
 * division then rounds correctly, as Number() would. Everything else is left to `parseGoFloat`.
 * O(digits), no allocation. Oracle: Number(), in decimal-scanner.fuzz.test.ts.
 */

const mantissaLimit = 2 ** 53;
const exactPowerMax = 22;
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
    const digits = i - digitsStart - (pointAt < 0 ? 0 : 1);
    let exponent = pointAt < 0 ? 0 : pointAt + 1 - i;
    // Once past 2^53 the sum only grows, so rounding on the way cannot bring it back below.
    if (digits === 0 || mantissa >= mantissaLimit) return -1;
    if (i < limit && (body[i]! | 32) === 101) {
      const end = scanExponent(body, i + 1, limit);
      if (end < 0) return -1;
      exponent += readExponent(body, i + 1, end);
      i = end;
    }
    if (Math.abs(exponent) > exactPowerMax) return -1;
    const magnitude = scale(mantissa, exponent);
    this.value = isNegative ? -magnitude : magnitude;
    return i;
  }
}

function scale(mantissa: number, exponent: number): number {
  if (exponent < 0) return mantissa / powersOfTen[-exponent]!;
  return exponent > 0 ? mantissa * powersOfTen[exponent]! : mantissa;
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
