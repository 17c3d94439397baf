/** Saving: a sentence for the history; a copy where the dashboard is read only; over others' changes only when asked. */

import { type FormEvent, useState } from "react";
import type { DashboardAnswer } from "../../../src/api/wire/server.ts";
import { asString } from "../../../src/dashboard/json-reader.ts";
import { ApiError } from "../../api/api-client.ts";
import { pageHref } from "../../app/navigation.tsx";
import { useRoute, useRouter } from "../../router/router-context.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import type { DashboardEditing, SaveRequest } from "./use-draft.ts";

interface SaveDialogProps {
  readonly answer: DashboardAnswer;
  readonly editing: DashboardEditing;
  readonly onClose: () => void;
}

export function SaveDialog({ answer, editing, onClose }: SaveDialogProps) {
  const router = useRouter();
  const { params } = useRoute();
  const { summary } = answer;
  const isReadOnly = summary.source !== "imported";
  const [message, setMessage] = useState("");
  const [title, setTitle] = useState(`${asString(editing.json["title"], summary.title)} copy`);
  const [isCopy, setCopy] = useState(isReadOnly);
  const { save } = editing;
  const run = (request: SaveRequest) =>
    save.mutate(request, {
      onSuccess: (uid) => {
        onClose();
        if (uid !== summary.uid) router.navigate(pageHref(`/d/${encodeURIComponent(uid)}`, params));
      },
    });
  const request: SaveRequest = isCopy ? { message, copyTitle: title } : { message };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(request);
  };
  const isConflict = save.error instanceof ApiError && save.error.message.includes("meanwhile");
  return (
    <Dialog label="Save the dashboard" onClose={onClose}>
      <div className="dialog-head">
        <h2>Save the dashboard</h2>
      </div>
      <form className="import-body" onSubmit={submit}>
        {isReadOnly ? (
          <p>
            {summary.source === "shipped"
              ? "It is shipped with Ciliascope"
              : "It is provisioned from a folder"}
            , so your changes are saved as a copy.
          </p>
        ) : (
          <label className="menu-check">
            <input type="checkbox" checked={isCopy} onChange={() => setCopy(!isCopy)} />
            As a copy
          </label>
        )}
        {isCopy && (
          <label className="field">
            <span>Title of the copy</span>
            <input type="text" value={title} onChange={(event) => setTitle(event.target.value)} />
          </label>
        )}
        <label className="field">
          <span>What changed (for the version history)</span>
          <input type="text" value={message} onChange={(event) => setMessage(event.target.value)} />
        </label>
        {save.isError && (
          <p className="row" role="alert">
            <Glyph kind="crit" />
            <span>{save.error.message} Your changes are kept in this browser.</span>
          </p>
        )}
        <div className="row">
          <button type="submit" className="control is-primary" disabled={save.isPending}>
            {isCopy ? "Save the copy" : "Save"}
          </button>
          {isConflict && (
            <button
              type="button"
              className="control"
              onClick={() => run({ ...request, isForced: true })}
            >
              Save over it
            </button>
          )}
          <button type="button" className="control" onClick={onClose}>
            Keep editing
          </button>
        </div>
      </form>
    </Dialog>
  );
}
