/**
 * The table of flows: rows drawn as they come into view, a cursor on one cell (moved with keys), rows
 * that open a drawer, groups that fold. A grid for readers; the arrows work while it has the focus.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import type { FlowGroupAnswer } from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { Sparkline } from "../charts/sparkline.tsx";
import { useElementSize } from "../charts/use-element-size.ts";
import { Icon } from "../ui/icon.tsx";
import { type FlowColumn, KeptEnd, VerdictText } from "./flow-columns.tsx";
import { type FlowItem, rateText } from "./flow-items.ts";
import { verdictWord } from "./flow-words.ts";

const rowHeight = 28;
const overscanRows = 14;

interface FlowTableProps {
  readonly items: readonly FlowItem[];
  readonly columns: readonly FlowColumn[];
  readonly groupFields: readonly string[];
  readonly cursor: FlowCursor;
  /** uuid of the flow in the drawer. */
  readonly chosen: string | null;
  readonly isStale: boolean;
  readonly sortMark: ReactNode;
  readonly onCursor: (cursor: FlowCursor) => void;
  readonly onOpen: (item: FlowItem) => void;
  readonly onMove: (step: number) => void;
  /** The pointer is over it, or it is scrolled: rows must not move. */
  readonly onHold: (why: "pointer" | "scroll", isHeld: boolean) => void;
  /** The last rows are in sight. */
  readonly onEnd: () => void;
}

/** A cell: the row's key and the column's id. */
export interface FlowCursor {
  readonly row: string | null;
  readonly column: string;
}

export function FlowTable(props: FlowTableProps) {
  const { items, columns, cursor, onEnd } = props;
  const scrollRef = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => rowHeight,
    overscan: overscanRows,
    getItemKey: (index) => items[index]?.key ?? index,
  });
  const { width } = useElementSize(scrollRef);
  const widths = columnWidths(columns, width, props.groupFields.length > 0);
  const rows = virtualizer.getVirtualItems();
  const first = rows[0];
  const last = rows.at(-1);
  const cursorIndex = items.findIndex(({ key }) => key === cursor.row);
  const scrolledTo = useRef<string | null>(null);
  useEffect(() => {
    // The table follows the cursor, not each new row above it.
    if (cursorIndex < 0 || scrolledTo.current === cursor.row) return;
    scrolledTo.current = cursor.row;
    virtualizer.scrollToIndex(cursorIndex, { align: "auto" });
  }, [cursor.row, cursorIndex, virtualizer]);
  const isAtEnd = last !== undefined && last.index >= items.length - 1 - overscanRows;
  useEffect(() => {
    if (isAtEnd) onEnd();
  }, [isAtEnd, onEnd]);
  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    if (event.target !== event.currentTarget) return;
    const run = tableKeys(props, cursorIndex)[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  };
  return (
    <div
      className={`flow-scroll ${props.isStale ? "is-stale" : ""}`}
      ref={scrollRef}
      onPointerEnter={() => props.onHold("pointer", true)}
      onPointerLeave={() => props.onHold("pointer", false)}
      onScroll={(event) => props.onHold("scroll", event.currentTarget.scrollTop > rowHeight)}
    >
      <table
        className="flow-table"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: cells take the keys of a grid.
        role="grid"
        tabIndex={0}
        aria-rowcount={items.length + 1}
        aria-activedescendant={cursorIndex < 0 ? undefined : `flow-row-${cursorIndex}`}
        onKeyDown={onKeyDown}
      >
        <caption className="visually-hidden">Flows of the window that match the filter</caption>
        <colgroup>
          {columns.map((column, index) => (
            <col key={column.id} style={{ width: widths[index] }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.id} scope="col">
                {column.id === "time" ? props.sortMark : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={first?.start ?? 0} columns={columns.length} />
          {rows.map(({ index, key }) => {
            const item = items[index];
            return item === undefined ? null : (
              <ItemRow
                key={key}
                {...props}
                item={item}
                index={index}
                isCursor={index === cursorIndex}
              />
            );
          })}
          <Spacer height={virtualizer.getTotalSize() - (last?.end ?? 0)} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function tableKeys(
  { items, columns, cursor, onCursor, onMove, onOpen }: FlowTableProps,
  index: number,
): Readonly<Record<string, () => void>> {
  const column = columns.findIndex(({ id }) => id === cursor.column);
  const toColumn = (step: number) => {
    const next = columns[Math.min(columns.length - 1, Math.max(0, column + step))];
    if (next !== undefined) onCursor({ row: cursor.row, column: next.id });
  };
  return {
    ArrowDown: () => onMove(1),
    ArrowUp: () => onMove(-1),
    PageDown: () => onMove(15),
    PageUp: () => onMove(-15),
    Home: () => onMove(-items.length),
    End: () => onMove(items.length),
    ArrowLeft: () => toColumn(-1),
    ArrowRight: () => toColumn(1),
    Enter: () => {
      const item = items[index];
      if (item !== undefined) onOpen(item);
    },
  };
}

/**
 * px for each column: narrow ones as they are, the others share what is left of `total` by weight. Fixed
 * tables take calc() with shares for "auto", so the sum is done here.
 */
function columnWidths(
  columns: readonly FlowColumn[],
  total: number,
  isGrouped: boolean,
): readonly number[] {
  // Times inside groups are indented.
  const minOf = ({ id, min }: FlowColumn) => (id === "time" && isGrouped ? min + 22 : min);
  let left = total;
  let weights = 0;
  for (const column of columns) {
    if (column.weight === 0) left -= minOf(column);
    weights += column.weight;
  }
  return columns.map((column) => {
    const share = weights === 0 ? 0 : (left * column.weight) / weights;
    return column.weight === 0 ? minOf(column) : Math.max(column.min, Math.floor(share));
  });
}

/** Stands for rows out of sight. */
function Spacer({ height, columns }: { readonly height: number; readonly columns: number }) {
  if (height <= 0) return null;
  return (
    <tr className="flow-spacer">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

interface ItemRowProps extends FlowTableProps {
  readonly item: FlowItem;
  readonly index: number;
  readonly isCursor: boolean;
}

function ItemRow(props: ItemRowProps) {
  const { item, columns, index, isCursor } = props;
  const place = { id: `flow-row-${index}`, "aria-rowindex": index + 2 };
  if (item.kind === "flow") return <FlowRow {...props} flow={item.flow} place={place} />;
  if (item.kind === "group") return <GroupRow {...props} group={item.group} place={place} />;
  return (
    <tr {...place} className={`flow-more ${isCursor ? "is-cursor" : ""}`}>
      <td colSpan={columns.length}>
        {item.kind === "wait" ? (
          <span className="dim">{item.error ?? "Reading"}</span>
        ) : (
          <button type="button" className="link" onClick={() => props.onOpen(item)}>
            {groupThousands(item.left)} more
          </button>
        )}
      </td>
    </tr>
  );
}

interface Place {
  readonly id: string;
  readonly "aria-rowindex": number;
}

function FlowRow({
  flow,
  item,
  columns,
  cursor,
  isCursor,
  chosen,
  place,
  onCursor,
  onOpen,
}: ItemRowProps & { readonly flow: Flow; readonly place: Place }) {
  const isInGroup = item.kind === "flow" && item.isInGroup;
  const isChosen = chosen !== null && flow.uuid === chosen;
  return (
    <tr
      {...place}
      className={`flow-row ${isChosen ? "is-chosen" : ""} ${isInGroup ? "is-inside" : ""} ${isCursor ? "is-cursor" : ""}`}
      aria-selected={isChosen}
      onClick={() => onOpen(item)}
    >
      {columns.map((column) => (
        <td
          key={column.id}
          className={`${column.isMono === true ? "mono" : ""} ${isCursor && cursor.column === column.id ? "is-cell" : ""}`}
          title={column.cell === undefined ? column.text(flow) : undefined}
          onMouseDown={() => onCursor({ row: item.key, column: column.id })}
        >
          {column.cell?.(flow) ?? column.text(flow)}
        </td>
      ))}
    </tr>
  );
}

function GroupRow(
  props: ItemRowProps & { readonly group: FlowGroupAnswer; readonly place: Place },
) {
  const { group, item, columns, groupFields, cursor, isCursor, place, onCursor, onOpen } = props;
  const isOpen = item.kind === "group" && item.isOpen;
  const hasSummary = columns.some(({ id }) => id === "summary");
  const rateColumn = hasSummary ? "summary" : columns.at(-1)?.id;
  return (
    <tr
      {...place}
      className={`flow-group ${isCursor ? "is-cursor" : ""}`}
      onClick={() => onOpen(item)}
    >
      {columns.map((column, index) => {
        const at = groupFields.indexOf(column.field ?? "");
        return (
          <td
            key={column.id}
            className={isCursor && cursor.column === column.id ? "is-cell" : ""}
            onMouseDown={() => onCursor({ row: item.key, column: column.id })}
          >
            {index === 0 && (
              // The grid has the focus; a click is the row's.
              <button
                type="button"
                className="flow-group-count"
                tabIndex={-1}
                aria-expanded={isOpen}
                aria-label={`${groupThousands(group.flows)} flows of ${group.values.join(", ")}`}
              >
                <Icon name={isOpen ? "down" : "right"} />
                <b>{groupThousands(group.flows)}</b>
              </button>
            )}
            {index > 0 && at >= 0 && <GroupValue column={column} value={group.values[at] ?? ""} />}
            {column.id === rateColumn && index > 0 && (
              <GroupRate group={group} isDropped={group.values.includes("DROPPED")} />
            )}
          </td>
        );
      })}
    </tr>
  );
}

function GroupValue({ column, value }: { readonly column: FlowColumn; readonly value: string }) {
  if (value === "") return <span className="dim">none</span>;
  if (column.id === "verdict") {
    return (
      <span className={`badge is-tinted is-${verdictWord(value).kind}`}>
        <VerdictText verdict={value} />
      </span>
    );
  }
  if (column.id === "source" || column.id === "destination") {
    const slash = value.indexOf("/");
    return <KeptEnd namespace={value.slice(0, Math.max(0, slash))} name={value.slice(slash + 1)} />;
  }
  return <b title={value}>{value}</b>;
}

function GroupRate({
  group,
  isDropped,
}: {
  readonly group: FlowGroupAnswer;
  readonly isDropped: boolean;
}) {
  return (
    <span className="flow-rate">
      <span>{rateText(group.perSecond)}</span>
      <span className="flow-rate-line">
        <Sparkline
          column={[...group.history]}
          color={isDropped ? "var(--dropped)" : "var(--fg-3)"}
        />
      </span>
    </span>
  );
}
