/**
 * The mode "shades": one colour in eleven shades for the series of a panel, in turns lighter and darker
 * and a little off in hue. Numbers are rounded where Grafana's colour library rounds them.
 */

import { colorParts } from "./named-color.ts";

/** Shades on each side of the colour. */
const sideCount = 5;
/** Of the last shade on a side, were there one more: degrees of hue and percent of lightness. */
const hueTurnMax = 10;
const lightnessMax = 35;

type Rgb = readonly [number, number, number];

/** Hue in degrees, saturation and lightness 0…1. */
type Hsl = readonly [number, number, number];

/** The shade of `color` for the series `seriesIndex`; the colour itself where it cannot be read. */
export function shadeOf(color: string, seriesIndex: number): string {
  const parts = colorParts(color);
  const place = seriesIndex % (2 * sideCount + 1);
  if (parts === undefined || place === 0) return color;
  const share = Math.ceil(place / 2) / (sideCount + 1);
  const [red = 0, green = 0, blue = 0] = parts;
  const isLighter = place % 2 === 1;
  const turned = turnHue([red, green, blue], (isLighter ? share : -share) * hueTurnMax);
  return hexText(isLighter ? brighten(turned, share * lightnessMax) : darken(turned, share));
}

function turnHue(color: Rgb, degrees: number): Rgb {
  const [hue, saturation, lightness] = toHsl(color);
  return toRgb([(hue + degrees + 360) % 360, saturation, lightness]);
}

function brighten(color: Rgb, percent: number): Rgb {
  const added = Math.round(255 * (percent / 100));
  const lighter = (part: number) => Math.min(255, Math.round(part) + added);
  return [lighter(color[0]), lighter(color[1]), lighter(color[2])];
}

function darken(color: Rgb, share: number): Rgb {
  const [hue, saturation, lightness] = toHsl(color);
  return toRgb([hue, saturation, Math.max(0, lightness - (share * lightnessMax) / 100)]);
}

function toHsl([red, green, blue]: Rgb): Hsl {
  const [r, g, b] = [red / 255, green / 255, blue / 255];
  const [max, min] = [Math.max(r, g, b), Math.min(r, g, b)];
  const [lightness, spread] = [(max + min) / 2, max - min];
  if (spread === 0) return [0, 0, lightness];
  const saturation = spread / (1 - Math.abs(2 * lightness - 1));
  const sixth =
    max === r ? (g - b) / spread : max === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
  return [((sixth + 6) % 6) * 60, saturation, lightness];
}

/** Saturation and lightness count in hundredths of a percent, the rest is cut off. */
function toRgb([hue, fullSaturation, fullLightness]: Hsl): Rgb {
  const [saturation, lightness] = [cutOff(fullSaturation), cutOff(fullLightness)];
  const amplitude = saturation * Math.min(lightness, 1 - lightness);
  const part = (offset: number) => {
    const turn = (offset + hue / 30) % 12;
    return 255 * (lightness - amplitude * Math.max(-1, Math.min(turn - 3, 9 - turn, 1)));
  };
  return [part(0), part(8), part(4)];
}

function cutOff(share: number): number {
  return Math.trunc(share * 100 * 100) / 10_000;
}

function hexText(color: Rgb): string {
  const digits = color.map((part) => Math.round(part).toString(16).padStart(2, "0"));
  return `#${digits.join("")}`;
}
