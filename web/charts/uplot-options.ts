/** Turns a ChartSpec into uPlot's options: series paths, scales with round ends, axes in the page's type. */

import uPlot from "uplot";
import { timeTickLabel, timeTickStep, timeTicks } from "../time/time-axis.ts";
import type { AxisSpec, ChartSpec, SeriesStyle, ValueFormat } from "./chart-spec.ts";
import type { ChartTheme } from "./chart-theme.ts";
import { niceScale, scaleTicks, tickCount, type ValueScale } from "./value-axis.ts";

/** What the options read while drawing; the chart updates it before each setData. */
export interface DrawState {
  fromSeconds: number;
  toSeconds: number;
  readonly hidden: Set<number>;
  /** Last computed scales by key, for ticks and zero lines. */
  readonly scales: Map<string, ValueScale>;
}

interface OptionsInput {
  readonly spec: ChartSpec;
  readonly theme: ChartTheme;
  readonly formats: Readonly<Record<string, ValueFormat>>;
  readonly state: DrawState;
}

/** Height of the time axis, px. */
const timeAxisPx = 20;
const pathBuilders = {
  linear: uPlot.paths.linear?.(),
  smooth: uPlot.paths.spline?.(),
  stepBefore: uPlot.paths.stepped?.({ align: -1 }),
  stepAfter: uPlot.paths.stepped?.({ align: 1 }),
  bars: uPlot.paths.bars?.({ size: [0.9, 40], align: 1 }),
  points: () => null,
};

/** Options without size, hooks and cursor, which the chart adds. */
export function buildOptions(
  input: OptionsInput,
): Pick<uPlot.Options, "series" | "scales" | "axes" | "padding" | "legend" | "focus"> {
  const { spec } = input;
  const isBare = spec.isBare === true;
  return {
    legend: { show: false },
    focus: { alpha: 0.25 },
    padding: isBare ? [2, 0, 2, 0] : [10, spec.right === undefined ? 10 : 4, 0, 4],
    scales: {
      x: { time: false, range: () => [input.state.fromSeconds, input.state.toSeconds] },
      left: valueScale(spec.left, "left", input),
      ...(spec.right === undefined ? {} : { right: valueScale(spec.right, "right", input) }),
    },
    axes: isBare
      ? [{ show: false }, { show: false, scale: "left" }]
      : [
          timeAxis(input),
          valueAxis(spec.left, "left", input),
          ...(spec.right === undefined ? [] : [valueAxis(spec.right, "right", input)]),
        ],
    series: [{}, ...spec.series.map((style) => seriesOptions(style, input.theme))],
  };
}

function seriesOptions(style: SeriesStyle, theme: ChartTheme): uPlot.Series {
  const color = theme.color(style.color);
  const paths =
    style.drawStyle === "line" ? pathBuilders[style.interpolation] : pathBuilders[style.drawStyle];
  const isStacked = style.stackGroup !== undefined;
  return {
    label: style.label,
    scale: style.axis,
    stroke: color,
    width: style.drawStyle === "points" ? 0 : style.lineWidth,
    ...(style.dash === undefined ? {} : { dash: [...style.dash] }),
    ...(style.fillOpacity > 0 || isStacked
      ? { fill: theme.fill(style.color, Math.max(style.fillOpacity, isStacked ? 0.26 : 0)) }
      : {}),
    ...(paths === undefined ? {} : { paths: paths as uPlot.Series.PathBuilder }),
    spanGaps: style.bridgeMs === Number.POSITIVE_INFINITY,
    points: pointOptions(style, color),
  };
}

function pointOptions(style: SeriesStyle, color: string): uPlot.Series.Points {
  if (style.pointsMode === "never" || style.drawStyle === "bars") return { show: false };
  const isAlways = style.pointsMode === "always" || style.drawStyle === "points";
  return {
    show: true,
    size: isAlways ? style.pointSize : Math.max(3, style.lineWidth * 2),
    fill: color,
    stroke: color,
    width: 0,
    ...(isAlways ? {} : { filter: isolatedRows }),
  };
}

/** Rows whose neighbours are holes: without a point they would not be seen at all. */
function isolatedRows(plot: uPlot, seriesIndex: number): number[] {
  const column = plot.data[seriesIndex];
  const rows: number[] = [];
  if (column === undefined) return rows;
  for (let row = 0; row < column.length; row++) {
    if (column[row] == null) continue;
    if (column[row - 1] == null && column[row + 1] == null) rows.push(row);
  }
  return rows;
}

function valueScale(axis: AxisSpec, key: string, input: OptionsInput): uPlot.Scale {
  if (axis.isLogarithmic === true) return { distr: 3 };
  return {
    range: (plot) => {
      const [low, high] = dataEnds(plot, key, input);
      const heightPx = plot.bbox.height / uPlot.pxRatio || plot.height - timeAxisPx;
      const scale = niceScale(low, high, { ...axis, ticks: tickCount(heightPx) });
      input.state.scales.set(key, scale);
      return [scale.min, scale.max];
    },
  };
}

/** Smallest and largest value drawn on one axis within the window, hidden series left out; thresholds pull softly. */
function dataEnds(plot: uPlot, key: string, input: OptionsInput): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const [index, style] of input.spec.series.entries()) {
    if (style.axis !== key || input.state.hidden.has(index)) continue;
    const column = plot.data[index + 1];
    if (column === undefined) continue;
    for (let row = 0; row < column.length; row++) {
      const value = column[row];
      if (value == null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, key === "left" ? reachThresholds(high, input.spec) : high];
}

/** Room for thresholds that are near; one far above the data would press it flat against the foot. */
function reachThresholds(high: number, spec: ChartSpec): number {
  let reached = high;
  for (const { value } of spec.thresholds) {
    if (value > high && value <= high * 1.6) reached = Math.max(reached, value * 1.03);
  }
  return reached;
}

function timeAxis({ spec, theme, state }: OptionsInput): uPlot.Axis {
  const spanMs = () => (state.toSeconds - state.fromSeconds) * 1000;
  const widthOf = (plot: uPlot) => plot.bbox.width / uPlot.pxRatio;
  return {
    size: timeAxisPx,
    gap: 5,
    stroke: theme.color("--axis"),
    font: theme.axisFont,
    grid: { show: false },
    ticks: { show: false },
    splits: (plot) =>
      timeTicks(state.fromSeconds * 1000, state.toSeconds * 1000, {
        widthPx: widthOf(plot),
        zone: spec.zone,
      }).map((tick) => tick / 1000),
    values: (plot, splits) => {
      const step = timeTickStep(spanMs(), widthOf(plot));
      const edgePx = 20;
      return splits.map((split) => {
        const left = plot.valToPos(split, "x");
        const isCut = left < -edgePx / 2 || left > widthOf(plot) - edgePx + 12;
        return isCut ? "" : timeTickLabel(Math.round(split * 1000), step, spec.zone);
      });
    },
  };
}

function valueAxis(axis: AxisSpec, key: string, input: OptionsInput): uPlot.Axis {
  const { theme, state, formats } = input;
  const format = formats[axis.format] ?? String;
  const isRight = key === "right";
  return {
    scale: key,
    show: axis.isHidden !== true,
    side: isRight ? 1 : 3,
    stroke: theme.color("--axis"),
    font: theme.axisFont,
    gap: 6,
    grid: { show: !isRight, stroke: theme.color("--grid"), width: 1 },
    ticks: { show: false },
    ...(axis.label === undefined
      ? {}
      : { label: axis.label, labelSize: 16, labelFont: theme.axisFont, labelGap: 0 }),
    ...(axis.isLogarithmic === true
      ? {}
      : {
          splits: () => {
            const scale = state.scales.get(key);
            return scale === undefined ? [] : scaleTicks(scale);
          },
        }),
    values: (_plot, splits) => splits.map((value) => format(value, state.scales.get(key)?.step)),
    size: (plot, values) => {
      if (values == null) return 30;
      plot.ctx.save();
      plot.ctx.font = theme.axisFont;
      const widest = Math.max(...values.map((text) => plot.ctx.measureText(text).width));
      plot.ctx.restore();
      return Math.ceil(widest) + 12;
    },
  };
}
