/** Frames as a table: a column a field, values spelled by their settings, sorted by a click on a head. */

import { useState } from "react";
import { type ResolvedLink, resolveLinks } from "../../../src/dashboard/data-context.ts";
import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import type { Field, Frame } from "../../../src/dashboard/frame.ts";
import type { VariableScope } from "../../../src/dashboard/interpolate.ts";
import { asArray, asNumber, asObject, asString } from "../../../src/dashboard/json-reader.ts";
import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import { cssColor } from "../../charts/chart-theme.ts";
import { timestampLabel } from "../../time/time-axis.ts";
import type { TimeZone } from "../../time/time-range.ts";
import { createFieldDisplay } from "../field-display.ts";
import type { PanelProps } from "../panel-props.ts";
import { SafeLink } from "../safe-link.tsx";
import { type RowOrder, sortRows } from "./sort-rows.ts";

const rowsMax = 500;

interface TableColumn {
  readonly field: Field;
  readonly name: string;
  readonly isNumber: boolean;
  readonly cellType: string;
  readonly width: number | undefined;
  readonly text: (value: unknown) => string;
  readonly color: (value: unknown) => string;
  /** Largest value, for bars. */
  readonly top: number;
}

export function TablePanel({ panel, result, zone, scope }: PanelProps) {
  const [frameIndex, setFrameIndex] = useState(0);
  const [order, setOrder] = useState<RowOrder | undefined>(() => firstOrder(panel.options));
  const frame = result.frames[frameIndex] ?? result.frames[0];
  if (frame === undefined) return null;
  const columns = tableColumns(frame, zone);
  const sortColumn = columns.find((column) => column.name === order?.name);
  const rows = sortRows(frame.length, sortColumn?.field.values, order?.isDescending === true);
  return (
    <>
      {result.frames.length > 1 && (
        <select
          className="table-frames"
          aria-label="Table shown"
          value={frameIndex}
          onChange={(event) => setFrameIndex(Number(event.target.value))}
        >
          {result.frames.map((one, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: frames have no identity but their place.
            <option key={index} value={index}>
              {frameTitle(one, index)}
            </option>
          ))}
        </select>
      )}
      <div className="panel-table">
        <table>
          <caption className="visually-hidden">{panel.title}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head
                  key={column.name}
                  column={column}
                  order={order}
                  onOrder={(isDescending) => setOrder({ name: column.name, isDescending })}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, rowsMax).map((row) => (
              <tr key={row}>
                {columns.map((column) => (
                  <Cell
                    key={column.name}
                    column={column}
                    value={column.field.values[row]}
                    link={firstLink(column.field, frame, row, scope)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > rowsMax && (
        <div className="panel-foot">
          The first {rowsMax} of {rows.length} rows.
        </div>
      )}
    </>
  );
}

function Head({
  column,
  order,
  onOrder,
}: {
  readonly column: TableColumn;
  readonly order: RowOrder | undefined;
  readonly onOrder: (isDescending: boolean) => void;
}) {
  const isSorted = order?.name === column.name;
  const isDescending = isSorted && order.isDescending;
  return (
    <th
      className={column.isNumber ? "num" : ""}
      style={column.width === undefined ? undefined : { width: column.width }}
      aria-sort={isSorted ? (isDescending ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => onOrder(isSorted ? !isDescending : column.isNumber)}>
        {column.name} {isSorted ? (isDescending ? "↓" : "↑") : ""}
      </button>
    </th>
  );
}

/** The first data link of a cell, with the row's values filled in. */
function firstLink(
  field: Field,
  frame: Frame,
  rowIndex: number,
  scope: VariableScope,
): ResolvedLink | undefined {
  if ((field.config.links?.length ?? 0) === 0) return undefined;
  return resolveLinks({ frame, field, rowIndex }, scope)[0];
}

interface CellProps {
  readonly column: TableColumn;
  readonly value: unknown;
  readonly link: ResolvedLink | undefined;
}

function Cell({ column, value, link }: CellProps) {
  const text = column.text(value);
  const color = cssColor(column.color(value));
  const isBar =
    (column.cellType === "gauge" || column.cellType === "lcd-gauge") && typeof value === "number";
  if (isBar) {
    const style = {
      "--bar": color,
      "--share": `${Math.min(1, Math.max(0, value / column.top)) * 100}%`,
    };
    return (
      <td>
        <span className="cell-bar">
          <i style={style as React.CSSProperties} />
          <span className="num">{text}</span>
        </span>
      </td>
    );
  }
  const style =
    column.cellType === "color-text"
      ? { color }
      : column.cellType.startsWith("color-background")
        ? { background: `color-mix(in srgb, ${color} 26%, transparent)` }
        : undefined;
  return (
    <td className={column.isNumber ? "num" : ""} style={style} title={text}>
      {link === undefined ? (
        text
      ) : (
        <SafeLink
          title={text}
          url={link.href}
          tooltip={link.title}
          opensNewTab={link.opensNewTab}
        />
      )}
    </td>
  );
}

function tableColumns(frame: Frame, zone: TimeZone): readonly TableColumn[] {
  const namer = createFieldNamer([frame]);
  return frame.fields
    .filter((field) => asObject(field.config.custom)["hidden"] !== true)
    .map((field, slot) => {
      const name = namer(field, frame);
      const custom = field.config.custom ?? {};
      const display = createFieldDisplay(field, { name, slot, zone });
      const asValue = (value: unknown) => (typeof value === "number" ? value : undefined);
      return {
        field,
        name,
        isNumber: field.type === "number",
        cellType: asString(
          asObject(custom["cellOptions"])["type"],
          asString(custom["displayMode"], "auto"),
        ),
        width: asNumber(custom["width"]),
        color: (value) => display.color(asValue(value)),
        text: (value) => cellText(field, value, zone, (one) => joinFormatted(display.format(one))),
        top: field.config.max ?? topOf(field),
      };
    });
}

function cellText(
  field: Field,
  value: unknown,
  zone: TimeZone,
  format: (value: number | undefined) => string,
): string {
  if (value === null || value === undefined) return field.config.noValue ?? "";
  if (field.type === "time" && field.config.unit === undefined && typeof value === "number")
    return timestampLabel(value, zone);
  return typeof value === "number" ? format(value) : String(value);
}

function topOf(field: Field): number {
  let top = 0;
  for (const value of field.values) if (typeof value === "number" && value > top) top = value;
  return top === 0 ? 1 : top;
}

function frameTitle(frame: Frame, index: number): string {
  return frame.name ?? frame.refId ?? `Table ${index + 1}`;
}

function firstOrder(options: Readonly<Record<string, unknown>>): RowOrder | undefined {
  const first = asObject(asArray(options["sortBy"])[0]);
  const name = asString(first["displayName"]);
  return name === "" ? undefined : { name, isDescending: first["desc"] === true };
}
