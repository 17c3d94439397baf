/** Ramps of the continuous colour modes: a share of the range to a colour. */

import { colorParts, resolveColor, type ThemeName } from "./named-color.ts";
import { scienceRamps } from "./science-ramps.ts";

const digitsPerColor = 6;

/** A share (0…1, held to these ends) to a CSS colour. */
export type ColorRamp = (share: number) => string;

/** Named colours from low to high, blended along a smooth curve. */
const blendedStops: Readonly<Record<string, string>> = {
  "continuous-GrYlRd": "green yellow red",
  "continuous-RdYlGr": "red yellow green",
  "continuous-BlYlRd": "dark-blue super-light-yellow dark-red",
  "continuous-YlRd": "super-light-yellow dark-red",
  "continuous-BlPu": "blue purple",
  "continuous-YlBl": "super-light-yellow dark-blue",
  "continuous-blues": "panel-bg dark-blue",
  "continuous-reds": "panel-bg dark-red",
  "continuous-greens": "panel-bg dark-green",
  "continuous-purples": "panel-bg dark-purple",
};

/** Colours that a ramp without named ones is shown with in a legend. */
const legendSteps = 9;

/** Colours that a ramp is drawn with in a legend; undefined for a mode that is none. */
export function rampColors(mode: string, theme: ThemeName): readonly string[] | undefined {
  const names = Object.hasOwn(blendedStops, mode) ? blendedStops[mode] : undefined;
  if (names !== undefined) return names.split(" ").map((name) => resolveColor(name, theme));
  const ramp = ownRamp(mode);
  if (ramp === undefined) return undefined;
  return Array.from({ length: legendSteps }, (_, index) => ramp(index / (legendSteps - 1)));
}

/** The ramp of a continuous mode; undefined for a mode that is none. */
export function colorRamp(mode: string, theme: ThemeName): ColorRamp | undefined {
  const own = ownRamp(mode);
  if (own !== undefined) return own;
  const colors = rampColors(mode, theme);
  if (colors === undefined) return undefined;
  const stops = colors.map((color) => colorParts(color) ?? [0, 0, 0]);
  return (share) =>
    rgbText((channel) =>
      blend(
        stops.map((stop) => stop[channel] ?? 0),
        share,
      ),
    );
}

/** Ramps that do not depend on the theme. */
function ownRamp(mode: string): ColorRamp | undefined {
  if (mode === "continuous-cividis") return cividis;
  const digits = Object.hasOwn(scienceRamps, mode) ? scienceRamps[mode] : undefined;
  return digits === undefined ? undefined : (share) => stepped(digits, share);
}

/** A uniform B-spline through the ends: the stops between pull the curve without being on it. */
function blend(stops: readonly number[], share: number): number {
  const last = stops.length - 1;
  const held = clampShare(share);
  const index = Math.min(Math.floor(held * last), last - 1);
  const t = held * last - index;
  const one = stops[index] ?? 0;
  const two = stops[index + 1] ?? 0;
  const zero = index > 0 ? (stops[index - 1] ?? 0) : 2 * one - two;
  const three = index < last - 1 ? (stops[index + 2] ?? 0) : 2 * two - one;
  const [t2, t3] = [t * t, t * t * t];
  return (
    ((1 - 3 * t + 3 * t2 - t3) * zero +
      (4 - 6 * t2 + 3 * t3) * one +
      (1 + 3 * t + 3 * t2 - 3 * t3) * two +
      t3 * three) /
    6
  );
}

/** The step that holds the share, not blended with its neighbour. */
function stepped(digits: string, share: number): string {
  const count = digits.length / digitsPerColor;
  const index = Math.min(count - 1, Math.floor(clampShare(share) * count));
  return `#${digits.slice(index * digitsPerColor, (index + 1) * digitsPerColor)}`;
}

/** The published polynomial of cividis, for people who do not tell red from green. */
function cividis(share: number): string {
  const t = clampShare(share);
  const parts = [
    -4.54 - t * (35.34 - t * (2381.73 - t * (6402.7 - t * (7024.72 - t * 2710.57)))),
    32.49 + t * (170.73 + t * (52.82 - t * (131.46 - t * (176.58 - t * 67.37)))),
    81.24 + t * (442.36 - t * (2482.43 - t * (6167.24 - t * (6614.94 - t * 2475.67)))),
  ];
  return rgbText((channel) => parts[channel] ?? 0);
}

function rgbText(channelValue: (channel: number) => number): string {
  const parts = [0, 1, 2].map((channel) =>
    Math.max(0, Math.min(255, Math.round(channelValue(channel)))),
  );
  return `rgb(${parts.join(", ")})`;
}

function clampShare(share: number): number {
  return Number.isNaN(share) ? 0 : Math.max(0, Math.min(1, share));
}
