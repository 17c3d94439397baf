/** The line below the queries: add, history, browse metrics, and the keys of the editor. */

import { useState } from "react";
import { useMetadata, useMetricNames } from "../api/server-queries.ts";
import { rankMatches } from "../app/palette-match.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import type { QueryHistory } from "./query-history.ts";

interface ExploreMenusProps {
  readonly history: QueryHistory;
  readonly canAdd: boolean;
  readonly onAdd: () => void;
  readonly onPick: (text: string) => void;
  readonly onRun: () => void;
}

/** Metrics listed at once in the browser. */
const metricsShownMax = 200;

export function ExploreMenus({ history, canAdd, onAdd, onPick, onRun }: ExploreMenusProps) {
  return (
    <div className="explore-bar">
      <button type="button" className="link" disabled={!canAdd} onClick={onAdd}>
        Add query
      </button>
      <Popover
        label="History"
        buttonClass="control is-ghost is-small"
        paneClass="history-pane"
        button={
          <>
            <Icon name="history" />
            History
          </>
        }
      >
        {(close) => (
          <HistoryList
            queries={history.list()}
            onPick={(text) => {
              onPick(text);
              close();
            }}
          />
        )}
      </Popover>
      <Popover
        label="Browse metrics"
        buttonClass="control is-ghost is-small"
        paneClass="metric-pane"
        button={
          <>
            <Icon name="metric" />
            Browse metrics
          </>
        }
      >
        {(close) => (
          <MetricBrowser
            onPick={(name) => {
              onPick(name);
              close();
            }}
          />
        )}
      </Popover>
      <i className="spacer" />
      <span className="dim wide-only">
        <kbd>⌃space</kbd> complete
      </span>
      <button type="button" className="control is-small is-primary" onClick={onRun}>
        Run queries <kbd className="on-ink">⌘↵</kbd>
      </button>
    </div>
  );
}

function HistoryList({
  queries,
  onPick,
}: {
  readonly queries: readonly string[];
  readonly onPick: (text: string) => void;
}) {
  if (queries.length === 0) {
    return <p className="palette-empty">No query was run in this browser yet.</p>;
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
    <div className="menu" onKeyDown={moveFocus}>
      {queries.map((query) => (
        <button type="button" key={query} onClick={() => onPick(query)}>
          {query}
        </button>
      ))}
    </div>
  );
}

/** Names with kind and help, found by any words of the name. */
function MetricBrowser({ onPick }: { readonly onPick: (name: string) => void }) {
  const [text, setText] = useState("");
  const names = useMetricNames();
  const metadata = useMetadata().data ?? {};
  const found = rankMatches(names.data ?? [], text, (name) => name);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
    <div className="variable-pane metric-browser" onKeyDown={moveFocus}>
      <input
        className="text-input"
        data-autofocus
        aria-label="Find a metric"
        placeholder={`Find among ${names.data?.length ?? 0} metrics`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="menu">
        {found.slice(0, metricsShownMax).map((name) => {
          const meta = metadata[name]?.[0];
          return (
            <button type="button" key={name} onClick={() => onPick(name)}>
              <span className="mono truncate">
                {name} <span className="dim">{meta?.type}</span>
              </span>
              {meta !== undefined && <span className="dim truncate">{meta.help}</span>}
            </button>
          );
        })}
        {names.data !== undefined && found.length === 0 && (
          <p className="palette-empty">No metric has “{text}” in its name.</p>
        )}
        {found.length > metricsShownMax && (
          <p className="palette-empty">
            and {found.length - metricsShownMax} more: type to narrow.
          </p>
        )}
      </div>
    </div>
  );
}
