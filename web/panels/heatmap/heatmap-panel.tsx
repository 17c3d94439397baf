/** Counts by time and size: a cell a column and bucket, one hue whose strength is the count (UI.md 5). */

import { useEffect, useMemo, useRef, useState } from "react";
import { asObject } from "../../../src/dashboard/json-reader.ts";
import type { TimeRange } from "../../../src/dashboard/time-range.ts";
import { useTheme } from "../../app/theme.ts";
import { ChartTheme } from "../../charts/chart-theme.ts";
import { PlotTip } from "../../charts/plot-tip.tsx";
import { type PlotCursor, type PlotLabel, TimePlot } from "../../charts/time-plot.tsx";
import type { ElementSize } from "../../charts/use-element-size.ts";
import { timestampLabel } from "../../time/time-axis.ts";
import type { PanelProps } from "../panel-props.ts";
import { buildHeatmap, cellOpacity, columnAt, type HeatmapModel } from "./heatmap-model.ts";

/** Labels of more rows would touch each other in a panel of usual height. */
const labelsMax = 9;
const leftPx = 64;

export function HeatmapPanel({ panel, result, zone, events, onZoom, onZoomBack }: PanelProps) {
  const model = useMemo(() => buildHeatmap(panel, result), [panel, result]);
  const labels = useMemo(() => rowLabels(model), [model]);
  const [cursor, setCursor] = useState<PlotCursor>();
  const { range } = result;
  const hasLegend = asObject(panel.options["legend"])["show"] !== false;
  const tip = (at: { xPx: number; yPx: number; boxPx: number }) => {
    if (cursor === undefined) return null;
    const column = columnAt(model, cursor.atMs);
    const row = model.rows.length - 1 - Math.floor(cursor.depth * model.rows.length);
    const count =
      column < 0 ? Number.NaN : (model.counts[row * model.timesMs.length + column] ?? Number.NaN);
    const text = Number.isNaN(count) ? "no sample" : model.formatCount(count);
    const endMs = column < 0 ? cursor.atMs : (model.timesMs[column] ?? 0);
    const label = model.rows[row]?.name ?? "";
    return (
      <PlotTip {...at} head={timestampLabel(Math.round(endMs), zone)} rows={[{ label, text }]} />
    );
  };
  return (
    <>
      <div className="panel-chart">
        <TimePlot
          range={range}
          zone={zone}
          stepMs={model.stepMs}
          rowCount={model.rows.length}
          labels={labels}
          leftPx={leftPx}
          summary={`${panel.title}: heat map of ${model.rows.length} buckets over time. Arrow keys move the crosshair and read cells.`}
          cursor={cursor}
          onCursor={setCursor}
          onZoom={onZoom}
          onZoomBack={onZoomBack}
          events={events}
          tip={tip}
        >
          {(size) => <HeatmapCells model={model} range={range} size={size} />}
        </TimePlot>
      </div>
      {hasLegend && (
        <div className="heat-legend">
          {model.formatCount(model.min)}
          <i />
          {model.formatCount(model.max)}
        </div>
      )}
    </>
  );
}

/** Names in the middle of rows; bounds of buckets where a bucket ends, as many as there is room for. */
function rowLabels({ rows }: HeatmapModel): readonly PlotLabel[] {
  const every = Math.max(1, Math.ceil(rows.length / labelsMax));
  return rows.flatMap((row, index) => {
    if (index % every !== every - 1 && rows.length > labelsMax) return [];
    const place = row.top === undefined ? index + 0.5 : index + 1;
    return [{ depth: 1 - place / rows.length, text: row.top ?? row.name }];
  });
}

interface HeatmapCellsProps {
  readonly model: HeatmapModel;
  readonly range: TimeRange;
  readonly size: ElementSize;
}

function HeatmapCells({ model, range, size }: HeatmapCellsProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { theme, token } = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the tokens say.
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (canvas === null || context === null || context === undefined) return;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    context.fillStyle = new ChartTheme(token).color("--accent");
    drawCells(context, model, range);
  }, [model, range, size.width, size.height, theme]);
  return <canvas ref={ref} />;
}

/** Fills the canvas; a hairline is left free between cells where they are wide enough. */
function drawCells(context: CanvasRenderingContext2D, model: HeatmapModel, range: TimeRange): void {
  const { width, height } = context.canvas;
  const { timesMs, stepMs, rows, counts } = model;
  const columns = timesMs.length;
  const spanMs = range.toMs - range.fromMs;
  const xOf = (atMs: number) => Math.round(((atMs - range.fromMs) / spanMs) * width);
  const gap = (stepMs / spanMs) * width >= 5 && height / rows.length >= 5 ? 1 : 0;
  for (let column = 0; column < columns; column++) {
    const endMs = timesMs[column] ?? 0;
    const left = Math.max(0, xOf(endMs - stepMs));
    const right = Math.min(width, xOf(endMs));
    if (right <= left) continue;
    for (let row = 0; row < rows.length; row++) {
      const opacity = cellOpacity(model, counts[row * columns + column] ?? Number.NaN);
      if (opacity === 0) continue;
      const top = Math.round(height * (1 - (row + 1) / rows.length));
      const bottom = Math.round(height * (1 - row / rows.length));
      context.globalAlpha = opacity;
      context.fillRect(left, top, Math.max(1, right - left - gap), Math.max(1, bottom - top - gap));
    }
  }
}
