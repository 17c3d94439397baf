/** The doctor's whole answer for one panel: each query with its findings, or with what it gave. */

import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { DoctorFindings } from "./doctor-findings.tsx";
import { useDoctor } from "./use-doctor.ts";
import { type PanelAnswer, usePanelData } from "./use-panel-data.ts";

interface DoctorDialogProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly onClose: () => void;
}

const widthPx = 800;

export function DoctorDialog({ panel, scope, onClose }: DoctorDialogProps) {
  const { data, error } = usePanelData(panel, { scope, widthPx, isVisible: true });
  return (
    <Dialog label={`Doctor of ${panel.title}`} className="is-inspect" onClose={onClose}>
      <div className="dialog-head">
        <h2 className="truncate">{interpolate(panel.title, scope, "text")}</h2>
        <span className="dim">panel doctor</span>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="inspect-body">
        {error !== null && <p className="error-line">{error.message}</p>}
        {data === undefined ? (
          <p className="dim">This panel has no queries, or they are running.</p>
        ) : (
          <Queries answer={data} />
        )}
      </div>
    </Dialog>
  );
}

function Queries({ answer }: { readonly answer: PanelAnswer }) {
  const doctor = useDoctor(answer);
  return answer.queries.map(({ target, expr, isInstant }) => {
    const findings = (doctor.data?.findings ?? []).filter((one) => one.refId === target.refId);
    return (
      <section key={`${target.refId} ${isInstant}`} className="doctor-query">
        <pre className="code-block is-wrapped">{expr}</pre>
        <div className="panel-note is-doctor">
          {findings.length > 0 ? (
            <DoctorFindings findings={findings} />
          ) : doctor.isError ? (
            <span>The doctor cannot look: {doctor.error.message}</span>
          ) : (
            <span className="doctor-line">
              <Glyph kind={doctor.data === undefined ? "pending" : "ok"} />
              {doctor.data === undefined
                ? `Looking at query ${target.refId}.`
                : `Query ${target.refId} has series in this window.`}
            </span>
          )}
        </div>
      </section>
    );
  });
}
