/** Colours that a dashboard's file fixes, made readable on the present theme: 3:1 against the panel (UI.md 4). Pure. */

import { colorParts } from "../../src/dashboard/color/named-color.ts";

const contrastMin = 3;
/** Share of black or white that one step mixes in. */
const mixStep = 0.08;
const surfaces = { dark: "#111517", light: "#ffffff" } as const;

type Parts = readonly [number, number, number];

/** `color` itself where it is a name or readable; else darkened (light theme) or lightened until it is. */
export function readableColor(color: string, theme: "light" | "dark"): string {
  const given = color.startsWith("#") || color.startsWith("rgb") ? colorParts(color) : undefined;
  const surface = colorParts(surfaces[theme]);
  if (given === undefined || surface === undefined || contrast(given, surface) >= contrastMin) {
    return color;
  }
  const toward = theme === "light" ? 0 : 255;
  let parts: Parts = given;
  while (contrast(parts, surface) < contrastMin) {
    parts = parts.map((part) => part + (toward - part) * mixStep) as unknown as Parts;
  }
  return `rgb(${parts.map(Math.round).join(", ")})`;
}

function contrast(a: Parts, b: Parts): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** Relative luminance of WCAG 2. */
function luminance(parts: Parts): number {
  const [red = 0, green = 0, blue = 0] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
