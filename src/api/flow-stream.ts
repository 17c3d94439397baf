/**
 * Live flows as Server-Sent Events: an event `flows` every 250 ms with what came and matched. A reader
 * that is too slow gets fewer flows and is told how many; nothing waits for it.
 */

import type { Clock } from "../base/clock.ts";
import { compileFlowFilters, type FlowTest } from "../flow/filter/flow-filter.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { FilterLists } from "../flow/store/row-filter.ts";
import type { FlowStreamBatch } from "./wire/flows.ts";

const batchMs = 250;
/** Flows of one batch; the newest stay. */
const batchFlowsMax = 1000;
/** Without flows, a sign of life comes so often, so that nobody between closes the connection. */
const aliveBatches = 40;

/** Live flows, batch by batch; returns how to stop. */
export type FlowSubscription = (take: (flows: readonly Flow[]) => void) => () => void;

function compileLists({ allow, deny, also = [] }: FilterLists): FlowTest {
  const tests = [compileFlowFilters(allow, deny), ...also.map(compileLists)];
  return (flow) => tests.every((test) => test(flow));
}

/** The response. Throws ConfigError where the filter does not compile. */
export function streamFlows(
  live: FlowSubscription,
  lists: FilterLists,
  clock: Clock,
  signal: AbortSignal,
): Response {
  const passes = compileLists(lists);
  const encoder = new TextEncoder();
  let waiting: Flow[] = [];
  let lost = 0;
  let seen = 0;
  let quietBatches = 0;
  let stop: () => void = () => undefined;
  let cancelTimer: () => void = () => undefined;
  const end = () => {
    stop();
    cancelTimer();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stop = live((flows) => {
        seen += flows.length;
        for (const flow of flows) if (passes(flow)) waiting.push(flow);
        if (waiting.length <= 2 * batchFlowsMax) return;
        lost += waiting.length - batchFlowsMax;
        waiting = waiting.slice(-batchFlowsMax);
      });
      controller.enqueue(encoder.encode("retry: 2000\n\n"));
      const tick = () => {
        cancelTimer = clock.after(batchMs, tick);
        // Back-pressure: what the reader has not taken yet is enough.
        if ((controller.desiredSize ?? 0) <= 0) return;
        if (waiting.length + lost + seen === 0 && ++quietBatches < aliveBatches) return;
        quietBatches = 0;
        const dropped = Math.max(0, waiting.length - batchFlowsMax);
        const batch: FlowStreamBatch = {
          flows: waiting.slice(dropped),
          lost: lost + dropped,
          seen,
        };
        waiting = [];
        lost = 0;
        seen = 0;
        controller.enqueue(encoder.encode(`event: flows\ndata: ${JSON.stringify(batch)}\n\n`));
      };
      cancelTimer = clock.after(batchMs, tick);
      signal.addEventListener("abort", () => {
        end();
        try {
          controller.close();
        } catch {
          // It was cancelled already.
        }
      });
    },
    cancel: end,
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" },
  });
}
