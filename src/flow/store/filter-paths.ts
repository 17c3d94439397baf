/**
 * Which columns each field of a FlowFilter looks at, so that a filter is judged once for each distinct
 * value instead of once a row. "path!" = only whether the message is there. A field that is not named
 * here (CEL expressions) is judged row by row over the whole flow.
 */

import type { FlowFilter } from "../filter/flow-filter.ts";
import { type ColumnNode, flowTree, overflowMark } from "./column-tree.ts";

type FilterField = keyof FlowFilter;

const ports = (name: string) => [
  "l4.TCP!",
  "l4.UDP!",
  "l4.SCTP!",
  `l4.TCP.${name}`,
  `l4.UDP.${name}`,
  `l4.SCTP.${name}`,
];
const layer4 = ["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP"];

const fieldPaths: Readonly<Partial<Record<FilterField, readonly string[]>>> = {
  uuid: ["uuid"],
  event_type: ["event_type"],
  verdict: ["verdict"],
  drop_reason_desc: ["verdict", "drop_reason_desc"],
  reply: ["verdict", "is_reply"],
  encrypted: ["IP.encrypted"],
  source_identity: ["source"],
  destination_identity: ["destination"],
  protocol: [...layer4.map((name) => `l4.${name}!`), "l7.dns!", "l7.http!", "l7.kafka!"],
  source_ip: ["IP.source"],
  source_ip_xlated: ["IP.source_xlated"],
  destination_ip: ["IP.destination"],
  source_pod: ["source"],
  destination_pod: ["destination"],
  source_workload: ["source"],
  destination_workload: ["destination"],
  source_service: ["source_service"],
  destination_service: ["destination_service"],
  source_fqdn: ["source_names"],
  destination_fqdn: ["destination_names"],
  dns_query: ["l7.dns!", "l7.dns.query"],
  source_label: ["source"],
  destination_label: ["destination"],
  node_labels: ["node_labels"],
  source_port: ports("source_port"),
  destination_port: ports("destination_port"),
  http_status_code: ["l7.http!", "l7.http.code"],
  http_method: ["l7.http!", "l7.http.method"],
  http_path: ["l7.http!", "l7.http.url"],
  http_url: ["l7.http!", "l7.http.url"],
  http_header: ["l7.http!", "l7.http.headers"],
  tcp_flags: ["l4.TCP!", "l4.TCP.flags"],
  node_name: ["node_name"],
  source_cluster_name: ["source"],
  destination_cluster_name: ["destination"],
  ip_version: ["IP.ipVersion"],
  trace_id: ["trace_context"],
  ip_trace_id: ["ip_trace_id"],
  traffic_direction: ["traffic_direction"],
  interface: ["interface"],
};

/** The paths of a field; undefined = the whole flow. */
export function pathsOfField(field: string): readonly string[] | undefined {
  return Object.hasOwn(fieldPaths, field) ? fieldPaths[field as FilterField] : undefined;
}

/** Whether a node lies on the way to, at or (without "!") below one of the paths. */
export function wantsNode(paths: readonly string[]): (node: ColumnNode) => boolean {
  return ({ path }) =>
    paths.some((wanted) => {
      if (wanted.endsWith("!")) return isWithin(wanted.slice(0, -1), path);
      return isWithin(wanted, path) || path.startsWith(`${wanted}.`);
    });
}

/** Whether `path` is `wanted` or a message around it. */
function isWithin(wanted: string, path: string): boolean {
  return wanted === path || wanted.startsWith(`${path}.`);
}

/** The columns at and below the paths: presence of messages where that is what is asked, else leaves. */
export function columnsOfPaths(paths: readonly string[]): string[] {
  const columns: string[] = [];
  const exact = new Set(paths.map((path) => path.replace("!", "")));
  const open = paths.filter((path) => !path.endsWith("!"));
  walk(flowTree);
  return columns;

  function walk(node: ColumnNode): void {
    for (const child of node.children) {
      const { path } = child;
      const isBelow = open.some((wanted) => path === wanted || path.startsWith(`${wanted}.`));
      if (isBelow || exact.has(path)) {
        columns.push(path);
        if (child.leaf !== undefined && child.leaf !== "dictionary") {
          columns.push(path + overflowMark);
        }
      }
      walk(child);
    }
  }
}
