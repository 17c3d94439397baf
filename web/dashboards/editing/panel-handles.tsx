/** While editing: a bar on each panel to move it (drag, or arrow keys), resize it (⇧ arrows, the corner), edit, copy, remove. */

import { type PointerEvent, useRef } from "react";
import { duplicatePanel, movePanel, removePanel } from "../../../src/dashboard/edit-dashboard.ts";
import type { GridPosition, Panel } from "../../../src/dashboard/model.ts";
import { Icon } from "../../ui/icon.tsx";
import type { DashboardEditing } from "./use-draft.ts";

interface PanelHandlesProps {
  readonly panel: Panel;
  readonly editing: DashboardEditing;
  readonly onEdit: (panel: Panel) => void;
  /** Width of the panel. */
  readonly widthPx: number;
}

const gridColumns = 24;
/** Height of a grid unit with its gap, px. */
const unitHeightPx = 38;
/** In narrower panels the bar would cover the title: it lies at the foot. */
const titleBesideBarPx = 260;

export function PanelHandles({ panel, editing, onEdit, widthPx }: PanelHandlesProps) {
  const { gridPos } = panel;
  const name = panel.title === "" ? "the panel" : panel.title;
  const put = (change: Partial<GridPosition>) =>
    editing.change(
      (json) => movePanel(json, panel.id, { ...gridPos, ...change }),
      `move ${panel.id}`,
    );
  const move = useGridDrag((columns, lines) =>
    put({ x: gridPos.x + columns, y: gridPos.y + lines }),
  );
  const resize = useGridDrag((columns, lines) =>
    put({ w: gridPos.w + columns, h: gridPos.h + lines }),
  );
  return (
    <>
      <div className={`panel-handles ${widthPx < titleBesideBarPx ? "is-low" : ""}`}>
        <button
          type="button"
          className="control is-ghost is-small is-icon is-grab"
          aria-label={`Move ${name}: arrow keys, with shift its size`}
          title="Drag, or arrow keys; ⇧ arrows change the size"
          {...move}
          onKeyDown={(event) => {
            const step = arrows[event.key];
            if (step === undefined) return;
            event.preventDefault();
            event.stopPropagation();
            const [columns, lines] = step;
            if (event.shiftKey) put({ w: gridPos.w + columns, h: gridPos.h + lines });
            else put({ x: gridPos.x + columns, y: gridPos.y + lines });
          }}
        >
          <Icon name="expand" />
        </button>
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label={`Edit ${name}`}
          title="Edit"
          onClick={() => onEdit(panel)}
        >
          <Icon name="edit" />
        </button>
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label={`Copy ${name}`}
          title="Copy"
          onClick={() => editing.change((json) => duplicatePanel(json, panel))}
        >
          <Icon name="copy" />
        </button>
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label={`Remove ${name}`}
          title="Remove"
          onClick={() => editing.change((json) => removePanel(json, panel.id))}
        >
          <Icon name="trash" />
        </button>
      </div>
      <i className="panel-corner" aria-hidden="true" {...resize} />
    </>
  );
}

const arrows: Readonly<Record<string, readonly [columns: number, lines: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Drags on the grid; the change is told once, at the end. */
function useGridDrag(onEnd: (columns: number, lines: number) => void) {
  const start = useRef<{ x: number; y: number }>(undefined);
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, y: event.clientY };
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const from = start.current;
      start.current = undefined;
      const sheet = event.currentTarget.closest<HTMLElement>(".sheet");
      if (from === undefined || sheet === null) return;
      const columns = Math.round((event.clientX - from.x) / (sheet.clientWidth / gridColumns));
      const lines = Math.round((event.clientY - from.y) / unitHeightPx);
      if (columns !== 0 || lines !== 0) onEnd(columns, lines);
    },
  };
}
