/** Moving and running values of a column. */

import type { FieldValues } from "../frame.ts";
import { reduceValue } from "../reduce.ts";

/** A window over rows. */
export interface WindowOptions {
  /** Rows in the window. */
  readonly size: number;
  /** Around the row instead of up to it. */
  readonly isCentered: boolean;
  /** mean, stdDev or variance. */
  readonly reducer: string;
}

/** One value a row; at the ends the window is shorter. */
export function windowValues(values: FieldValues, options: WindowOptions): number[] {
  const { size, isCentered, reducer } = options;
  if (!isCentered && reducer === "mean") return trailingMeans(values, size);
  const before = isCentered ? Math.floor(size / 2) : size - 1;
  const after = isCentered ? size - before - 1 : 0;
  return Array.from({ length: values.length }, (_, row) => {
    const window = values.slice(Math.max(0, row - before), row + after + 1);
    return (reduceValue(window, reducer) as number | null) ?? 0;
  });
}

/** As Grafana runs it: a null neither comes into the window nor pushes a row out of it. */
function trailingMeans(values: FieldValues, size: number): number[] {
  let [sum, count] = [0, 0];
  return Array.from({ length: values.length }, (_, row) => {
    const value = values[row] as number | null | undefined;
    if (value !== null && value !== undefined) {
      sum += value;
      count++;
      if (row > size - 1) {
        sum -= (values[row - size] as number | null | undefined) ?? 0;
        count--;
      }
    }
    return count === 0 ? 0 : sum / count;
  });
}

/** Running sums, or sums over the rows so far; null counts as 0. */
export function cumulativeValues(values: FieldValues, isMean: boolean): number[] {
  let sum = 0;
  return Array.from({ length: values.length }, (_, row) => {
    sum += (values[row] as number | null | undefined) ?? 0;
    return isMean ? sum / (row + 1) : sum;
  });
}
