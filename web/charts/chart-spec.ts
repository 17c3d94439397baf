/** What a time chart is told: plain data, so that an unchanged spec can be recognised and the chart kept. */

import type { TimeZone } from "../time/time-range.ts";
import type { Column } from "./chart-columns.ts";
import type { AxisLimits } from "./value-axis.ts";

/** How one series looks. Colours are tokens (`--s1`), Grafana's names or CSS colours. */
export interface SeriesStyle {
  readonly label: string;
  readonly color: string;
  readonly drawStyle: "line" | "bars" | "points";
  readonly interpolation: "linear" | "smooth" | "stepBefore" | "stepAfter";
  readonly lineWidth: number;
  readonly dash?: readonly number[];
  /** 0 to 1. */
  readonly fillOpacity: number;
  readonly pointSize: number;
  readonly pointsMode: "auto" | "always" | "never";
  readonly axis: "left" | "right";
  /** Gaps up to this long are bridged; 0 never, Infinity always. */
  readonly bridgeMs: number;
  /** Series of one group lie on each other. */
  readonly stackGroup?: string;
  readonly isPercentStack?: boolean;
  /** Drawn on the negative side (Grafana's "Negative Y"). */
  readonly isMirrored?: boolean;
  /** Spelling of the series' values in tooltips, a key of ChartSpec.formats. */
  readonly format: string;
}

/** One value axis. */
export interface AxisSpec extends AxisLimits {
  /** A key of the formats passed beside the spec. */
  readonly format: string;
  readonly label?: string;
  readonly isLogarithmic?: boolean;
  readonly isHidden?: boolean;
}

/** A dashed line with its value written at the right edge. */
export interface ThresholdLine {
  readonly value: number;
  readonly color: string;
}

/** All of a chart but its data. Compared by JSON: no functions inside. */
export interface ChartSpec {
  readonly series: readonly SeriesStyle[];
  readonly left: AxisSpec;
  readonly right?: AxisSpec;
  readonly thresholds: readonly ThresholdLine[];
  readonly zone: TimeZone;
  /** Charts of one key share crosshair and drag. */
  readonly syncKey?: string;
  /** Nothing but the line: no axes, no cursor. */
  readonly isBare?: boolean;
}

/** Spells a value; `step` is the distance of axis lines where it is a tick. */
export type ValueFormat = (value: number, step?: number) => string;

/** Something that happened: a dotted line, or a tinted region where it lasted. */
export interface ChartEvent {
  readonly timeMs: number;
  readonly endMs: number;
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly color: string;
}

/** Data of one drawing: shared times in seconds, raw columns in the order of the series. */
export interface ChartData {
  readonly times: number[];
  readonly columns: readonly Column[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly events?: readonly ChartEvent[];
}

/** Where the pointer is: row of the data, position in the plot and the series next to it. */
export interface ChartCursor {
  readonly row: number;
  readonly leftPx: number;
  readonly topPx: number;
  /** Offset of the plot within the chart's element. */
  readonly plotLeftPx: number;
  readonly plotTopPx: number;
  readonly plotWidthPx: number;
  readonly nearest: number | undefined;
}
