/** The bars of one category within its slot, with their values where there is room. */

import { asNumber, asString } from "../../../src/dashboard/json-reader.ts";
import { cssColor } from "../../charts/chart-theme.ts";
import type { ValuePlotArea } from "../../charts/value-plot.tsx";
import type { BarChartModel, BarSeries, BarSpan } from "./bar-chart-model.ts";

interface CategoryBarsProps {
  readonly model: BarChartModel;
  readonly bars: readonly BarSpan[];
  readonly area: ValuePlotArea;
  readonly isHorizontal: boolean;
  /** Series that the pointer rests on in the legend. */
  readonly focused: number | undefined;
  /** The panel's raw options. */
  readonly look: Readonly<Record<string, unknown>>;
  /** The category's place along the other axis. */
  readonly slot: { readonly fromPx: number; readonly widthPx: number };
}

interface BarPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const groupShareDefault = 0.7;
const barShareDefault = 0.97;
/** Share of its slot that a bar alone takes. */
const aloneShare = 0.7;
const thickMaxPx = 120;
const letterPx = 6.2;
const linePx = 13;

export function CategoryBars(props: CategoryBarsProps) {
  const { model, bars, area, isHorizontal, look, slot } = props;
  const isStacked = model.stacking !== "none";
  const lanes = isStacked ? 1 : Math.max(1, bars.length);
  const isAlone = model.series.length === 1;
  const groupShare = isAlone ? aloneShare : (asNumber(look["groupWidth"]) ?? groupShareDefault);
  const lanePx = (slot.widthPx * groupShare) / lanes;
  const thickPx = lanePx * (asNumber(look["barWidth"]) ?? barShareDefault);
  const barPx = Math.min(thickMaxPx, Math.max(1, thickPx));
  const firstPx = slot.fromPx + (slot.widthPx * (1 - groupShare)) / 2 + (lanePx - barPx) / 2;
  const showValue = isStacked ? "never" : asString(look["showValue"], "auto");
  return bars.map((bar, lane) => {
    const one = model.series[bar.series];
    if (one === undefined) return null;
    const acrossPx = firstPx + (isStacked ? 0 : lane * lanePx);
    const place = barPlace(bar, { acrossPx, barPx, area, isHorizontal });
    const text = one.format(bar.value);
    const hasRoom = isHorizontal ? barPx >= linePx : lanePx >= text.length * letterPx;
    return (
      <g
        key={bar.series}
        opacity={props.focused === undefined || props.focused === bar.series ? 1 : 0.25}
      >
        <BarShape place={place} series={one} />
        {(showValue === "always" || (showValue === "auto" && hasRoom)) && (
          <BarValue place={place} text={text} bar={bar} isHorizontal={isHorizontal} />
        )}
      </g>
    );
  });
}

function barPlace(
  bar: BarSpan,
  at: Pick<CategoryBarsProps, "area" | "isHorizontal"> & { acrossPx: number; barPx: number },
): BarPlace {
  const [from, to] = [at.area.place(bar.from), at.area.place(bar.to)];
  const start = Math.min(from, to);
  const lengthPx = Math.max(bar.value === 0 ? 0 : 1, Math.abs(to - from));
  return at.isHorizontal
    ? { x: start, y: at.acrossPx, width: lengthPx, height: at.barPx }
    : { x: at.acrossPx, y: start, width: at.barPx, height: lengthPx };
}

/** Filled softly, with an edge of full strength (UI.md 5). */
function BarShape({ place, series }: { readonly place: BarPlace; readonly series: BarSeries }) {
  const fill = (asNumber(series.field.config.custom?.["fillOpacity"]) ?? 80) / 100;
  return (
    <rect
      {...place}
      fill={cssColor(series.color)}
      fillOpacity={Math.min(0.6, Math.max(0.26, fill))}
      stroke={cssColor(series.color)}
    />
  );
}

interface BarValueProps {
  readonly place: BarPlace;
  readonly text: string;
  readonly bar: BarSpan;
  readonly isHorizontal: boolean;
}

/** Beyond the bar's end. */
function BarValue({ place, text, bar, isHorizontal }: BarValueProps) {
  const { x, y, width, height } = place;
  const isBelow = bar.to < bar.from;
  if (isHorizontal) {
    return (
      <text
        x={isBelow ? x - 5 : x + width + 5}
        y={y + height / 2 + 3.5}
        textAnchor={isBelow ? "end" : "start"}
      >
        {text}
      </text>
    );
  }
  return (
    <text x={x + width / 2} y={isBelow ? y + height + 11 : y - 3} textAnchor="middle">
      {text}
    </text>
  );
}
