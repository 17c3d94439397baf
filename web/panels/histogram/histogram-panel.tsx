/** How often values of a size occur: a bar a bucket over a true value axis, series over each other. */

import { useMemo, useState } from "react";
import { ChartLegend } from "../../charts/chart-legend.tsx";
import { cssColor } from "../../charts/chart-theme.ts";
import { formatPlainNumber } from "../../charts/plain-number.ts";
import { PlotTip } from "../../charts/plot-tip.tsx";
import { type SeriesVisibility, useSeriesVisibility } from "../../charts/series-visibility.ts";
import { niceScale, scaleTicks } from "../../charts/value-axis.ts";
import { ValuePlot, type ValuePlotArea } from "../../charts/value-plot.tsx";
import { readLegendOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { buildHistogram, type HistogramModel } from "./histogram-model.ts";

/** A bound's label needs about this many pixels. */
const boundSpacePx = 90;

export function HistogramPanel({ panel, result, zone }: PanelProps) {
  const model = useMemo(() => buildHistogram(panel, result.frames, zone), [panel, result, zone]);
  const series = model?.series ?? [];
  const visibility = useSeriesVisibility(series.map((one) => one.label));
  const legend = readLegendOptions(panel.options);
  if (model === undefined || model.mins.length === 0) {
    return <div className="panel-note">No value to count in this window.</div>;
  }
  return (
    <div className={`panel-split is-${legend.placement}`}>
      <div className="panel-chart">
        <ValuePlot
          isHorizontal={false}
          low={0}
          high={model.high}
          format={(value) => (Number.isInteger(value) ? formatPlainNumber(value) : "")}
          labelsPx={0}
          summary={`${panel.title}: histogram of ${series.length} series in ${model.mins.length} buckets.`}
        >
          {(area) => <Buckets model={model} area={area} visibility={visibility} />}
        </ValuePlot>
      </div>
      {legend.isShown && (
        <ChartLegend
          series={series}
          columns={[]}
          mode={legend.mode}
          placement={legend.placement}
          visibility={visibility}
        />
      )}
    </div>
  );
}

interface BucketsProps {
  readonly model: HistogramModel;
  readonly area: ValuePlotArea;
  readonly visibility: SeriesVisibility;
}

function Buckets({ model, area, visibility }: BucketsProps) {
  const [hovered, setHovered] = useState<number>();
  const low = model.mins[0] ?? 0;
  const high = model.maxes.at(-1) ?? 1;
  const xOf = (value: number) => area.left + ((value - low) / (high - low)) * area.width;
  const scale = niceScale(low, high, {
    min: low,
    max: high,
    ticks: Math.max(1, Math.floor(area.width / boundSpacePx)),
  });
  const shown = model.series.map((one, index) => ({ one, index }));
  const drawn = shown.filter(({ index }) => !visibility.hidden.has(index));
  return (
    <>
      <svg className="plot-axis" aria-hidden="true" onPointerLeave={() => setHovered(undefined)}>
        {scaleTicks(scale).map((bound) => (
          <text key={bound} x={xOf(bound)} y={area.top + area.height + 15} textAnchor="middle">
            {model.formatBound(bound)}
          </text>
        ))}
        {model.mins.map((min, bucket) => {
          const x = xOf(min);
          const width = Math.max(1, xOf(model.maxes[bucket] ?? min) - x - 1);
          return (
            <g key={min} onPointerEnter={() => setHovered(bucket)}>
              <rect
                x={x}
                y={area.top}
                width={width}
                height={area.height}
                fill={hovered === bucket ? "var(--bg-hover)" : "transparent"}
              />
              {drawn.map(({ one, index }) => {
                const count = one.counts[bucket] ?? 0;
                if (count === 0) return null;
                const top = area.place(count);
                const isDim = visibility.focused !== undefined && visibility.focused !== index;
                return (
                  <rect
                    key={index}
                    x={x}
                    y={top}
                    width={width}
                    height={area.top + area.height - top}
                    fill={cssColor(one.color)}
                    fillOpacity={0.35}
                    stroke={cssColor(one.color)}
                    opacity={isDim ? 0.25 : 1}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
      {hovered !== undefined && (
        <PlotTip
          xPx={xOf(model.mins[hovered] ?? low)}
          yPx={area.top}
          boxPx={area.left + area.width}
          head={`${model.formatBound(model.mins[hovered] ?? 0)} to ${model.formatBound(model.maxes[hovered] ?? 0)}`}
          rows={drawn
            .map(({ one }) => ({ one, count: one.counts[hovered] ?? 0 }))
            .filter(({ count }) => count > 0)
            .sort((a, b) => b.count - a.count)
            .map(({ one, count }) => ({
              label: one.label,
              color: one.color,
              text: formatPlainNumber(count),
            }))}
        />
      )}
    </>
  );
}
