/** Live, paused, past: whether the page follows the clock, and how often. */

import { formatDuration } from "../../src/model/duration.ts";
import { usePageTime } from "../time/time-context.tsx";
import { isRelative } from "../time/time-range.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { useKeys } from "./keys-context.ts";

/** Offered in the menu. */
const intervals: readonly string[] = ["2s", "5s", "10s", "15s", "30s", "1m", "5m", "15m"];
/** What Live starts with when nothing was chosen before. */
const liveDefault = "5s";

/** Two segments: the switch and the interval. */
export function RefreshControl() {
  const time = usePageTime();
  const toggleLive = () => {
    if (time.isLive) time.setRefresh("off");
    else {
      if (!isRelative(time.text)) {
        const { fromMs, toMs } = time.resolve();
        time.setRange({
          from: `now-${formatDuration(Math.max(1000, Math.round((toMs - fromMs) / 1000) * 1000))}`,
          to: "now",
        });
      }
      if (time.refresh === "off") time.setRefresh(liveDefault);
    }
  };
  useKeys([{ keys: "l", label: "Live or paused", group: "Time", run: toggleLive }]);
  return (
    <span className="segmented refresh">
      <button
        type="button"
        className={time.isLive ? "is-on" : ""}
        aria-pressed={time.isLive}
        title={time.isLive ? "Pause (l)" : "Follow the clock (l)"}
        onClick={toggleLive}
      >
        {time.isLive ? <i className="live-dot" /> : <Icon name="pause" />}
        {time.isLive ? "Live" : isRelative(time.text) ? "Paused" : "Past"}
      </button>
      <Popover
        label={`Refresh every: ${time.refresh === "off" ? "off" : intervalText(time.refresh)}`}
        align="right"
        buttonClass="refresh-interval"
        button={
          <>
            <Icon name="refresh" />
            {time.refresh === "off" ? "off" : intervalText(time.refresh)}
          </>
        }
      >
        {(close) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
          <div className="menu" onKeyDown={moveFocus}>
            {["off", ...intervals].map((interval) => (
              <button
                type="button"
                key={interval}
                className={interval === time.refresh ? "is-on" : ""}
                aria-pressed={interval === time.refresh}
                onClick={() => {
                  time.setRefresh(interval);
                  close();
                }}
              >
                {interval === "off" ? "Off" : `Every ${intervalText(interval)}`}
              </button>
            ))}
          </div>
        )}
      </Popover>
    </span>
  );
}

function intervalText(interval: string): string {
  return interval.replace(/^(\d+)([a-z]+)$/, "$1 $2").replace(/ m$/, " min");
}
