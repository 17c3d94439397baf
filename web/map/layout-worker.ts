/** The layout off the main thread: takes a request with its number, answers with the layout and its time. */

import { systemClock } from "../../src/base/clock.ts";
import { type LayoutRequest, layoutMap, type MapLayout } from "./map-layout.ts";

/** To the worker. */
export interface LayoutQuestion {
  readonly number: number;
  readonly request: LayoutRequest;
}

/** From the worker. */
export interface LayoutReply {
  readonly number: number;
  readonly layout: MapLayout;
  readonly tookMs: number;
}

self.onmessage = ({ data }: MessageEvent<LayoutQuestion>) => {
  const startedMs = systemClock.monotonicMs();
  const layout = layoutMap(data.request);
  const reply: LayoutReply = {
    number: data.number,
    layout,
    tookMs: systemClock.monotonicMs() - startedMs,
  };
  self.postMessage(reply);
};
