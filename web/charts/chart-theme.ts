/**
 * Colours for the canvas: tokens read from the page's style, Grafana's colour names mapped to tokens
 * so that both themes keep their contrast, and translucent fills. Read again when the theme changes.
 */

/** Series colours by slot (UI.md 5). */
export const seriesTokens: readonly string[] = Array.from(
  { length: 12 },
  (_, index) => `--s${index + 1}`,
);

/** Grafana's colour families as tokens; meaning colours where the name carries a meaning in thresholds. */
const familyTokens: Readonly<Record<string, string>> = {
  red: "--crit",
  green: "--ok",
  yellow: "--warn-solid",
  orange: "--s2",
  blue: "--s1",
  purple: "--s3",
  gray: "--fg-3",
  grey: "--fg-3",
  text: "--fg-1",
  white: "--fg-1",
  black: "--fg-1",
};

/** A colour of a dashboard (`red`, `dark-green`, `super-light-blue`, `#abc`, a token) as a CSS value. */
export function cssColor(color: string): string {
  if (color.startsWith("--")) return `var(${color})`;
  const family = color.replace(/^(?:super-light|semi-dark|light|dark)-/, "");
  const token = familyTokens[family];
  return token === undefined ? color : `var(${token})`;
}

/** Colours and the font of one theme, for a canvas. */
export class ChartTheme {
  #token: (name: string) => string;
  #cache = new Map<string, string>();
  /** Font shorthand of axis labels, px as on screen. */
  readonly axisFont: string;

  /** `token` gives the value of a token of the present theme; make a new one when the theme changes. */
  constructor(token: (name: string) => string) {
    this.#token = token;
    this.axisFont = `10.5px ${token("--font-ui") || "sans-serif"}`;
  }

  /** A token's or colour's value for a canvas. */
  color(name: string): string {
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const css = cssColor(name);
    const token = /^var\((--[\w-]+)\)$/.exec(css)?.[1];
    const value = token === undefined ? css : this.#token(token) || "#888";
    this.#cache.set(name, value);
    return value;
  }

  /** The same, at `opacity` from 0 to 1. */
  fill(name: string, opacity: number): string {
    return withOpacity(this.color(name), opacity);
  }
}

/** `color` with an alpha: hex and rgb() are rewritten, anything else is mixed by the browser. */
export function withOpacity(color: string, opacity: number): string {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1];
  if (hex !== undefined) {
    const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
    const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16));
    return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
  }
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)(?:[\s,/]+([\d.]+))?\s*\)$/.exec(
    color,
  );
  if (rgb !== null) {
    return `rgba(${rgb[1]}, ${rgb[2]}, ${rgb[3]}, ${opacity * Number(rgb[4] ?? 1)})`;
  }
  return `color-mix(in srgb, ${color} ${Math.round(opacity * 100)}%, transparent)`;
}
