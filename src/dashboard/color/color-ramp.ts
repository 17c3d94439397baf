/** Ramps of the continuous colour modes: a share of the range to a colour. */

import { colorParts, resolveColor, type ThemeName } from "./named-color.ts";

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

/** Nine colours of the scales for science; between them lines, where the originals have 256 steps. */
const steppedStops: Readonly<Record<string, string>> = {
  "continuous-viridis": "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725",
  "continuous-magma": "000004 1d1147 51127c 832681 b73779 e75263 fc8961 fec488 fcfdbf",
  "continuous-plasma": "0d0887 4c02a1 7e03a8 aa2395 cc4778 e66c5c f89540 fdc527 f0f921",
  "continuous-inferno": "000004 210c4a 57106e 8a226a bc3754 e45a31 f98e09 f9cb35 fcffa4",
};

/** Colours that a ramp is drawn with in a legend; undefined for a mode that is none. */
export function rampColors(mode: string, theme: ThemeName): readonly string[] | undefined {
  const blended = Object.hasOwn(blendedStops, mode) ? blendedStops[mode] : undefined;
  if (blended !== undefined) return blended.split(" ").map((name) => resolveColor(name, theme));
  const stepped = Object.hasOwn(steppedStops, mode) ? steppedStops[mode] : undefined;
  if (stepped !== undefined) return stepped.split(" ").map((hex) => `#${hex}`);
  if (mode !== "continuous-cividis") return undefined;
  return Array.from({ length: 9 }, (_, index) => cividis(index / 8));
}

/** The ramp of a continuous mode; undefined for a mode that is none. */
export function colorRamp(mode: string, theme: ThemeName): ColorRamp | undefined {
  if (mode === "continuous-cividis") return cividis;
  const colors = rampColors(mode, theme);
  if (colors === undefined) return undefined;
  const stops = colors.map((color) => colorParts(color) ?? [0, 0, 0]);
  if (Object.hasOwn(steppedStops, mode)) return (share) => stepped(stops, share);
  return (share) =>
    rgbText((channel) =>
      blend(
        stops.map((stop) => stop[channel] ?? 0),
        share,
      ),
    );
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

function stepped(stops: readonly (readonly number[])[], share: number): string {
  const position = clampShare(share) * (stops.length - 1);
  const index = Math.min(Math.floor(position), stops.length - 2);
  const rest = position - index;
  const digits = [0, 1, 2].map((channel) => {
    const [low, high] = [stops[index]?.[channel] ?? 0, stops[index + 1]?.[channel] ?? 0];
    return Math.round(low + (high - low) * rest)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${digits.join("")}`;
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
