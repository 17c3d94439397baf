/** A panel looked into: its queries as sent, what came back and how fast, and the data as a table. */

import { createFieldNamer } from "../../src/dashboard/field-name.ts";
import type { Frame } from "../../src/dashboard/frame.ts";
import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { formatDuration } from "../../src/model/duration.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { durationText } from "../ui/duration-text.ts";
import { type PanelAnswer, usePanelData } from "./use-panel-data.ts";

interface PanelInspectorProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly onClose: () => void;
}

/** Points asked for: those of a panel of middling width. */
const widthPx = 800;
const rowsMax = 200;

export function PanelInspector({ panel, scope, onClose }: PanelInspectorProps) {
  const data = usePanelData(panel, { scope, widthPx, isVisible: true });
  const answer = data.data;
  return (
    <Dialog label={`Inspect ${panel.title}`} className="is-inspect" onClose={onClose}>
      <div className="dialog-head">
        <h2 className="truncate">{interpolate(panel.title, scope, "text")}</h2>
        <span className="dim">
          {panel.originalType === undefined
            ? panel.type
            : `${panel.originalType}, drawn as ${panel.type}`}
        </span>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="inspect-body">
        {panel.problems.length > 0 && (
          <ul className="remarks">
            {panel.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
        {data.error !== null && <p className="error-line">{data.error.message}</p>}
        {answer === undefined ? (
          <p className="dim">
            {data.isFetching ? "Queries are running." : "This panel has no queries."}
          </p>
        ) : (
          <>
            <Figures answer={answer} />
            {answer.queries.map((query) => (
              <div key={`${query.target.refId} ${query.isInstant}`}>
                <div className="dim">
                  {query.target.refId},{" "}
                  {query.isInstant ? "at one instant" : `every ${formatDuration(query.stepMs)}`}
                </div>
                <pre className="code-block is-wrapped">{query.expr}</pre>
              </div>
            ))}
            {answer.notes.map((note) => (
              <p className="mid" key={note}>
                {note}
              </p>
            ))}
            {answer.frames.slice(0, 20).map((frame, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: frames have no identity but their place.
              <FrameTable key={index} frame={frame} />
            ))}
          </>
        )}
      </div>
    </Dialog>
  );
}

function Figures({ answer }: { readonly answer: PanelAnswer }) {
  return (
    <p>
      {answer.seriesCount} series, {groupThousands(answer.sampleCount)} samples,{" "}
      {durationText(answer.durationMs)}
    </p>
  );
}

function FrameTable({ frame }: { readonly frame: Frame }) {
  const { zone } = usePageTime();
  const namer = createFieldNamer([frame]);
  const first = Math.max(0, frame.length - rowsMax);
  const rows = Array.from({ length: frame.length - first }, (_, index) => frame.length - 1 - index);
  const text = (type: string, value: unknown) =>
    type === "time" && typeof value === "number"
      ? timestampLabel(value, zone)
      : String(value ?? "");
  return (
    <div className="inspect-table">
      <table>
        <caption className="visually-hidden">{frame.name ?? frame.refId ?? "Data"}</caption>
        <thead>
          <tr>
            {frame.fields.map((field) => (
              <th key={field.name} className={field.type === "number" ? "num" : ""}>
                {namer(field, frame)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {frame.fields.map((field) => (
                <td key={field.name} className={field.type === "number" ? "num" : ""}>
                  {text(field.type, field.values[row])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
