/** Last, min, mean and max of a series' samples; NaN where there is none. O(samples). */

/** Figures of one series. */
export interface SeriesStatistics {
  readonly last: number;
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** NaN samples count only as the last value. */
export function seriesStatistics(values: Float64Array): SeriesStatistics {
  let min = Number.NaN;
  let max = Number.NaN;
  let sum = 0;
  let count = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
    sum += value;
    count++;
  }
  return { last: values[values.length - 1] ?? Number.NaN, min, mean: sum / count, max };
}
