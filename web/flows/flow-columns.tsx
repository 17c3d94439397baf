/** Columns that the table of flows can have: how a cell is drawn, and the filter line that means its value. */

import type { ReactNode } from "react";
import type { Flow } from "../../src/flow/model/flow.ts";
import { timestampLabel } from "../time/time-axis.ts";
import type { TimeZone } from "../time/time-range.ts";
import { Glyph } from "../ui/glyph.tsx";
import { quoteValue } from "./filter-text.ts";
import {
  dropReasonText,
  endName,
  endText,
  type FlowEnd,
  flowTimeMs,
  policyText,
  portOf,
  portText,
  protocolText,
  summaryText,
  verdictWord,
} from "./flow-words.ts";

/** One column. */
export interface FlowColumn {
  readonly id: string;
  readonly label: string;
  /** Share of the width that is left. */
  readonly weight: number;
  /** px; the column takes no less. */
  readonly min: number;
  readonly text: (flow: Flow) => string;
  readonly cell?: (flow: Flow) => ReactNode;
  /** A filter line for flows with this value; undefined where no flag can say it. */
  readonly filter?: (flow: Flow) => string | undefined;
  /** Field of /flows/groups and of CSV. */
  readonly field?: string;
  readonly isMono?: boolean;
}

/** Shown unless the address says otherwise. */
export const defaultColumns: readonly string[] = [
  "time",
  "verdict",
  "source",
  "destination",
  "port",
  "summary",
  "policy",
];

function flag(name: string, value: string): string | undefined {
  return value === "" ? undefined : `--${name} ${quoteValue(value)}`;
}

/** The filter that means one end. */
export function endFilter(flow: Flow, end: FlowEnd): string | undefined {
  const side = end === "source" ? "from" : "to";
  const endpoint = flow[end];
  if ((endpoint?.pod_name ?? "") !== "") return flag(`${side}-pod`, endText(flow, end));
  const fqdn = flow[`${end}_names`]?.[0];
  if (fqdn !== undefined) return flag(`${side}-fqdn`, fqdn);
  const { name } = endName(flow, end);
  return name === flow.IP?.[end] ? flag(`${side}-ip`, name) : flag(`${side}-identity`, name);
}

/** A pod's name in two, whose end is never cut: of a deployment's pod without its hash ("deathstar", "-97lrn"), of other long names the last six letters. */
export function shortPod(name: string): readonly [head: string, tail: string] {
  const [, workload, suffix] = /^(.+)-[a-z0-9]{8,10}-([a-z0-9]{5})$/.exec(name) ?? [];
  if (workload !== undefined && suffix !== undefined) return [workload, `-${suffix}`];
  const cut = name.length > 14 ? name.length - 6 : name.length;
  return [name.slice(0, cut), name.slice(cut)];
}

/** A name of which the end stays in sight: pods differ there. */
export function KeptEnd({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}) {
  const [head, tail] = shortPod(name);
  return (
    <span className="kept-end" title={namespace === "" ? name : `${namespace}/${name}`}>
      {namespace !== "" && <span className="truncate is-first dim">{namespace}/</span>}
      <b className="truncate">{head}</b>
      {tail !== "" && <b>{tail}</b>}
    </span>
  );
}

function endColumn(end: FlowEnd, label: string): FlowColumn {
  return {
    id: end,
    label,
    weight: 3,
    min: 110,
    field: end,
    text: (flow) => endText(flow, end),
    cell: (flow) => <KeptEnd {...endName(flow, end)} />,
    filter: (flow) => endFilter(flow, end),
  };
}

function plain(column: Omit<FlowColumn, "weight" | "min"> & Partial<FlowColumn>): FlowColumn {
  return { weight: 1.5, min: 90, ...column };
}

/** Both ends' less usual facts. */
function endColumns(end: FlowEnd): FlowColumn[] {
  const side = end === "source" ? "from" : "to";
  const label = (what: string) => `${end === "source" ? "Source" : "Destination"} ${what}`;
  const one = (
    id: string,
    words: string,
    text: (flow: Flow) => string,
    isMono = false,
  ): FlowColumn =>
    plain({
      id: `${end}-${id}`,
      label: label(words),
      field: `${end}-${id}`,
      text,
      isMono,
      filter: (flow) => flag(`${side}-${id}`, text(flow)),
    });
  return [
    one("namespace", "namespace", (flow) => flow[end]?.namespace ?? ""),
    one("workload", "workload", (flow) => flow[end]?.workloads?.[0]?.name ?? ""),
    one("identity", "identity", (flow) => String(flow[end]?.identity ?? ""), true),
    one("ip", "address", (flow) => flow.IP?.[end] ?? "", true),
    one("port", "port", (flow) => String(portOf(flow, end) ?? ""), true),
    one("cluster", "cluster", (flow) => flow[end]?.cluster_name ?? ""),
    plain({
      id: `${end}-labels`,
      label: label("labels"),
      weight: 3,
      isMono: true,
      text: (flow) =>
        (flow[end]?.labels ?? [])
          .filter((text) => !text.includes("io.c") && !text.includes("io.k"))
          .map((text) => text.replace(/^k8s:/, ""))
          .join(" "),
    }),
  ];
}

/** All columns, the usual ones first. */
export function flowColumns(zone: TimeZone): readonly FlowColumn[] {
  return [
    {
      id: "time",
      label: zone === "utc" ? "Time, UTC" : "Time",
      weight: 0,
      min: 112,
      isMono: true,
      text: (flow) => timeText(flowTimeMs(flow), zone),
    },
    {
      id: "verdict",
      label: "Verdict",
      weight: 0,
      min: 104,
      field: "verdict",
      text: (flow) => String(flow.verdict ?? ""),
      cell: (flow) => <VerdictText verdict={flow.verdict} />,
      filter: (flow) => flag("verdict", String(flow.verdict ?? "")),
    },
    endColumn("source", "Source"),
    endColumn("destination", "Destination"),
    {
      id: "port",
      label: "Port",
      weight: 0,
      min: 98,
      field: "destination-port",
      text: portText,
      filter: (flow) => {
        const port = portOf(flow, "destination");
        return port === undefined
          ? flag("protocol", protocolText(flow).toLowerCase())
          : flag("to-port", String(port));
      },
    },
    {
      id: "summary",
      label: "Summary",
      weight: 3.4,
      min: 130,
      isMono: true,
      text: summaryText,
      filter: ({ l7 }) =>
        l7?.http?.method === undefined ? undefined : flag("http-method", l7.http.method),
    },
    plain({
      id: "policy",
      label: "Policy",
      field: "policy",
      text: policyText,
      min: 112,
      weight: 1.8,
    }),
    plain({
      id: "drop-reason",
      label: "Drop reason",
      field: "drop-reason",
      text: dropReasonText,
      filter: (flow) => flag("drop-reason-desc", String(flow.drop_reason_desc ?? "")),
    }),
    plain({
      id: "direction",
      label: "Direction",
      field: "traffic-direction",
      text: (flow) => directionText(flow),
      filter: (flow) => flag("traffic-direction", directionText(flow)),
    }),
    plain({
      id: "node",
      label: "Node",
      field: "node",
      text: (flow) => flow.node_name ?? "",
      filter: (flow) => flag("node-name", flow.node_name ?? ""),
    }),
    plain({
      id: "protocol",
      label: "Protocol",
      field: "protocol",
      text: protocolText,
      filter: (flow) => flag("protocol", protocolText(flow).toLowerCase()),
    }),
    plain({
      id: "http-status",
      label: "HTTP status",
      field: "http-status",
      text: ({ l7 }) => String(l7?.http?.code || ""),
      filter: ({ l7 }) => flag("http-status", String(l7?.http?.code || "")),
    }),
    plain({
      id: "http-url",
      label: "HTTP URL",
      field: "http-url",
      weight: 3,
      isMono: true,
      text: ({ l7 }) => l7?.http?.url ?? "",
    }),
    plain({
      id: "dns-query",
      label: "DNS query",
      field: "dns-query",
      weight: 3,
      isMono: true,
      text: ({ l7 }) => l7?.dns?.query ?? "",
    }),
    plain({
      id: "trace-id",
      label: "Trace",
      field: "trace-id",
      isMono: true,
      text: (flow) => flow.trace_context?.parent?.trace_id ?? "",
      filter: (flow) => flag("trace-id", flow.trace_context?.parent?.trace_id ?? ""),
    }),
    ...endColumns("source"),
    ...endColumns("destination"),
  ];
}

function directionText({ traffic_direction: direction }: Flow): string {
  return direction === "INGRESS" || direction === "EGRESS" ? direction.toLowerCase() : "";
}

/** "17:41:07.432". */
export function timeText(timeMs: number, zone: TimeZone): string {
  if (Number.isNaN(timeMs)) return "";
  const [clock = "", fraction = ""] = timestampLabel(Math.floor(timeMs), zone)
    .split(" ")
    .slice(-1)
    .join("")
    .split(".");
  return `${clock}.${fraction.padEnd(3, "0")}`;
}

/** A verdict's glyph and word. */
export function VerdictText({ verdict }: { readonly verdict: unknown }) {
  const { kind, word } = verdictWord(verdict);
  return (
    <span className={`verdict-text is-${kind}`}>
      <Glyph kind={kind} />
      {word}
    </span>
  );
}
