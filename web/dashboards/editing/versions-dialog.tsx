/** The versions of a dashboard: who is what, what each differs in from the present one, and the way back. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { DashboardAnswer, DashboardVersion } from "../../../src/api/wire/server.ts";
import { openDraft } from "../../../src/dashboard/edit-dashboard.ts";
import type { JsonObject } from "../../../src/dashboard/json-reader.ts";
import { useApi } from "../../api/server-queries.ts";
import { timestampLabel } from "../../time/time-axis.ts";
import { usePageTime } from "../../time/time-context.tsx";
import { CloseButton } from "../../ui/close-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { diffLines, nearChanges } from "./line-diff.ts";
import type { DashboardEditing } from "./use-draft.ts";

interface VersionsDialogProps {
  readonly answer: DashboardAnswer;
  readonly editing: DashboardEditing;
  readonly onClose: () => void;
}

const contextLines = 2;
const linesMax = 400;

export function VersionsDialog({ answer, editing, onClose }: VersionsDialogProps) {
  const api = useApi();
  const { zone } = usePageTime();
  const { uid } = answer.summary;
  const path = `/dashboards/${encodeURIComponent(uid)}/versions`;
  const [chosen, setChosen] = useState<number>();
  const versions = useQuery({
    queryKey: ["dashboard", uid, "versions"],
    queryFn: ({ signal }) => api.own<readonly DashboardVersion[]>(path, { signal }),
  });
  const shown = useQuery({
    queryKey: ["dashboard", uid, "version", chosen],
    queryFn: ({ signal }) => api.own<JsonObject>(`${path}/${chosen}`, { signal }),
    enabled: chosen !== undefined,
  });
  const restore = (json: JsonObject) => {
    editing.change(() => openDraft(json));
    onClose();
  };
  return (
    <Dialog label="Versions of the dashboard" className="is-inspect" onClose={onClose}>
      <div className="dialog-head">
        <h2>Versions</h2>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="inspect-body">
        {versions.isError && <p className="error-line">{versions.error.message}</p>}
        {versions.data?.length === 0 && (
          <p className="dim">This dashboard was never saved here, so it has no versions.</p>
        )}
        <table>
          <caption className="visually-hidden">Versions, newest first</caption>
          <thead>
            <tr>
              <th className="num">Version</th>
              <th>Saved</th>
              <th>What changed</th>
              <th aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {(versions.data ?? []).map((one) => (
              <tr key={one.version} className={one.version === chosen ? "is-chosen" : ""}>
                <td className="num">{one.version}</td>
                <td>{timestampLabel(one.savedMs, zone)}</td>
                <td>{one.message}</td>
                <td className="num">
                  <button
                    type="button"
                    className="control is-small"
                    onClick={() => setChosen(one.version)}
                  >
                    Compare
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {shown.data !== undefined && chosen !== undefined && (
          <>
            <div className="row">
              <b>From version {chosen} to what you see</b>
              <i className="spacer" />
              <button
                type="button"
                className="control is-small is-primary"
                onClick={() => restore(shown.data)}
              >
                Restore version {chosen}
              </button>
            </div>
            <Difference before={shown.data} after={editing.json} />
          </>
        )}
      </div>
    </Dialog>
  );
}

function Difference({
  before,
  after,
}: {
  readonly before: JsonObject;
  readonly after: JsonObject;
}) {
  const print = (json: JsonObject) => JSON.stringify(json, null, 1);
  const lines = nearChanges(diffLines(print(openDraft(before)), print(after)), contextLines);
  if (lines.length === 0) return <p className="dim">They are the same.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
      <pre className="code-block line-diff" tabIndex={0}>
        {lines.slice(0, linesMax).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
          <span key={index} className={`is-${line?.kind ?? "gap"}`}>
            {line === undefined ? "…" : `${signs[line.kind]} ${line.text}`}
            {"\n"}
          </span>
        ))}
      </pre>
      {lines.length > linesMax && (
        <p className="dim">
          The first {linesMax} of {lines.length} lines.
        </p>
      )}
    </>
  );
}

const signs = { same: " ", old: "−", new: "+" } as const;
