/** One call from a value and a unit id to text, for places that show a few values; axes and tables look the unit up once. */

import type { Decimals, FormattedValue } from "./number-text.ts";
import { type UnitContext, unitFormat } from "./unit-format.ts";

/** `value` in `unitId` (undefined: a plain number) with `decimals` (null or undefined: three figures). */
export function formatValue(
  value: number | null,
  unitId: string | undefined,
  decimals?: Decimals,
  context: UnitContext = {},
): FormattedValue {
  return unitFormat(unitId)(value, decimals, context);
}

/** The same as one text. */
export function formatValueText(
  value: number | null,
  unitId: string | undefined,
  decimals?: Decimals,
  context: UnitContext = {},
): string {
  return joinFormatted(formatValue(value, unitId, decimals, context));
}

/** prefix + text + suffix. */
export function joinFormatted({ prefix = "", text, suffix = "" }: FormattedValue): string {
  return prefix + text + suffix;
}
