/** What leaves Explore: the answers as CSV, and links that follow the clock or stay at this window. */

import { useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { buildHref, updateParams } from "../router/history-router.ts";
import { useRoute } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { downloadText } from "../ui/download.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import type { ExploreState } from "./explore-state.ts";
import { instantCsv, rangeCsv } from "./series-csv.ts";
import type { ExploreRow } from "./use-explore-queries.ts";

interface ExportMenuProps {
  readonly state: ExploreState;
  readonly rows: readonly ExploreRow[];
}

/** How long a button says that it has done its work, ms. */
const doneMs = 1600;

export function ExportMenu({ state, rows }: ExportMenuProps) {
  const series = rows.flatMap(({ answer }) => answer?.series ?? []);
  return (
    <Popover
      label="Share and export"
      align="right"
      buttonClass="control is-ghost is-small"
      button={
        <>
          <Icon name="download" />
          Share
        </>
      }
    >
      {(close) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
        <div className="menu" onKeyDown={moveFocus}>
          <CopyLink label="Copy link, window follows the clock" isFixed={false} />
          <CopyLink label="Copy link to exactly this window" isFixed />
          <button
            type="button"
            disabled={series.length === 0}
            onClick={() => {
              const isInstant = state.view === "table";
              const text = isInstant ? instantCsv(series) : rangeCsv(series, rows.length > 1);
              const name = `explore-${new Date(systemClock.nowMs()).toISOString()}.csv`;
              downloadText(text, name, "text/csv");
              close();
            }}
          >
            <Icon name="table" />
            Download CSV, {series.length} series
          </button>
        </div>
      )}
    </Popover>
  );
}

function CopyLink({ label, isFixed }: { readonly label: string; readonly isFixed: boolean }) {
  const { path, params } = useRoute();
  const { resolve, text } = usePageTime();
  const [outcome, setOutcome] = useState<string>();
  const copy = async () => {
    const { fromMs, toMs } = resolve();
    const window_ = isFixed
      ? { from: String(fromMs), to: String(toMs), refresh: null }
      : { from: text.from, to: text.to };
    const href = new URL(buildHref(path, updateParams(params, window_)), window.location.href).href;
    try {
      await navigator.clipboard.writeText(href);
      setOutcome("Copied");
    } catch {
      // Browsers refuse without https or consent: the address bar at least can hold it.
      window.prompt("Copy this link", href);
    }
    systemClock.after(doneMs, () => setOutcome(undefined));
  };
  return (
    <button type="button" onClick={() => void copy()}>
      <Icon name="link" />
      {outcome ?? label}
    </button>
  );
}
