/**
 * POST /api/v1/read: Prometheus' remote read. As there, neither the media type nor the encoding that a request
 * names is looked at: it is snappy and protobuf or it is refused for what it is.
 */

import type { CancelTimer, Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { ReadBody, ReadHandler } from "../remote/read-handler.ts";
import { readBodyBytesMax } from "../remote/read-request.ts";
import { methodNotAllowed, plainText } from "./answers.ts";
import { readBoundedBody } from "./bounded-body.ts";

/** A client that takes nothing for so long is gone, ms. */
const untakenMsMax = 5 * 60_000;

/** What the route needs beside the handler. */
interface Parts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Handles one request. */
export type RemoteReadRoute = (request: Request) => Promise<Response>;

/** The route over a handler; undefined: there is nothing to read. */
export function createRemoteReadRoute(
  handler: ReadHandler | undefined,
  parts: Parts,
): RemoteReadRoute {
  return async (request) => {
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (request.method !== "POST") return methodNotAllowed("POST");
    if (handler === undefined) return plainText(404, "not found");
    const answer = await handler.answer(() => bodyOf(request), request.signal);
    if (answer.status !== 200) return plainText(answer.status, answer.message);
    const headers = new Headers({ "content-type": answer.contentType });
    if (answer.contentEncoding !== undefined) {
      headers.set("content-encoding", answer.contentEncoding);
    }
    return new Response(streamOf(answer.body, request.signal, parts), { headers });
  };
}

/** What is longer than may be is cut, as Prometheus cuts it: no snappy block any more. */
async function bodyOf(request: Request): Promise<Uint8Array> {
  return (await readBoundedBody(request, readBodyBytesMax)) ?? new Uint8Array(0);
}

/**
 * Made only as fast as the client reads, and ended with it, or when it takes nothing for long: else a few
 * clients that hang would keep all turns.
 */
function streamOf(body: ReadBody, signal: AbortSignal, { clock, logger }: Parts): ReadableStream {
  let isOpen = true;
  let stopWaiting: CancelTimer = () => {};
  const end = (): void => {
    isOpen = false;
    stopWaiting();
    void body.end();
  };
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      stopWaiting();
      try {
        let piece = await body.next();
        while (piece?.length === 0) piece = await body.next();
        if (!isOpen) return;
        if (piece === undefined) controller.close();
        else {
          controller.enqueue(piece);
          stopWaiting = clock.after(untakenMsMax, () => {
            end();
            controller.error(new AppError("unreachable", "the reader takes nothing any more"));
          });
        }
      } catch (thrown) {
        // The connection ends where it was: an error's text would be read as a frame.
        if (isOpen) logger.warn({ error: errorMessage(thrown) }, "a remote read was broken off");
        throw thrown;
      }
    },
    cancel: end,
  });
}
