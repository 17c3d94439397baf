/** Above the map: level, namespaces, what is left out, search, what edges say, the second window, map or list. */

import type { MapAnswer } from "../../src/api/wire/map.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { CompareControl } from "./compare-control.tsx";
import { namespacesOf } from "./map-model.ts";
import { type HiddenTraffic, hiddenKinds, type MapState } from "./map-state.ts";

interface MapToolbarProps {
  readonly state: MapState;
  readonly answer: MapAnswer | undefined;
  readonly foundCount: number;
  readonly change: (state: Partial<MapState>, options?: { readonly replace?: boolean }) => void;
  /** Jumps to the first that was found. */
  readonly onFind: () => void;
}

/** Lies over the upper edge of the canvas. */
export function MapToolbar({ state, answer, foundCount, change, onFind }: MapToolbarProps) {
  const toggle = (kind: HiddenTraffic) => {
    const hidden = new Set(state.hidden);
    if (!hidden.delete(kind)) hidden.add(kind);
    change({ hidden });
  };
  return (
    <div className="map-toolbar">
      <Segmented
        label="Level"
        value={state.level}
        options={[
          { value: "workload", label: "Workloads" },
          { value: "namespace", label: "Namespaces" },
        ]}
        onChange={(level) => change({ level, chosen: "", view: undefined })}
      />
      {state.level === "workload" && answer !== undefined && (
        <NamespaceChooser state={state} answer={answer} change={change} />
      )}
      <span className="row map-chips">
        {hiddenKinds.map(({ kind, label, help }) => (
          <button
            key={kind}
            type="button"
            className={`chip ${state.hidden.has(kind) ? "is-on" : ""}`}
            aria-pressed={state.hidden.has(kind)}
            title={`${label}: ${help}`}
            onClick={() => toggle(kind)}
          >
            Hide {label === "Probes" ? "probes" : label === "World" ? "world" : label}
            {state.hidden.has(kind) && <Icon name="close" />}
          </button>
        ))}
      </span>
      <i className="spacer" />
      <search className="map-search">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            onFind();
          }}
        >
          <input
            id="map-find"
            className="text-input"
            type="search"
            aria-label="Find a workload, namespace or label"
            placeholder="Find  /"
            value={state.find}
            onChange={(event) => change({ find: event.target.value }, { replace: true })}
          />
          {state.find !== "" && <span className="dim map-found">{foundCount} found</span>}
        </form>
      </search>
      <Segmented
        label="Edges say"
        value={state.metric}
        options={[
          { value: "rate", label: "Rate" },
          { value: "latency", label: "Latency" },
          { value: "errors", label: "Errors" },
        ]}
        onChange={(metric) => change({ metric })}
      />
      <CompareControl vs={state.vs} onChange={(vs) => change({ vs })} />
      <Segmented
        label="Shown as"
        value={state.isList ? "list" : "map"}
        options={[
          { value: "map", label: "Map" },
          { value: "list", label: "List" },
        ]}
        onChange={(view) => change({ isList: view === "list" })}
      />
    </div>
  );
}

function NamespaceChooser({
  state,
  answer,
  change,
}: {
  readonly state: MapState;
  readonly answer: MapAnswer;
  readonly change: MapToolbarProps["change"];
}) {
  const all = namespacesOf(answer);
  const chosen = new Set(state.namespaces);
  const label =
    chosen.size === 0
      ? `All ${all.length} namespaces`
      : `${chosen.size} of ${all.length} namespaces`;
  const choose = (names: readonly string[]) =>
    change({ namespaces: names, folded: new Set(), opened: new Set(), view: undefined });
  const toggle = (name: string) => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    choose([...next].sort());
  };
  return (
    <Popover
      label={`Choose namespaces: ${label}`}
      buttonClass={`control ${chosen.size > 0 ? "is-on" : ""}`}
      paneClass="map-namespaces"
      button={
        <>
          {label}
          <Icon name="down" />
        </>
      }
    >
      {() => (
        // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move among the buttons inside.
        <div className="menu" onKeyDown={moveFocus}>
          <button
            type="button"
            className={chosen.size === 0 ? "is-on" : ""}
            onClick={() => choose([])}
          >
            All
          </button>
          {all.map(({ name, workloads, flows }) => (
            <button
              key={name}
              type="button"
              aria-pressed={chosen.has(name)}
              className={chosen.has(name) ? "is-on" : ""}
              onClick={() => toggle(name)}
            >
              <span className="truncate">{name}</span>
              <i className="spacer" />
              <span className="dim">
                {workloads} workloads, {groupThousands(flows)} flows
              </span>
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}
