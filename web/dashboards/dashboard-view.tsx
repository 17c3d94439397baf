/** A dashboard's variables and its panels on the 24-column grid, row by row. */

import { lazy, type ReactNode, useMemo, useRef, useState } from "react";
import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Dashboard, Panel } from "../../src/dashboard/model.ts";
import { ErrorBoundary } from "../app/error-boundary.tsx";
import { useKeys } from "../app/keys-context.ts";
import { CrosshairContext, CrosshairStore } from "../charts/crosshair.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { useZoom } from "../time/use-zoom.ts";
import { Icon } from "../ui/icon.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { DoctorDialog } from "./doctor-dialog.tsx";
import type { DashboardEditing } from "./editing/use-draft.ts";
import { type GridSection, gridHoles, gridSections, type PlacedPanel } from "./grid-sections.ts";
import { PanelFrame } from "./panel-frame.tsx";
import { PanelInspector } from "./panel-inspector.tsx";
import type { PanelSurroundings } from "./panel-surroundings.ts";
import { expandRepeats, originalId } from "./repeats.ts";
import { useAnnotations } from "./use-annotations.ts";
import { useVariables } from "./use-variables.ts";
import { VariablesBar } from "./variables-bar.tsx";

const PanelEditor = lazy(async () => ({
  default: (await import("./editing/panel-editor.tsx")).PanelEditor,
}));

interface DashboardViewProps {
  readonly dashboard: Dashboard;
  readonly problems: readonly string[];
  readonly editing: DashboardEditing;
  readonly editBar: ReactNode;
}

export function DashboardView(props: DashboardViewProps) {
  const { dashboard, problems, editing } = props;
  const { params } = useRoute();
  const router = useRouter();
  const time = usePageTime();
  const zoom = useZoom();
  const touched = useRef<Panel>(undefined);
  const variables = useVariables(dashboard);
  const states = variables.data?.states;
  const scope = useMemo<VariableScope | undefined>(
    () =>
      states === undefined
        ? undefined
        : { variables: states, rangeText: time.text, filters: variables.data?.filters ?? [] },
    [states, time.text, variables.data?.filters],
  );
  const events = useAnnotations(dashboard.annotations, scope);
  const [crosshair] = useState(() => new CrosshairStore());
  const expanded = useMemo(
    () =>
      scope === undefined
        ? { panels: [], scopedOf: new Map() }
        : expandRepeats(dashboard.panels, scope),
    [dashboard.panels, scope],
  );
  const surroundings: PanelSurroundings = {
    syncKey: dashboard.crosshair === "off" ? undefined : "page",
    zoom,
    events,
    onView: (panel) =>
      router.setParams({ panel: params.get("panel") === null ? String(panel.id) : null }),
    onInspect: (panel) => router.setParams({ inspect: String(panel.id) }),
    onDoctor: (panel) => router.setParams({ doctor: String(panel.id) }),
    ...(params.get("edit") === null
      ? {}
      : {
          edit: {
            editing,
            onEdit: (panel) => router.setParams({ editpanel: String(originalId(panel)) }),
          },
        }),
    onTouch: (panel) => {
      touched.current = panel;
    },
  };
  const withTouched = (run: (panel: Panel) => void) => () => {
    if (touched.current !== undefined) run(touched.current);
  };
  useKeys([
    {
      keys: "v",
      label: "View the panel under the pointer alone",
      group: "Dashboard",
      run: withTouched(surroundings.onView),
    },
    {
      keys: "i",
      label: "Inspect the panel under the pointer",
      group: "Dashboard",
      run: withTouched(surroundings.onInspect),
    },
    {
      keys: "d",
      label: "Ask the doctor about the panel under the pointer",
      group: "Dashboard",
      run: withTouched(surroundings.onDoctor),
    },
  ]);
  if (scope === undefined) return <Skeleton label="Reading the dashboard's variables" />;
  const viewed = findPanel(expanded.panels, params.get("panel"));
  const inspected = findPanel(expanded.panels, params.get("inspect"));
  // Repeats are not expanded for the editor: what is edited is the panel of the file.
  const edited = findPanel(dashboard.panels, params.get("editpanel"));
  const examined = findPanel(expanded.panels, params.get("doctor"));
  const scopeOf = (panel: Panel): VariableScope => ({
    ...scope,
    scoped: expanded.scopedOf.get(panel) ?? {},
  });
  return (
    <CrosshairContext value={dashboard.crosshair === "off" ? null : crosshair}>
      <VariablesBar
        variables={variables.data?.chosen ?? []}
        isLoading={variables.isFetching}
        problems={problems}
        dashboard={dashboard}
        scope={scope}
        editBar={props.editBar}
      />
      {edited !== undefined ? (
        <PanelEditor
          key={edited.id}
          panel={edited}
          scope={scopeOf(edited)}
          surroundings={surroundings}
          editing={editing}
          onClose={() => router.setParams({ editpanel: null })}
        />
      ) : viewed === undefined ? (
        <Sections panels={expanded.panels} scopeOf={scopeOf} surroundings={surroundings} />
      ) : (
        <ViewedPanel panel={viewed} scope={scopeOf(viewed)} surroundings={surroundings} />
      )}
      {inspected !== undefined && (
        <PanelInspector
          panel={inspected}
          scope={scopeOf(inspected)}
          onClose={() => router.setParams({ inspect: null })}
        />
      )}
      {examined !== undefined && (
        <DoctorDialog
          panel={examined}
          scope={scopeOf(examined)}
          onClose={() => router.setParams({ doctor: null })}
        />
      )}
    </CrosshairContext>
  );
}

function findPanel(panels: readonly Panel[], id: string | null): Panel | undefined {
  return panels
    .flatMap((panel) => [panel, ...panel.panels])
    .find((panel) => String(panel.id) === id);
}

function ViewedPanel({
  panel,
  scope,
  surroundings,
}: {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly surroundings: PanelSurroundings;
}) {
  const router = useRouter();
  useKeys([
    {
      keys: "Escape",
      label: "Back to the dashboard",
      group: "Dashboard",
      run: () => router.setParams({ panel: null }),
    },
  ]);
  return (
    <div className="viewed-panel">
      <div className="viewed-bar">
        <button
          type="button"
          className="control is-ghost is-small"
          onClick={() => router.setParams({ panel: null })}
        >
          <Icon name="back" />
          Back to the dashboard <kbd>esc</kbd>
        </button>
      </div>
      <PanelFrame panel={panel} scope={scope} surroundings={surroundings} isViewed />
    </div>
  );
}

interface SectionsProps {
  readonly panels: readonly Panel[];
  readonly scopeOf: (panel: Panel) => VariableScope;
  readonly surroundings: PanelSurroundings;
}

function Sections({ panels, scopeOf, surroundings }: SectionsProps) {
  const sections = useMemo(() => gridSections(panels), [panels]);
  if (sections.length === 0) return <Note kind="mute" title="This dashboard has no panels." />;
  return (
    <>
      {sections.map((section) => (
        <Section
          key={section.key}
          section={section}
          scopeOf={scopeOf}
          surroundings={surroundings}
        />
      ))}
    </>
  );
}

interface SectionProps extends Omit<SectionsProps, "panels"> {
  readonly section: GridSection;
}

/** A row's head folds its grid; folded panels are not there at all and ask nothing. */
function Section({ section, scopeOf, surroundings }: SectionProps) {
  const { row, panels } = section;
  const [isOpen, setOpen] = useState(row === undefined || !row.isCollapsed);
  const holes = useMemo(() => gridHoles(panels), [panels]);
  const isBelowHead = row !== undefined;
  return (
    <section className="sheet">
      {row !== undefined && (
        <button
          type="button"
          className="row-head"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? "down" : "right"} />
          <span>{interpolate(row.title, scopeOf(row), "text") || "Row"}</span>
          <span className="dim">
            {panels.length} panel{panels.length === 1 ? "" : "s"}
          </span>
        </button>
      )}
      {isOpen &&
        panels.map((placed) => (
          <div key={placed.panel.id} className="grid-cell" style={place(placed, isBelowHead)}>
            <ErrorBoundary what={`Panel “${placed.panel.title}”`}>
              <PanelFrame
                panel={placed.panel}
                scope={scopeOf(placed.panel)}
                surroundings={surroundings}
              />
            </ErrorBoundary>
          </div>
        ))}
      {isOpen &&
        holes.map((hole) => (
          <i
            key={`${hole.line} ${hole.column}`}
            className="sheet-hole"
            style={place(hole, isBelowHead)}
          />
        ))}
    </section>
  );
}

function place(placed: Omit<PlacedPanel, "panel">, isBelowHead: boolean) {
  const line = placed.line + (isBelowHead ? 1 : 0);
  return {
    gridColumn: `${placed.column} / span ${placed.columnSpan}`,
    gridRow: `${line} / span ${placed.lineSpan}`,
  };
}
