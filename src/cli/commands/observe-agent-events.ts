/** `ciliascope observe agent-events`: an agent's own events from its Observer, as the hubble CLI prints them. */

import { status } from "@grpc/grpc-js";
import { AppError, ConfigError } from "../../base/errors.ts";
import { HubbleClient } from "../../flow/grpc/hubble-client.ts";
import { hubbleMethod } from "../../flow/grpc/hubble-methods.ts";
import { formatTimestamp } from "../../flow/model/flow.ts";
import type {
  GetAgentEventsRequest,
  GetAgentEventsResponse,
} from "../../flow/model/generated/messages.ts";
import { AgentEventPrinter } from "../../flow/print/agent-event-printer.ts";
import { parseTime, timeFormat } from "../../flow/print/time-layout.ts";
import { MessageDecoder } from "../../flow/protobuf/message-decoder.ts";
import { flagHelp, parseFlags } from "../flag-set.ts";
import { hubbleServerFlags, toHubbleTarget } from "../hubble-server-flags.ts";
import { serverTrouble } from "./hubble-server.ts";
import { type ObserveContext, outputFormats } from "./observe-context.ts";
import { type ObserveOptions, observeFlags } from "./observe-options.ts";

const countDefault = 20;

/** Runs with the arguments behind "agent-events". Throws ConfigError, AppError. */
export async function observeAgentEvents(
  args: readonly string[],
  context: ObserveContext,
): Promise<void> {
  const { flags: server, specs } = hubbleServerFlags(context.env);
  const { options, groups } = observeFlags();
  const { Selectors: selectors = [], Formatting: formatting = [], Other: other = [] } = groups;
  const operands = parseFlags([...selectors, ...formatting, ...other, ...specs], args);
  if (options.isHelp) {
    const shown = { Selectors: selectors, Formatting: formatting, Server: specs };
    context.stdout("Usage: ciliascope observe agent-events [flags]\n");
    for (const [title, flags] of Object.entries(shown)) {
      context.stdout(`\n${title}:\n${flagHelp(flags)}`);
    }
    return;
  }
  if (operands.length > 0) {
    throw refusal(`unknown command "${operands[0]}" for "ciliascope observe agent-events"`);
  }
  const format = outputFormats.get(options.output);
  if (format === undefined) throw refusal(`invalid output format: ${options.output}`);
  if (server.server === "") {
    throw refusal(
      "agent events come from an agent alone: name one with --server, as in --server 127.20.0.1:4244 (the demo's agents stand in its Targets)",
    );
  }
  const printer = new AgentEventPrinter({
    format,
    formatTime: timeFormat(options.timeFormat),
    hasNodeName: options.hasNodeName,
    stdout: context.stdout,
  });
  const request = toRequest(options, context.clock.nowMs());
  const client = new HubbleClient(toHubbleTarget(server), context.clock);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  context.untilStopped().then(stop, stop);
  const method = hubbleMethod("observer.Observer", "GetAgentEvents");
  const decoder = new MessageDecoder();
  try {
    for await (const batch of client.stream(method, request, stopping.signal)) {
      for (const bytes of batch) {
        printer.write(decoder.decode(method.response, bytes) as GetAgentEventsResponse);
      }
    }
  } catch (thrown) {
    const message =
      (thrown as { code?: unknown }).code === status.UNIMPLEMENTED
        ? "this server has no agent events (a Relay has none): ask an agent, port 4244"
        : serverTrouble(thrown);
    throw new AppError("unreachable", message, { cause: thrown });
  } finally {
    client.close();
  }
  printer.close();
}

function toRequest(
  { first, last, all, follow, since, until }: ObserveOptions,
  nowMs: number,
): GetAgentEventsRequest {
  if (first > 0 && (last > 0 || all || follow)) {
    throw refusal("--first does not go with --last, --all or --follow");
  }
  const request: GetAgentEventsRequest = {};
  const stamp = (text: string) => {
    const nanos = parseTime(text, nowMs);
    return formatTimestamp(Number(nanos / 1_000_000n), Number(nanos % 1_000_000n));
  };
  if (since !== "") request.since = stamp(since);
  if (until !== "" && !follow) request.until = stamp(until);
  if (follow) request.follow = true;
  if (first > 0) request.first = true;
  const isOpen = all || follow || since !== "" || until !== "";
  const number = first || last || (isOpen ? 0 : countDefault);
  if (number > 0) request.number = String(number);
  return request;
}

function refusal(message: string): ConfigError {
  return new ConfigError(message, { path: "" });
}
