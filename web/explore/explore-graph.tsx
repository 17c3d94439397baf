/** The graph of all queries together, and a table with last, min, mean and max of each series. */

import { useMemo, useState } from "react";
import type { QuerySeries } from "../api/query-series.ts";
import { seriesText } from "../api/query-series.ts";
import { alignSeries, limitSeries } from "../charts/chart-columns.ts";
import type { ChartData, ChartSpec, SeriesStyle } from "../charts/chart-spec.ts";
import { formatPlainNumber, formatTick } from "../charts/plain-number.ts";
import { slotColor, slotDash } from "../charts/series-colors.ts";
import { useSeriesVisibility } from "../charts/series-visibility.ts";
import { TimeChart } from "../charts/time-chart.tsx";
import type { PlotFrame } from "../charts/uplot-chart.ts";
import { usePageTime } from "../time/time-context.tsx";
import { useZoom } from "../time/use-zoom.ts";
import { ExemplarLayer } from "./exemplar-layer.tsx";
import type { Exemplar } from "./exemplars.ts";
import { SeriesTable } from "./series-table.tsx";
import type { ExploreRow } from "./use-explore-queries.ts";

const formats = {
  value: (value: number, step?: number) =>
    step === undefined ? formatPlainNumber(value) : formatTick(value, step),
};

export function ExploreGraph({
  rows,
  isStacked,
  exemplars,
  traceTemplate,
}: {
  readonly rows: readonly ExploreRow[];
  readonly isStacked: boolean;
  readonly exemplars: readonly Exemplar[];
  readonly traceTemplate: string;
}) {
  const [frame, setFrame] = useState<PlotFrame>();
  const { zone } = usePageTime();
  const zoom = useZoom();
  const { data, spec, series, leftOut } = useMemo(
    () => buildGraph(rows, isStacked, zone),
    [rows, isStacked, zone],
  );
  const visibility = useSeriesVisibility(spec.series.map((style) => style.label));
  return (
    <>
      <div className="explore-graph">
        <div className="panel-chart">
          <TimeChart
            spec={spec}
            data={data}
            formats={formats}
            visibility={visibility}
            summary={`${series.length} series over time. The table below has their values; arrow keys move the crosshair.`}
            onZoom={zoom.into}
            onZoomBack={zoom.back}
            onFrame={(next) => setFrame((old) => (isSameFrame(old, next) ? old : next))}
          />
          {frame !== undefined && exemplars.length > 0 && (
            <ExemplarLayer exemplars={exemplars} frame={frame} template={traceTemplate} />
          )}
        </div>
      </div>
      {leftOut > 0 && (
        <div className="panel-foot">
          The {series.length} series with the largest peaks are drawn, {leftOut} are left out.
          Aggregate, or use topk().
        </div>
      )}
      <SeriesTable series={series} styles={spec.series} visibility={visibility} />
    </>
  );
}

/** A chart draws often without moving. */
function isSameFrame(a: PlotFrame | undefined, b: PlotFrame): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

function buildGraph(rows: readonly ExploreRow[], isStacked: boolean, zone: ChartSpec["zone"]) {
  const answers = rows.flatMap((row) => (row.answer === undefined ? [] : [row.answer]));
  const { drawn, leftOut } = limitSeries(answers.flatMap((answer) => answer.series));
  const last = answers.at(-1);
  const range = last?.range ?? { fromMs: 0, toMs: 1 };
  const columns = alignSeries(drawn, { ...range, stepMs: last?.stepMs ?? 1000 });
  const spec: ChartSpec = {
    series: drawn.map((series, slot) =>
      styleOf(series, { slot, isStacked, isAlone: drawn.length === 1, isNamed: rows.length > 1 }),
    ),
    left: { format: "value", startsAtZero: isStacked },
    thresholds: [],
    zone,
    syncKey: "page",
  };
  const data: ChartData = { ...columns, ...range };
  return { data, spec, series: drawn, leftOut };
}

function styleOf(
  series: QuerySeries,
  at: { slot: number; isStacked: boolean; isAlone: boolean; isNamed: boolean },
): SeriesStyle {
  const dash = slotDash(at.slot);
  const name = seriesText(series.labels);
  return {
    label: at.isNamed ? `${series.refId} ${name}` : name,
    color: slotColor(at.slot),
    drawStyle: "line",
    interpolation: "linear",
    lineWidth: at.isStacked ? 1 : 1.4,
    ...(dash === undefined ? {} : { dash }),
    fillOpacity: at.isStacked ? 0.34 : at.isAlone ? 0.13 : 0,
    pointSize: 5,
    pointsMode: "auto",
    axis: "left",
    bridgeMs: 0,
    format: "value",
    ...(at.isStacked ? { stackGroup: "all" } : {}),
  };
}
