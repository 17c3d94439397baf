/** The line above a dashboard that says what is unsaved and offers what can be done: add, undo, save, versions, export. */

import { useState } from "react";
import type { DashboardAnswer } from "../../../src/api/wire/server.ts";
import { addPanel } from "../../../src/dashboard/edit-dashboard.ts";
import { asString } from "../../../src/dashboard/json-reader.ts";
import { useKeys } from "../../app/keys-context.ts";
import { useRoute, useRouter } from "../../router/router-context.tsx";
import { downloadText, fileName } from "../../ui/download.ts";
import { Badge } from "../../ui/glyph.tsx";
import { Icon } from "../../ui/icon.tsx";
import { SaveDialog } from "./save-dialog.tsx";
import type { DashboardEditing } from "./use-draft.ts";
import { VersionsDialog } from "./versions-dialog.tsx";

interface EditBarProps {
  readonly answer: DashboardAnswer;
  readonly editing: DashboardEditing;
}

type OpenDialog = "save" | "versions" | undefined;

/** Shown while editing, and whenever there are unsaved changes. */
export function EditBar({ answer, editing }: EditBarProps) {
  const router = useRouter();
  const { params } = useRoute();
  const [open, setOpen] = useState<OpenDialog>();
  const isEditing = params.get("edit") !== null;
  const setEditing = (isOn: boolean) => router.setParams({ edit: isOn ? "1" : null });
  useKeys([
    {
      keys: "e",
      label: isEditing ? "Stop editing" : "Edit the dashboard",
      group: "Dashboard",
      run: () => setEditing(!isEditing),
    },
  ]);
  const add = () => {
    const { draft, id } = addPanel(editing.json);
    editing.change(() => draft);
    router.setParams({ editpanel: String(id), edit: "1" });
  };
  return (
    <div className="edit-bar" role="toolbar" aria-label="Editing">
      {isEditing && (
        <>
          <button type="button" className="control is-small" onClick={add}>
            <Icon name="plus" />
            Add panel
          </button>
          <button
            type="button"
            className="control is-small"
            disabled={!editing.canUndo}
            onClick={editing.undo}
          >
            Undo
          </button>
        </>
      )}
      {editing.isDirty && (
        <>
          <Badge kind="warn">Unsaved changes</Badge>
          <button type="button" className="control is-small" onClick={editing.discard}>
            Discard them
          </button>
          <button
            type="button"
            className="control is-small is-primary"
            onClick={() => setOpen("save")}
          >
            Save
          </button>
        </>
      )}
      {isEditing && (
        <>
          <button type="button" className="control is-small" onClick={() => setOpen("versions")}>
            <Icon name="history" />
            Versions
          </button>
          <button type="button" className="control is-small" onClick={() => downloadJson(editing)}>
            <Icon name="download" />
            Export JSON
          </button>
        </>
      )}
      <button
        type="button"
        className="control is-small"
        aria-pressed={isEditing}
        onClick={() => setEditing(!isEditing)}
      >
        <Icon name="edit" />
        {isEditing ? "Stop editing" : "Edit"} <kbd>e</kbd>
      </button>
      {open === "save" && (
        <SaveDialog answer={answer} editing={editing} onClose={() => setOpen(undefined)} />
      )}
      {open === "versions" && (
        <VersionsDialog answer={answer} editing={editing} onClose={() => setOpen(undefined)} />
      )}
    </div>
  );
}

function downloadJson({ json }: DashboardEditing): void {
  const name = `${fileName(asString(json["title"]), "dashboard")}.json`;
  downloadText(`${JSON.stringify(json, null, 2)}\n`, name, "application/json");
}
