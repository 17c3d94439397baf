/** The table of endpoints: state, identity, labels, node, enforcement in both directions, policy revision. */

import { useEffect, useRef } from "react";
import type { WireEndpoint } from "../../src/api/wire/cluster.ts";
import { KeptEnd } from "../flows/flow-columns.tsx";
import { Badge, Glyph } from "../ui/glyph.tsx";
import {
  type EndpointFilter,
  type EndpointSort,
  endpointKey,
  endpointName,
  stateBadge,
  tellingLabels,
} from "./endpoint-list.ts";
import { RowSpace, useVirtualRows } from "./virtual-rows.tsx";

const rowHeight = 29;

interface EndpointsTableProps {
  readonly endpoints: readonly WireEndpoint[];
  /** Revision that each cluster is at. */
  readonly revisions: ReadonlyMap<string, number>;
  readonly filter: EndpointFilter;
  readonly chosen: string | undefined;
  readonly onChoose: (endpoint: WireEndpoint) => void;
  readonly onSort: (sort: string) => void;
}

const columns: readonly {
  readonly sort?: EndpointSort;
  readonly label: string;
  readonly width: string;
  readonly isMinor?: boolean;
  /** Goes first where there is little room. */
  readonly isSmall?: boolean;
}[] = [
  { sort: "state", label: "State", width: "104px" },
  { sort: "id", label: "Id", width: "64px", isSmall: true },
  { sort: "name", label: "Endpoint", width: "auto" },
  { sort: "identity", label: "Identity", width: "84px" },
  { label: "Labels", width: "22%", isMinor: true },
  { sort: "node", label: "Node", width: "150px", isMinor: true },
  { label: "Ingress", width: "104px" },
  { label: "Egress", width: "104px" },
  { sort: "revision", label: "Policy rev.", width: "104px" },
];

export function EndpointsTable(props: EndpointsTableProps) {
  const { endpoints, revisions, filter, chosen, onChoose, onSort } = props;
  const scrollRef = useRef<HTMLDivElement>(null);
  const { indices, before, after, scrollTo } = useVirtualRows(
    endpoints.length,
    scrollRef,
    rowHeight,
  );
  const chosenIndex = endpoints.findIndex((one) => endpointKey(one) === chosen);
  const shown = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (chosenIndex < 0 || shown.current === chosen) return;
    shown.current = chosen;
    scrollTo(chosenIndex);
  }, [chosen, chosenIndex, scrollTo]);
  return (
    <div className="split-main" ref={scrollRef}>
      <table
        className={`endpoints-table ${chosen === undefined ? "" : "is-narrow"}`}
        aria-rowcount={endpoints.length + 1}
      >
        <caption className="visually-hidden">Endpoints</caption>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.label} column={column} filter={filter} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          <RowSpace height={before} columns={columns.length} />
          {indices.map((index) => {
            const endpoint = endpoints[index];
            return endpoint === undefined ? null : (
              <EndpointRow
                key={endpointKey(endpoint)}
                endpoint={endpoint}
                index={index}
                revision={revisions.get(endpoint.clusterName)}
                isChosen={index === chosenIndex}
                onChoose={() => onChoose(endpoint)}
              />
            );
          })}
          <RowSpace height={after} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function HeadCell({
  column,
  filter,
  onSort,
}: {
  readonly column: (typeof columns)[number];
  readonly filter: EndpointFilter;
  readonly onSort: (sort: string) => void;
}) {
  const { sort, label, width, isMinor, isSmall } = column;
  const isSorted = sort === filter.sort;
  const mark = isSorted ? (filter.isDescending ? " ↓" : " ↑") : "";
  return (
    <th
      scope="col"
      style={{ width }}
      className={`${isMinor === true ? "is-minor" : ""} ${isSmall === true ? "is-small" : ""}`}
      aria-sort={isSorted ? (filter.isDescending ? "descending" : "ascending") : undefined}
    >
      {sort === undefined ? (
        label
      ) : (
        <button
          type="button"
          onClick={() => onSort(isSorted && !filter.isDescending ? `-${sort}` : sort)}
        >
          {label}
          {mark}
        </button>
      )}
    </th>
  );
}

interface EndpointRowProps {
  readonly endpoint: WireEndpoint;
  readonly index: number;
  readonly revision: number | undefined;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function EndpointRow({ endpoint, index, revision, isChosen, onChoose }: EndpointRowProps) {
  const { kind, word } = stateBadge(endpoint.state);
  const { policy, redirects } = endpoint;
  const isBehind = revision !== undefined && policy.revision < revision;
  return (
    <tr
      className={`endpoint-row ${isChosen ? "is-chosen" : ""}`}
      aria-rowindex={index + 2}
      onClick={onChoose}
    >
      <td>
        <Badge kind={kind}>{word}</Badge>
      </td>
      <td className="mono is-small">{endpoint.id}</td>
      <td>
        <button type="button" className="endpoint-name" aria-expanded={isChosen}>
          {endpoint.kind === "pod" ? (
            <KeptEnd namespace={endpoint.namespace} name={endpoint.podName} />
          ) : (
            <span className="mid truncate">{endpointName(endpoint)}</span>
          )}
        </button>
      </td>
      <td className="mono">{endpoint.identity}</td>
      <td className="is-minor" title={endpoint.labels.join("\n")}>
        {tellingLabels(endpoint.labels)
          .slice(0, 4)
          .map((label) => (
            <span className="label-chip" key={label}>
              {label}
            </span>
          ))}
      </td>
      <td className="is-minor">{endpoint.nodeName}</td>
      <td>
        <Enforcement isOn={policy.ingress} />
      </td>
      <td>
        <Enforcement isOn={policy.egress} />
      </td>
      <td title={isBehind ? `The cluster is at revision ${revision}` : undefined}>
        {policy.revision}
        {isBehind && (
          <>
            {" "}
            <Glyph kind="pending" label={`behind: the cluster is at ${revision}`} />{" "}
            <span className="dim">of {revision}</span>
          </>
        )}
        {redirects.http + redirects.dns > 0 && <span className="dim"> L7</span>}
      </td>
    </tr>
  );
}

/** Whether some policy is enforced. */
export function Enforcement({ isOn }: { readonly isOn: boolean }) {
  return (
    <span className={`enforcement ${isOn ? "" : "dim"}`}>
      <Glyph kind={isOn ? "ok" : "mute"} />
      {isOn ? "Enforced" : "Open"}
    </span>
  );
}
