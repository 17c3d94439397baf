/** The line below the queries: add, history, browse metrics, and the keys of the editor. */

import { useState } from "react";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { MetricExplorer } from "./metric-explorer.tsx";
import type { QueryHistory } from "./query-history.ts";

interface ExploreMenusProps {
  readonly history: QueryHistory;
  readonly canAdd: boolean;
  readonly onAdd: () => void;
  readonly onPick: (text: string) => void;
  /** Puts text at the cursor of the query that was written last. */
  readonly onInsert: (text: string) => void;
  readonly onRun: () => void;
}

export function ExploreMenus(props: ExploreMenusProps) {
  const { history, canAdd, onAdd, onPick, onInsert, onRun } = props;
  const [isBrowsing, setBrowsing] = useState(false);
  return (
    <>
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
              history={history}
              onPick={(text) => {
                onPick(text);
                close();
              }}
              onClear={() => {
                history.clear();
                close();
              }}
            />
          )}
        </Popover>
        <button
          type="button"
          className="control is-ghost is-small"
          aria-haspopup="dialog"
          onClick={() => setBrowsing(true)}
        >
          <Icon name="metric" />
          Browse metrics
        </button>
        <i className="spacer" />
        <span className="dim wide-only">
          <kbd>⌃space</kbd> complete
        </span>
        <button type="button" className="control is-small is-primary" onClick={onRun}>
          Run queries <kbd className="on-ink">⌘↵</kbd>
        </button>
      </div>
      {isBrowsing && (
        <MetricExplorer onPick={onPick} onInsert={onInsert} onClose={() => setBrowsing(false)} />
      )}
    </>
  );
}

function HistoryList({
  history,
  onPick,
  onClear,
}: {
  readonly history: QueryHistory;
  readonly onPick: (text: string) => void;
  readonly onClear: () => void;
}) {
  const queries = history.list();
  if (queries.length === 0) {
    return <p className="palette-empty">No query was run in this browser yet.</p>;
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside. */}
      <div className="menu" onKeyDown={moveFocus}>
        {queries.map((query) => (
          <button type="button" key={query} onClick={() => onPick(query)}>
            {query}
          </button>
        ))}
      </div>
      <footer className="history-foot">
        <span className="dim">Kept in this browser only.</span>
        <button type="button" className="link" onClick={onClear}>
          Clear history
        </button>
      </footer>
    </>
  );
}
