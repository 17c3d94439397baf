/**
 * Drops over the window, stacked by reason, direction or namespace, with the usual range of the same
 * hours on the days before as a grey band, and new policy revisions as annotations. Dragging zooms.
 */

import { useMemo, useState } from "react";
import type { QuerySeries } from "../api/query-series.ts";
import { alignSeries } from "../charts/chart-columns.ts";
import { ChartLegend } from "../charts/chart-legend.tsx";
import type { ChartSpec, SeriesStyle } from "../charts/chart-spec.ts";
import { formatTick } from "../charts/plain-number.ts";
import { useSeriesVisibility } from "../charts/series-visibility.ts";
import { TimeChart } from "../charts/time-chart.tsx";
import type { PlotFrame } from "../charts/uplot-chart.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { useZoom } from "../time/use-zoom.ts";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { bandPath, type RevisionMark, revisionMarks } from "./chart-layer.ts";
import { rateText } from "./figure-text.ts";
import { type DropSplit, partOf, type Usual } from "./overview-queries.ts";
import { useDropChart, useRevisions, useUsualBand } from "./use-overview.ts";

interface DropsChartProps {
  readonly window: string | undefined;
  readonly usual: Usual | undefined;
  /** Some counter of drops is scraped. */
  readonly isCounted: boolean;
}

const formats = {
  rate: (value: number, step?: number) =>
    step === undefined ? `${rateText(value)}/s` : formatTick(value, step),
};
/** The first is the reason that matters most. */
const colors = ["--dropped", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7", "--s8"];

export function DropsChart({ window, usual, isCounted }: DropsChartProps) {
  const router = useRouter();
  const { params } = useRoute();
  const split = readSplit(params.get("by"));
  const chart = useDropChart(window, split);
  const hasDays = (usual?.days ?? 0) > 0;
  return (
    <article className="panel">
      <div className="panel-head">
        <h2>Drops by {split}</h2>
        <span className="panel-meta">
          {split === "namespace" ? "flows/s, of the destination" : "packets/s"}
          {hasDays && split !== "namespace" && ", grey band is the usual range"}
        </span>
        <i className="spacer" />
        <Segmented
          isSmall
          label="Drops by"
          value={split}
          options={[
            { value: "reason", label: "Reason" },
            { value: "direction", label: "Direction" },
            { value: "namespace", label: "Namespace" },
          ]}
          onChange={(by) =>
            router.setParams({ by: by === "reason" ? null : by }, { replace: true })
          }
        />
      </div>
      {chart.data === undefined ? (
        chart.isError ? (
          <Note kind="crit" title="The drops cannot be read.">
            {chart.error.message}
          </Note>
        ) : (
          <Skeleton label="Reading drops" />
        )
      ) : (
        <DropsPlot
          key={split}
          data={chart.data}
          split={split}
          window={window}
          hasBand={hasDays && split !== "namespace"}
          isCounted={isCounted}
        />
      )}
    </article>
  );
}

function readSplit(text: string | null): DropSplit {
  return text === "direction" || text === "namespace" ? text : "reason";
}

interface DropsPlotProps {
  readonly data: NonNullable<ReturnType<typeof useDropChart>["data"]>;
  readonly split: DropSplit;
  readonly window: string | undefined;
  readonly hasBand: boolean;
  readonly isCounted: boolean;
}

function DropsPlot({ data, split, window, hasBand, isCounted }: DropsPlotProps) {
  const { zone } = usePageTime();
  const zoom = useZoom();
  const [frame, setFrame] = useState<PlotFrame>();
  const band = useUsualBand(window, hasBand);
  const revisions = useRevisions(window);
  const high = hasBand ? partOf(band.data ?? [], "high")[0] : undefined;
  const built = useMemo(
    () =>
      buildChart(data, {
        split,
        zone,
        softMax: high === undefined ? undefined : Math.max(...high.values),
      }),
    [data, split, zone, high],
  );
  const visibility = useSeriesVisibility(built.spec.series.map(({ label }) => label));
  if (built.spec.series.length === 0) {
    return (
      <Note
        kind={isCounted ? "ok" : "mute"}
        title={isCounted ? "No drops in this window." : "No counter of drops is scraped."}
      >
        {isCounted
          ? "The counters did not move: a true zero for what is scraped."
          : "Scrape Cilium's agents (cilium_drop_count_total) or Hubble (hubble_drop_total)."}
      </Note>
    );
  }
  const marks = revisionMarks(revisions, frame?.widthPx ?? 0, data.range);
  return (
    <>
      <div className="panel-chart overview-chart">
        <TimeChart
          spec={built.spec}
          data={built.chart}
          formats={formats}
          visibility={visibility}
          summary={`Drops by ${split} over time. The table beside has the present values; arrow keys move the crosshair.`}
          onZoom={zoom.into}
          onZoomBack={zoom.back}
          onFrame={(next) =>
            setFrame((old) => (JSON.stringify(old) === JSON.stringify(next) ? old : next))
          }
        />
        {frame !== undefined && (
          <ChartLayer frame={frame} marks={marks} band={hasBand ? (band.data ?? []) : []} />
        )}
      </div>
      <ChartLegend
        series={built.spec.series}
        columns={[{ name: "Last", texts: built.lasts }]}
        mode="list"
        placement="bottom"
        visibility={visibility}
      />
    </>
  );
}

function buildChart(
  { series, range, stepMs }: DropsPlotProps["data"],
  about: { split: DropSplit; zone: ChartSpec["zone"]; softMax: number | undefined },
) {
  const drawn = [...series]
    .sort((a, b) => total(b) - total(a))
    .filter((one) => total(one) > 0)
    .slice(0, colors.length);
  const spec: ChartSpec = {
    series: drawn.map((one, slot) => styleOf(one.labels[about.split] ?? "", slot)),
    left: {
      format: "rate",
      startsAtZero: true,
      ...(about.softMax === undefined ? {} : { softMax: about.softMax }),
    },
    thresholds: [],
    zone: about.zone,
    syncKey: "page",
  };
  const lasts = drawn.map((one) => rateText(one.values.at(-1) ?? 0));
  return { spec, chart: { ...alignSeries(drawn, { ...range, stepMs }), ...range }, lasts };
}

function total(series: QuerySeries): number {
  let sum = 0;
  for (const value of series.values) if (Number.isFinite(value)) sum += value;
  return sum;
}

function styleOf(name: string, slot: number): SeriesStyle {
  const label = name === "" ? "unknown" : name.replaceAll("_", " ").toLowerCase();
  return {
    label: `${label.slice(0, 1).toUpperCase()}${label.slice(1)}`,
    color: colors[slot % colors.length] ?? "--s1",
    drawStyle: "line",
    interpolation: "linear",
    lineWidth: 1,
    fillOpacity: slot === 0 ? 0.26 : 0.45,
    pointSize: 4,
    pointsMode: "auto",
    axis: "left",
    bridgeMs: 0,
    format: "rate",
    stackGroup: "all",
  };
}

interface ChartLayerProps {
  readonly frame: PlotFrame;
  readonly marks: readonly RevisionMark[];
  readonly band: readonly QuerySeries[];
}

/** The band and the revisions, above the canvas and open to the pointer below. */
function ChartLayer({ frame, marks, band }: ChartLayerProps) {
  const path = bandPath(partOf(band, "low")[0], partOf(band, "high")[0], frame);
  return (
    <svg className="overview-layer" aria-hidden="true">
      <g transform={`translate(${frame.leftPx} ${frame.topPx})`}>
        {path !== "" && <path className="usual-band" d={path} />}
        {marks.map(({ xPx, text, hasText }) => (
          <g key={xPx} transform={`translate(${xPx} 0)`}>
            <line className="revision-line" y1="0" y2={frame.heightPx} />
            <path className="revision-foot" d={`M-4 ${frame.heightPx + 1}l4-5 4 5z`} />
            {hasText && (
              <text x="5" y="8">
                {text}
              </text>
            )}
          </g>
        ))}
      </g>
    </svg>
  );
}
