/** What an empty panel says: the doctor's findings for its queries. Loaded when first needed. */

import { DoctorFindings } from "./doctor-findings.tsx";
import { useDoctor } from "./use-doctor.ts";
import type { PanelAnswer } from "./use-panel-data.ts";

/** The reason in the panel's own area; while the doctor looks, the plain fact. */
export function EmptyPanel({ answer }: { readonly answer: PanelAnswer }) {
  const doctor = useDoctor(answer);
  const findings = doctor.data?.findings ?? [];
  return (
    <div className="panel-note is-doctor">
      {findings.length > 0 ? (
        <DoctorFindings findings={findings} />
      ) : (
        <>
          <b>No series matches in this window.</b>
          {doctor.isError && <span>The doctor cannot look: {doctor.error.message}</span>}
          {doctor.data !== undefined && (
            <span>Its metrics exist; nothing happened in this window that they count.</span>
          )}
        </>
      )}
    </div>
  );
}
