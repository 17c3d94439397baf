/**
 * Units that stand once in a panel's head instead of behind every number: those whose tail is the same
 * for every value ("flows/s", "req/s"). Units that change with the size of a value (s, bytes) stay with it.
 */

import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";
import { countUnits } from "../../src/dashboard/units/unit-tables.ts";

/** The tail that all values of `unit` have, undefined where there is none. */
export function unitTail(unit: string | undefined): string | undefined {
  if (unit === undefined) return undefined;
  if (unit.startsWith("suffix:")) return unit.slice("suffix:".length).trim() || undefined;
  return Object.hasOwn(countUnits, unit) ? countUnits[unit] : undefined;
}

/** `value` without the tail; a prefix of thousands before it stays. */
export function withoutTail(value: FormattedValue, tail: string): FormattedValue {
  const suffix = value.suffix ?? "";
  const trimmed = suffix.trimEnd();
  if (!trimmed.endsWith(tail)) return value;
  return { ...value, suffix: trimmed.slice(0, trimmed.length - tail.length).trimEnd() };
}
