/** Lines, areas, bars and points over time, with a legend of calculated values. */

import { useMemo } from "react";
import { timeField } from "../../../src/dashboard/frame.ts";
import { useTheme } from "../../app/theme.ts";
import { ChartLegend, type LegendColumn } from "../../charts/chart-legend.tsx";
import { useSeriesVisibility } from "../../charts/series-visibility.ts";
import { TimeChart } from "../../charts/time-chart.tsx";
import { readLegendOptions, readTooltipMode } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { calcName, reduceValues } from "../reduction.ts";
import { ValueLinks } from "../value-links.tsx";
import { buildTimeseries, type TimeseriesModel } from "./timeseries-model.ts";

/** From this many series on the legend is a table (UI.md 5). */
const tableFrom = 5;

export function TimeseriesPanel(props: PanelProps) {
  const { panel, result, zone, syncKey, events, scope, onZoom, onZoomBack } = props;
  const { theme } = useTheme();
  const model = useMemo(
    () => buildTimeseries(panel, result, { zone, syncKey, theme }),
    [panel, result, zone, syncKey, theme],
  );
  const data = useMemo(() => ({ ...model.data, events }), [model.data, events]);
  const visibility = useSeriesVisibility(model.spec.series.map((style) => style.label));
  const legend = readLegendOptions(panel.options);
  const columns = useMemo(() => legendColumns(model, legend.calcs), [model, legend.calcs]);
  const linksOf = (series: number, timeMs: number) => {
    const field = model.fields[series];
    const frame = result.frames.find(({ fields }) => field !== undefined && fields.includes(field));
    if (field === undefined || frame === undefined) return null;
    const rowIndex = [...(timeField(frame)?.values ?? [])].indexOf(timeMs);
    return <ValueLinks place={{ frame, field, rowIndex }} scope={scope} />;
  };
  const isTable =
    legend.mode === "table" || (model.fields.length >= tableFrom && columns.length > 1);
  return (
    <>
      <div className={`panel-split is-${legend.placement}`}>
        <div className="panel-chart">
          <TimeChart
            spec={model.spec}
            data={data}
            formats={model.formats}
            visibility={visibility}
            tooltipMode={readTooltipMode(panel.options)}
            summary={`${panel.title}: ${model.fields.length} series over time. Arrow keys move the crosshair and read values.`}
            linksOf={linksOf}
            onZoom={onZoom}
            onZoomBack={onZoomBack}
          />
        </div>
        {legend.isShown && (
          <ChartLegend
            series={model.spec.series}
            columns={columns}
            mode={isTable ? "table" : "list"}
            placement={legend.placement}
            visibility={visibility}
          />
        )}
      </div>
      {model.leftOut > 0 && (
        <div className="panel-foot">
          {model.fields.length} series with the largest peaks are drawn, {model.leftOut} are left
          out.
        </div>
      )}
    </>
  );
}

/** A column a calculation; without any the last value, which a legend always shows. */
function legendColumns(model: TimeseriesModel, calcs: readonly string[]): readonly LegendColumn[] {
  const wanted = calcs.length === 0 ? ["lastNotNull"] : calcs;
  return wanted.map((calc) => ({
    name: calcName(calc),
    texts: model.fields.map((field, index) => {
      const format = model.formats[model.spec.series[index]?.format ?? ""];
      const value = reduceValues(field, calc);
      return value === undefined ? "–" : (format?.(value) ?? String(value));
    }),
  }));
}
