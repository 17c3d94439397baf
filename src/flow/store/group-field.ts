/**
 * What flows can be grouped, completed and exported by: a name, the columns behind it, and the text of
 * a flow. Names are those of the filter flags where one exists (`source-pod` for --from-pod).
 */

import type { Flow, FlowEndpoint } from "../model/flow.ts";
import { endpointName } from "./endpoint-name.ts";

/** A field of flows as text; "" = the flow has none. */
export interface GroupField {
  readonly name: string;
  /** As in filter-paths.ts. */
  readonly paths: readonly string[];
  readonly read: (flow: Flow) => string;
}

type Side = "source" | "destination";

function sided(side: Side): GroupField[] {
  const end = (read: (endpoint: FlowEndpoint) => string) => (flow: Flow) =>
    flow[side] === undefined ? "" : read(flow[side]);
  return [
    {
      name: side,
      paths: [side, `${side}_names`],
      read: (flow) => endpointName(flow[side], flow[`${side}_names`]),
    },
    {
      name: `${side}-pod`,
      paths: [side],
      read: end(({ namespace = "", pod_name = "" }) =>
        pod_name === "" ? "" : `${namespace}/${pod_name}`,
      ),
    },
    { name: `${side}-namespace`, paths: [side], read: end(({ namespace }) => namespace ?? "") },
    {
      name: `${side}-workload`,
      paths: [side],
      read: end(({ workloads }) => workloads?.[0]?.name ?? ""),
    },
    {
      name: `${side}-identity`,
      paths: [side],
      read: end(({ identity }) => (identity === undefined ? "" : String(identity))),
    },
    { name: `${side}-cluster`, paths: [side], read: end((at) => at.cluster_name ?? "") },
    { name: `${side}-label`, paths: [side], read: end(({ labels }) => labels?.join(",") ?? "") },
    { name: `${side}-ip`, paths: [`IP.${side}`], read: (flow) => flow.IP?.[side] ?? "" },
    {
      name: `${side}-fqdn`,
      paths: [`${side}_names`],
      read: (flow) => flow[`${side}_names`]?.[0] ?? "",
    },
    {
      name: `${side}-service`,
      paths: [`${side}_service`],
      read: (flow) => {
        const service = flow[`${side}_service`];
        return service?.name === undefined ? "" : `${service.namespace ?? ""}/${service.name}`;
      },
    },
    {
      name: `${side}-port`,
      paths: ["TCP", "UDP", "SCTP"].flatMap((l4) => [`l4.${l4}!`, `l4.${l4}.${side}_port`]),
      read: ({ l4 }) => {
        const port = (l4?.TCP ?? l4?.UDP ?? l4?.SCTP)?.[`${side}_port`];
        return port === undefined ? "" : String(port);
      },
    },
  ];
}

const layer4 = ["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP"] as const;
const policyLists = [
  "egress_denied_by",
  "ingress_denied_by",
  "egress_allowed_by",
  "ingress_allowed_by",
] as const;

const fields: readonly GroupField[] = [
  { name: "verdict", paths: ["verdict"], read: (flow) => String(flow.verdict ?? "") },
  {
    name: "drop-reason",
    paths: ["drop_reason_desc"],
    read: (flow) => String(flow.drop_reason_desc ?? ""),
  },
  { name: "node", paths: ["node_name"], read: (flow) => flow.node_name ?? "" },
  {
    name: "traffic-direction",
    paths: ["traffic_direction"],
    read: (flow) => String(flow.traffic_direction ?? ""),
  },
  { name: "type", paths: ["Type"], read: (flow) => String(flow.Type ?? "") },
  {
    name: "reply",
    paths: ["is_reply"],
    read: (flow) => (flow.is_reply === undefined ? "" : String(flow.is_reply)),
  },
  {
    name: "observation-point",
    paths: ["trace_observation_point"],
    read: (flow) => String(flow.trace_observation_point ?? ""),
  },
  {
    name: "protocol",
    paths: [...layer4.map((name) => `l4.${name}!`), "l7.http!", "l7.dns!", "l7.kafka!"],
    read: protocolOf,
  },
  {
    name: "policy",
    paths: [...policyLists],
    read: (flow) => {
      const policy = policyLists
        .map((list) => flow[list]?.[0])
        .find((found) => found !== undefined);
      if (policy === undefined) return "";
      const { namespace = "", name = "" } = policy;
      return namespace === "" ? name : `${namespace}/${name}`;
    },
  },
  {
    name: "http-status",
    paths: ["l7.http.code"],
    read: ({ l7 }) => (l7?.http?.code === undefined ? "" : String(l7.http.code)),
  },
  { name: "http-method", paths: ["l7.http.method"], read: ({ l7 }) => l7?.http?.method ?? "" },
  { name: "http-url", paths: ["l7.http.url"], read: ({ l7 }) => l7?.http?.url ?? "" },
  { name: "dns-query", paths: ["l7.dns.query"], read: ({ l7 }) => l7?.dns?.query ?? "" },
  {
    name: "dns-rcode",
    paths: ["l7.dns.rcode"],
    read: ({ l7 }) => (l7?.dns?.rcode === undefined ? "" : String(l7.dns.rcode)),
  },
  { name: "kafka-topic", paths: ["l7.kafka.topic"], read: ({ l7 }) => l7?.kafka?.topic ?? "" },
  {
    name: "trace-id",
    paths: ["trace_context"],
    read: (flow) => flow.trace_context?.parent?.trace_id ?? "",
  },
  ...sided("source"),
  ...sided("destination"),
];

/** All fields by name. */
export const groupFields: ReadonlyMap<string, GroupField> = new Map(
  fields.map((field) => [field.name, field]),
);

/** "HTTP", "DNS", "KAFKA", or layer 4. */
export function protocolOf({ l4, l7 }: Flow): string {
  if (l7?.http !== undefined) return "HTTP";
  if (l7?.dns !== undefined) return "DNS";
  if (l7?.kafka !== undefined) return "KAFKA";
  return layer4.find((name) => l4?.[name] !== undefined) ?? "";
}
