/** Shares of a whole: a slice a figure, named on the slice where there is room and in the legend. */

import { useMemo, useState } from "react";
import { asArray, asObject, asString } from "../../../src/dashboard/json-reader.ts";
import { ChartLegend, type LegendColumn } from "../../charts/chart-legend.tsx";
import { cssColor } from "../../charts/chart-theme.ts";
import { useSeriesVisibility } from "../../charts/series-visibility.ts";
import { fieldFigures } from "../field-figures.ts";
import { readLegendOptions, readReduceOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { buildPie, type PieSlice, point, slicePath } from "./pie-chart-model.ts";
import "../../charts/plots.css";

const outer = 96;
const donutInner = 58;
/** Slices below this share carry no text. */
const labelShareMin = 0.045;

export function PieChartPanel({ panel, result, zone }: PanelProps) {
  const { options } = panel;
  const figures = useMemo(
    () => fieldFigures(result.frames, readReduceOptions(options), zone, "palette-classic"),
    [result.frames, options, zone],
  );
  const sort = asString(options["sort"], "desc");
  const all = useMemo(() => buildPie(figures, sort), [figures, sort]);
  const visibility = useSeriesVisibility(all.slices.map((slice) => slice.label));
  const hidden = new Set(
    all.slices.filter((_, index) => visibility.hidden.has(index)).map((slice) => slice.key),
  );
  const { slices } = hidden.size === 0 ? all : buildPie(figures, sort, hidden);
  const legend = readLegendOptions(options);
  const focused =
    visibility.focused === undefined ? undefined : all.slices[visibility.focused]?.key;
  return (
    <>
      <div className={`panel-split is-${legend.placement}`}>
        <div className="panel-chart">
          <Pie
            slices={slices}
            inner={options["pieType"] === "donut" ? donutInner : 0}
            labels={texts(options["displayLabels"])}
            focused={focused}
            title={panel.title}
          />
        </div>
        {legend.isShown && (
          <ChartLegend
            series={all.slices}
            columns={legendColumns(
              all.slices,
              slices,
              texts(asObject(options["legend"])["values"]),
            )}
            mode={legend.mode}
            placement={legend.placement}
            visibility={visibility}
          />
        )}
      </div>
      {all.leftOut > 0 && (
        <div className="panel-foot">
          {all.leftOut} of {figures.length} values are zero, negative or missing and have no slice.
        </div>
      )}
    </>
  );
}

/** Value and percent as the file asks; percents are of what is shown. */
function legendColumns(
  all: readonly PieSlice[],
  shown: readonly PieSlice[],
  values: readonly string[],
): readonly LegendColumn[] {
  const percentOf = new Map(shown.map((slice) => [slice.key, slice.percent]));
  return [
    ...(values.includes("value")
      ? [{ name: "Value", texts: all.map((slice) => slice.value) }]
      : []),
    ...(values.includes("percent")
      ? [{ name: "Percent", texts: all.map((slice) => percentOf.get(slice.key) ?? "–") }]
      : []),
  ];
}

function texts(value: unknown): readonly string[] {
  return asArray(value).filter((one) => typeof one === "string");
}

interface PieProps {
  readonly slices: readonly PieSlice[];
  readonly inner: number;
  readonly labels: readonly string[];
  readonly focused: string | undefined;
  readonly title: string;
}

function Pie({ slices, inner, labels, focused, title }: PieProps) {
  const [hovered, setHovered] = useState<string>();
  const bright = hovered ?? focused;
  const shown = slices.find((slice) => slice.key === hovered);
  const summary = slices.map((slice) => `${slice.label} ${slice.percent}`).join(", ");
  return (
    <div className="pie">
      <svg viewBox="-100 -100 200 200" role="img" aria-label={`${title}: ${summary}`}>
        {slices.map((slice) => (
          <path
            key={slice.key}
            d={slicePath(slice, outer, inner)}
            fill={cssColor(slice.color)}
            opacity={bright === undefined || bright === slice.key ? 1 : 0.25}
            onPointerEnter={() => setHovered(slice.key)}
            onPointerLeave={() => setHovered(undefined)}
          />
        ))}
        {slices.map((slice) => (
          <SliceLabel key={slice.key} slice={slice} inner={inner} labels={labels} />
        ))}
      </svg>
      {shown !== undefined && (
        <div className="pie-note" role="status">
          <b>{shown.label}</b> <span className="num">{shown.value}</span> {shown.percent}
        </div>
      )}
    </div>
  );
}

function SliceLabel({
  slice,
  inner,
  labels,
}: Pick<PieProps, "inner" | "labels"> & { readonly slice: PieSlice }) {
  if (slice.to - slice.from < labelShareMin) return null;
  const lines = [
    ...(labels.includes("name") ? [cut(slice.label)] : []),
    ...(labels.includes("value") ? [slice.value] : []),
    ...(labels.includes("percent") ? [slice.percent] : []),
  ];
  const isWhole = slice.to - slice.from > 0.9999;
  const radius = isWhole ? 0 : inner > 0 ? (outer + inner) / 2 : outer * 0.66;
  const [x, y] = point((slice.from + slice.to) / 2, radius).split(" ");
  return (
    <text className="pie-label" x={x} y={Number(y) - lines.length * 4.5 + 8} textAnchor="middle">
      {lines.map((line, index) => (
        <tspan key={line} x={x} dy={index === 0 ? 0 : 9}>
          {line}
        </tspan>
      ))}
    </text>
  );
}

function cut(label: string): string {
  return label.length > 14 ? `${label.slice(0, 13)}…` : label;
}
