/** Bars by category, side by side or on each other, upright or lying. */

import { useMemo, useState } from "react";
import { asString } from "../../../src/dashboard/json-reader.ts";
import { ChartLegend } from "../../charts/chart-legend.tsx";
import { PlotTip } from "../../charts/plot-tip.tsx";
import { type SeriesVisibility, useSeriesVisibility } from "../../charts/series-visibility.ts";
import { ValuePlot, type ValuePlotArea } from "../../charts/value-plot.tsx";
import { tickFormat } from "../field-display.ts";
import { readLegendOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { calcName, reduceValues } from "../reduction.ts";
import {
  type BarChartModel,
  type BarSpan,
  buildBarChart,
  categoryBars,
} from "./bar-chart-model.ts";
import { CategoryBars } from "./category-bars.tsx";

/** About the width of a letter of a label. */
const letterPx = 6.2;

export function BarChartPanel({ panel, result, zone }: PanelProps) {
  const { options } = panel;
  const model = useMemo(() => buildBarChart(panel, result.frames, zone), [panel, result, zone]);
  const visibility = useSeriesVisibility(model.series.map((one) => one.label));
  const bars = useMemo(
    () => model.categories.map((_, category) => categoryBars(model, category, visibility.hidden)),
    [model, visibility.hidden],
  );
  const legend = readLegendOptions(options);
  const isHorizontal = asString(options["orientation"], "auto") === "horizontal";
  const ends = bars.flat().flatMap((bar) => [bar.from, bar.to]);
  const [first] = model.series;
  const isPercent = model.stacking === "percent";
  const tick = first === undefined ? String : tickFormat(first.field, zone);
  const longest = Math.max(0, ...model.categories.map((name) => name.length));
  return (
    <>
      <div className={`panel-split is-${legend.placement}`}>
        <div className="panel-chart">
          <ValuePlot
            isHorizontal={isHorizontal}
            low={Math.min(0, ...ends)}
            high={isPercent ? 1 : Math.max(0, ...ends)}
            min={isPercent ? undefined : first?.field.config.min}
            max={isPercent ? undefined : first?.field.config.max}
            format={isPercent ? (value) => `${Math.round(value * 100)} %` : tick}
            labelsPx={Math.min(150, Math.round(longest * letterPx) + 14)}
            summary={`${panel.title}: ${model.series.length} series in ${model.categories.length} categories.`}
          >
            {(area) => (
              <Bars
                model={model}
                bars={bars}
                area={area}
                isHorizontal={isHorizontal}
                visibility={visibility}
                look={options}
              />
            )}
          </ValuePlot>
        </div>
        {legend.isShown && model.series.length > 0 && (
          <ChartLegend
            series={model.series}
            columns={legend.calcs.map((calc) => ({
              name: calcName(calc),
              texts: model.series.map((one) => {
                const value = reduceValues(one.field, calc);
                return value === undefined ? "–" : one.format(value);
              }),
            }))}
            mode={legend.mode}
            placement={legend.placement}
            visibility={visibility}
          />
        )}
      </div>
      {model.leftOut > 0 && (
        <div className="panel-foot">
          The first {model.categories.length} categories are drawn, {model.leftOut} are left out.
        </div>
      )}
    </>
  );
}

interface BarsProps {
  readonly model: BarChartModel;
  readonly bars: readonly (readonly BarSpan[])[];
  readonly area: ValuePlotArea;
  readonly isHorizontal: boolean;
  readonly visibility: SeriesVisibility;
  /** The panel's raw options. */
  readonly look: Readonly<Record<string, unknown>>;
}

function Bars(props: BarsProps) {
  const { model, bars, area, isHorizontal } = props;
  const [hovered, setHovered] = useState<number>();
  const slotPx = (isHorizontal ? area.height : area.width) / Math.max(1, model.categories.length);
  const startPx = isHorizontal ? area.top : area.left;
  const tipBars = hovered === undefined ? [] : (bars[hovered] ?? []);
  const middle = startPx + ((hovered ?? 0) + 0.5) * slotPx;
  return (
    <>
      <svg className="plot-axis" aria-hidden="true" onPointerLeave={() => setHovered(undefined)}>
        {model.categories.map((name, category) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: categories may repeat; the order is the chart's.
          <g key={category} onPointerEnter={() => setHovered(category)}>
            <rect
              x={isHorizontal ? area.left : startPx + category * slotPx}
              y={isHorizontal ? startPx + category * slotPx : area.top}
              width={isHorizontal ? area.width : slotPx}
              height={isHorizontal ? slotPx : area.height}
              fill={hovered === category ? "var(--bg-hover)" : "transparent"}
            />
            <CategoryBars
              model={model}
              bars={bars[category] ?? []}
              area={area}
              isHorizontal={isHorizontal}
              focused={props.visibility.focused}
              look={props.look}
              slot={{ fromPx: startPx + category * slotPx, widthPx: slotPx }}
            />
            <CategoryLabel {...props} name={name} category={category} slotPx={slotPx} />
          </g>
        ))}
      </svg>
      {hovered !== undefined && tipBars.length > 0 && (
        <PlotTip
          xPx={isHorizontal ? area.left + area.width / 2 : middle}
          yPx={isHorizontal ? middle : area.top}
          boxPx={area.left + area.width}
          head={model.categories[hovered] ?? ""}
          rows={[...tipBars]
            .sort((a, b) => b.value - a.value)
            .flatMap((bar) => {
              const one = model.series[bar.series];
              return one === undefined
                ? []
                : [{ label: one.label, color: one.color, text: one.format(bar.value) }];
            })}
        />
      )}
    </>
  );
}

interface CategoryLabelProps extends BarsProps {
  readonly name: string;
  readonly category: number;
  readonly slotPx: number;
}

/** Written where there is room: every nth under upright bars, cut at the end where it is too long. */
function CategoryLabel({ name, category, slotPx, area, isHorizontal, model }: CategoryLabelProps) {
  const longest = Math.min(16, Math.max(...model.categories.map((one) => one.length)));
  const neededPx = isHorizontal ? 13 : longest * letterPx + 8;
  const every = Math.max(1, Math.ceil(neededPx / slotPx));
  if (category % every !== 0) return null;
  const roomPx = isHorizontal ? area.left - 12 : slotPx * every - 4;
  const letters = Math.max(3, Math.floor(roomPx / letterPx));
  const text = name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
  const middle = (category + 0.5) * slotPx;
  return isHorizontal ? (
    <text x={area.left - 8} y={area.top + middle + 3.5} textAnchor="end">
      {text}
    </text>
  ) : (
    <text x={area.left + middle} y={area.top + area.height + 15} textAnchor="middle">
      {text}
    </text>
  );
}
