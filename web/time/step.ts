/** Explore's resolution: a round step that gives a window about 240 points. Pure. */

import { parseDuration } from "../../src/model/duration.ts";

const second = 1000;
const roundSteps: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
].map((seconds) => seconds * second);
const pointsWanted = 240;
/** Prometheus refuses more points a series than this. */
const pointsMax = 11_000;

/** The step for a window of `spanMs`. */
export function autoStepMs(spanMs: number): number {
  const wanted = spanMs / pointsWanted;
  return roundSteps.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400_000) * 86_400_000;
}

/** A step as typed, kept above what the server refuses; undefined or nonsense means automatic. */
export function chosenStepMs(text: string, spanMs: number): number {
  const typed = parseDuration(text);
  if (typed === undefined || typed <= 0) return autoStepMs(spanMs);
  return Math.max(typed, Math.ceil(spanMs / pointsMax));
}
