/** Chance from a seed, so that a run can be repeated: the laboratory's traffic, tests, benches. Not for secrets. */

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32: 32 bits of state). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
