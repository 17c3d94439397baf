/** One value of a field's many, by Grafana's calculations, as a number or nothing. */

import type { Field } from "../../src/dashboard/frame.ts";
import { findReducer, reduceField } from "../../src/dashboard/reduce.ts";

/** The value of `calc`, undefined where the field has none. O(values). */
export function reduceValues(field: Field, calc: string): number | undefined {
  const value = reduceField(field, [calc])[calc];
  return typeof value === "number" ? value : undefined;
}

/** Heading of a calculation; Grafana's "Last *" is "Last" here, since it is the one that is meant. */
export function calcName(calc: string): string {
  return findReducer(calc)?.name.replace(/ \*$/, "") ?? calc;
}
