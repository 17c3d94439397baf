/**
 * Prints flows, lost events and node states as `hubble observe` does: compact lines, key-value blocks
 * (dict), a table, or JSON lines. Tables are held until close(), since every row sets the widths.
 */

import { quoteString } from "../../model/labels.ts";
import { type ExportEvent, type Flow, timestampNanos } from "../model/flow.ts";
import { formatProtoMessage } from "../model/jsonpb.ts";
import {
  type ColumnOptions,
  endText,
  identityText,
  summaryText,
  typeText,
  verdictText,
} from "./flow-columns.ts";
import { escapeControls } from "./palette.ts";
import type { TimeFormat } from "./time-layout.ts";

/** Forms of output; "flow-json" is a flow's JSON without what is around it. */
export type OutputFormat = "compact" | "dict" | "jsonpb" | "flow-json" | "table";

/** What a printer needs. */
export interface PrinterOptions extends ColumnOptions {
  readonly format: OutputFormat;
  readonly formatTime: TimeFormat;
  readonly hasNodeName: boolean;
  /** Node states that are no trouble are told too. */
  readonly isDebug: boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const dictSeparator = "------------\n";
const nodeNamesCutOff = 50;
const columnGap = 3;

/** Writes one event after another. */
export class FlowPrinter {
  readonly #options: PrinterOptions;
  readonly #rows: string[][] = [];
  #isFirst = true;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  /** Prints an event; kinds that this command does not show are passed over. */
  write(event: ExportEvent): void {
    if (event.node_status !== undefined) {
      this.#writeNodeStatus(event);
      return;
    }
    if (event.flow === undefined && event.lost_events === undefined) return;
    const { format, stdout } = this.#options;
    if (format === "jsonpb") {
      stdout(`${formatProtoMessage(event, "observer.GetFlowsResponse")}\n`);
    } else if (format === "flow-json") {
      stdout(`${flowJson(event)}\n`);
    } else if (event.flow !== undefined) this.#writeFlow(event.flow);
    else this.#writeLost(event);
    this.#isFirst = false;
  }

  /** Writes what is held back. */
  close(): void {
    if (this.#rows.length > 0) this.#options.stdout(alignRows(this.#rows));
    this.#rows.length = 0;
  }

  #writeFlow(flow: Flow): void {
    const { format, hasNodeName } = this.#options;
    const time = this.#time(flow.time);
    const node = escapeControls(flow.node_name ?? "");
    if (format === "compact") {
      this.#writeCompact(flow, `${time}${hasNodeName ? ` [${node}]` : ""}`);
      return;
    }
    const source = endText(flow, "source", this.#options);
    const destination = endText(flow, "destination", this.#options);
    const verdict = verdictText(flow, this.#options);
    const summary = summaryText(flow, this.#options);
    const cells = [time, source, destination, typeText(flow), verdict, summary];
    if (format === "table") this.#addRow(cells, node);
    else this.#writeDict(cells, node);
  }

  #writeCompact(flow: Flow, head: string): void {
    const options = this.#options;
    const source = `${endText(flow, "source", options)} ${identityText(flow, "source", options)}`;
    const destination = `${endText(flow, "destination", options)} ${identityText(flow, "destination", options)}`;
    let ends = `${source} <> ${destination}`;
    if (flow.is_reply === true) ends = `${destination} <- ${source}`;
    else if (flow.is_reply === false) ends = `${source} -> ${destination}`;
    const verdict = verdictText(flow, options);
    options.stdout(
      `${head}: ${ends} ${typeText(flow)} ${verdict} (${summaryText(flow, options)})\n`,
    );
  }

  #writeLost({ lost_events: lost = {}, time, node_name: nodeName = "" }: ExportEvent): void {
    const { format, stdout } = this.#options;
    const source = String(lost.source ?? "UNKNOWN_LOST_EVENT_SOURCE");
    const count = lost.num_events_lost ?? "0";
    const cpu = `CPU(${lost.cpu ?? 0})`;
    const span = this.#lostSpan(lost.first, lost.last);
    const at = this.#time(time);
    if (format === "compact") {
      // Without the node even where nodes are printed, as in the original.
      stdout(`${at} EVENTS LOST: ${source} ${cpu} ${count}${span}\n`);
      return;
    }
    const node = escapeControls(nodeName) || "-";
    const cells = [at, source, "-", "EVENTS LOST", "-", `${cpu} - ${count}${span}`];
    if (format === "table") this.#addRow(cells, node);
    else this.#writeDict([at, source, undefined, ...cells.slice(3)], node);
  }

  #lostSpan(first: string | undefined, last: string | undefined): string {
    if (first === undefined || last === undefined) return "";
    return ` (first: ${this.#time(first)}, last: ${this.#time(last)})`;
  }

  #writeDict(cells: readonly (string | undefined)[], node: string): void {
    const labels = ["TIMESTAMP", "SOURCE", "DESTINATION", "TYPE", "VERDICT", "SUMMARY"];
    let text = this.#isFirst ? "" : dictSeparator;
    for (const [index, label] of labels.entries()) {
      const cell = cells[index];
      if (cell !== undefined) text += dictLine(label, cell);
      if (index === 0 && this.#options.hasNodeName) text += dictLine("NODE", node);
    }
    this.#options.stdout(text);
  }

  #addRow(cells: string[], node: string): void {
    const { hasNodeName } = this.#options;
    const place = (row: string[], nodeCell: string) =>
      hasNodeName ? [row[0] as string, nodeCell, ...row.slice(1)] : row;
    if (this.#rows.length === 0) {
      const head = ["TIMESTAMP", "SOURCE", "DESTINATION", "TYPE", "VERDICT", "SUMMARY"];
      this.#rows.push(place(head, "NODE"));
    }
    this.#rows.push(place(cells, node));
  }

  #writeNodeStatus(event: ExportEvent): void {
    const { format, isDebug, stderr } = this.#options;
    const {
      state_change: state = "UNKNOWN_NODE_STATE",
      message = "",
      node_names: names = [],
    } = event.node_status ?? {};
    const isTrouble = state === "NODE_ERROR" || state === "NODE_UNAVAILABLE";
    if ((!isTrouble && !isDebug) || format === "flow-json") return;
    if (format === "jsonpb") {
      stderr(`${formatProtoMessage(event, "observer.GetFlowsResponse")}\n`);
      return;
    }
    const nodes = joinNodes(names);
    const time = this.#time(event.time);
    if (format === "dict") {
      const lines = [
        dictLine("TIMESTAMP", time),
        dictLine("STATE", String(state)),
        dictLine("NODES", nodes),
        dictLine("MESSAGE", message === "" ? "N/A" : quoteString(message)),
      ];
      stderr((this.#isFirst ? "" : dictSeparator) + lines.join(""));
      this.#isFirst = false;
      return;
    }
    const head = `${time} [${escapeControls(event.node_name ?? "")}]`;
    stderr(`${head}: ${nodeStatusText({ state, message, nodes, count: names.length })}\n`);
  }

  #time(text: string | undefined): string {
    return this.#options.formatTime(text === undefined ? undefined : timestampNanos(text));
  }
}

function flowJson({ flow, lost_events: lost = {} }: ExportEvent): string {
  if (flow === undefined) return formatProtoMessage(lost, "flow.LostEvent");
  return formatProtoMessage(flow, "flow.Flow");
}

function dictLine(label: string, value: string): string {
  return `${label.padStart(11)}: ${value}\n`;
}

interface NodeStatusFacts {
  readonly state: string | number;
  readonly message: string;
  readonly nodes: string;
  readonly count: number;
}

function nodeStatusText({ state, message, nodes, count }: NodeStatusFacts): string {
  switch (state) {
    case "NODE_CONNECTED":
      return `Receiving flows from ${count} nodes: ${nodes}`;
    case "NODE_UNAVAILABLE":
      return `${count} nodes are unavailable: ${nodes}`;
    case "NODE_GONE":
      return `${count} nodes removed from cluster: ${nodes}`;
    case "NODE_ERROR":
      return `Error ${quoteString(message)} on ${count} nodes: ${nodes}`;
    default:
      return `unknown node status event: ${state}`;
  }
}

/** Names up to a length, at least one; then how many more there are. */
function joinNodes(names: readonly string[]): string {
  let length = 0;
  let count = 0;
  for (const name of names) {
    length += name.length + 2;
    if (length > nodeNamesCutOff && count > 0) break;
    count++;
  }
  const joined = escapeControls(names.slice(0, count).join(", "));
  return count === names.length ? joined : `${joined} (and ${names.length - count} more)`;
}

/**
 * Columns as wide as their widest cell within a run of rows that have the column; the last cell of a
 * row is not filled up, and a row that ends before a column ends its run, as Go's tabwriter has it.
 */
export function alignRows(rows: readonly (readonly string[])[]): string {
  let columns = 0;
  for (const row of rows) columns = Math.max(columns, row.length - 1);
  const widths = Array.from({ length: columns }, (_, column) => columnWidths(rows, column));
  let text = "";
  for (const [index, row] of rows.entries()) {
    const last = row.length - 1;
    for (let i = 0; i < last; i++) {
      const cell = row[i] as string;
      text += cell + " ".repeat((widths[i]?.[index] ?? 0) - codePoints(cell) + columnGap);
    }
    text += `${row[last]}\n`;
  }
  return text;
}

/** How wide a column is in each row. */
function columnWidths(rows: readonly (readonly string[])[], column: number): Uint32Array {
  const widths = new Uint32Array(rows.length);
  for (let start = 0; start < rows.length; start++) {
    let end = start;
    let widest = 0;
    for (; end < rows.length; end++) {
      const row = rows[end] as readonly string[];
      if (column >= row.length - 1) break;
      widest = Math.max(widest, codePoints(row[column] as string));
    }
    widths.fill(widest, start, end);
    start = end;
  }
  return widths;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
