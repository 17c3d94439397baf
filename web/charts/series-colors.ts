/** Which colour and dash a series gets: slots in order, dashes past eight, verdicts in their own colour (UI.md 5). */

import { verdictOf } from "../ui/verdict.ts";
import { seriesTokens } from "./chart-theme.ts";

const dashes: readonly (readonly number[] | undefined)[] = [
  undefined,
  [5, 3],
  [2, 2],
  [8, 2, 2, 2],
];
/** Hues that can be told apart without a second sign. */
const plainMax = 8;

/** Colour token of the series in this slot. */
export function slotColor(slot: number): string {
  return seriesTokens[slot % seriesTokens.length] ?? "--s1";
}

/** Dash of the series in this slot; undefined for a plain line. */
export function slotDash(slot: number): readonly number[] | undefined {
  return dashes[Math.floor(slot / plainMax) % dashes.length];
}

/** Dash of the series that is the `count`th after the first of its colour. */
export function dashOfRepeat(count: number): readonly number[] | undefined {
  return dashes[count % dashes.length];
}

/** Colour for a series by its shown name: a verdict's own, else its slot's. */
export function seriesColor(label: string, slot: number): string {
  const verdict = verdictOf(label);
  return verdict === undefined ? slotColor(slot) : `--${verdict}`;
}
