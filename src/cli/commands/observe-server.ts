/** `ciliascope observe --server …`: the request goes to a Hubble server, its answers to the printer. */

import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import type { FlowFilter } from "../../flow/filter/flow-filter.ts";
import { HubbleClient } from "../../flow/grpc/hubble-client.ts";
import { formatTimestamp } from "../../flow/model/flow.ts";
import type { GetFlowsRequest } from "../../flow/model/generated/messages.ts";
import type { EventRequest } from "../../flow/observe/event-selector.ts";
import { FlowDecoder } from "../../flow/protobuf/flow-decoder.ts";
import type { CliContext } from "../command.ts";
import { type HubbleServerFlags, toHubbleTarget } from "../hubble-server-flags.ts";
import { serverTrouble } from "./hubble-server.ts";
import type { EventPrinter } from "./observe-aggregate.ts";
import type { ObserveOptions } from "./observe-options.ts";

/** What `--all` asks for: the greatest number there is. */
const allFlows = "18446744073709551615";
/** Shown when nothing says how many. */
const flowCountDefault = "20";

/** Asks and prints until the answer ends or the user stops it. Throws AppError with cause and mend. */
export async function observeServer(
  options: ObserveOptions,
  how: {
    readonly server: HubbleServerFlags;
    readonly filters: { readonly allow: FlowFilter[]; readonly deny: FlowFilter[] };
    readonly request: EventRequest;
    readonly printer: EventPrinter;
    readonly context: Pick<CliContext, "untilStopped"> & { readonly clock: Clock };
  },
): Promise<void> {
  const { server, filters, request, printer, context } = how;
  const client = new HubbleClient(toHubbleTarget(server), context.clock);
  const stopping = new AbortController();
  context.untilStopped().then(
    () => stopping.abort(),
    () => stopping.abort(),
  );
  const decoder = new FlowDecoder();
  let isConnecting = true;
  let isLate = false;
  client.connected(server.timeoutMs).then(
    () => {
      isConnecting = false;
    },
    () => {
      // A refusal is the stream's to tell; here nobody answered at all.
      isLate = isConnecting;
      stopping.abort();
    },
  );
  try {
    const asked = toServerRequest(options, filters, request);
    for await (const batch of client.getFlows(asked, stopping.signal)) {
      isConnecting = false;
      for (const bytes of batch) printer.write(decoder.response(bytes));
    }
    if (isLate) throw new AppError("unreachable", lateSentence(server));
  } catch (thrown) {
    throw new AppError("unreachable", serverTrouble(thrown), { cause: thrown });
  } finally {
    client.close();
  }
}

function lateSentence({ server, timeoutMs }: HubbleServerFlags): string {
  return `no connection to ${server} within ${timeoutMs / 1000}s: nobody answers there; look at the address and what lies between, or give --timeout`;
}

/** What the printed forms show of a flow: all that another field would bring is not asked for. */
const shownFields = [
  "time",
  "uuid",
  "verdict",
  "auth_type",
  "ethernet",
  "IP",
  "l4",
  "l7",
  ...["identity", "namespace", "labels", "pod_name"].flatMap((name) => [
    `source.${name}`,
    `destination.${name}`,
  ]),
  "source_names",
  "destination_names",
  "source_service",
  "destination_service",
  "Type",
  "node_name",
  "is_reply",
  "event_type",
  "traffic_direction",
  "policy_match_type",
  "trace_observation_point",
  "drop_reason_desc",
  "debug_capture_point",
  "sock_xlate_point",
  "ip_trace_id",
  "egress_allowed_by",
  "ingress_allowed_by",
  "egress_denied_by",
  "ingress_denied_by",
  "Summary",
];

/** The request as the hubble CLI makes it. */
function toServerRequest(
  options: ObserveOptions,
  { allow, deny }: { readonly allow: FlowFilter[]; readonly deny: FlowFilter[] },
  { since, until, first }: EventRequest,
): GetFlowsRequest {
  const request: GetFlowsRequest = { whitelist: allow, blacklist: deny };
  if (options.follow) request.follow = true;
  if (since !== undefined) request.since = timestamp(since);
  if (until !== undefined) request.until = timestamp(until);
  if (first !== undefined) request.first = true;
  const number = first !== undefined ? String(first) : lastNumber(options, since ?? until);
  if (number !== "0") request.number = number;
  if (options.fieldMask.length > 0) request.field_mask = options.fieldMask.join(",");
  else if (options.useDefaultMasks && isPrinted(options)) {
    request.field_mask = shownFields.join(",");
  }
  return request;
}

/** JSON and aggregates show whatever there is. */
function isPrinted({ output, aggregateBy }: ObserveOptions): boolean {
  return aggregateBy === "" && !/^json/i.test(output);
}

function lastNumber({ last, all, follow }: ObserveOptions, span: bigint | undefined): string {
  if (last > Number.MAX_SAFE_INTEGER) return allFlows;
  if (last > 0 || span !== undefined) return String(last);
  if (all) return allFlows;
  return follow ? "0" : flowCountDefault;
}

function timestamp(nanos: bigint): string {
  return formatTimestamp(Number(nanos / 1_000_000n), Number(nanos % 1_000_000n));
}
