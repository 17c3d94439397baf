/** Status, nodes and namespaces of a Hubble server as `hubble status` and `hubble list` print them. */

import type { Namespace, Node, ServerStatusResponse } from "../model/generated/messages.ts";
import { formatProtoMessage } from "../model/jsonpb.ts";
import { alignRows } from "./flow-printer.ts";
import { escapeControls } from "./palette.ts";

const unknown = "N/A";

/** `hubble status`, after the line of the health check. */
export function formatStatusCompact(status: ServerStatusResponse): string {
  const { num_flows: flows = "0", max_flows: most = "0", seen_flows: seen = "0" } = status;
  const full = Number(most) > 0 ? ` (${percent(flows, most)}%)` : "";
  const lines = [`Current/Max Flows: ${grouped(flows)}/${grouped(most)}${full}`];
  const uptime = Number(status.uptime_ns ?? 0) / 1e9;
  let rate = rateText(status);
  if (rate === unknown && uptime > 0) rate = (Number(seen) / uptime).toFixed(2);
  lines.push(`Flows/s: ${rate}`);
  const { num_connected_nodes: connected, num_unavailable_nodes: unavailable } = status;
  if (connected !== undefined) {
    const total = unavailable === undefined ? "" : `/${unavailable + connected}`;
    lines.push(`Connected Nodes: ${connected}${total}`);
  }
  if (unavailable !== undefined && unavailable > 0) {
    lines.push(`Unavailable Nodes: ${unavailable}`);
    const names = [...(status.unavailable_nodes ?? [])].sort();
    const more = unavailable - names.length;
    if (names.length > 0 && more > 0) names.push(`and ${more} more...`);
    for (const name of names) lines.push(`  - ${escapeControls(name)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** `hubble status -o dict` (blocks) and `-o table`. */
export function formatStatusFields(status: ServerStatusResponse, isTable: boolean): string {
  const values = [
    grouped(status.num_flows ?? "0"),
    grouped(status.max_flows ?? "0"),
    grouped(status.seen_flows ?? "0"),
    rateText(status),
    goDuration(Number(status.uptime_ns ?? 0)),
    countText(status.num_connected_nodes),
    countText(status.num_unavailable_nodes),
    escapeControls(status.version ?? ""),
  ];
  const names = [
    "NUM FLOWS",
    "MAX FLOWS",
    "SEEN FLOWS",
    "FLOWS PER SECOND",
    "UPTIME",
    "NUM CONNECTED NODES",
    isTable ? "NUM UNAVAILABLE NODES" : "NUM UNAVAIL. NODES",
    "VERSION",
  ];
  if (isTable) return alignRows([names, values]);
  return names.map((name, i) => `${name.padStart(19)}: ${values[i]}\n`).join("");
}

/** `hubble list nodes -o table|wide`. */
export function formatNodes(nodes: readonly Node[], isWide: boolean): string {
  const head = ["NAME", "STATUS", "AGE", "FLOWS/S", "CURRENT/MAX-FLOWS"];
  if (isWide) head.push("VERSION", "ADDRESS", "TLS");
  const rows = nodes.map((node) => {
    const seconds = Math.round(Number(node.uptime_ns ?? 0) / 1e9);
    const { num_flows: flows = "0", max_flows: most = "0" } = node;
    const cells = [
      escapeControls(node.name ?? ""),
      stateWord(node.state),
      seconds > 0 ? goDuration(seconds * 1e9) : unknown,
      seconds > 0 ? (Number(node.seen_flows ?? 0) / seconds).toFixed(2) : unknown,
      Number(most) > 0 ? `${flows}/${most} (${percent(flows, most).padStart(6)}%)` : unknown,
    ];
    if (isWide) {
      const tls = node.tls === undefined ? unknown : node.tls.enabled ? "Enabled" : "Disabled";
      cells.push(escapeControls(node.version || unknown), escapeControls(node.address ?? ""), tls);
    }
    return cells;
  });
  return alignRows([head, ...rows]);
}

/** `hubble list namespaces -o table|wide`. */
export function formatNamespaces(namespaces: readonly Namespace[], isWide: boolean): string {
  const rows = namespaces.map(({ namespace = "", cluster = "" }) =>
    isWide && cluster !== ""
      ? [escapeControls(namespace), escapeControls(cluster)]
      : [escapeControls(namespace)],
  );
  return alignRows([isWide ? ["NAMESPACE", "CLUSTER"] : ["NAMESPACE"], ...rows]);
}

/** A list of messages as indented JSON, with the escapes of Go's encoder. */
export function formatMessageList(
  messages: readonly object[],
  name: "observer.Node" | "observer.Namespace",
): string {
  const plain = messages.map((message) => JSON.parse(formatProtoMessage(message, name)) as unknown);
  const json = JSON.stringify(plain, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${json}\n`;
}

/** A Go duration: "1h2m3s", "11s", "1.5s", "2ms". */
export function goDuration(nanos: number): string {
  if (nanos === 0) return "0s";
  if (nanos < 1000) return `${nanos}ns`;
  if (nanos < 1e6) return `${nanos / 1000}µs`;
  if (nanos < 1e9) return `${nanos / 1e6}ms`;
  const hours = Math.floor(nanos / 3.6e12);
  const minutes = Math.floor((nanos % 3.6e12) / 6e10);
  const seconds = Number(((nanos % 6e10) / 1e9).toFixed(9));
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

function rateText({ flows_rate: rate = 0 }: ServerStatusResponse): string {
  return rate > 0 ? rate.toFixed(2) : unknown;
}

function countText(count: number | undefined): string {
  return count === undefined ? unknown : String(count);
}

function percent(part: string, whole: string): string {
  return ((Number(part) / Number(whole)) * 100).toFixed(2);
}

function grouped(count: string): string {
  return count.replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function stateWord(state: Node["state"]): string {
  const words: Readonly<Record<string, string>> = {
    NODE_CONNECTED: "Connected",
    NODE_UNAVAILABLE: "Unavailable",
    NODE_GONE: "Gone",
    NODE_ERROR: "Error",
  };
  return words[String(state)] ?? "Unknown";
}
