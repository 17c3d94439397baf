/** Sample values as text, in the spellings of Prometheus and Go. Browser-safe. */

/** Go's strconv.FormatFloat(v, 'f', -1, 64): shortest digits that round-trip, never an exponent. As in API answers. */
export function formatPlainDecimal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  return text.includes("e") ? expandExponent(text) : text;
}

/**
 * As Prometheus writes samples in JSON: plain decimals between 1e-6 and 1e21, an exponent of at least
 * two digits beyond (`1e-07`, `5.07e+32`), which is where JavaScript changes over too. A scalar
 * result does not go through this: it is always a plain decimal.
 */
export function formatSampleValue(value: number): string {
  const size = Math.abs(value);
  // Fast path: JavaScript writes these as Go does. 0 apart, for its sign.
  if (size >= 1e-6 && size < 1e21) return String(value);
  const text = String(value);
  if (!text.includes("e")) return formatPlainDecimal(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Go's strconv.FormatFloat(v, 'g', -1, 64), as the text exposition format writes values: `1e+06`, `0.25`. */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  if (value === 0) return "0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  // %g with the shortest precision switches to an exponent below 1e-4 and from 1e6 on (Go's eprec = 6).
  if (exponent < -4 || exponent >= 6) {
    const sign = exponent < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return formatPlainDecimal(value);
}

/** As OpenMetrics writes floats: Go's %g, with ".0" where that looks like a whole number. -0 becomes 0.0. */
export function formatOpenMetricsFloat(value: number): string {
  const text = formatGoFloat(value === 0 ? 0 : value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function expandExponent(text: string): string {
  const [mantissa = "", exponentText = "0"] = text.split("e");
  const isNegative = mantissa.startsWith("-");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  const pointAt = whole.length + Number(exponentText);
  let plain: string;
  if (pointAt <= 0) plain = `0.${"0".repeat(-pointAt)}${digits}`;
  else if (pointAt >= digits.length) plain = digits + "0".repeat(pointAt - digits.length);
  else plain = `${digits.slice(0, pointAt)}.${digits.slice(pointAt)}`;
  return isNegative ? `-${plain}` : plain;
}
