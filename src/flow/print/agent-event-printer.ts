/** Prints an agent's own events as `hubble observe agent-events` does. */

import { timestampNanos } from "../model/flow.ts";
import type { AgentEvent, GetAgentEventsResponse } from "../model/generated/messages.ts";
import { formatProtoMessage } from "../model/jsonpb.ts";
import { alignRows, type PrinterOptions } from "./flow-printer.ts";
import { escapeControls } from "./palette.ts";
import type { TimeFormat } from "./time-layout.ts";

/** What a printer needs. */
export type AgentEventPrinterOptions = Pick<
  PrinterOptions,
  "format" | "formatTime" | "hasNodeName" | "stdout"
>;

/** Writes one event after another; a table is held until close(). */
export class AgentEventPrinter {
  readonly #options: AgentEventPrinterOptions;
  readonly #rows: string[][] = [];
  #isFirst = true;

  constructor(options: AgentEventPrinterOptions) {
    this.#options = options;
  }

  write(response: GetAgentEventsResponse): void {
    const { format, formatTime, hasNodeName, stdout } = this.#options;
    const { agent_event: event } = response;
    if (event === undefined) return;
    if (format === "jsonpb") {
      stdout(`${formatProtoMessage(response, "observer.GetAgentEventsResponse")}\n`);
      return;
    }
    const time = formatTime(
      response.time === undefined ? undefined : timestampNanos(response.time),
    );
    const node = escapeControls(response.node_name ?? "");
    const type = String(event.type ?? "AGENT_EVENT_UNKNOWN");
    const details = escapeControls(agentEventDetails(event, formatTime));
    if (format === "compact") {
      stdout(`${time}${hasNodeName ? ` [${node}]` : ""}: ${type} (${details})\n`);
    } else if (format === "table") {
      if (this.#isFirst) this.#addRow("TIMESTAMP", "NODE", ["TYPE", "DETAILS"]);
      this.#addRow(time, node, [type, details]);
    } else {
      const lines = [["TIMESTAMP", time]];
      if (hasNodeName) lines.push(["NODE", node]);
      lines.push(["TYPE", type], ["DETAILS", details]);
      const block = lines.map(([name = "", value]) => `${name.padStart(11)}: ${value}\n`).join("");
      stdout((this.#isFirst ? "" : "------------\n") + block);
    }
    this.#isFirst = false;
  }

  close(): void {
    if (this.#rows.length > 0) this.#options.stdout(alignRows(this.#rows));
    this.#rows.length = 0;
  }

  #addRow(time: string, node: string, rest: readonly string[]): void {
    this.#rows.push(this.#options.hasNodeName ? [time, node, ...rest] : [time, ...rest]);
  }
}

/** What an event says, in a line. */
export function agentEventDetails(event: AgentEvent, formatTime: TimeFormat): string {
  const { type = "AGENT_EVENT_UNKNOWN" } = event;
  switch (type) {
    case "AGENT_EVENT_UNKNOWN":
      return unknownDetails(event);
    case "AGENT_STARTED": {
      const { time } = event.agent_start ?? {};
      return `start time: ${formatTime(time === undefined ? undefined : timestampNanos(time))}`;
    }
    case "POLICY_UPDATED":
    case "POLICY_DELETED": {
      const { labels = [], revision = "0", rule_count: count = "0" } = event.policy_update ?? {};
      return `labels: [${labels.join(",")}], revision: ${revision}, count: ${count}`;
    }
    case "ENDPOINT_REGENERATE_SUCCESS":
    case "ENDPOINT_REGENERATE_FAILURE": {
      const { id = "0", labels = [], error } = event.endpoint_regenerate ?? {};
      return joined([`id: ${id}`, `labels: [${labels.join(",")}]`], { error });
    }
    case "ENDPOINT_CREATED":
    case "ENDPOINT_DELETED": {
      const { id = "0", namespace, pod_name: podName } = event.endpoint_update ?? {};
      return joined([`id: ${id}`], { namespace, "pod name": podName });
    }
    case "IPCACHE_UPSERTED":
    case "IPCACHE_DELETED":
      return ipcacheDetails(event);
    default:
      return serviceDetails(event);
  }
}

function unknownDetails({ unknown }: AgentEvent): string {
  if (unknown === undefined) return "UNKNOWN";
  return `type: ${unknown.type ?? ""}, notification: ${unknown.notification ?? ""}`;
}

function ipcacheDetails({ ipcache_update: update = {} }: AgentEvent): string {
  const { cidr = "", identity = 0, encrypt_key: key = 0 } = update;
  const text = joined([`cidr: ${cidr}`, `identity: ${identity}`], {
    "old identity": update.old_identity === undefined ? undefined : String(update.old_identity),
    "host ip": update.host_ip,
    "old host ip": update.old_host_ip,
  });
  return `${text}, encrypt key: ${key}`;
}

function serviceDetails({ service_upsert: upsert, service_delete: removal }: AgentEvent): string {
  if (removal !== undefined) return `id: ${removal.id ?? 0}`;
  if (upsert === undefined) return "UNKNOWN";
  const address = ({ ip = "", port = 0 }) =>
    ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  const { frontend_address: frontend, backend_addresses: backends = [] } = upsert;
  return joined([`id: ${upsert.id ?? 0}`], {
    frontend: frontend === undefined ? undefined : address(frontend),
    backends: backends.length === 0 ? undefined : `[${backends.map(address).join(",")}]`,
    type: upsert.type,
    "traffic policy": upsert.traffic_policy,
    namespace: upsert.namespace,
    name: upsert.name,
  });
}

/** Parts, then those of `named` that have a value. */
function joined(
  parts: readonly string[],
  named: Readonly<Record<string, string | undefined>>,
): string {
  const more = Object.entries(named)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}: ${value}`);
  return [...parts, ...more].join(", ");
}
