/** Endpoints, identities and unmanaged pods. View, filter, order and the chosen endpoint are in the address. */

import type { WireEndpoint } from "../../src/api/wire/cluster.ts";
import { useServerStatus } from "../api/server-queries.ts";
import { useKeys } from "../app/keys-context.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import type { PageProps } from "../app/page-props.ts";
import { buildHref, updateParams } from "../router/history-router.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { EndpointDrawer } from "./endpoint-drawer.tsx";
import {
  countStates,
  endpointKey,
  filterEndpoints,
  filterIdentities,
  readEndpointFilter,
  stateBadge,
} from "./endpoint-list.ts";
import { EndpointsTable } from "./endpoints-table.tsx";
import { IdentitiesTable, UnmanagedTable } from "./identities-view.tsx";
import {
  useClusterPolicies,
  useEndpoints,
  useIdentities,
  useUnmanagedPods,
} from "./use-cluster.ts";
import "../flows/flows.css";
import "./endpoints.css";

/** The page at /endpoints and /endpoints/ID. */
export function EndpointsPage({ segments }: PageProps) {
  return (
    <PageFrame title="Endpoints" isFlush defaults={usePageDefaults()}>
      <Endpoints id={segments["id"]} />
    </PageFrame>
  );
}

type View = "endpoints" | "identities" | "unmanaged";

/** Nothing is asked of a server that watches no cluster. */
function Endpoints({ id }: { readonly id: string | undefined }) {
  const status = useServerStatus();
  if (status.data === undefined) return <Skeleton label="Reading endpoints" />;
  return status.data.isClusterWatched ? <ClusterEndpoints id={id} /> : <NoCluster />;
}

function ClusterEndpoints({ id }: { readonly id: string | undefined }) {
  const router = useRouter();
  const { params } = useRoute();
  const endpoints = useEndpoints();
  const identities = useIdentities();
  const unmanaged = useUnmanagedPods();
  const written = params.get("view");
  const view: View =
    id === undefined && (written === "identities" || written === "unmanaged")
      ? written
      : "endpoints";
  useKeys([
    {
      keys: "/",
      label: "To the filter",
      group: "Endpoints",
      run: () => document.querySelector<HTMLElement>("#endpoint-filter")?.focus(),
    },
  ]);
  if (endpoints.data === undefined) return <NoAnswer error={endpoints.error ?? undefined} />;
  const show = (next: View) =>
    router.navigate(
      buildHref(
        "/endpoints",
        updateParams(params, { view: next === "endpoints" ? null : next, q: null, on: null }),
      ),
    );
  const text = params.get("q") ?? "";
  return (
    <>
      <div className="toolbar">
        <Segmented
          label="What is listed"
          value={view}
          options={[
            { value: "endpoints", label: `Endpoints ${endpoints.data.length}` },
            { value: "identities", label: `Identities ${identities.data?.length ?? ""}` },
            { value: "unmanaged", label: `Unmanaged pods ${unmanaged.data?.length ?? ""}` },
          ]}
          onChange={show}
        />
        {view !== "unmanaged" && (
          <input
            id="endpoint-filter"
            className="text-input"
            type="search"
            aria-label={view === "identities" ? "Filter identities" : "Filter endpoints"}
            placeholder={view === "identities" ? "Number or label" : "Name, label, address, node"}
            value={text}
            onChange={(event) =>
              router.setParams({ q: event.target.value || null }, { replace: true })
            }
          />
        )}
        {view === "endpoints" && <EndpointChoices endpoints={endpoints.data} />}
      </div>
      {view === "endpoints" && <EndpointsView endpoints={endpoints.data} id={id} />}
      {view === "identities" &&
        (identities.data === undefined ? (
          <NoAnswer error={identities.error ?? undefined} />
        ) : (
          <div className="split">
            <IdentitiesTable identities={filterIdentities(identities.data, text)} />
          </div>
        ))}
      {view === "unmanaged" &&
        (unmanaged.data === undefined ? (
          <NoAnswer error={unmanaged.error ?? undefined} />
        ) : (
          <div className="split">
            <UnmanagedTable pods={unmanaged.data} />
          </div>
        ))}
    </>
  );
}

/** While there is no answer yet, or none can be had. */
function NoAnswer({ error }: { readonly error: Error | undefined }) {
  if (error === undefined) return <Skeleton label="Reading endpoints" />;
  return (
    <Note kind="crit" title="The cluster does not answer.">
      {error.message}
    </Note>
  );
}

function NoCluster() {
  return (
    <Note kind="mute" title="No cluster is watched.">
      Endpoints and identities come from a cluster's agents; this server scrapes targets and reads
      flows only. <code>ciliascope demo</code> shows a laboratory's.
    </Note>
  );
}

/** States as chips with their counts, and the node. */
function EndpointChoices({ endpoints }: { readonly endpoints: readonly WireEndpoint[] }) {
  const router = useRouter();
  const { params } = useRoute();
  const filter = readEndpointFilter(params);
  const nodes = [...new Set(endpoints.map(({ nodeName }) => nodeName))].sort();
  return (
    <>
      {countStates(endpoints).map(({ state, count }) => {
        const isOn = filter.state === state;
        return (
          <button
            key={state}
            type="button"
            className={`chip flow-chip ${isOn ? "is-on" : ""}`}
            aria-pressed={isOn}
            onClick={() => router.setParams({ state: isOn ? null : state })}
          >
            {stateBadge(state).word} <span className="flow-chip-count">{count}</span>
          </button>
        );
      })}
      <i className="spacer" />
      {nodes.length > 1 && (
        <label className="select-control">
          <span className="dim">Node</span>
          <select
            value={filter.node}
            onChange={(event) => router.setParams({ node: event.target.value || null })}
          >
            <option value="">All ({nodes.length})</option>
            {nodes.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

function EndpointsView({
  endpoints,
  id,
}: {
  readonly endpoints: readonly WireEndpoint[];
  readonly id: string | undefined;
}) {
  const router = useRouter();
  const { params } = useRoute();
  const policies = useClusterPolicies();
  const filter = readEndpointFilter(params);
  const visible = filterEndpoints(endpoints, filter);
  const node = params.get("on");
  const isChosen = (one: WireEndpoint) =>
    String(one.id) === id && (node === null || one.nodeName === node);
  const chosen = visible.find(isChosen) ?? endpoints.find(isChosen);
  const revisions = new Map(
    (policies.data ?? []).map(({ clusterName, revision }) => [clusterName, revision]),
  );
  const go = (path: string, on: string | null) =>
    router.navigate(buildHref(path, updateParams(params, { on, view: null })));
  const choose = (one: WireEndpoint) => go(`/endpoints/${one.id}`, one.nodeName);
  const index = chosen === undefined ? -1 : visible.indexOf(chosen);
  return (
    <div className="split">
      {visible.length === 0 ? (
        <div className="split-main">
          <Note
            kind="mute"
            title="No endpoint matches."
            actions={
              <button
                type="button"
                className="control"
                onClick={() => router.setParams({ q: null, state: null, node: null })}
              >
                Show all endpoints
              </button>
            }
          >
            Text, state and node must all fit.
          </Note>
        </div>
      ) : (
        <EndpointsTable
          endpoints={visible}
          revisions={revisions}
          filter={filter}
          chosen={chosen === undefined ? undefined : endpointKey(chosen)}
          onChoose={choose}
          onSort={(sort) => router.setParams({ sort: sort === "name" ? null : sort })}
        />
      )}
      {chosen !== undefined && (
        <EndpointDrawer
          key={endpointKey(chosen)}
          endpoint={chosen}
          clusterRevision={revisions.get(chosen.clusterName)}
          position={{ index: Math.max(0, index), count: visible.length }}
          onMove={(step) => {
            const next = visible[index + step];
            if (next !== undefined) choose(next);
          }}
          onClose={() => go("/endpoints", null)}
        />
      )}
      {id !== undefined && chosen === undefined && (
        <aside className="drawer" aria-label="Endpoint">
          <Note
            kind="mute"
            title={`There is no endpoint ${id}${node === null ? "" : ` on ${node}`}.`}
            actions={
              <button type="button" className="control" onClick={() => go("/endpoints", null)}>
                Close
              </button>
            }
          >
            Its pod may be gone: numbers are given anew.
          </Note>
        </aside>
      )}
    </div>
  );
}
