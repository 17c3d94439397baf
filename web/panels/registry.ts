/** The panel kinds that are drawn, one line each. A kind that is missing here says so on its panel. */

import { type ComponentType, lazy } from "react";
import type { PanelProps } from "./panel-props.ts";

/** How a kind is drawn. */
export interface PanelKind {
  readonly component: ComponentType<PanelProps>;
  /** Its queries are run; a text has none. */
  readonly needsData: boolean;
  /** A unit that all values share stands in the panel's head. */
  readonly hasUnitInHead?: boolean;
}

const timeseries = lazy(async () => ({
  default: (await import("./timeseries/timeseries-panel.tsx")).TimeseriesPanel,
}));
const stat = lazy(async () => ({ default: (await import("./stat/stat-panel.tsx")).StatPanel }));
const gauge = lazy(async () => ({ default: (await import("./gauge/gauge-panel.tsx")).GaugePanel }));
const barGauge = lazy(async () => ({
  default: (await import("./bar-gauge/bar-gauge-panel.tsx")).BarGaugePanel,
}));
const text = lazy(async () => ({ default: (await import("./text/text-panel.tsx")).TextPanel }));
const table = lazy(async () => ({ default: (await import("./table/table-panel.tsx")).TablePanel }));

const heatmap = lazy(async () => ({
  default: (await import("./heatmap/heatmap-panel.tsx")).HeatmapPanel,
}));
const barChart = lazy(async () => ({
  default: (await import("./bar-chart/bar-chart-panel.tsx")).BarChartPanel,
}));
const pieChart = lazy(async () => ({
  default: (await import("./pie-chart/pie-chart-panel.tsx")).PieChartPanel,
}));
const histogram = lazy(async () => ({
  default: (await import("./histogram/histogram-panel.tsx")).HistogramPanel,
}));
const stateTimeline = lazy(async () => ({
  default: (await import("./state-timeline/state-timeline-panel.tsx")).StateTimelinePanel,
}));
const alertList = lazy(async () => ({
  default: (await import("./alert-list/alert-list-panel.tsx")).AlertListPanel,
}));

const kinds: Readonly<Record<string, PanelKind>> = {
  timeseries: { component: timeseries, needsData: true, hasUnitInHead: true },
  stat: { component: stat, needsData: true },
  gauge: { component: gauge, needsData: true },
  bargauge: { component: barGauge, needsData: true, hasUnitInHead: true },
  text: { component: text, needsData: false },
  table: { component: table, needsData: true },
  heatmap: { component: heatmap, needsData: true },
  barchart: { component: barChart, needsData: true },
  piechart: { component: pieChart, needsData: true },
  histogram: { component: histogram, needsData: true },
  "state-timeline": { component: stateTimeline, needsData: true },
  "status-history": { component: stateTimeline, needsData: true },
  alertlist: { component: alertList, needsData: false },
};

/** The kind of a panel type after migration; undefined where it is not drawn yet. */
export function panelKind(type: string): PanelKind | undefined {
  return Object.hasOwn(kinds, type) ? kinds[type] : undefined;
}
