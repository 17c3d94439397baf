/** Who may reach whom: workloads down and across, what policies let pass as a glyph, what was seen as a tint. */

import { useState } from "react";
import type { WireMatrix } from "../../src/api/wire/policy.ts";
import { formatPlainNumber } from "../charts/plain-number.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { countOf } from "./policy-words.ts";
import { useMatrix } from "./use-policies.ts";

type MatrixCell = WireMatrix["cells"][number];

const reachWords: Readonly<Record<MatrixCell["reach"], { kind: GlyphKind; label: string }>> = {
  all: { kind: "forwarded", label: "every port" },
  some: { kind: "redirected", label: "some ports" },
  none: { kind: "dropped", label: "no port" },
};

/** The matrix of the policies in force; with a draft, as if it were applied. */
export function MatrixView({ yaml }: { readonly yaml: string | undefined }) {
  const router = useRouter();
  const { params } = useRoute();
  const namespaces = params.get("ns") ?? "";
  const matrix = useMatrix(namespaces, yaml);
  const [chosen, setChosen] = useState<MatrixCell | undefined>();
  if (matrix.isError) {
    return (
      <Note kind="crit" title="The matrix cannot be drawn.">
        {matrix.error.message}
      </Note>
    );
  }
  if (matrix.data === undefined) return <Skeleton label="Asking every pair" />;
  const { data } = matrix;
  return (
    <div className="matrix-view">
      <div className="matrix-tools">
        <label className="select-control">
          <span className="dim">Namespace</span>
          <select
            value={namespaces}
            onChange={(event) => router.setParams({ ns: event.target.value || null })}
          >
            <option value="">All ({data.namespaces.length})</option>
            {data.namespaces.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {Object.values(reachWords).map(({ kind, label }) => (
          <span key={label} className="row dim">
            <Glyph kind={kind} /> {label}
          </span>
        ))}
        <span className="row dim">
          <i className="matrix-swatch" /> seen in this window
        </span>
        <i className="spacer" />
        {yaml !== undefined && <span className="badge is-warn">With the draft</span>}
      </div>
      <div className="matrix-scroll" aria-busy={matrix.isFetching}>
        <MatrixTable data={data} chosen={chosen} onChoose={setChosen} />
        {data.more > 0 && (
          <p className="dim matrix-more">
            {countOf(data.more, "more workload")} found no room: choose a namespace.
          </p>
        )}
      </div>
      <CellFacts cell={chosen} />
    </div>
  );
}

function MatrixTable({
  data,
  chosen,
  onChoose,
}: {
  readonly data: WireMatrix;
  readonly chosen: MatrixCell | undefined;
  readonly onChoose: (cell: MatrixCell) => void;
}) {
  const cells = new Map(data.cells.map((cell) => [`${cell.source}\t${cell.destination}`, cell]));
  return (
    <table className="matrix">
      <caption className="visually-hidden">
        Who may reach whom: sources down, destinations across
      </caption>
      <thead>
        <tr>
          <th scope="col" className="matrix-corner">
            <span className="dim">from ↓ to →</span>
          </th>
          {data.workloads.map((name) => (
            <th key={name} scope="col" title={name}>
              <span>{shortName(name)}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {data.workloads.map((source) => (
          <tr key={source}>
            <th scope="row" title={source}>
              {shortName(source)}
            </th>
            {data.workloads.map((destination) => (
              <Cell
                key={destination}
                cell={cells.get(`${source}\t${destination}`)}
                isChosen={chosen?.source === source && chosen.destination === destination}
                onChoose={onChoose}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shortName(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function Cell({
  cell,
  isChosen,
  onChoose,
}: {
  readonly cell: MatrixCell | undefined;
  readonly isChosen: boolean;
  readonly onChoose: (cell: MatrixCell) => void;
}) {
  if (cell === undefined) return <td className="matrix-none" />;
  const { kind, label } = reachWords[cell.reach];
  const seen = cell.seenForwarded + cell.seenDenied > 0;
  const tint = cell.seenDenied > 0 ? "has-denied" : seen ? "has-forwarded" : "";
  return (
    <td className={`${tint} ${isChosen ? "is-chosen" : ""}`}>
      <button
        type="button"
        className="matrix-cell"
        aria-pressed={isChosen}
        aria-label={`${cell.source} to ${cell.destination}: ${label}${seenText(cell)}`}
        title={`${cell.source} → ${cell.destination}: ${label}${seenText(cell)}`}
        onClick={() => onChoose(cell)}
      >
        <Glyph kind={kind} />
      </button>
    </td>
  );
}

function seenText({ seenForwarded, seenDenied }: MatrixCell): string {
  const parts = [
    seenForwarded > 0 ? `${formatPlainNumber(seenForwarded)} forwarded` : "",
    seenDenied > 0 ? `${formatPlainNumber(seenDenied)} denied` : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? ", none seen" : `, seen: ${parts.join(", ")}`;
}

function CellFacts({ cell }: { readonly cell: MatrixCell | undefined }) {
  if (cell === undefined) {
    return (
      <p className="matrix-facts dim">
        Choose a cell: which ports pass, why others do not, and what was seen.
      </p>
    );
  }
  const { source, destination, reach, services, reason } = cell;
  return (
    <div className="matrix-facts" aria-live="polite">
      <b>
        {source} → {destination}
      </b>
      <span>
        {reach === "some" ? services.join(", ") : reachWords[reach].label}
        {seenText(cell)}
      </span>
      {reason !== "" && <span className="dim">{reason}</span>}
    </div>
  );
}
