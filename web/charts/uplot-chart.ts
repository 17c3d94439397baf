/**
 * The time chart: a plain class around uPlot with setData, setHidden, resize and destroy. Draws on
 * canvas; crosshair, its time label and the selection are elements moved by transform. It never
 * fetches and never animates.
 */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockLabel, timestampLabel } from "../time/time-axis.ts";
import type { Column } from "./chart-columns.ts";
import { attachPan } from "./chart-pan.ts";
import type { ChartCursor, ChartData, ChartSpec, ValueFormat } from "./chart-spec.ts";
import type { ChartTheme } from "./chart-theme.ts";
import { drawEvents } from "./event-marks.ts";
import { stackColumns } from "./stacking.ts";
import { buildOptions, type DrawState } from "./uplot-options.ts";

/** What the chart calls; the owner keeps them current. */
export interface ChartEvents {
  /** Pointer moved over this chart (never for a crosshair shared from another); undefined: left. */
  readonly onCursor: (cursor: ChartCursor | undefined) => void;
  /** The time under the pointer of this chart, ms; undefined: left. */
  readonly onTime?: (atMs: number | undefined) => void;
  /** A window was dragged, ms. */
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onZoomBack: () => void;
  readonly onClick: () => void;
  /** The chart was drawn: where its plot lies and what its edges mean. */
  readonly onFrame?: (frame: PlotFrame) => void;
}

/** The plot within the chart's element, for what is laid above it; values are those of the left axis. */
export interface PlotFrame {
  readonly leftPx: number;
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly valueMin: number;
  readonly valueMax: number;
}

interface ChartInput {
  readonly spec: ChartSpec;
  readonly theme: ChartTheme;
  readonly formats: Readonly<Record<string, ValueFormat>>;
  readonly events: ChartEvents;
}

/** A drag shorter than this is a click. */
const dragMinPx = 6;

/** uPlot's own third parameter, which its types leave out: false tells no other chart. */
interface QuietPlot {
  setCursor(at: { left: number; top: number }, fires: boolean, publishes: boolean): void;
}

/** One chart in one element; the owner calls destroy. */
export class UplotChart {
  #plot: uPlot;
  #input: ChartInput;
  #state: DrawState;
  #data: ChartData | undefined;
  #drawn: readonly Column[] = [];
  #timeLabel: HTMLElement;
  #isHovered = false;
  #pan: { readonly finish: () => void } | undefined;

  constructor(element: HTMLElement, input: ChartInput, size: { width: number; height: number }) {
    this.#input = input;
    this.#state = { fromSeconds: 0, toSeconds: 1, hidden: new Set(), scales: new Map() };
    this.#timeLabel = document.createElement("div");
    this.#timeLabel.className = "chart-time-label";
    const { spec, theme } = input;
    const empty = [[], ...spec.series.map(() => [])] as unknown as uPlot.AlignedData;
    this.#plot = new uPlot(
      {
        ...size,
        ...buildOptions({ ...input, state: this.#state }),
        cursor: this.#cursorOptions(),
        hooks: {
          ready: [(plot) => this.#listen(plot)],
          setCursor: [(plot) => this.#cursorMoved(plot)],
          setSelect: [(plot) => this.#selected(plot)],
          drawAxes: [(plot) => this.#drawZeroLines(plot)],
          draw: [
            (plot) => this.#drawThresholds(plot),
            (plot) => drawEvents(plot, this.#data?.events ?? [], this.#input.theme),
            (plot) => this.#tellFrame(plot),
          ],
        },
      },
      empty,
      element,
    );
    element.style.setProperty("--crosshair", theme.color("--fg-2"));
  }

  /** Draws `data`; columns are in the order of the spec's series. O(cells); the same data again costs nothing. */
  setData(data: ChartData): void {
    if (data === this.#data) return;
    this.#data = data;
    this.#state.fromSeconds = data.fromMs / 1000;
    this.#state.toSeconds = data.toMs / 1000;
    this.#pan?.finish();
    this.#redraw();
  }

  /** Hides the series with these indices; stacks close up. */
  setHidden(hidden: ReadonlySet<number>): void {
    const isSame =
      hidden.size === this.#state.hidden.size &&
      [...hidden].every((index) => this.#state.hidden.has(index));
    if (isSame) return;
    this.#state.hidden.clear();
    for (const index of hidden) this.#state.hidden.add(index);
    this.#plot.batch(() => {
      for (let index = 0; index < this.#input.spec.series.length; index++) {
        this.#plot.setSeries(index + 1, { show: !hidden.has(index) });
      }
    });
    this.#redraw();
  }

  /** Dims all series but this one; undefined dims none. */
  setFocus(index: number | undefined): void {
    this.#plot.setSeries(index === undefined ? null : index + 1, { focus: true });
  }

  resize(width: number, height: number): void {
    if (width === this.#plot.width && height === this.#plot.height) return;
    this.#plot.setSize({ width, height });
  }

  /** Moves the crosshair to a row of the data, as the pointer would; for the arrow keys. */
  moveTo(row: number): void {
    const time = this.#data?.times[row];
    if (time === undefined) return;
    const left = this.#plot.valToPos(time, "x");
    this.#isHovered = true;
    this.#plot.setCursor({ left, top: this.#plot.over.clientHeight / 3 });
  }

  /** Shows the crosshair at a time that another plot of the page is at; undefined takes it away. */
  showTime(atMs: number | undefined): void {
    if (this.#isHovered) return;
    const left = atMs === undefined ? -10 : this.#plot.valToPos(atMs / 1000, "x");
    (this.#plot as unknown as QuietPlot).setCursor(
      { left, top: atMs === undefined ? -10 : 0 },
      false,
      false,
    );
    if (atMs === undefined || left < 0 || left > this.#plot.over.clientWidth)
      this.#timeLabel.hidden = true;
    else this.#cursorMoved(this.#plot);
  }

  /** Takes the crosshair away. */
  leave(): void {
    this.#isHovered = false;
    this.#plot.setCursor({ left: -10, top: -10 });
    this.#input.events.onCursor(undefined);
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #cursorOptions(): uPlot.Cursor {
    const { spec, theme } = this.#input;
    if (spec.isBare === true) return { show: false };
    const color = (index: number) => theme.color(spec.series[index - 1]?.color ?? "--fg-1");
    return {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: dragMinPx },
      points: {
        size: 7,
        width: 1.8,
        fill: theme.color("--bg-surface"),
        stroke: (_plot, index) => color(index),
      },
      bind: {
        dblclick: () => null,
        // With shift the drag moves the window instead of choosing one.
        mousedown: (_plot, _target, choose) => (event) => (event.shiftKey ? null : choose(event)),
        mousemove: (_plot, _target, move) => (event) =>
          event.shiftKey && event.buttons === 1 ? null : move(event),
      },
      ...(spec.syncKey === undefined
        ? {}
        : { sync: { key: spec.syncKey, setSeries: false, scales: ["x", null] } }),
    };
  }

  #listen(plot: uPlot): void {
    plot.over.parentElement?.append(this.#timeLabel);
    plot.over.addEventListener("mouseenter", () => {
      this.#isHovered = true;
    });
    plot.over.addEventListener("mouseleave", () => {
      this.#isHovered = false;
      this.#input.events.onTime?.(undefined);
      this.#input.events.onCursor(undefined);
    });
    this.#pan = attachPan(plot, {
      window: () => ({
        fromMs: this.#state.fromSeconds * 1000,
        toMs: this.#state.toSeconds * 1000,
      }),
      onPan: (fromMs, toMs) => this.#input.events.onZoom(Math.round(fromMs), Math.round(toMs)),
    });
    plot.over.addEventListener("dblclick", () => this.#input.events.onZoomBack());
    plot.over.addEventListener("click", () => this.#input.events.onClick());
  }

  #redraw(): void {
    const data = this.#data;
    if (data === undefined) return;
    const { series } = this.#input.spec;
    const signed = data.columns.map((column, index) =>
      series[index]?.isMirrored === true
        ? column.map((value) => (value === null ? null : -value))
        : bridgeGaps(column, data.times, series[index]?.bridgeMs ?? 0),
    );
    const { columns, below } = stackColumns(
      signed,
      series.map((style, index) => ({
        group: style.stackGroup === undefined ? undefined : `${style.axis} ${style.stackGroup}`,
        isPercent: style.isPercentStack === true,
        isVisible: !this.#state.hidden.has(index),
      })),
    );
    this.#drawn = columns;
    this.#plot.batch(() => {
      this.#plot.delBand(null);
      below.forEach((under, index) => {
        if (under !== undefined) this.#plot.addBand({ series: [index + 1, under + 1] });
      });
      this.#plot.setData([data.times, ...columns] as uPlot.AlignedData);
    });
  }

  #cursorMoved(plot: uPlot): void {
    const { left = -1, top = -1, idx } = plot.cursor;
    const isOn = left >= 0 && idx != null && this.#data !== undefined;
    this.#timeLabel.hidden = !isOn;
    if (!isOn) return;
    const time = plot.posToVal(left, "x") * 1000;
    const { zone } = this.#input.spec;
    const isLong = this.#state.toSeconds - this.#state.fromSeconds > 86_400;
    this.#timeLabel.textContent = isLong
      ? timestampLabel(Math.round(time / 1000) * 1000, zone)
      : clockLabel(time, zone);
    const { offsetLeft, offsetTop, clientHeight, clientWidth } = plot.over;
    const half = this.#timeLabel.offsetWidth / 2;
    const x = offsetLeft + Math.min(clientWidth - half, Math.max(half, left)) - half;
    this.#timeLabel.style.transform = `translate(${x}px, ${offsetTop + clientHeight + 2}px)`;
    if (!this.#isHovered) return;
    this.#input.events.onTime?.(time);
    this.#input.events.onCursor({
      row: idx,
      leftPx: left,
      topPx: top,
      plotLeftPx: offsetLeft,
      plotTopPx: offsetTop,
      plotWidthPx: clientWidth,
      nearest: this.#nearestSeries(plot, idx, top),
    });
  }

  #nearestSeries(plot: uPlot, row: number, top: number): number | undefined {
    let best: number | undefined;
    let bestPx = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#drawn.length; index++) {
      const value = this.#drawn[index]![row];
      if (value == null || this.#state.hidden.has(index)) continue;
      const axis = this.#input.spec.series[index]?.axis ?? "left";
      const distance = Math.abs(plot.valToPos(value, axis) - top);
      if (distance < bestPx) [best, bestPx] = [index, distance];
    }
    return best;
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < dragMinPx) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (!this.#isHovered) return;
    const from = plot.posToVal(left, "x") * 1000;
    const to = plot.posToVal(left + width, "x") * 1000;
    this.#input.events.onZoom(Math.round(from), Math.max(Math.round(from) + 1000, Math.round(to)));
  }

  #tellFrame(plot: uPlot): void {
    const scale = this.#state.scales.get("left");
    if (scale === undefined) return;
    // Of the drawing, not of its elements: reading those would lay out the page anew for each chart.
    const { left, top, width, height } = plot.bbox;
    this.#input.events.onFrame?.({
      leftPx: left / uPlot.pxRatio,
      topPx: top / uPlot.pxRatio,
      widthPx: width / uPlot.pxRatio,
      heightPx: height / uPlot.pxRatio,
      fromMs: this.#state.fromSeconds * 1000,
      toMs: this.#state.toSeconds * 1000,
      valueMin: scale.min,
      valueMax: scale.max,
    });
  }

  /** Zero is the line that values are read from: stronger than the grid. */
  #drawZeroLines(plot: uPlot): void {
    const scale = this.#state.scales.get("left");
    if (scale === undefined || this.#input.spec.isBare === true) return;
    if (scale.min > 0 || scale.max < 0) return;
    const y = Math.round(plot.valToPos(0, "left", true)) + 0.5;
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = this.#input.theme.color("--line-2");
    ctx.lineWidth = uPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  #drawThresholds(plot: uPlot): void {
    const { spec, theme, formats } = this.#input;
    const scale = this.#state.scales.get("left");
    if (scale === undefined) return;
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = theme.axisFont.replace(/^[\d.]+/, (px) => String(Number(px) * uPlot.pxRatio));
    ctx.textAlign = "right";
    for (const { value, color } of spec.thresholds) {
      if (value < scale.min || value > scale.max) continue;
      const y = Math.round(plot.valToPos(value, "left", true)) + 0.5;
      const text = formats[spec.left.format]?.(value) ?? String(value);
      ctx.strokeStyle = theme.color(color);
      ctx.lineWidth = uPlot.pxRatio;
      ctx.setLineDash([5 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.lineWidth = 3 * uPlot.pxRatio;
      ctx.strokeStyle = theme.color("--bg-surface");
      ctx.fillStyle = theme.color(color);
      const [x, textY] = [bbox.left + bbox.width - 2 * uPlot.pxRatio, y - 4 * uPlot.pxRatio];
      ctx.strokeText(text, x, textY);
      ctx.fillText(text, x, textY);
    }
    ctx.restore();
  }
}

/** Fills holes not longer than `bridgeMs` by a straight line, as "connect null values below" asks. */
function bridgeGaps(column: Column, times: readonly number[], bridgeMs: number): Column {
  if (bridgeMs <= 0 || bridgeMs === Number.POSITIVE_INFINITY) return column;
  const bridged = [...column];
  let last = -1;
  for (let row = 0; row < column.length; row++) {
    const value = column[row];
    if (value == null) continue;
    const from = column[last];
    if (last !== -1 && from != null && row - last > 1) {
      const spanMs = (times[row]! - times[last]!) * 1000;
      for (let hole = last + 1; spanMs <= bridgeMs && hole < row; hole++) {
        bridged[hole] = from + ((value - from) * (hole - last)) / (row - last);
      }
    }
    last = row;
  }
  return bridged;
}
