/**
 * The colour of a value or a series: thresholds, fixed colours, palettes, ramps. What share of its
 * range a value is comes along, since ramps and gauges need it.
 */

import type { Field, FieldRange, FieldState } from "../frame.ts";
import type { ThresholdStep, Thresholds } from "../model.ts";
import { reduceValue, reduceValues } from "../reduce.ts";
import { colorRamp, rampColors } from "./color-ramp.ts";
import { shadeOf } from "./color-shades.ts";
import { fallbackColor, resolveColor, type ThemeName } from "./named-color.ts";
import { hashText, paletteColors } from "./palette.ts";

/** What the colour of a field's values depends on beside the field. */
export interface ColorContext {
  /** Grafana's theme whose shades are taken; dark where absent. */
  readonly theme?: ThemeName;
  /** Number of the series in its panel, for palettes. */
  readonly seriesIndex?: number;
  /** Name of the series, for palettes by name. */
  readonly displayName?: string;
  /** The page's own colours instead of the classic palette. */
  readonly paletteColor?: (seriesIndex: number) => string;
}

/** What a scale needs of a field. */
export type ScaledField = Pick<Field, "type" | "config" | "values" | "state">;

/** A value's place in its range and its colour. */
export interface ScaledColor {
  readonly color: string;
  /** Share of the range; below 0 and above 1 outside of it. */
  readonly percent: number;
  readonly threshold?: ThresholdStep;
}

/** A number (-Infinity: no value) to its colour. */
export type ColorScale = (value: number) => ScaledColor;

/** The range of a field: as applied, its own min and max, else those of its values; 0…100 for what is no number. O(values) where min or max is not set. */
export function fieldRange(field: ScaledField): FieldRange {
  if (field.state?.range !== undefined) return field.state.range;
  if (field.type !== "number") return { min: 0, max: 100, delta: 100 };
  let { min, max }: { min?: number | null; max?: number | null } = field.config;
  if (typeof min !== "number" || typeof max !== "number") {
    // Without any values Grafana takes 0…100, also where one of the two is set.
    const isEmpty = field.values.length === 0;
    const options = { nullValueMode: field.config.nullValueMode };
    const found = reduceValues(field.values, ["min", "max"], options);
    if (isEmpty || typeof min !== "number") min = isEmpty ? 0 : (found["min"] as number | null);
    if (isEmpty || typeof max !== "number") max = isEmpty ? 100 : (found["max"] as number | null);
  }
  return { min, max, delta: (max ?? 0) - (min ?? 0) };
}

/** True for modes whose colour changes with the value. */
export function isColoredByValue(mode: string | undefined): boolean {
  return !(mode === "fixed" || mode === "shades" || mode === "gradient" || isPalette(mode));
}

function isPalette(mode: string | undefined): boolean {
  return mode?.startsWith("palette-") ?? false;
}

/** The scale of a field. */
export function createColorScale(field: ScaledField, context: ColorContext = {}): ColorScale {
  const theme = context.theme ?? "dark";
  if (field.type === "boolean") return booleanScale(field, theme);
  const colorOf = valueColor(field, context);
  const range = fieldRange(field);
  const { thresholds } = field.config;
  return (value) => {
    const share = value === Number.NEGATIVE_INFINITY ? 0 : (value - (range.min ?? 0)) / range.delta;
    const percent = Number.isNaN(share) ? 0 : share;
    const threshold = activeThreshold(thresholds, value, percent);
    return {
      color: colorOf(percent, threshold),
      percent,
      ...(threshold === undefined ? {} : { threshold }),
    };
  };
}

/** Green and red, or the ends of the field's ramp. */
function booleanScale(field: ScaledField, theme: ThemeName): ColorScale {
  const ends = rampColors(field.config.color?.mode ?? "", theme);
  const yes = ends?.at(-1) ?? resolveColor("green", theme);
  const no = ends?.[0] ?? resolveColor("red", theme);
  return (value) => (value ? { color: yes, percent: 1 } : { color: no, percent: 0 });
}

/** The colour of a whole series: of its last (or smallest, largest) value where the mode goes by value. */
export function seriesColor(field: ScaledField, context: ColorContext = {}): ScaledColor {
  const { color } = field.config;
  const scale = createColorScale(field, context);
  if (!isColoredByValue(color?.mode)) return scale(0);
  const value = reduceValue(field.values, color?.seriesBy ?? "last", { type: field.type });
  return scale(Number(value ?? 0));
}

/** The step a value has reached: the search ends at the first step that is too high; the first counts from -Infinity. */
export function activeThreshold(
  thresholds: Thresholds | undefined,
  value: number,
  percent: number,
): ThresholdStep | undefined {
  if (thresholds === undefined) return undefined;
  const compared = thresholds.mode === "percentage" ? percent * 100 : value;
  let active: ThresholdStep | undefined;
  for (const step of thresholds.steps) {
    const isReached = active === undefined || compared >= (step.value ?? Number.NEGATIVE_INFINITY);
    if (!isReached) break;
    active = step;
  }
  return active;
}

type ValueColor = (percent: number, threshold: ThresholdStep | undefined) => string;

function valueColor(field: ScaledField, context: ColorContext): ValueColor {
  const theme = context.theme ?? "dark";
  const { mode, fixedColor } = field.config.color ?? { mode: "thresholds" };
  if (mode === "fixed" || mode === "shades" || mode === "gradient") {
    const base = resolveColor(fixedColor, theme);
    const index = context.seriesIndex ?? field.state?.seriesIndex ?? 0;
    const color = mode === "shades" ? shadeOf(base, index) : base;
    return () => color;
  }
  if (isPalette(mode)) {
    const color = paletteColor(mode, { ...context, state: field.state }, theme);
    if (color !== undefined) return () => color;
  }
  const ramp = colorRamp(mode, theme);
  if (ramp !== undefined) return ramp;
  return (_percent, threshold) =>
    threshold === undefined ? fallbackColor : resolveColor(threshold.color, theme);
}

function paletteColor(
  mode: string,
  context: ColorContext & { readonly state: FieldState | undefined },
  theme: ThemeName,
): string | undefined {
  const { state } = context;
  const index = context.seriesIndex ?? state?.seriesIndex ?? 0;
  if (context.paletteColor !== undefined && mode === "palette-classic") {
    return context.paletteColor(index);
  }
  const colors = paletteColors(mode, theme);
  if (colors === undefined) return undefined;
  const place =
    mode === "palette-classic-by-name"
      ? hashText(context.displayName ?? state?.displayName ?? "")
      : index;
  return colors[place % colors.length];
}
