/**
 * The page of the flow metrics: text and OpenMetrics, rendered as fast as the client reads, on loopback
 * only, since it asks nobody for a password.
 */

import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { HubbleInternals } from "../flowmetrics/hubble-internals.ts";
import { WorkSlice } from "../flowmetrics/studio/work-slice.ts";
import { negotiateExposition, renderPieces } from "../metrics/exposition.ts";
import type { Registry } from "../metrics/registry.ts";
import { type HttpListener, isLoopback, listenHttp, parseListenAddress } from "./http-listener.ts";

/** Where the page listens unless told. */
export const flowMetricsListenDefault = "127.0.0.1:9195";

/** What is served, and what counts how. */
export interface FlowMetricsPageOptions {
  /** HOST:PORT, "" = no page, undefined = the default, given up where its port is taken. */
  readonly listen: string | undefined;
  readonly page: Registry;
  readonly internals: HubbleInternals;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Serves the page; undefined = there is none. Throws AppError. */
export async function listenForScrapes(
  options: FlowMetricsPageOptions,
): Promise<HttpListener | undefined> {
  const { listen: text = flowMetricsListenDefault, logger } = options;
  if (text === "") return undefined;
  const address = parseListenAddress(text);
  if (!isLoopback(address.host)) {
    throw new AppError(
      "refused",
      `cannot serve flow metrics on ${text}: the page asks nobody for a password. Listen on 127.0.0.1, or read the series with job="ciliascope-flows" from the server`,
    );
  }
  try {
    return await listenHttp((request) => answer(options, request), address, {
      flag: "--flows.metrics-listen",
    });
  } catch (thrown) {
    const isTaken = thrown instanceof AppError && thrown.code === "address_in_use";
    if (!isTaken || options.listen !== undefined) throw thrown;
    logger.warn({ error: errorMessage(thrown) }, "no page of flow metrics; it goes on without");
    return undefined;
  }
}

/** A page that other sites' scripts could ask by a rebound name would leak: only loopback's own names. */
const pageHosts = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

function answer({ page, internals, clock }: FlowMetricsPageOptions, request: Request): Response {
  const startedMs = clock.monotonicMs();
  const count = (status: number): void =>
    internals.countScrape(status, (clock.monotonicMs() - startedMs) / 1000);
  const refuse = (status: number, why: string): Response => {
    count(status);
    return new Response(`${why}\n`, { status });
  };
  if (!pageHosts.test(request.headers.get("host") ?? "")) {
    return refuse(403, "this host name is not allowed here");
  }
  if (new URL(request.url).pathname !== "/metrics") {
    return refuse(404, "flow metrics are at /metrics");
  }
  const choice = negotiateExposition(request.headers.get("accept") ?? undefined);
  const pieces = renderPieces(page, choice.format);
  const body = streamPieces(pieces, new WorkSlice(clock), () => count(200));
  return new Response(body, { headers: { "content-type": choice.contentType } });
}

/** Made only as fast as the client reads, with turns for others in between. `ended`: all is made, or the client is gone. */
function streamPieces(
  pieces: Generator<string>,
  slice: WorkSlice,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const step = pieces.next();
        if (step.done === true) {
          controller.close();
          ended();
          return;
        }
        await slice.pauseIfOver();
        if (step.value === "") continue;
        controller.enqueue(encoder.encode(step.value));
        return;
      }
    },
    cancel() {
      pieces.return(undefined);
      ended();
    },
  });
}
