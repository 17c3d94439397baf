/** How a field's values are spelled and coloured on this page: unit and mappings by the model, colours as tokens. */

import type { Field } from "../../src/dashboard/frame.ts";
import { openTimeZone } from "../../src/dashboard/time-zone.ts";
import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";
import { unitFormat } from "../../src/dashboard/units/unit-format.ts";
import { seriesColor } from "../charts/series-colors.ts";
import type { TimeZone } from "../time/time-range.ts";

/** Spelling and colour of one field's values. */
export interface FieldDisplay {
  readonly format: (value: number | undefined) => FormattedValue;
  readonly color: (value: number | undefined) => string;
}

export function createFieldDisplay(
  field: Field,
  at: { name: string; slot: number; zone: TimeZone },
): FieldDisplay {
  const { config } = field;
  const format = unitFormat(config.unit);
  const context = { zone: openTimeZone(at.zone) };
  return {
    format: (value) =>
      value === undefined
        ? { text: config.noValue ?? "–" }
        : format(value, config.decimals, context),
    color: (value) => {
      if (config.color?.mode === "fixed") return config.color.fixedColor ?? "text";
      if (config.color?.mode === "thresholds" || config.color === undefined) {
        let color = config.thresholds?.steps[0]?.color;
        for (const step of config.thresholds?.steps ?? [])
          if (value !== undefined && (step.value ?? -Infinity) <= value) color = step.color;
        if (color !== undefined) return color;
      }
      return seriesColor(at.name, at.slot);
    },
  };
}

/** Spells ticks of an axis whose lines are `step` apart: as many decimals as tell two apart. */
export function tickFormat(field: Field, zone: TimeZone): (value: number, step: number) => string {
  const format = unitFormat(field.config.unit);
  const context = { zone: openTimeZone(zone) };
  const spell = (value: number, decimals: number | undefined) => {
    const { prefix = "", text, suffix = "" } = format(value, decimals, context);
    return `${prefix}${text}${suffix}`;
  };
  return (value, step) => {
    if (value === 0) return "0";
    // Fewest decimals with which a tick and its neighbour read differently and the tick reads true.
    for (let decimals = 0; decimals < 8; decimals++) {
      const text = spell(value, decimals);
      const exact = spell(value, decimals + 2)
        .replace(/(\.\d*?)0+(?=\D|$)/, "$1")
        .replace(/\.(?=\D|$)/, "");
      const own = text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
      if (own === exact && text !== spell(value + step, decimals)) return text;
    }
    return spell(value, field.config.decimals);
  };
}
