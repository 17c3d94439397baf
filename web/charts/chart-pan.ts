/**
 * Panning a chart: ⇧ drag moves what is drawn as one picture, so that a frame costs a transform whatever
 * the number of points; the new window is asked for when the pointer is let go. Nothing outside the
 * old window is drawn while it moves, since nothing of it was asked for yet.
 */

import type uPlot from "uplot";

/** What panning tells and asks. */
export interface PanEvents {
  /** The window shown, ms. */
  readonly window: () => { readonly fromMs: number; readonly toMs: number };
  readonly onPan: (fromMs: number, toMs: number) => void;
}

/** Less than this is a click. */
const panMinPx = 3;

/** Listens on the plot's overlay; `finish` takes the moved picture away once the new data is drawn. */
export function attachPan(plot: uPlot, events: PanEvents): { readonly finish: () => void } {
  let layer: PanLayer | undefined;
  let startX = 0;
  const { over } = plot;
  const finish = () => {
    layer?.box.remove();
    layer = undefined;
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.shiftKey) return;
    finish();
    startX = event.clientX;
    // No crosshair on a picture that moves.
    plot.setCursor({ left: -10, top: -10 });
    layer = createLayer(plot);
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (layer === undefined || !over.hasPointerCapture(event.pointerId)) return;
    layer.picture.style.transform = `translateX(${event.clientX - startX}px)`;
  });
  over.addEventListener("pointerup", (event) => {
    if (layer === undefined || !over.hasPointerCapture(event.pointerId)) return;
    over.releasePointerCapture(event.pointerId);
    const movedPx = event.clientX - startX;
    if (Math.abs(movedPx) < panMinPx) {
      finish();
      return;
    }
    const { fromMs, toMs } = events.window();
    const byMs = Math.round((-movedPx / over.clientWidth) * (toMs - fromMs));
    events.onPan(fromMs + byMs, toMs + byMs);
  });
  over.addEventListener("pointercancel", finish);
  return { finish };
}

interface PanLayer {
  readonly box: HTMLElement;
  readonly picture: HTMLCanvasElement;
}

/** A copy of the plot and its time axis, clipped to their place. O(pixels), once a pan. */
function createLayer(plot: uPlot): PanLayer {
  const { over } = plot;
  const source = plot.ctx.canvas;
  const ratio = source.width / plot.width;
  const left = over.offsetLeft;
  const top = 0;
  const width = over.clientWidth;
  const height = plot.height - top;
  const picture = document.createElement("canvas");
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  picture.style.width = `${width}px`;
  picture.style.height = `${height}px`;
  picture.style.willChange = "transform";
  picture.getContext("2d")?.drawImage(source, -left * ratio, -top * ratio);
  const box = document.createElement("div");
  box.className = "pan-layer";
  Object.assign(box.style, {
    left: `${left}px`,
    top: `${top}px`,
    width: `${width}px`,
    height: `${height}px`,
  });
  box.append(picture);
  over.parentElement?.insertBefore(box, over);
  return { box, picture };
}
