/** Round scales for value axes: steps of 1, 2, 2.5, 3, 4, 5 times a power of ten (or of 1024), 2 to 5 lines. Pure. */

/** What limits a scale beside its data. */
export interface AxisLimits {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly softMin?: number | undefined;
  readonly softMax?: number | undefined;
  /** Bars and stacked areas. */
  readonly startsAtZero?: boolean;
  /** What values cannot exceed, such as 100 %: the axis ends there unless data is above it. */
  readonly ceiling?: number | undefined;
  /** 1024 for binary byte units. */
  readonly base?: 10 | 1024;
}

/** Ends and distance of lines; `min` and `max` are multiples of `step` unless given from outside. */
export interface ValueScale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Less than this share of the values' size is no difference: rounding errors of sums are below it. */
const flatShare = 1e-10;

/** Lines above the lowest for a plot of this height. */
export function tickCount(heightPx: number): number {
  if (heightPx < 90) return 2;
  if (heightPx < 170) return 3;
  return heightPx < 290 ? 4 : 5;
}

/** The scale that shows `dataMin` to `dataMax`. Data that reaches near zero gets zero. */
export function niceScale(
  dataMin: number,
  dataMax: number,
  options: AxisLimits & { readonly ticks: number },
): ValueScale {
  let low = Math.min(dataMin, options.softMin ?? dataMin);
  let high = Math.max(dataMax, options.softMax ?? dataMax);
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 0];
  if (options.startsAtZero === true || (low > 0 && low <= high * 0.75)) low = Math.min(0, low);
  if (high < 0 && (options.startsAtZero === true || high >= low * 0.75)) high = 0;
  // Values that differ by rounding alone are flat: lines so close cannot be told apart, nor counted.
  if (high - low <= flatShare * Math.max(Math.abs(low), Math.abs(high))) {
    [low, high] = spread((low + high) / 2);
  }
  const { ceiling } = options;
  const isCapped = ceiling !== undefined && dataMax <= ceiling && dataMax > ceiling / 2;
  if (isCapped) high = ceiling;
  low = options.min ?? low;
  high = options.max ?? high;
  if (high <= low) high = low + 1;
  const step = niceStep(
    (high - low) / options.ticks,
    options.base ?? 10,
    Math.max(Math.abs(low), Math.abs(high)),
  );
  return {
    min: options.min ?? Math.floor(low / step + 1e-9) * step,
    max: options.max ?? (isCapped ? high : Math.ceil(high / step - 1e-9) * step),
    step,
  };
}

/** Multiples of the step within the scale, ascending. */
export function scaleTicks(scale: ValueScale): number[] {
  const ticks: number[] = [];
  const first = Math.ceil(scale.min / scale.step - 1e-9);
  const last = Math.floor(scale.max / scale.step + 1e-9);
  for (let index = first; index <= last; index++) ticks.push(index === 0 ? 0 : index * scale.step);
  return ticks;
}

/** The smallest round number that is not below `raw`; for bytes round in the unit that `size` is written in. */
function niceStep(raw: number, base: 10 | 1024, size: number): number {
  const whole =
    base === 1024 && size >= 1024 ? 1024 ** Math.floor(Math.log(size) / Math.log(1024)) : 1;
  const scaled = raw / whole;
  const unit = 10 ** Math.floor(Math.log10(scaled));
  const fraction = scaled / unit;
  const round = [1, 2, 2.5, 3, 4, 5, 10].find((candidate) => fraction <= candidate + 1e-9) ?? 10;
  return round * unit * whole;
}

/** Room around a flat line: from zero for a positive one, so that a constant is not drawn at the top edge. */
function spread(value: number): [number, number] {
  if (value === 0) return [0, 1];
  return value > 0 ? [0, value * 1.2] : [value * 1.2, 0];
}
