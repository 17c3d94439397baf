/** Flows, live and past: filter, strip, table, drawer. The whole state is in the address. */

import { useCallback, useMemo, useRef, useState } from "react";
import type { FlowGroupAnswer } from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { useKeys } from "../app/keys-context.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { EmptyFlows } from "./empty-flows.tsx";
import { flowColumns } from "./flow-columns.tsx";
import { FlowDrawer } from "./flow-drawer.tsx";
import { FlowFoot } from "./flow-foot.tsx";
import {
  type FlowItem,
  flowItems,
  groupFilterPart,
  groupFlowsFirst,
  groupFlowsMore,
  groupItems,
  groupKey,
  shownColumns,
} from "./flow-items.ts";
import { FlowStrip } from "./flow-strip.tsx";
import { type FlowCursor, FlowTable } from "./flow-table.tsx";
import { filterParams, flowQuery } from "./flow-toggles.ts";
import { FlowToolbar } from "./flow-toolbar.tsx";
import { type FlowPage, useFlowState } from "./use-flow-state.ts";
import { mergeFlows, useFlowStream } from "./use-flow-stream.ts";
import {
  useCheckedFilter,
  useFlowCompleteness,
  useFlowCount,
  useFlowGroups,
  useFlowList,
  useFlowTimeline,
  useGroupFlows,
  useOneFlow,
} from "./use-flows.ts";
import "./flows.css";

/** Groups that are open before anybody opens one. */
const openAtFirst = 4;
/** Open groups whose flows are asked for. */
const openMax = 40;

/** The page at /flows. */
export function FlowsPage() {
  return (
    <PageFrame title="Flows" isFlush defaults={usePageDefaults()}>
      <Flows />
    </PageFrame>
  );
}

function Flows() {
  const asked = useFlowState();
  const { filter, isReady, fault } = useCheckedFilter(asked.state.filter);
  const page: FlowPage = { ...asked, state: { ...asked.state, filter } };
  const { state } = page;
  const count = useFlowCount(filter, isReady);
  const timeline = useFlowTimeline(filter, isReady);
  const completeness = useFlowCompleteness();
  const rows = useRows(page, isReady);
  const [cursor, setCursor] = useState<FlowCursor>({ row: null, column: "destination" });
  const time = usePageTime();
  const columns = useMemo(
    () => shownColumns(flowColumns(time.zone), state.columns, state.group),
    [time.zone, state.columns, state.group],
  );
  const move = (step: number) => {
    const at = rows.items.findIndex(({ key }) => key === cursor.row);
    const next = rows.items[clamp(at < 0 ? 0 : at + step, rows.items.length)];
    if (next === undefined) return;
    setCursor({ ...cursor, row: next.key });
    if (state.flow !== null && next.kind === "flow") page.choose(next.flow.uuid ?? null);
  };
  const open = (item: FlowItem) => {
    setCursor((before) => ({ ...before, row: item.key }));
    if (item.kind === "flow") page.choose(item.flow.uuid ?? null);
    else if (item.kind === "group") rows.flipGroup(item.key);
    else if (item.kind === "more") rows.showMore(item.groupKey);
  };
  useFlowKeys({ page, items: rows.items, cursor, columns, onMove: move });
  const matched = count.data?.matched ?? undefined;
  // While another filter is looked at, nothing is said of the one in force.
  const isApplied = flowQuery(filterParams(state)) === flowQuery(filter);
  const isEmpty = rows.isRead && rows.items.length === 0 && isApplied;
  const last = useLast(timeline.data);
  return (
    <div className="split flows">
      <div className="flows-main">
        <FlowToolbar
          page={page}
          fault={fault}
          total={isApplied ? (count.data?.total ?? undefined) : undefined}
        />
        {!isEmpty && <FlowStrip timeline={last} />}
        {isEmpty && count.data !== undefined ? (
          <EmptyFlows
            page={page}
            total={count.data.total ?? 0}
            timeline={last}
            completeness={completeness.data}
          />
        ) : rows.items.length === 0 ? (
          <NoRows
            error={fault === undefined ? rows.error : undefined}
            isFault={fault !== undefined}
          />
        ) : (
          <FlowTable
            items={rows.items}
            columns={columns}
            groupFields={state.group}
            cursor={cursor}
            chosen={state.flow}
            isStale={rows.isStale}
            sortMark={<SortMark page={page} label={columns[0]?.label ?? "Time"} />}
            onCursor={setCursor}
            onOpen={open}
            onMove={move}
            onHold={rows.hold}
            onEnd={rows.readOn}
          />
        )}
        <FlowFoot
          count={count.data}
          completeness={completeness.data}
          live={rows.live}
          isPaused={rows.isHeld}
          groupCount={rows.groupCount}
        />
      </div>
      <ChosenFlow page={page} items={rows.items} matched={matched} />
    </div>
  );
}

function clamp(index: number, count: number): number {
  return Math.min(count - 1, Math.max(0, index));
}

/** The last value that there was: an answer that fails takes nothing from the screen. */
function useLast<Value>(value: Value | undefined): Value | undefined {
  const last = useRef<Value | undefined>(undefined);
  if (value !== undefined) last.current = value;
  return value ?? last.current;
}

/** Rows of the table from the list and the stream, or from groups. */
function useRows(page: FlowPage, isReady: boolean) {
  const { state } = page;
  const time = usePageTime();
  const isGrouped = state.group.length > 0;
  const [held, setHeld] = useState({ pointer: false, scroll: false });
  const isHeld = held.pointer || held.scroll;
  const list = useFlowList(state.filter, state.isOldestFirst, isReady && !isGrouped);
  const live = useFlowStream(state.filter, {
    isOn: isReady && !isGrouped && time.isLive && time.text.to === "now" && !state.isOldestFirst,
    isHeld,
    onGap: () => void list.refetch(),
  });
  const groups = useOpenGroups(page, isReady);
  const pages = useLast(list.data)?.pages;
  const single = useMemo(
    () =>
      flowItems(
        mergeFlows(
          live.flows,
          (pages ?? []).flatMap(({ flows }) => flows),
        ),
      ),
    [live.flows, pages],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const readOn = useCallback(() => {
    if (!isGrouped && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isGrouped, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const hold = useCallback(
    (why: "pointer" | "scroll", isOn: boolean) =>
      setHeld((before) => (before[why] === isOn ? before : { ...before, [why]: isOn })),
    [],
  );
  const query = isGrouped ? groups.query : list;
  return {
    items: isGrouped ? groups.items : single,
    groupCount: isGrouped ? groups.query.data?.groupCount : undefined,
    isRead: query.isSuccess && !query.isPlaceholderData,
    isStale: query.isPlaceholderData || query.isError,
    error: query.error ?? undefined,
    live,
    isHeld,
    hold,
    readOn,
    flipGroup: groups.flip,
    showMore: groups.showMore,
  };
}

/** Groups, which of them are open, and the flows of those. */
function useOpenGroups(page: FlowPage, isReady: boolean) {
  const { state } = page;
  const query = useFlowGroups(state.filter, isReady ? state.group : []);
  const [limits, setLimits] = useState<ReadonlyMap<string, number>>(new Map());
  const answer = useLast(query.data);
  const isSame = answer?.fields.join() === state.group.join();
  const groups = useMemo(() => {
    const found = isSame ? (answer?.groups ?? []) : [];
    return state.groupOrder === "last" ? [...found].sort((a, b) => b.lastMs - a.lastMs) : found;
  }, [answer, isSame, state.groupOrder]);
  const limitOf = (group: FlowGroupAnswer, index: number) =>
    limits.get(groupKey(group)) ?? (index < openAtFirst ? groupFlowsFirst : 0);
  const open = groups
    .map((group, index) => ({ key: groupKey(group), group, limit: limitOf(group, index) }))
    .filter(({ limit }) => limit > 0)
    .slice(0, openMax);
  const contents = useGroupFlows(state.filter, state.group, open);
  const known = new Map(
    open.map(({ key }, index) => [
      key,
      { flows: contents[index]?.data?.flows, error: contents[index]?.error?.message },
    ]),
  );
  const setLimit = (key: string, limit: number) =>
    setLimits((before) => new Map([...before, [key, limit]]));
  return {
    query,
    items: groupItems(groups, known),
    flip: (key: string) => setLimit(key, known.has(key) ? 0 : groupFlowsFirst),
    showMore: (key: string) =>
      setLimit(key, (open.find((one) => one.key === key)?.limit ?? 0) + groupFlowsMore),
  };
}

function NoRows({
  error,
  isFault,
}: {
  readonly error: Error | undefined;
  readonly isFault: boolean;
}) {
  if (isFault) {
    return (
      <div className="flow-empty">
        <Note kind="mute" title="The filter cannot be used yet.">
          What is wrong stands under it, with its place.
        </Note>
      </div>
    );
  }
  return (
    <div className="flow-empty">
      {error === undefined ? (
        <Skeleton label="Reading flows" />
      ) : (
        <Note kind="crit" title="The flows cannot be read.">
          {error.message}
        </Note>
      )}
    </div>
  );
}

/** The head of the first column: which way time runs. */
function SortMark({ page, label }: { readonly page: FlowPage; readonly label: string }) {
  const { state } = page;
  if (state.group.length > 0) {
    const isLast = state.groupOrder === "last";
    return (
      <button
        type="button"
        title={isLast ? "Sorted by last seen" : "Sorted by flows"}
        onClick={() => page.setSort(isLast ? null : "last")}
      >
        {isLast ? "Last seen ↓" : "Flows ↓"}
      </button>
    );
  }
  return (
    <button
      type="button"
      title={state.isOldestFirst ? "Oldest first" : "Newest first"}
      onClick={() => page.setSort(state.isOldestFirst ? null : "oldest")}
    >
      {label} {state.isOldestFirst ? "↑" : "↓"}
    </button>
  );
}

interface FlowKeysOptions {
  readonly page: FlowPage;
  readonly items: readonly FlowItem[];
  readonly cursor: FlowCursor;
  readonly columns: ReturnType<typeof shownColumns>;
  readonly onMove: (step: number) => void;
}

/** Flags that speak of a column's value in a group's filter. */
const groupPrefixes: Readonly<Record<string, readonly string[]>> = {
  verdict: ["--verdict"],
  source: ["--from-"],
  destination: ["--to-pod", "--to-ip", "--to-fqdn", "--to-identity"],
  port: ["--to-port", "--protocol"],
};

/** The filter line that the cell under the cursor stands for. */
function cellFilter({ items, cursor, columns }: FlowKeysOptions): string | undefined {
  const item = items.find(({ key }) => key === cursor.row);
  const column = columns.find(({ id }) => id === cursor.column);
  if (item?.kind === "flow") return column?.filter?.(item.flow);
  if (item?.kind !== "group" || column === undefined) return undefined;
  return groupFilterPart(item.group, groupPrefixes[column.id] ?? [`--${column.field ?? ""} `]);
}

function useFlowKeys(options: FlowKeysOptions): void {
  const { page, onMove } = options;
  const step = (by: number) => {
    onMove(by);
    // Enter and the arrows go on from here.
    document.querySelector<HTMLElement>(".flow-table")?.focus({ preventScroll: true });
  };
  const filterBy = (run: (line: string) => void) => {
    const line = cellFilter(options);
    if (line !== undefined) run(line);
  };
  const group = "Flows";
  useKeys([
    { keys: "j", label: "Next row", group, run: () => step(1) },
    { keys: "k", label: "Previous row", group, run: () => step(-1) },
    {
      keys: "x",
      label: "Leave out the value of the cell",
      group,
      run: () => filterBy(page.exclude),
    },
    {
      keys: "shift+x",
      label: "Keep only the value of the cell",
      group,
      run: () => filterBy(page.keepOnly),
    },
  ]);
}

/** The drawer, also of a flow that the table has not read. */
function ChosenFlow({
  page,
  items,
  matched,
}: {
  readonly page: FlowPage;
  readonly items: readonly FlowItem[];
  readonly matched: number | undefined;
}) {
  const uuid = page.state.flow;
  const flows = items.filter((item) => item.kind === "flow");
  const index = flows.findIndex(({ flow }) => uuid !== null && flow.uuid === uuid);
  const shown = flows[index]?.flow;
  const asked = useOneFlow(shown === undefined ? uuid : null);
  const kept = useRef<Flow | undefined>(undefined);
  const flow = shown ?? asked.data ?? (kept.current?.uuid === uuid ? kept.current : undefined);
  if (flow !== undefined) kept.current = flow;
  if (uuid === null) return null;
  const close = () => {
    page.choose(null);
    document.querySelector<HTMLElement>(".flow-table")?.focus({ preventScroll: true });
  };
  if (flow === undefined) {
    return (
      <aside className="drawer" aria-label="Flow">
        {asked.isError ? (
          <Note
            kind="mute"
            title="This flow cannot be shown."
            actions={
              <button type="button" className="control" onClick={close}>
                Close
              </button>
            }
          >
            {asked.error.message}
          </Note>
        ) : (
          <Skeleton label="Reading the flow" />
        )}
      </aside>
    );
  }
  const count = page.state.group.length > 0 ? flows.length : Math.max(matched ?? 0, flows.length);
  return (
    <FlowDrawer
      flow={flow}
      page={page}
      position={index < 0 ? undefined : { index, count }}
      onClose={close}
    />
  );
}
