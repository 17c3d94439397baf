/** Import of Grafana's JSON: a file dropped or chosen, text pasted, or an address fetched by the server where that is allowed. */

import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useId, useState } from "react";
import type { DashboardImported } from "../../src/api/wire/server.ts";
import { useApi, useDashboardsChanged, useServerStatus } from "../api/server-queries.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";

type ImportSource =
  | { readonly kind: "text"; readonly text: string; readonly name: string }
  | { readonly kind: "url"; readonly url: string };

/** Stays open to show what was understood only in part. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const client = useApi();
  const changed = useDashboardsChanged();
  const { data: status } = useServerStatus();
  const [text, setText] = useState("");
  const [url, setUrl] = useState("");
  const run = useMutation({
    mutationFn: (source: ImportSource) =>
      source.kind === "url"
        ? client.own<DashboardImported>("/dashboards/import-url", {
            method: "POST",
            body: { url: source.url },
          })
        : client.own<DashboardImported>(`/dashboards?name=${encodeURIComponent(source.name)}`, {
            method: "POST",
            body: source.text,
          }),
    onSuccess: changed,
  });
  return (
    <Dialog label="Import a Grafana dashboard" onClose={onClose}>
      <div className="dialog-head">
        <h2>Import a Grafana dashboard</h2>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="import-body">
        <FileZone onFile={(name, content) => run.mutate({ kind: "text", text: content, name })} />
        <label className="field">
          <span>Or paste its JSON</span>
          <textarea
            value={text}
            spellCheck={false}
            placeholder='{"title": "…", "panels": […]}'
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        {status?.canImportByUrl === true && (
          <label className="field">
            <span>Or the address of a JSON file, fetched by the server</span>
            <input
              type="url"
              value={url}
              placeholder="https://…/dashboard.json"
              onChange={(event) => setUrl(event.target.value)}
            />
          </label>
        )}
        <div className="row">
          <button
            type="button"
            className="control is-primary"
            disabled={(text.trim() === "" && url.trim() === "") || run.isPending}
            onClick={() =>
              run.mutate(
                text.trim() !== ""
                  ? { kind: "text", text, name: "the pasted text" }
                  : { kind: "url", url: url.trim() },
              )
            }
          >
            {run.isPending ? "Importing" : "Import"}
          </button>
          {status?.canImportByUrl === false && (
            <span className="dim">
              By address: start the server with <code>--web.allow-import-url</code>.
            </span>
          )}
        </div>
        {run.isError && (
          <p className="row" role="alert">
            <Glyph kind="crit" /> <span>{run.error.message}</span>
          </p>
        )}
        {run.data !== undefined && <ImportResult imported={run.data} />}
      </div>
    </Dialog>
  );
}

function ImportResult({ imported }: { readonly imported: DashboardImported }) {
  const { params } = useRoute();
  const { problems, uid } = imported;
  return (
    <div className="import-result" role="status">
      <p className="row">
        <Glyph kind={problems.length === 0 ? "ok" : "warn"} />
        <span>
          Imported.{" "}
          {problems.length > 0 &&
            `${problems.length} thing${problems.length === 1 ? " is" : "s are"} not drawn as the file means; each is said on its panel.`}
        </span>
        <Link className="link" href={pageHref(`/d/${encodeURIComponent(uid)}`, params)}>
          Open it
        </Link>
      </p>
      {problems.length > 0 && (
        <ul>
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function FileZone({ onFile }: { readonly onFile: (name: string, content: string) => void }) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  const read = (files: FileList | null) => {
    const file = files?.[0];
    if (file !== undefined) void file.text().then((content) => onFile(file.name, content));
  };
  const drag = (isOverNow: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(isOverNow);
  };
  return (
    <label
      htmlFor={id}
      className={`drop-zone ${isOver ? "is-over" : ""}`}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        read(event.dataTransfer.files);
      }}
    >
      <Icon name="upload" />
      <span>
        Drop a dashboard's JSON file here, or <span className="link">choose one</span>
      </span>
      <span className="dim">Exports of Grafana from schema 14 on, and files of grafana.com.</span>
      <input
        id={id}
        className="visually-hidden"
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          read(event.target.files);
          event.target.value = "";
        }}
      />
    </label>
  );
}
