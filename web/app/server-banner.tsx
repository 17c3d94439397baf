/** Stays while its cause stays: the server is gone, or has something to say about its configuration. */

import { useEffect, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { statusRetryMs, useServerStatus } from "../api/server-queries.ts";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";

/** Nothing while all is well. */
export function ServerBanner() {
  const status = useServerStatus();
  const [isClosed, setClosed] = useState(false);
  if (status.isError) {
    return (
      <GoneBanner
        loadedMs={status.dataUpdatedAt}
        failedMs={status.errorUpdatedAt}
        onRetry={() => void status.refetch()}
      />
    );
  }
  const warnings = status.data?.warnings ?? [];
  if (warnings.length === 0 || isClosed) return null;
  return (
    <div className="banner is-warn" role="status">
      <Glyph kind="warn" />
      <span className="banner-text">{warnings.join(" ")}</span>
      <button type="button" className="control is-ghost is-small" onClick={() => setClosed(true)}>
        Hide
      </button>
    </div>
  );
}

interface GoneBannerProps {
  readonly loadedMs: number;
  readonly failedMs: number;
  readonly onRetry: () => void;
}

function GoneBanner({ loadedMs, failedMs, onRetry }: GoneBannerProps) {
  const { zone } = usePageTime();
  const [nowMs, setNowMs] = useState(() => systemClock.nowMs());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(systemClock.nowMs()), 1000);
    return () => clearInterval(timer);
  }, []);
  const waitSeconds = Math.max(0, Math.ceil((failedMs + statusRetryMs - nowMs) / 1000));
  return (
    <div className="banner is-crit" role="alert">
      <Glyph kind="crit" />
      <span className="banner-text">
        <b>The server does not answer.</b>{" "}
        {loadedMs > 0
          ? `You see what was loaded at ${clockLabel(loadedMs, zone)}. Your query is kept. `
          : "Nothing was loaded yet: is `ciliascope` running, and on this address? "}
        <span aria-hidden="true">
          {waitSeconds === 0 ? "Trying now." : `Next try in ${waitSeconds} s.`}
        </span>
      </span>
      <button type="button" className="control is-small" onClick={onRetry}>
        Try now
      </button>
    </div>
  );
}
