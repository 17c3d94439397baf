/**
 * The rail over every page: flows a bucket with the dropped part at the foot, alerts above, hatch where
 * the server was off, and the page's window with handles; play, step and scale on the left, the
 * completeness gauge on the right. All from real queries (rail-data.ts).
 */

import { useEffect, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { type PageTime, usePageTime } from "../time/time-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { CompletenessGauge } from "./completeness-gauge.tsx";
import { useKeys } from "./keys-context.ts";
import { type RailData, useRailData } from "./rail-data.ts";
import { nextScale, scaleLabel, windowText } from "./rail-model.ts";
import { RailTrack } from "./rail-track.tsx";

/** A played second moves the window by this share of itself, and at least by this share of the rail. */
const playWindowShare = 0.1;
const playRailShare = 1 / 90;

/** Buttons, track and gauge. */
export function TimeRail() {
  const router = useRouter();
  const { params } = useRoute();
  const rail = useRailData(params.get("rail"));
  const scale = (steps: number) => {
    if (rail.data === undefined) return;
    const { fromMs, toMs } = rail.data.window;
    router.setParams({ rail: nextScale(toMs - fromMs, steps) }, { replace: true });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: the rail groups its buttons; a fieldset would bring a form's meaning.
    <div className="rail" role="group" aria-label="Time rail">
      <RailButtons rail={rail.data} onScale={scale} />
      <div className="rail-line">
        {rail.data !== undefined && <RailTrack rail={rail.data} onScale={scale} />}
      </div>
      <CompletenessGauge />
    </div>
  );
}

interface RailButtonsProps {
  readonly rail: RailData | undefined;
  readonly onScale: (steps: number) => void;
}

function RailButtons({ rail, onScale }: RailButtonsProps) {
  const time = usePageTime();
  const { isPlaying, toggle } = usePlay(time, rail);
  const step = (share: number) => {
    const { fromMs, toMs } = time.resolve();
    const to = Math.min(systemClock.nowMs(), toMs + (toMs - fromMs) * share);
    time.setRange(
      { from: String(Math.round(to - (toMs - fromMs))), to: String(Math.round(to)) },
      { replace: true },
    );
  };
  useKeys([{ keys: " ", label: "Play the window", group: "Time", run: toggle }]);
  const spanMs = rail === undefined ? 0 : rail.window.toMs - rail.window.fromMs;
  return (
    <div className="rail-buttons">
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label="Step back"
        title="Step back (,)"
        onClick={() => step(-0.5)}
      >
        <Icon name="back" />
      </button>
      <button
        type="button"
        className={`control is-ghost is-small is-icon ${isPlaying ? "is-on" : ""}`}
        aria-label={isPlaying ? "Pause" : "Play"}
        aria-pressed={isPlaying}
        title={
          isPlaying
            ? "Pause (space)"
            : "Play (space): from the window on, or from the rail's start where the window is live"
        }
        onClick={toggle}
      >
        <Icon name={isPlaying ? "pause" : "play"} />
      </button>
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label="Step forward"
        title="Step forward (.)"
        onClick={() => step(0.5)}
      >
        <Icon name="forward" />
      </button>
      {rail !== undefined && (
        <button
          type="button"
          className="control is-ghost is-small rail-scale"
          aria-label={`Scale of the rail: ${scaleLabel(spanMs)}. Wider, then from the start`}
          title="Scale of the rail: click for the next, or scroll on the rail"
          onClick={() => onScale(nextScale(spanMs, 1) === nextScale(spanMs, 0) ? -9 : 1)}
        >
          {scaleLabel(spanMs)}
        </button>
      )}
    </div>
  );
}

/** Moves the window through the rail, a step a second, until it meets now: then it is live again. */
function usePlay(time: PageTime, rail: RailData | undefined) {
  const [isPlaying, setPlaying] = useState(false);
  useEffect(() => {
    if (!isPlaying || rail === undefined) return;
    return systemClock.after(1000, () => {
      const { fromMs, toMs } = time.resolve();
      const spanMs = toMs - fromMs;
      const railSpanMs = rail.window.toMs - rail.window.fromMs;
      const stepMs = Math.max(spanMs * playWindowShare, railSpanMs * playRailShare);
      const nowMs = systemClock.nowMs();
      const next = Math.min(nowMs, toMs + stepMs);
      time.setRange(windowText(next - spanMs, next, rail.window, nowMs), { replace: true });
      if (next >= nowMs) setPlaying(false);
    });
  }, [isPlaying, time, rail]);
  const toggle = () => {
    if (isPlaying) return setPlaying(false);
    if (rail === undefined) return;
    const { fromMs, toMs } = time.resolve();
    const isAtEnd = toMs >= systemClock.nowMs() - 2000;
    if (isAtEnd) {
      const first = rail.bars.find((bar) => bar.height !== undefined)?.fromMs;
      const startMs = Math.max(first ?? rail.window.fromMs, rail.window.fromMs);
      const endMs = Math.min(toMs, startMs + (toMs - fromMs));
      time.setRange({ from: String(startMs), to: String(Math.round(endMs)) });
    }
    setPlaying(true);
  };
  return { isPlaying, toggle };
}
