/** Numbers as text with Grafana's number of decimals, and the scaling by 1000 or 1024 to a readable size. */

/** A value as it is shown: `prefix + text + suffix`. */
export interface FormattedValue {
  readonly text: string;
  readonly prefix?: string;
  readonly suffix?: string;
}

/** Decimals as a panel asks for them; null or undefined: three significant figures by magnitude. */
export type Decimals = number | null | undefined;

/** Infinities as every locale writes them. */
export function infinityText(value: number): string {
  return value > 0 ? "∞" : "-∞";
}

/** `value` with `decimals` places, trailing zeros kept; rounding may give one place more than asked (99.999 → 100.0). */
export function toFixed(value: number | null, decimals?: Decimals): string {
  if (value === null) return "";
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
    return infinityText(value);
  }
  const places = decimals ?? readableDecimals(value);
  if (value === 0) return value.toFixed(places);
  const factor = places ? 10 ** Math.max(0, places) : 1;
  const text = String(Math.round(value * factor) / factor);
  if (text.includes("e")) return text;
  const point = text.indexOf(".");
  const precision = point < 0 ? 0 : text.length - point - 1;
  if (!(precision < places)) return text;
  return (point < 0 ? `${text}.` : text) + "0".repeat(places - precision);
}

/** Places that show three figures: 0.0123 has 4, 12.3 has 1, whole numbers none. */
export function readableDecimals(value: number): number {
  if (value % 1 === 0) return 0;
  const size = Math.abs(value);
  const places = 1 - Math.floor(Math.log(size) / Math.LN10);
  // 2.5 and more need one more figure to tell neighbours apart.
  const needsOneMore = size / 10 ** -places > 2.25;
  return Math.max(0, needsOneMore ? places + 1 : places);
}

/** How a value is scaled: by powers of `factor`, the unit at `baseIndex` counting ones. */
export interface Scale {
  readonly factor: number;
  readonly unitCount: number;
  readonly baseIndex: number;
}

/** A value scaled: its text and the index of its unit; undefined for NaN, infinities and null, which have none. */
export function scaleValue(
  value: number | null,
  decimals: Decimals,
  scale: Scale,
): { text: string; unitIndex?: number } {
  if (value === null) return { text: "" };
  if (Number.isNaN(value)) return { text: "NaN" };
  if (!Number.isFinite(value)) return { text: infinityText(value) };
  const { factor, unitCount, baseIndex } = scale;
  const power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)) / Math.log10(factor));
  const steps = Math.min(Math.max(power, -baseIndex), unitCount - baseIndex - 1);
  return { text: toFixed(value / factor ** steps, decimals), unitIndex: baseIndex + steps };
}
