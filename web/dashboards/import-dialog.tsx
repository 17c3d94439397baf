/** Import of Grafana's JSON: files or a folder dropped or chosen, text pasted, or an address fetched by the server where that is allowed. */

import { useMutation } from "@tanstack/react-query";
import { type ChangeEvent, type DragEvent, useId, useState } from "react";
import type { DashboardImported } from "../../src/api/wire/server.ts";
import { errorMessage } from "../../src/base/errors.ts";
import { useApi, useDashboardsChanged, useServerStatus } from "../api/server-queries.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";

type ImportSource =
  | { readonly kind: "text"; readonly text: string; readonly name: string }
  | { readonly kind: "files"; readonly files: readonly File[] }
  | { readonly kind: "url"; readonly url: string };

/** What came of one file. */
type ImportOutcome = { readonly name: string } & (
  | { readonly imported: DashboardImported }
  | { readonly error: string }
);

/** Stays open to show what was understood only in part. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const client = useApi();
  const changed = useDashboardsChanged();
  const { data: status } = useServerStatus();
  const [text, setText] = useState("");
  const [url, setUrl] = useState("");
  const post = (path: string, body: unknown) =>
    client.own<DashboardImported>(path, { method: "POST", body });
  const postText = (name: string, content: string) =>
    post(`/dashboards?name=${encodeURIComponent(name)}`, content);
  const run = useMutation({
    mutationFn: async (source: ImportSource): Promise<readonly ImportOutcome[]> => {
      switch (source.kind) {
        case "url":
          return [
            {
              name: source.url,
              imported: await post("/dashboards/import-url", { url: source.url }),
            },
          ];
        case "text":
          return [{ name: source.name, imported: await postText(source.name, source.text) }];
        default:
          return importFiles(source.files, postText);
      }
    },
    onSettled: changed,
  });
  return (
    <Dialog label="Import a Grafana dashboard" onClose={onClose}>
      <div className="dialog-head">
        <h2>Import a Grafana dashboard</h2>
        <i className="spacer" />
        <CloseButton onClose={onClose} />
      </div>
      <div className="import-body">
        <FileZone onFiles={(files) => run.mutate({ kind: "files", files })} />
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
        {run.data?.length === 0 && <p className="dim">There is no JSON file among them.</p>}
        {run.data?.map((outcome, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: files of different folders may have one name.
          <ImportResult key={index} outcome={outcome} isNamed={run.data.length > 1} />
        ))}
      </div>
    </Dialog>
  );
}

/** One file after the other: what is wrong with one is said of it, and the others are imported. */
async function importFiles(
  files: readonly File[],
  post: (name: string, text: string) => Promise<DashboardImported>,
): Promise<readonly ImportOutcome[]> {
  const outcomes: ImportOutcome[] = [];
  for (const file of files) {
    const name = file.webkitRelativePath || file.name;
    try {
      outcomes.push({ name, imported: await post(file.name, await file.text()) });
    } catch (thrown) {
      outcomes.push({ name, error: errorMessage(thrown) });
    }
  }
  return outcomes;
}

interface ImportResultProps {
  readonly outcome: ImportOutcome;
  /** One of several: its file is named. */
  readonly isNamed: boolean;
}

function ImportResult({ outcome, isNamed }: ImportResultProps) {
  const { params } = useRoute();
  const { name } = outcome;
  if ("error" in outcome) {
    return (
      <p className="row" role="alert">
        <Glyph kind="crit" />
        <span>
          {name}: {outcome.error}
        </span>
      </p>
    );
  }
  const { problems, uid } = outcome.imported;
  return (
    <div className="import-result" role="status">
      <p className="row">
        <Glyph kind={problems.length === 0 ? "ok" : "warn"} />
        <span>
          {isNamed ? `${name} imported.` : "Imported."}{" "}
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

function FileZone({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const [isOver, setOver] = useState(false);
  const [fileId, folderId] = [useId(), useId()];
  const give = (files: Iterable<File>) => onFiles([...files].filter(isJsonFile));
  const drag = (isOverNow: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(isOverNow);
  };
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    give(event.target.files ?? []);
    event.target.value = "";
  };
  return (
    <label
      htmlFor={fileId}
      className={`drop-zone ${isOver ? "is-over" : ""}`}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void droppedFiles(event.dataTransfer).then(give);
      }}
    >
      <Icon name="upload" />
      <span>
        Drop dashboards' JSON files or a folder here, or <span className="link">choose files</span>{" "}
        or{" "}
        <label className="link" htmlFor={folderId}>
          a folder
        </label>
      </span>
      <span className="dim">Exports of Grafana from schema 14 on, and files of grafana.com.</span>
      <input
        id={fileId}
        className="visually-hidden"
        type="file"
        multiple
        accept=".json,application/json"
        onChange={choose}
      />
      <input
        id={folderId}
        className="visually-hidden"
        type="file"
        aria-label="A folder of dashboards"
        // React's types leave this attribute out; browsers have it.
        {...{ webkitdirectory: "" }}
        onChange={choose}
      />
    </label>
  );
}

function isJsonFile({ name }: File): boolean {
  return name.toLowerCase().endsWith(".json");
}

/** Files of what was dropped, those of folders too. */
async function droppedFiles(data: DataTransfer): Promise<readonly File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory === true)) return [...data.files];
  const found = await Promise.all(entries.map((entry) => (entry === null ? [] : filesOf(entry))));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry): Promise<readonly File[]> {
  if (entry.isFile) {
    return [
      await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail)),
    ];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A browser gives the entries of a folder in parts, an empty one at the end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    );
    if (part.length === 0) return files;
    for (const inner of part) files.push(...(await filesOf(inner)));
  }
}
