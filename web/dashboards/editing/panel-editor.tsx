/** One panel under edit: it is drawn as it will be, its queries below it, its settings beside it. Changes go to the draft at once. */

import { useMemo } from "react";
import { changePanel, removePanel } from "../../../src/dashboard/edit-dashboard.ts";
import type { VariableScope } from "../../../src/dashboard/interpolate.ts";
import { asObject, asObjects, type JsonObject } from "../../../src/dashboard/json-reader.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { readPanel } from "../../../src/dashboard/panel.ts";
import { writePanel } from "../../../src/dashboard/write-panel.ts";
import { useKeys } from "../../app/keys-context.ts";
import { Icon } from "../../ui/icon.tsx";
import { PanelFrame } from "../panel-frame.tsx";
import type { PanelSurroundings } from "../panel-surroundings.ts";
import { PanelSettings } from "./panel-settings.tsx";
import { QueryFields } from "./query-fields.tsx";
import type { DashboardEditing } from "./use-draft.ts";

interface PanelEditorProps {
  /** As the draft has it. */
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly surroundings: PanelSurroundings;
  readonly editing: DashboardEditing;
  readonly onClose: () => void;
}

export function PanelEditor({ panel, scope, surroundings, editing, onClose }: PanelEditorProps) {
  useKeys([{ keys: "Escape", label: "Back to the dashboard", group: "Editor", run: onClose }]);
  // Panels of old kinds are edited in today's spelling.
  const raw = useMemo(() => writePanel(panel), [panel]);
  const drawn = useMemo(() => readPanel(raw, panel.id), [raw, panel.id]);
  const put = (next: JsonObject) =>
    editing.change((json) => changePanel(json, panel.id, () => next), `panel ${panel.id}`);
  const targets = asObjects(raw["targets"]);
  return (
    <div className="panel-editor">
      <div className="viewed-bar">
        <button type="button" className="control is-ghost is-small" onClick={onClose}>
          <Icon name="back" />
          Back to the dashboard <kbd>esc</kbd>
        </button>
        <i className="spacer" />
        <button
          type="button"
          className="control is-ghost is-small"
          onClick={() => {
            editing.change((json) => removePanel(json, panel.id));
            onClose();
          }}
        >
          <Icon name="trash" />
          Remove the panel
        </button>
      </div>
      <div className="panel-editor-main">
        <div className="panel-editor-preview">
          <PanelFrame panel={drawn} scope={scope} surroundings={surroundings} isViewed />
        </div>
        <section aria-label="Queries" className="panel-editor-queries">
          <QueryFields targets={targets} onChange={(next) => put({ ...raw, targets: next })} />
        </section>
      </div>
      <aside aria-label="Panel settings" className="panel-editor-settings">
        <PanelSettings
          raw={raw}
          defaults={asObject(asObject(raw["fieldConfig"])["defaults"])}
          onChange={put}
        />
      </aside>
    </div>
  );
}
