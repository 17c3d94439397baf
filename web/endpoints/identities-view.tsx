/** Security identities: labels, how many endpoints have them, which policies select them; and unmanaged pods. */

import { useRef } from "react";
import type { WireIdentity, WireUnmanagedPod } from "../../src/api/wire/cluster.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Badge } from "../ui/glyph.tsx";
import { Note } from "../ui/notes.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import { tellingLabels } from "./endpoint-list.ts";
import { useReferences } from "./use-cluster.ts";
import { RowSpace, useVirtualRows } from "./virtual-rows.tsx";

const rowHeight = 29;

const identityColumns: readonly TableColumn[] = [
  { label: "Identity", width: 92 },
  { label: "Labels" },
  { label: "Endpoints", width: 92, isNumber: true },
  { label: "Selected by policies", width: "30%" },
  { label: "Ways on", width: 70, isUnnamed: true },
];

export function IdentitiesTable({ identities }: { readonly identities: readonly WireIdentity[] }) {
  const { params } = useRoute();
  const references = useReferences();
  const selected = new Map(
    (references.data ?? []).map((one) => [`${one.clusterName} ${one.id}`, one.selectedBy]),
  );
  const scrollRef = useRef<HTMLDivElement>(null);
  const { indices, before, after } = useVirtualRows(identities.length, scrollRef, rowHeight);
  return (
    <div className="split-main" ref={scrollRef}>
      <table className="identities-table" aria-rowcount={identities.length + 1}>
        <caption className="visually-hidden">Security identities</caption>
        <TableHead columns={identityColumns} />
        <tbody>
          <RowSpace height={before} columns={5} />
          {indices.map((index) => {
            const one = identities[index];
            return one === undefined ? null : (
              <IdentityRow
                key={`${one.clusterName} ${one.id}`}
                identity={one}
                index={index}
                selectedBy={selected.get(`${one.clusterName} ${one.id}`)}
                params={params}
              />
            );
          })}
          <RowSpace height={after} columns={5} />
        </tbody>
      </table>
    </div>
  );
}

interface IdentityRowProps {
  readonly identity: WireIdentity;
  readonly index: number;
  readonly selectedBy: readonly string[] | undefined;
  readonly params: URLSearchParams;
}

function IdentityRow({ identity, index, selectedBy, params }: IdentityRowProps) {
  const { id, labels, endpointCount } = identity;
  const flows = `/flows?q=${encodeURIComponent(`--identity ${id}`)}`;
  return (
    <tr aria-rowindex={index + 2}>
      <td className="mono">{id}</td>
      <td title={labels.join("\n")}>
        {tellingLabels(labels).map((label) => (
          <span className="label-chip" key={label}>
            {label}
          </span>
        ))}
      </td>
      <td className="num">
        {endpointCount === 0 ? (
          <span className="dim">0</span>
        ) : (
          <Link className="link" href={pageHref(`/endpoints?q=${id}`, params)}>
            {endpointCount}
          </Link>
        )}
      </td>
      <td className="truncate" title={selectedBy?.join("\n")}>
        {selectedBy === undefined || selectedBy.length === 0 ? (
          <span className="dim">{selectedBy === undefined ? "" : "none"}</span>
        ) : (
          <>
            {selectedBy.length}: {selectedBy.join(", ")}
          </>
        )}
      </td>
      <td>
        <Link
          className="link"
          href={pageHref(flows, params)}
          aria-label={`Flows of identity ${id}`}
        >
          Flows
        </Link>
      </td>
    </tr>
  );
}

const unmanagedColumns: readonly TableColumn[] = [
  { label: "State", width: 116 },
  { label: "Pod", width: "24%" },
  { label: "Node", width: 150 },
  { label: "Address", width: 120 },
  { label: "Why, and what helps" },
];

/** Pods that no agent manages, with the reason and what helps. */
export function UnmanagedTable({ pods }: { readonly pods: readonly WireUnmanagedPod[] }) {
  if (pods.length === 0) {
    return (
      <div className="split-main">
        <Note kind="ok" title="Every pod is managed by Cilium.">
          Each pod of the cluster has an endpoint: policies act on it, and its flows are seen.
        </Note>
      </div>
    );
  }
  return (
    <div className="split-main">
      <p className="endpoints-lead">
        {pods.length === 1 ? "This pod has" : "These pods have"} no endpoint: no policy acts on{" "}
        {pods.length === 1 ? "it" : "them"}, and {pods.length === 1 ? "its" : "their"} own side of
        each flow is not seen.
      </p>
      <table className="unmanaged-table">
        <caption className="visually-hidden">Pods without an endpoint</caption>
        <TableHead columns={unmanagedColumns} />
        <tbody>
          {pods.map((pod) => (
            <tr key={`${pod.clusterName} ${pod.namespace}/${pod.podName}`}>
              <td>
                <Badge kind="warn">Unmanaged</Badge>
              </td>
              <td title={`${pod.namespace}/${pod.podName}`}>
                <span className="dim">{pod.namespace}/</span>
                <b>{pod.podName}</b>
              </td>
              <td>{pod.nodeName}</td>
              <td className="mono">{pod.ipv4}</td>
              <td className="is-wrapped">
                {pod.reason} <span className="mid">{pod.mend}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
