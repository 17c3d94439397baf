/** Dialogs of the policies page: proposals from traffic, and where the simulator differs from what was observed. */

import { useState } from "react";
import type { WireScoreGroup } from "../../src/api/wire/policy.ts";
import { formatPlainNumber } from "../charts/plain-number.ts";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { countOf, percentText, policyTitle } from "./policy-words.ts";
import { type ProposalOrder, useProposals, useScore } from "./use-policies.ts";

/** What is opened as a draft. */
export interface ProposedDraft {
  readonly title: string;
  readonly yaml: string;
}

function DialogHead({ title, onClose }: { readonly title: string; readonly onClose: () => void }) {
  return (
    <div className="dialog-head">
      <h2>{title}</h2>
      <i className="spacer" />
      <CloseButton onClose={onClose} />
    </div>
  );
}

/** Least-privilege policies from the flows of the page's window; one or all of them become a draft. */
export function ProposeDialog({
  onClose,
  onOpen,
}: {
  readonly onClose: () => void;
  readonly onOpen: (draft: ProposedDraft) => void;
}) {
  const [order, setOrder] = useState<ProposalOrder>({
    direction: "both",
    hasL7: true,
    namespace: "",
  });
  const found = useProposals(order);
  const proposals = found.data?.proposals ?? [];
  const namespaces = [
    ...new Set(proposals.map(({ namespace }) => namespace).filter((name) => name !== "")),
  ].sort();
  const shown = order.namespace === "" ? namespaces : [order.namespace];
  return (
    <Dialog label="Propose from traffic" className="is-wide" onClose={onClose}>
      <DialogHead title="Propose from traffic" onClose={onClose} />
      <div className="propose-tools">
        <Segmented
          label="Direction"
          value={order.direction}
          options={[
            { value: "both", label: "Both" },
            { value: "ingress", label: "Ingress" },
            { value: "egress", label: "Egress" },
          ]}
          onChange={(direction) => setOrder({ ...order, direction })}
        />
        <label className="row">
          <input
            type="checkbox"
            checked={order.hasL7}
            onChange={(event) => setOrder({ ...order, hasL7: event.target.checked })}
          />
          HTTP and DNS rules
        </label>
        <label className="select-control">
          <span className="dim">Namespace</span>
          <select
            value={order.namespace}
            onChange={(event) => setOrder({ ...order, namespace: event.target.value })}
          >
            <option value="">All</option>
            {shown.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      <div className="propose-list" aria-busy={found.isFetching}>
        {found.isError && (
          <Note kind="crit" title="Nothing was proposed.">
            {found.error.message}
          </Note>
        )}
        {found.data === undefined && !found.isError && <Skeleton label="Reading flows" />}
        {found.data !== undefined && proposals.length === 0 && (
          <Note title="No flow in this window says what passes.">
            Choose a longer window, or another namespace.
          </Note>
        )}
        <ul>
          {proposals.map(({ namespace, name, yaml, flows }) => (
            <li key={policyTitle({ namespace, name })}>
              <span className="truncate">{policyTitle({ namespace, name })}</span>
              <span className="dim num">{countOf(flows, "flow")}</span>
              <button
                type="button"
                className="control is-small"
                onClick={() => onOpen({ title: policyTitle({ namespace, name }), yaml })}
              >
                Open as draft
              </button>
            </li>
          ))}
        </ul>
      </div>
      <div className="dialog-foot">
        <span className="dim">
          {found.data === undefined
            ? ""
            : `Replayed against ${countOf(found.data.window.flows, "flow")}: ${
                found.data.wouldDrop === 0
                  ? "none would be dropped."
                  : `${formatPlainNumber(found.data.wouldDrop)} would be dropped.`
              }`}
        </span>
        <i className="spacer" />
        <button
          type="button"
          className="control is-primary"
          disabled={proposals.length === 0}
          onClick={() =>
            onOpen({
              title: `${order.namespace || "all"}/observed`,
              yaml: proposals.map(({ yaml }) => yaml).join("---\n"),
            })
          }
        >
          Open all as one draft
        </button>
      </div>
    </Dialog>
  );
}

/** Groups of flows whose verdict the policies in force do not give. */
export function ScoreDialog({ onClose }: { readonly onClose: () => void }) {
  const score = useScore(true);
  const { data } = score;
  return (
    <Dialog label="Simulator score" className="is-wide" onClose={onClose}>
      <DialogHead title="Simulator score" onClose={onClose} />
      <div className="propose-list">
        {score.isError && (
          <Note kind="crit" title="The score cannot be read.">
            {score.error.message}
          </Note>
        )}
        {data === undefined && !score.isError && <Skeleton label="Comparing verdicts" />}
        {data !== undefined && (
          <>
            <div className="replay-sentence">
              <p className="sentence">
                {percentText(data.equal, data.compared)} of {countOf(data.compared, "verdict")} are
                those that were observed.
              </p>
              <p className="dim">
                {data.equal === data.compared
                  ? "The policies in force explain every flow of this window."
                  : "What differs was decided by policies that are no longer in force, or is an error of the simulator."}
              </p>
            </div>
            <ScoreGroups
              title="Seen to pass, simulated as denied"
              groups={data.deniedHere}
              isDenied
            />
            <ScoreGroups
              title="Seen denied, simulated to pass"
              groups={data.allowedHere}
              isDenied={false}
            />
          </>
        )}
      </div>
    </Dialog>
  );
}

function ScoreGroups({
  title,
  groups,
  isDenied,
}: {
  readonly title: string;
  readonly groups: readonly WireScoreGroup[];
  readonly isDenied: boolean;
}) {
  if (groups.length === 0) return null;
  return (
    <>
      <h3 className="propose-title">{title}</h3>
      <ul className="replay-groups">
        {groups.map(({ source, destination, service, reason, flows }) => (
          <li key={[source, destination, service, reason].join(" ")}>
            <Glyph kind={isDenied ? "dropped" : "forwarded"} />
            <div className="replay-group">
              <div className="truncate">
                {source} → {destination} {service}
              </div>
              <div className="dim">{reason}</div>
            </div>
            <span className="num">{formatPlainNumber(flows)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
