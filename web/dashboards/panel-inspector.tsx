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
import { downloadText, fileName } from "../ui/download.ts";
import { durationText } from "../ui/duration-text.ts";
import { Icon } from "../ui/icon.tsx";
import { asTables, framesCsv } from "./frames-csv.ts";
import { type PanelAnswer, type QueryRun, usePanelData } from "./use-panel-data.ts";

interface PanelInspectorProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly onClose: () => void;
}

/** Points asked for: those of a panel of middling width. */
const widthPx = 800;
const rowsMax = 200;
const tablesMax = 20;

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
            <div className="row">
              <Figures run={answer} />
              <i className="spacer" />
              <Downloads panel={panel} answer={answer} />
            </div>
            {answer.queries.map((query, index) => (
              <div key={`${query.target.refId} ${query.isInstant}`}>
                <div className="dim row">
                  {query.target.refId},{" "}
                  {query.isInstant ? "at one instant" : `every ${formatDuration(query.stepMs)}`}
                  {answer.queries.length > 1 && <Figures run={answer.runs[index]} />}
                </div>
                <pre className="code-block is-wrapped">{query.expr}</pre>
              </div>
            ))}
            {answer.notes.map((note) => (
              <p className="mid" key={note}>
                {note}
              </p>
            ))}
            <FrameTables frames={answer.frames} />
          </>
        )}
      </div>
    </Dialog>
  );
}

function FrameTables({ frames }: { readonly frames: readonly Frame[] }) {
  const tables = asTables(frames);
  return (
    <>
      {tables.slice(0, tablesMax).map((frame, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: frames have no identity but their place.
        <FrameTable key={index} frame={frame} />
      ))}
      {tables.length > tablesMax && (
        <p className="dim">and {tables.length - tablesMax} more tables: the downloads have them</p>
      )}
    </>
  );
}

function Figures({ run }: { readonly run: QueryRun | undefined }) {
  if (run === undefined) return null;
  return (
    <span>
      {run.seriesCount} series, {groupThousands(run.sampleCount)} samples,{" "}
      {durationText(run.durationMs)}
    </span>
  );
}

interface DownloadsProps {
  readonly panel: Panel;
  readonly answer: PanelAnswer;
}

/** The data as it came, before transformations and units. */
function Downloads({ panel, answer }: DownloadsProps) {
  const name = fileName(panel.title, "panel");
  const json = () => JSON.stringify({ queries: answer.queries, frames: answer.frames }, plain, 2);
  return (
    <>
      <button
        type="button"
        className="control is-small"
        onClick={() => downloadText(framesCsv(answer.frames), `${name}.csv`, "text/csv")}
      >
        <Icon name="download" />
        Data as CSV
      </button>
      <button
        type="button"
        className="control is-small"
        onClick={() => downloadText(`${json()}\n`, `${name}.json`, "application/json")}
      >
        <Icon name="download" />
        Frames as JSON
      </button>
    </>
  );
}

/** Typed arrays as lists, and numbers that JSON has not by their names. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Float64Array) return [...value];
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
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
