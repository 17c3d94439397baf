/**
 * POST /api/v1/write: remote write 1.0, off unless the server was started with
 * --web.enable-remote-write-receiver. Bodies are bounded before they are read, and so is what all
 * requests together may hold. The order of the checks is that of Prometheus.
 */

import { AppError } from "../base/errors.ts";
import { snappyPlainLength } from "../remote/snappy-block.ts";
import { contentTypeProblem, encodingProblem, writeBodyBytesMax } from "../remote/write-headers.ts";
import type { WriteReceiver } from "../remote/write-receiver.ts";
import { plainText } from "./answers.ts";
import { readBoundedBody } from "./bounded-body.ts";

/** Bodies and their plain bytes that may be in memory at the same time. */
const heldBytesMax = 256 << 20;

/** Handles one request. */
export type RemoteWriteRoute = (request: Request) => Promise<Response>;

/** The route over a receiver; undefined: it is off. */
export function createRemoteWriteRoute(receiver: WriteReceiver | undefined): RemoteWriteRoute {
  if (receiver === undefined) {
    return async (request) =>
      request.method === "POST"
        ? plainText(
            404,
            "remote write receiver needs to be enabled with --web.enable-remote-write-receiver",
          )
        : plainText(405, "Method Not Allowed");
  }
  let heldBytes = 0;
  return async (request) => {
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (request.method !== "POST") return plainText(405, "Method Not Allowed");
    const declared = Number(request.headers.get("content-length") ?? writeBodyBytesMax);
    if (heldBytes + declared > heldBytesMax && declared <= writeBodyBytesMax) {
      return plainText(503, "too many remote write requests at the same time; try again");
    }
    // Never negative or NaN: Node has checked the header.
    heldBytes += declared;
    try {
      const answer = await receive(receiver, request);
      receiver.metrics.answered(answer.status);
      return answer;
    } finally {
      heldBytes -= declared;
    }
  };
}

async function receive(receiver: WriteReceiver, request: Request): Promise<Response> {
  const encoding = encodingProblem(request.headers.get("content-encoding") ?? "");
  if (encoding !== undefined) return plainText(415, encoding);
  const block = await readBoundedBody(request, writeBodyBytesMax);
  if (block === undefined) {
    return plainText(413, `request body exceeds the ${writeBodyBytesMax} bytes limit`);
  }
  let mediaProblem: string | undefined;
  try {
    const plainLength = snappyPlainLength(block);
    if (plainLength > writeBodyBytesMax) {
      return plainText(400, `decoded size exceeds the ${writeBodyBytesMax} bytes limit`);
    }
    const { status, message } = await receiver.write(block, plainLength, () => {
      mediaProblem = contentTypeProblem(request.headers.get("content-type") ?? "");
      return mediaProblem === undefined ? undefined : { status: 400, message: mediaProblem };
    });
    if (mediaProblem !== undefined) return plainText(415, mediaProblem);
    return status === 204 ? new Response(null, { status }) : plainText(status, message);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "parse") {
      return plainText(400, thrown.message);
    }
    throw thrown;
  }
}
