/** Above the table: the query box with save and export, toggles with their effect, grouping and columns. */

import { useState } from "react";
import type { FilterErrorAnswer } from "../../src/api/wire/flows.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { defaultColumns, type FlowColumn, flowColumns } from "./flow-columns.tsx";
import { FlowQueryBox } from "./flow-query-box.tsx";
import { type FlowToggle, filterParams, flowQuery, flowToggles } from "./flow-toggles.ts";
import { openSavedFilters } from "./saved-filters.ts";
import { type FlowPage, groupFieldsMax } from "./use-flow-state.ts";
import { spanParams, useFlowFields, useSteadyCount } from "./use-flows.ts";

/** Counting what a toggle would take costs a pass over the window each; beyond this many flows it is not asked. */
const effectFlowsMax = 2_000_000;

interface FlowToolbarProps {
  readonly page: FlowPage;
  readonly fault: FilterErrorAnswer | undefined;
  /** Flows of the window; undefined while the filter is not known to be right. */
  readonly total: number | undefined;
}

export function FlowToolbar({ page, fault, total }: FlowToolbarProps) {
  const { state } = page;
  const isCheap = total !== undefined && total > 0 && total <= effectFlowsMax;
  return (
    <div className="flow-toolbar">
      <div className="flow-toolbar-line">
        <FlowQueryBox text={state.q} fault={fault} onChange={page.setText} />
        <SaveMenu page={page} />
        <ExportMenu page={page} />
      </div>
      <div className="flow-toolbar-line is-chips">
        {flowToggles.map((toggle) => (
          <ToggleChip
            key={toggle.id}
            toggle={toggle}
            page={page}
            isCounted={isCheap && fault === undefined}
          />
        ))}
        {state.not.map((line) => (
          <LineChip
            key={`not ${line}`}
            word="not"
            line={line}
            onRemove={() => page.exclude(line)}
          />
        ))}
        {state.only.map((line) => (
          <LineChip
            key={`only ${line}`}
            word="only"
            line={line}
            onRemove={() => page.keepOnly(line)}
          />
        ))}
        <i className="spacer" />
        <GroupMenu page={page} />
        <ColumnMenu page={page} />
      </div>
    </div>
  );
}

interface ToggleChipProps {
  readonly toggle: FlowToggle;
  readonly page: FlowPage;
  readonly isCounted: boolean;
}

function ToggleChip({ toggle, page, isCounted }: ToggleChipProps) {
  const { state } = page;
  const isOn = state.toggles.includes(toggle.id);
  const flipped = isOn
    ? state.toggles.filter((id) => id !== toggle.id)
    : [...state.toggles, toggle.id];
  const here = useSteadyCount(state.filter, isCounted);
  const there = useSteadyCount(filterParams({ ...state, toggles: flipped }), isCounted);
  const isPair = here !== undefined && there !== undefined && here.window === there.window;
  const effect = isCounted && isPair ? effectOf(toggle, isOn, here.matched, there.matched) : 0;
  return (
    <button
      type="button"
      className={`chip flow-chip ${isOn ? "is-on" : ""}`}
      aria-pressed={isOn}
      title={
        effect === 0 ? toggle.help : `${toggle.help}: ${groupThousands(effect)} in this window`
      }
      onClick={() => page.flipToggle(toggle.id)}
    >
      {toggle.label}
      {effect > 0 && !isOn && <span className="flow-chip-count">×{groupThousands(effect)}</span>}
      {isOn && <Icon name="close" />}
    </button>
  );
}

/** Flows that a hiding toggle takes, or that an "only" leaves. */
function effectOf(toggle: FlowToggle, isOn: boolean, here: number, there: number): number {
  if (toggle.kind === "only") return isOn ? here : there;
  return Math.abs(here - there);
}

function LineChip(props: {
  readonly word: string;
  readonly line: string;
  readonly onRemove: () => void;
}) {
  return (
    <button
      type="button"
      className="chip flow-chip is-on"
      title="Take this condition away"
      onClick={props.onRemove}
    >
      <span className="dim">{props.word}</span>
      <span className="mono truncate">{props.line}</span>
      <Icon name="close" />
    </button>
  );
}

/** Names the present filter, and lists what was named. */
function SaveMenu({ page }: { readonly page: FlowPage }) {
  const [saved, setSaved] = useState(() => openSavedFilters().list());
  const [name, setName] = useState("");
  const { q, toggles, not, only } = page.state;
  const isEmpty = q === "" && toggles.length + not.length + only.length === 0;
  const change = (run: (store: ReturnType<typeof openSavedFilters>) => void) => {
    const store = openSavedFilters();
    run(store);
    setSaved(store.list());
  };
  return (
    <Popover label="Save or load a filter" button="Save" align="right" paneClass="flow-save">
      {(close) => (
        <>
          <form
            className="flow-save-form"
            onSubmit={(event) => {
              event.preventDefault();
              if (name.trim() === "" || isEmpty) return;
              change((store) => store.save({ name: name.trim(), q, toggles, not, only }));
              setName("");
            }}
          >
            <label className="field">
              {isEmpty ? "There is no filter to save yet" : "Save this filter as"}
              <input
                value={name}
                maxLength={60}
                disabled={isEmpty}
                onChange={(event) => setName(event.target.value)}
              />
            </label>
            <button
              type="submit"
              className="control is-primary"
              disabled={isEmpty || name.trim() === ""}
            >
              Save
            </button>
          </form>
          {saved.map((filter) => (
            <div className="flow-saved" key={filter.name}>
              <button
                type="button"
                className="flow-saved-name"
                onClick={() => {
                  page.setFilter(filter);
                  close();
                }}
              >
                {filter.name}
                <span className="mono dim truncate">{filter.q}</span>
              </button>
              <button
                type="button"
                className="control is-ghost is-icon is-small"
                aria-label={`Remove the saved filter ${filter.name}`}
                onClick={() => change((store) => store.remove(filter.name))}
              >
                <Icon name="trash" />
              </button>
            </div>
          ))}
        </>
      )}
    </Popover>
  );
}

/** All flows of the window and the filter, as a file. */
function ExportMenu({ page }: { readonly page: FlowPage }) {
  const time = usePageTime();
  const href = (format: string) => {
    const { fromMs, toMs } = time.resolve();
    const columns = exportFields(page.state.columns, flowColumns(time.zone));
    const more = { ...spanParams(time), since: fromMs / 1000, until: toMs / 1000, format };
    return `/api/ciliascope/v1/flows/export?${flowQuery(page.state.filter, format === "csv" ? { ...more, columns } : more)}`;
  };
  return (
    <Popover
      label="Export the flows of this window"
      button={<Icon name="download" />}
      buttonClass="control is-icon"
      align="right"
    >
      {(close) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move among the links inside.
        <div className="menu" onKeyDown={moveFocus}>
          <a href={href("jsonl")} download="flows.jsonl" onClick={close}>
            JSON lines, as Hubble's exporter writes
          </a>
          <a href={href("csv")} download="flows.csv" onClick={close}>
            CSV with the columns shown
          </a>
        </div>
      )}
    </Popover>
  );
}

/** CSV has time and uuid first; columns that no field stands for are left out. */
export function exportFields(ids: readonly string[], columns: readonly FlowColumn[]): string {
  const fields = ids.flatMap((id) => columns.find((column) => column.id === id)?.field ?? []);
  return [...new Set(["verdict", ...fields])].join(",");
}

/** What people group by first. */
const usualGroups: readonly (readonly string[])[] = [
  ["verdict", "source", "destination"],
  ["verdict", "drop-reason", "source-workload", "destination-workload"],
  ["source-namespace", "destination-namespace"],
  ["destination-port", "protocol"],
  ["dns-query", "dns-rcode"],
  ["http-status", "http-method", "destination"],
];

function GroupMenu({ page }: { readonly page: FlowPage }) {
  const fields = useFlowFields();
  const { group } = page.state;
  return (
    <Popover
      label={group.length === 0 ? "Group flows" : `Group: ${group.map(fieldWords).join(", ")}`}
      button={
        <>
          <Icon name="group" />
          {group.length === 0 ? "Group" : `Group: ${group.map(fieldWords).join(", ")}`}
        </>
      }
      buttonClass={`control is-small ${group.length === 0 ? "" : "is-on"}`}
      align="right"
      paneClass="flow-choices"
    >
      {(close) => (
        <>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move among the buttons inside. */}
          <div className="menu" onKeyDown={moveFocus}>
            <button
              type="button"
              className={group.length === 0 ? "is-on" : ""}
              onClick={() => {
                page.setGroup([]);
                close();
              }}
            >
              No grouping: single flows, live
            </button>
            {usualGroups.map((choice) => (
              <button
                key={choice.join()}
                type="button"
                className={choice.join() === group.join() ? "is-on" : ""}
                onClick={() => {
                  page.setGroup(choice);
                  close();
                }}
              >
                {choice.map(fieldWords).join(", ")}
              </button>
            ))}
          </div>
          <CheckList
            title={`Any fields, up to ${groupFieldsMax}`}
            all={(fields.data?.fields ?? []).map((id) => ({ id, label: fieldWords(id) }))}
            chosen={group}
            max={groupFieldsMax}
            onChange={page.setGroup}
          />
        </>
      )}
    </Popover>
  );
}

/** "destination-port" → "destination port". */
export function fieldWords(field: string): string {
  return field.replaceAll("-", " ").replace(/^(dns|http|ip)\b/, (word) => word.toUpperCase());
}

function ColumnMenu({ page }: { readonly page: FlowPage }) {
  const { zone } = usePageTime();
  const { columns } = page.state;
  return (
    <Popover
      label={`Columns ${columns.length}: choose`}
      button={
        <>
          <Icon name="columns" />
          Columns {columns.length}
        </>
      }
      buttonClass="control is-small"
      align="right"
      paneClass="flow-choices"
    >
      {() => (
        <>
          <CheckList
            title="In the order in which they are chosen"
            all={flowColumns(zone)}
            chosen={columns}
            max={12}
            onChange={page.setColumns}
          />
          <div className="menu">
            <button type="button" onClick={() => page.setColumns(defaultColumns)}>
              The usual columns
            </button>
          </div>
        </>
      )}
    </Popover>
  );
}

interface CheckListProps {
  readonly title: string;
  readonly all: readonly { readonly id: string; readonly label: string }[];
  readonly chosen: readonly string[];
  readonly max: number;
  readonly onChange: (chosen: readonly string[]) => void;
}

function CheckList({ title, all, chosen, max, onChange }: CheckListProps) {
  return (
    <fieldset className="flow-checks">
      <legend>{title}</legend>
      {all.map(({ id, label }) => {
        const isOn = chosen.includes(id);
        return (
          <label key={id}>
            <input
              type="checkbox"
              checked={isOn}
              disabled={!isOn && chosen.length >= max}
              onChange={() => onChange(isOn ? chosen.filter((one) => one !== id) : [...chosen, id])}
            />
            {label}
          </label>
        );
      })}
    </fieldset>
  );
}
