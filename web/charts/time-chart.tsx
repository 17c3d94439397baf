/**
 * The chart on a page: mounts UplotChart in one element, keeps its size, gives it the theme, adds the
 * tooltip and the arrow keys. Thin on purpose; drawing lives in uplot-chart.ts.
 */

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useTheme } from "../app/theme.ts";
import type { ChartCursor, ChartData, ChartSpec, ValueFormat } from "./chart-spec.ts";
import { ChartTheme } from "./chart-theme.ts";
import { ChartTooltip } from "./chart-tooltip.tsx";
import { useCrosshair } from "./crosshair.ts";
import type { SeriesVisibility } from "./series-visibility.ts";
import { type PlotFrame, UplotChart } from "./uplot-chart.ts";

interface TimeChartProps {
  readonly spec: ChartSpec;
  readonly data: ChartData;
  readonly formats: Readonly<Record<string, ValueFormat>>;
  /** A sentence that says what is drawn, for readers of the page who do not see it. */
  readonly summary: string;
  readonly visibility: SeriesVisibility;
  readonly tooltipMode?: "all" | "single" | "none";
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onZoomBack: () => void;
  /** Links of a series' value, for the pinned tooltip. */
  readonly linksOf?: ((series: number, timeMs: number) => ReactNode) | undefined;
  /** Told after each drawing, for what is laid above the plot. */
  readonly onFrame?: (frame: PlotFrame) => void;
}

/** Fills its parent, which has a position and a size. */
export function TimeChart(props: TimeChartProps) {
  const { spec, data, formats, visibility } = props;
  const { theme, token } = useTheme();
  const crosshair = useCrosshair();
  const boxRef = useRef<HTMLDivElement>(null);
  const chartRef = useRef<UplotChart>(undefined);
  const latest = useRef(props);
  const [cursor, setCursor] = useState<ChartCursor>();
  const [isPinned, setPinned] = useState(false);
  const pinnedRef = useRef(false);
  // A refresh builds an equal spec anew; only a real change builds the chart anew.
  const specKey = JSON.stringify(spec);
  const keptSpec = useMemo(() => JSON.parse(specKey, reviveInfinity) as ChartSpec, [specKey]);
  useEffect(() => {
    latest.current = props;
    pinnedRef.current = isPinned;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the tokens say.
  useEffect(() => {
    const box = boxRef.current;
    if (box === null) return;
    const chart = new UplotChart(
      box,
      {
        spec: keptSpec,
        theme: new ChartTheme(token),
        formats: latest.current.formats,
        events: {
          onCursor: (next) => {
            if (!pinnedRef.current) setCursor(next);
          },
          onZoom: (fromMs, toMs) => latest.current.onZoom(fromMs, toMs),
          onZoomBack: () => latest.current.onZoomBack(),
          onClick: () => setPinned((was) => !was),
          onFrame: (frame) => latest.current.onFrame?.(frame),
          onTime: (atMs) => crosshair?.set(box, atMs),
        },
      },
      { width: Math.max(10, box.clientWidth), height: Math.max(10, box.clientHeight) },
    );
    chartRef.current = chart;
    chart.setData(latest.current.data);
    chart.setHidden(latest.current.visibility.hidden);
    const observer = new ResizeObserver(() => {
      if (box.clientWidth > 0) chart.resize(box.clientWidth, box.clientHeight);
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      chart.destroy();
      chartRef.current = undefined;
      setCursor(undefined);
      setPinned(false);
    };
  }, [keptSpec, theme]);
  useEffect(() => {
    if (crosshair === null || keptSpec.syncKey === undefined) return;
    return crosshair.subscribe(() => {
      const shared = crosshair.get();
      // Charts among themselves are in step already.
      if (shared?.source instanceof HTMLElement && shared.source.className === "chart-box") return;
      chartRef.current?.showTime(shared?.atMs);
    });
  }, [crosshair, keptSpec]);
  useEffect(() => chartRef.current?.setData(data), [data]);
  useEffect(() => chartRef.current?.setHidden(visibility.hidden), [visibility.hidden]);
  useEffect(() => chartRef.current?.setFocus(visibility.focused), [visibility.focused]);
  const move = (step: number) => {
    const from = cursor?.row ?? (step > 0 ? -1 : data.times.length);
    chartRef.current?.moveTo(Math.min(data.times.length - 1, Math.max(0, from + step)));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure that takes the arrow keys is a group with a name.
    <div
      className="chart"
      role="group"
      aria-label={props.summary}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the crosshair.
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === "ArrowRight") move(event.shiftKey ? 10 : 1);
        else if (event.key === "ArrowLeft") move(event.shiftKey ? -10 : -1);
        else if (event.key === "Escape" && cursor !== undefined) {
          setPinned(false);
          chartRef.current?.leave();
        } else return;
        event.preventDefault();
        event.stopPropagation();
      }}
      onBlur={() => {
        if (!isPinned) chartRef.current?.leave();
      }}
    >
      <div className="chart-box" ref={boxRef} />
      {cursor !== undefined && props.tooltipMode !== "none" && (
        <ChartTooltip
          cursor={cursor}
          spec={keptSpec}
          data={data}
          formats={formats}
          hidden={visibility.hidden}
          isSingle={props.tooltipMode === "single"}
          isPinned={isPinned}
          linksOf={props.linksOf}
        />
      )}
    </div>
  );
}

/** JSON has no infinity: a bridge without end was written as null. */
function reviveInfinity(key: string, value: unknown): unknown {
  return key === "bridgeMs" && value === null ? Number.POSITIVE_INFINITY : value;
}
