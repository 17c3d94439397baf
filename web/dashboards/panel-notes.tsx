/** What a panel says when it cannot draw: an error and its query, a kind that is not drawn yet. */

import type { Panel } from "../../src/dashboard/model.ts";
import { Glyph } from "../ui/glyph.tsx";

export function FailedPanel({
  panel,
  error,
  onRetry,
}: {
  readonly panel: Panel;
  readonly error: Error;
  readonly onRetry: () => void;
}) {
  return (
    <div className="panel-note" role="alert">
      <span className="row">
        <Glyph kind="crit" />
        <b>The query failed.</b>
      </span>
      <span>{error.message}</span>
      <code className="dim">{panel.targets.map((target) => target.expr).join("\n")}</code>
      <span>
        <button type="button" className="control is-small" onClick={onRetry}>
          Run again
        </button>
      </span>
    </div>
  );
}

/** Said, never silently left out. */
export function UnknownPanel({ type }: { readonly type: string }) {
  return (
    <div className="panel-note">
      <span className="row">
        <Glyph kind="info" />
        <b>This panel kind ({type}) is not drawn yet.</b>
      </span>
      <span>Its queries can be opened in Explore from the panel's menu.</span>
    </div>
  );
}
