/**
 * How a field's values are spelled and coloured on this page. Unit, mappings and thresholds are the
 * model's; colours stay names, since the page draws them as tokens that fit both themes.
 */

import { createColorScale } from "../../src/dashboard/color/color-scale.ts";
import { createDisplay } from "../../src/dashboard/display.ts";
import type { Field } from "../../src/dashboard/frame.ts";
import { openTimeZone } from "../../src/dashboard/time-zone.ts";
import { joinFormatted } from "../../src/dashboard/units/format-value.ts";
import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";
import { unitFormat } from "../../src/dashboard/units/unit-format.ts";
import { createValueMap } from "../../src/dashboard/value-map.ts";
import { seriesColor } from "../charts/series-colors.ts";
import type { TimeZone } from "../time/time-range.ts";

/** Spelling and colour of one field's values. */
export interface FieldDisplay {
  readonly format: (value: unknown) => FormattedValue;
  /** A token, a name of Grafana's or a CSS colour. */
  readonly color: (value: unknown) => string;
}

/** What a field's display depends on beside the field. */
export interface DisplayPlace {
  /** Its shown name: verdicts have colours of their own. */
  readonly name: string;
  /** Its number in the panel. */
  readonly slot: number;
  readonly zone: TimeZone;
  /** Colour mode of the panel kind where the file says none; "thresholds" where absent. */
  readonly modeDefault?: string;
}

/** Shown where a field has no value and says nothing for it. */
const noValueText = "–";
const decimalsMax = 8;

/** Looks unit, mappings and thresholds up once. O(values) where the field's range is not set. */
export function createFieldDisplay(field: Field, at: DisplayPlace): FieldDisplay {
  const show = createDisplay(field, {
    zone: openTimeZone(at.zone),
    displayName: at.name,
    seriesIndex: at.slot,
  });
  const map = createValueMap(field.config.mappings);
  const colorOf = modeColor(field, at);
  return {
    format: (value) => {
      const { text, prefix = "", suffix = "" } = show(value);
      return text === "" ? { text: noValueText } : { text, prefix, suffix };
    },
    color: (value) =>
      map(value)?.color ?? colorOf(typeof value === "number" ? value : Number.NEGATIVE_INFINITY),
  };
}

/** By the field's colour mode, else the panel kind's, else thresholds where there are any. */
function modeColor(field: Field, at: DisplayPlace): (value: number) => string {
  const { color, thresholds } = field.config;
  const mode =
    color?.mode ?? at.modeDefault ?? (thresholds === undefined ? "palette-classic" : "thresholds");
  if (mode === "fixed" || mode === "shades") {
    const fixed = color?.fixedColor ?? "text";
    return () => fixed;
  }
  if (mode.startsWith("palette-")) {
    const own = seriesColor(at.name, at.slot);
    return () => own;
  }
  const scale = createColorScale(field, { displayName: at.name, seriesIndex: at.slot });
  return (value) => {
    const { color: scaled, threshold } = scale(value);
    return mode === "thresholds" ? (threshold?.color ?? scaled) : scaled;
  };
}

/** Spells ticks of an axis whose lines are `step` apart: as many decimals as tell two apart. `trim` may take a unit away. */
export function tickFormat(
  field: Field,
  zone: TimeZone,
  trim: (value: FormattedValue) => FormattedValue = (value) => value,
): (value: number, step: number) => string {
  const format = unitFormat(field.config.unit);
  const context = { zone: openTimeZone(zone) };
  const spell = (value: number, decimals: number | undefined) =>
    joinFormatted(trim(format(value, decimals, context)));
  return (value, step) => {
    if (value === 0) return "0";
    // The fewest decimals with which the tick reads true and its neighbour reads differently.
    for (let decimals = 0; decimals < decimalsMax; decimals++) {
      const text = spell(value, decimals);
      const isTrue = withoutZeros(text) === withoutZeros(spell(value, decimals + 2));
      if (isTrue && text !== spell(value + step, decimals)) return text;
    }
    return spell(value, field.config.decimals);
  };
}

/** `1.50 k` as `1.5 k`. */
function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
}
