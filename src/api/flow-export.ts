/** Export of flows: JSON lines as Hubble's exporter writes them, or CSV of chosen fields; streamed, at the reader's pace. */

import { ConfigError } from "../base/errors.ts";
import type { Flow } from "../flow/model/flow.ts";
import { formatFlowLine } from "../flow/model/jsonpb.ts";
import { type OrderedSearch, orderedFlows } from "../flow/store/flow-search.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { type GroupField, groupFields } from "../flow/store/group-field.ts";

const chunkChars = 64 * 1024;
const csvDefault =
  "verdict,source,destination,protocol,destination-port,traffic-direction,drop-reason,http-method,http-status,http-url,dns-query,policy,node";

/** GET /flows/export?format=jsonl|csv&columns=… */
export function exportFlows(
  store: FlowStore,
  search: OrderedSearch,
  query: Readonly<Record<string, string>>,
): Response {
  const format = query["format"] ?? "jsonl";
  if (format !== "jsonl" && format !== "csv") {
    throw new ConfigError(`${JSON.stringify(format)} is neither jsonl nor csv`, { path: "format" });
  }
  const columns = csvColumns(query["columns"] ?? csvDefault);
  const head = format === "csv" ? `time,uuid,${columns.map(({ name }) => name).join(",")}\r\n` : "";
  const line =
    format === "csv"
      ? (flow: Flow) => csvLine(flow, columns)
      : (flow: Flow) => `${formatFlowLine(flow, flow.node_name ?? "", flow.time ?? "")}\n`;
  const flows = orderedFlows(store, search);
  const encoder = new TextEncoder();
  let text = head;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (text.length < chunkChars) {
        const next = await flows.next();
        if (next.done === true) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += line(next.value.flow);
      }
      controller.enqueue(encoder.encode(text));
      text = "";
    },
    async cancel() {
      await flows.return(undefined);
    },
  });
  const type = format === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson";
  return new Response(body, {
    headers: {
      "content-type": type,
      "content-disposition": `attachment; filename="flows.${format}"`,
    },
  });
}

function csvColumns(text: string): GroupField[] {
  return text.split(",").map((name) => {
    const field = groupFields.get(name.trim());
    if (field === undefined) {
      throw new ConfigError(`there is no field ${JSON.stringify(name)}`, { path: "columns" });
    }
    return field;
  });
}

function csvLine(flow: Flow, columns: readonly GroupField[]): string {
  const cells = [flow.time ?? "", flow.uuid ?? "", ...columns.map(({ read }) => read(flow))];
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe: URLs come from anybody. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
