/** One value of a field's many, by Grafana's calculations. */

import type { Field } from "../../src/dashboard/frame.ts";

/** The value of `calc`, undefined where the field has none. */
export function reduceValues(field: Field, calc: string): number | undefined {
  const v = Array.from(field.values).filter(
    (x): x is number => typeof x === "number" && !Number.isNaN(x),
  );
  if (v.length === 0) return undefined;
  switch (calc) {
    case "min":
      return Math.min(...v);
    case "max":
      return Math.max(...v);
    case "mean":
      return v.reduce((a, b) => a + b, 0) / v.length;
    case "sum":
    case "total":
      return v.reduce((a, b) => a + b, 0);
    default:
      return v.at(-1);
  }
}

const names: Readonly<Record<string, string>> = {
  lastNotNull: "Last",
  last: "Last",
  min: "Min",
  max: "Max",
  mean: "Mean",
  sum: "Sum",
  total: "Sum",
  count: "Count",
};

/** Heading of a calculation. */
export function calcName(calc: string): string {
  return names[calc] ?? calc;
}
