/** Events on a canvas chart: a dotted line with a foot triangle, a tint where it lasts, its title if there is room. */

import uPlot from "uplot";
import type { ChartEvent } from "./chart-spec.ts";
import type { ChartTheme } from "./chart-theme.ts";

const footPx = 4;
const regionMinPx = 3;
const regionOpacity = 0.09;

/** Draws within the plot; titles that would touch the one before are left to the tooltip. O(events). */
export function drawEvents(plot: uPlot, events: readonly ChartEvent[], theme: ChartTheme): void {
  if (events.length === 0) return;
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const right = bbox.left + bbox.width;
  const xOf = (timeMs: number) => plot.valToPos(timeMs / 1000, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 10 * ratio, bbox.width, bbox.height + 10 * ratio);
  ctx.clip();
  ctx.font = theme.axisFont.replace(/^[\d.]+/, (px) => String(Number(px) * ratio));
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  let freeFrom = bbox.left;
  let lastTitle = "";
  for (const event of events) {
    const start = Math.round(xOf(event.timeMs)) + 0.5;
    const end = Math.round(xOf(event.endMs)) + 0.5;
    if (end < bbox.left || start > right) continue;
    const color = theme.color(event.color);
    ctx.fillStyle = color;
    if (end - start >= regionMinPx) {
      ctx.globalAlpha = regionOpacity;
      ctx.fillRect(start, bbox.top, end - start, bbox.height);
      ctx.globalAlpha = 1;
    }
    drawMark(ctx, start, { bbox, color, ratio });
    const width = ctx.measureText(event.title).width;
    // The same title again says nothing new.
    if (event.title === lastTitle) continue;
    if (start >= freeFrom && start + width + 5 * ratio < right) {
      ctx.fillStyle = theme.color("--fg-2");
      ctx.fillText(event.title, start + 4 * ratio, bbox.top);
      freeFrom = start + width + 12 * ratio;
      lastTitle = event.title;
    }
  }
  ctx.restore();
}

function drawMark(
  ctx: CanvasRenderingContext2D,
  x: number,
  { bbox, color, ratio }: { bbox: uPlot.BBox; color: string; ratio: number },
): void {
  const bottom = bbox.top + bbox.height;
  ctx.strokeStyle = color;
  ctx.lineWidth = ratio;
  ctx.setLineDash([1.5 * ratio, 2.5 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(x - footPx * ratio, bottom);
  ctx.lineTo(x + footPx * ratio, bottom);
  ctx.lineTo(x, bottom - 1.5 * footPx * ratio);
  ctx.fill();
}
