/** A time series panel as a chart: fields to columns, custom options to styles, units to axes. Pure. */

import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import { type Field, type Frame, timeField } from "../../../src/dashboard/frame.ts";
import { asArray, asNumber, asObject, asString } from "../../../src/dashboard/json-reader.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import type { FormattedValue } from "../../../src/dashboard/units/number-text.ts";
import type { QuerySeries } from "../../api/query-series.ts";
import type { Theme } from "../../app/theme.ts";
import { alignSeries, limitSeries } from "../../charts/chart-columns.ts";
import type {
  AxisSpec,
  ChartData,
  ChartSpec,
  SeriesStyle,
  ThresholdLine,
  ValueFormat,
} from "../../charts/chart-spec.ts";
import { readableColor } from "../../charts/readable-color.ts";
import { dashOfRepeat, slotDash } from "../../charts/series-colors.ts";
import type { TimeZone } from "../../time/time-range.ts";
import { createFieldDisplay, tickFormat } from "../field-display.ts";
import type { PanelResult } from "../panel-props.ts";
import { unitTail, withoutTail } from "../unit-tail.ts";
import { placeAxes } from "./axis-placement.ts";

/** What the panel draws; `fields` in the order of the series. */
export interface TimeseriesModel {
  readonly spec: ChartSpec;
  readonly data: ChartData;
  readonly formats: Readonly<Record<string, ValueFormat>>;
  readonly fields: readonly Field[];
  readonly leftOut: number;
}

interface DrawnField extends QuerySeries {
  readonly field: Field;
  readonly name: string;
}

/** Builds the chart of `panel` from its frames. */
export function buildTimeseries(
  panel: Panel,
  result: PanelResult,
  at: { readonly zone: TimeZone; readonly syncKey: string | undefined; readonly theme: Theme },
): TimeseriesModel {
  const { drawn, leftOut } = limitSeries(drawnFields(result.frames));
  const axes = placeAxes(
    drawn.map(({ field }) => ({
      placement: asString(field.config.custom?.["axisPlacement"], "auto"),
      unit: field.config.unit ?? "",
    })),
  );
  const formats: Record<string, ValueFormat> = {};
  const panelUnit = panel.fieldConfig.defaults.unit;
  const styles = drawn.map((one, slot) => {
    const format = `${one.field.config.unit ?? ""} ${one.field.config.decimals ?? ""}`;
    formats[format] ??= valueFormat(one, at.zone, panelUnit);
    if (isPercentStack(one.field)) formats[shareFormat] ??= formatShare;
    return seriesStyle(one, {
      slot,
      format,
      axis: axes[slot] ?? "left",
      isAlone: drawn.length === 1,
    });
  });
  const series = tellApart(styles).map((style) => ({
    ...style,
    color: readableColor(style.color, at.theme),
  }));
  const ofAxis = (axis: "left" | "right") => drawn.filter((_, index) => axes[index] === axis);
  const rightFields = ofAxis("right");
  const leftFields = rightFields.length === drawn.length ? rightFields : ofAxis("left");
  const spec: ChartSpec = {
    series,
    left: axisSpec(
      leftFields,
      series.filter((style) => style.axis === "left"),
    ),
    ...(rightFields.length === 0
      ? {}
      : {
          right: axisSpec(
            rightFields,
            series.filter((style) => style.axis === "right"),
          ),
        }),
    thresholds: thresholdLines(panel),
    zone: at.zone,
    ...(at.syncKey === undefined ? {} : { syncKey: at.syncKey }),
  };
  const data = {
    ...alignSeries(drawn, { ...result.range, stepMs: result.stepMs }),
    ...result.range,
  };
  return { spec, data, formats, fields: drawn.map((one) => one.field), leftOut };
}

/** Number fields of frames with a time, those hidden from the drawing left out. */
function drawnFields(frames: readonly Frame[]): readonly DrawnField[] {
  const namer = createFieldNamer(frames);
  return frames.flatMap((frame) => {
    const times = timeField(frame);
    if (times === undefined) return [];
    const timesMs = toFloats(times.values);
    return frame.fields
      .filter((field) => field.type === "number" && !isHidden(field))
      .map((field) => ({
        field,
        name: namer(field, frame),
        refId: frame.refId ?? "",
        labels: field.labels ?? {},
        timesMs,
        values: toFloats(field.values),
        histogramCount: 0,
      }));
  });
}

function toFloats(values: Field["values"]): Float64Array {
  if (values instanceof Float64Array) return values;
  return Float64Array.from(values, (value) => (typeof value === "number" ? value : Number.NaN));
}

function isHidden(field: Field): boolean {
  return asObject(field.config.custom?.["hideFrom"])["viz"] === true;
}

/** Without the unit's tail where it stands in the panel's head. */
function valueFormat(
  { field, name }: DrawnField,
  zone: TimeZone,
  panelUnit: string | undefined,
): ValueFormat {
  const display = createFieldDisplay(field, { name, slot: 0, zone });
  const tail = field.config.unit === panelUnit ? unitTail(panelUnit) : undefined;
  const bare = (value: FormattedValue) => (tail === undefined ? value : withoutTail(value, tail));
  const tick = tickFormat(field, zone, bare);
  return (value, step) =>
    step === undefined ? joinFormatted(bare(display.format(value))) : tick(value, step);
}

function seriesStyle(
  { field, name, values }: DrawnField,
  at: { slot: number; format: string; axis: "left" | "right"; isAlone: boolean },
): SeriesStyle {
  const custom = field.config.custom ?? {};
  const drawStyle = asString(custom["drawStyle"], "line");
  const stacking = asObject(custom["stacking"]);
  // A series with the group false stands on the floor, beside a stack: totals and limits do.
  const isStacked = asString(stacking["mode"], "none") !== "none" && stacking["group"] !== false;
  const lineWidth = asNumber(custom["lineWidth"]) ?? 1;
  const fill = (asNumber(custom["fillOpacity"]) ?? 0) / 100;
  const dash = dashOf(custom, at.slot);
  const last = values[values.length - 1];
  return {
    label: name,
    color: createFieldDisplay(field, {
      name,
      slot: at.slot,
      zone: "utc",
      modeDefault: "palette-classic",
    }).color(last),
    drawStyle: drawStyle === "bars" || drawStyle === "points" ? drawStyle : "line",
    interpolation: interpolationOf(custom["lineInterpolation"]),
    // Grafana's 1 px is thinner than ours (UI.md 5: 1.4 px, 1 px on the edge of a stack).
    lineWidth: isStacked ? Math.max(1, lineWidth) : lineWidth === 1 ? 1.4 : lineWidth,
    ...(dash === undefined ? {} : { dash }),
    fillOpacity:
      drawStyle === "bars" ? Math.max(0.45, fill) : softFill(fill, isStacked, at.isAlone),
    pointSize: asNumber(custom["pointSize"]) ?? 5,
    pointsMode: pointsOf(custom["showPoints"]),
    axis: at.axis,
    bridgeMs: bridgeOf(custom["spanNulls"]),
    format: at.format,
    ...(isStacked ? { stackGroup: `${drawStyle} ${asString(stacking["group"], "A")}` } : {}),
    ...(stacking["mode"] === "percent" ? { isPercentStack: true } : {}),
    ...(custom["transform"] === "negative-Y" ? { isMirrored: true } : {}),
  };
}

/** Series that were given the same colour are told apart by dashes. */
function tellApart(styles: readonly SeriesStyle[]): readonly SeriesStyle[] {
  const seen = new Map<string, number>();
  return styles.map((style) => {
    const count = seen.get(style.color) ?? 0;
    seen.set(style.color, count + 1);
    const dash = style.dash ?? dashOfRepeat(count);
    return dash === undefined ? style : { ...style, dash };
  });
}

/** Fills lie quietly (UI.md 5): 13 % under a line alone, 26 to 45 % in a stack, none where lines cross. */
function softFill(fill: number, isStacked: boolean, isAlone: boolean): number {
  if (isStacked) return Math.min(0.45, Math.max(0.26, fill));
  if (isAlone) return fill === 0 ? 0.13 : Math.min(0.3, fill);
  return 0;
}

function dashOf(
  custom: Readonly<Record<string, unknown>>,
  slot: number,
): readonly number[] | undefined {
  const style = asObject(custom["lineStyle"]);
  if (style["fill"] === "solid" || style["fill"] === undefined) return slotDash(slot);
  if (style["fill"] === "dot") return [1, 3];
  const dash = asArray(style["dash"]).filter((part) => typeof part === "number");
  return dash.length > 0 ? dash : [10, 10];
}

function interpolationOf(value: unknown): SeriesStyle["interpolation"] {
  return value === "smooth" || value === "stepBefore" || value === "stepAfter" ? value : "linear";
}

function pointsOf(value: unknown): SeriesStyle["pointsMode"] {
  return value === "always" ? "always" : "auto";
}

/** true bridges all gaps, a number those up to so many ms. */
function bridgeOf(value: unknown): number {
  if (value === true) return Number.POSITIVE_INFINITY;
  return typeof value === "number" ? value : 0;
}

const binaryUnits =
  /^(?:bytes|bits|kbytes|mbytes|gbytes|tbytes|pbytes|binBps|binbps|KiBs|MiBs|GiBs)$/;

/** Key of the format of axes that show shares of a whole. */
const shareFormat = "share";
const formatShare: ValueFormat = (value) => `${Math.round(value * 100)} %`;

function isPercentStack(field: Field): boolean {
  return asObject(field.config.custom?.["stacking"])["mode"] === "percent";
}

function axisSpec(fields: readonly DrawnField[], styles: readonly SeriesStyle[]): AxisSpec {
  const config = fields[0]?.field.config ?? {};
  const custom = config.custom ?? {};
  const label = asString(custom["axisLabel"]);
  const isLogarithmic = asObject(custom["scaleDistribution"])["type"] === "log";
  if (styles.some((style) => style.isPercentStack === true)) {
    return { format: shareFormat, min: 0, max: 1 };
  }
  return {
    format: styles[0]?.format ?? "",
    ...(label === "" ? {} : { label }),
    min: config.min,
    max: config.max,
    softMin: asNumber(custom["axisSoftMin"]),
    softMax: asNumber(custom["axisSoftMax"]),
    startsAtZero: styles.some(
      (style) => style.stackGroup !== undefined || style.drawStyle === "bars",
    ),
    base: binaryUnits.test(config.unit ?? "") ? 1024 : 10,
    ceiling: config.unit === "percentunit" ? 1 : config.unit === "percent" ? 100 : undefined,
    ...(isLogarithmic ? { isLogarithmic } : {}),
    ...(custom["axisPlacement"] === "hidden" ? { isHidden: true } : {}),
  };
}

/** Lines only: a filled background would drown the data (UI.md 5). */
function thresholdLines(panel: Panel): readonly ThresholdLine[] {
  const { thresholds, custom } = panel.fieldConfig.defaults;
  const mode = asString(asObject(custom["thresholdsStyle"])["mode"], "off");
  if (mode === "off" || thresholds?.mode !== "absolute") return [];
  return thresholds.steps.flatMap((step) =>
    step.value === null ? [] : [{ value: step.value, color: step.color }],
  );
}
