/** All dashboards: our own and imported ones; import by file, text or address; removal of imported ones. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { DashboardSummary } from "../../src/api/wire/server.ts";
import { useApi, useDashboardList, useDashboardsChanged } from "../api/server-queries.ts";
import { useKeys } from "../app/keys-context.ts";
import { pageHref } from "../app/navigation.tsx";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { rankMatches } from "../app/palette-match.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { ImportDialog } from "./import-dialog.tsx";
import { sourceNames } from "./source-names.ts";

/** The page at /dashboards. */
export function DashboardListPage() {
  return (
    <PageFrame title="Dashboards" defaults={usePageDefaults()}>
      <DashboardList />
    </PageFrame>
  );
}

function DashboardList() {
  const { params } = useRoute();
  const router = useRouter();
  const list = useDashboardList();
  const text = params.get("q") ?? "";
  const isImporting = params.get("import") !== null;
  useKeys([
    {
      keys: "/",
      label: "To the filter",
      group: "Dashboards",
      run: () => document.querySelector<HTMLElement>("#dashboard-filter")?.focus(),
    },
  ]);
  if (list.data === undefined) {
    return list.isError ? (
      <Note kind="crit" title="The dashboards cannot be read.">
        {list.error.message}
      </Note>
    ) : (
      <Skeleton label="Reading dashboards" />
    );
  }
  const found = rankMatches(list.data, text, (board) => `${board.title} ${board.tags.join(" ")}`);
  return (
    <div className="list-page">
      <div className="toolbar">
        <input
          id="dashboard-filter"
          className="text-input"
          type="search"
          aria-label="Filter dashboards"
          placeholder="Title or tag"
          value={text}
          onChange={(event) =>
            router.setParams({ q: event.target.value || null }, { replace: true })
          }
        />
        <span className="dim">
          {found.length === list.data.length
            ? `${found.length} dashboards`
            : `${found.length} of ${list.data.length}`}
        </span>
        <i className="spacer" />
        <button
          type="button"
          className="control is-primary"
          onClick={() => router.setParams({ import: "1" })}
        >
          <Icon name="upload" />
          Import a Grafana dashboard
        </button>
      </div>
      <DashboardTable boards={found} />
      {found.length === 0 && (
        <Note kind="mute" title={`No dashboard has “${text}” in its title or tags.`} />
      )}
      {isImporting && <ImportDialog onClose={() => router.setParams({ import: null })} />}
    </div>
  );
}

function DashboardTable({ boards }: { readonly boards: readonly DashboardSummary[] }) {
  const { params } = useRoute();
  const [asked, setAsked] = useState<string>();
  return (
    <table>
      <caption className="visually-hidden">Dashboards</caption>
      <thead>
        <tr>
          <th>Title</th>
          <th>Tags</th>
          <th className="num">Panels</th>
          <th>From</th>
          <th aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {boards.map((board) => (
          <tr key={board.uid}>
            <td>
              <Link href={pageHref(`/d/${encodeURIComponent(board.uid)}`, params)}>
                {board.title}
              </Link>
            </td>
            <td>
              {board.tags.map((tag) => (
                <span className="label-chip" key={tag}>
                  {tag}
                </span>
              ))}
            </td>
            <td className="num">{board.panelCount}</td>
            <td className="dim">{sourceNames[board.source]}</td>
            <td className="num">
              {board.source === "imported" && (
                <RemoveButton
                  board={board}
                  isAsked={asked === board.uid}
                  onAsk={(isAsked) => setAsked(isAsked ? board.uid : undefined)}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface RemoveButtonProps {
  readonly board: DashboardSummary;
  readonly isAsked: boolean;
  readonly onAsk: (isAsked: boolean) => void;
}

/** Asks once before it removes: there is no undo. */
function RemoveButton({ board, isAsked, onAsk }: RemoveButtonProps) {
  const client = useApi();
  const changed = useDashboardsChanged();
  const removal = useMutation({
    mutationFn: () =>
      client.own(`/dashboards/${encodeURIComponent(board.uid)}`, { method: "DELETE" }),
    onSuccess: changed,
  });
  if (removal.isError) return <span className="error-line">{removal.error.message}</span>;
  if (!isAsked) {
    return (
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label={`Remove ${board.title}`}
        title="Remove"
        onClick={() => onAsk(true)}
      >
        <Icon name="trash" />
      </button>
    );
  }
  return (
    <span className="row remove-ask">
      <button type="button" className="control is-small" onClick={() => onAsk(false)}>
        Keep it
      </button>
      <button
        type="button"
        className="control is-small is-primary"
        onClick={() => removal.mutate()}
      >
        Remove for good
      </button>
    </span>
  );
}
