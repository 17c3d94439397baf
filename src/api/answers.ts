/** Answers in the envelope of Prometheus' HTTP API, status codes by error kind. */

import type { QueryError, QueryErrorKind } from "../base/errors.ts";
import { jsonText } from "./json-text.ts";

/** HTTP status of each error kind, as Prometheus answers. */
const statusOfKind: Readonly<Record<QueryErrorKind, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  // Not in Prometheus' own table of statuses, so it falls to 500 there.
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
};

/** About so many bytes of an answer go out at a time. */
const pieceBytes = 256 * 1024;

const jsonHeaders = { "content-type": "application/json" };

/** Remarks beside an answer. */
export interface Remarks {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** 200 with `data` as JSON. */
export function success(data: unknown, remarks: Remarks = {}): Response {
  const body = jsonText({ status: "success", data, ...presentRemarks(remarks) });
  return new Response(body, { headers: jsonHeaders });
}

/**
 * 200 whose `data` is JSON that arrives in pieces, strings or UTF-8; pulled only as fast as the client
 * reads, but for the first, which with a small answer is all there is.
 */
export function successStream(data: Iterator<string | Uint8Array>, remarks: Remarks): Response {
  const tail = jsonText(presentRemarks(remarks)).slice(1);
  const pieces = envelopePieces(data, tail === "}" ? tail : `,${tail}`);
  const [first, second] = [pieces.next(), pieces.next()];
  if (second.done === true) {
    return new Response(first.value ?? new Uint8Array(0), { headers: jsonHeaders });
  }
  const ready = [first.value as Uint8Array, second.value];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = ready.shift() ?? pieces.next().value;
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  return new Response(stream, { headers: jsonHeaders });
}

/** The bytes of an envelope; small pieces are joined, large ones stand alone and are not copied. */
function* envelopePieces(
  data: Iterator<string | Uint8Array>,
  tail: string,
): Generator<Uint8Array, undefined> {
  let waiting: Uint8Array[] = [Buffer.from('{"status":"success","data":')];
  let size = 0;
  for (let next = data.next(); next.done !== true; next = data.next()) {
    const bytes = typeof next.value === "string" ? Buffer.from(next.value) : next.value;
    if (waiting.length > 0 && size + bytes.length > pieceBytes) {
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
    if (bytes.length >= pieceBytes) {
      yield bytes;
      continue;
    }
    waiting.push(bytes);
    size += bytes.length;
  }
  waiting.push(Buffer.from(tail));
  yield Buffer.concat(waiting);
  return undefined;
}

/** The error envelope. */
export function failure(error: QueryError): Response {
  const body = jsonText({ status: "error", errorType: error.kind, error: error.message });
  return new Response(body, { status: statusOfKind[error.kind], headers: jsonHeaders });
}

/** Plain text, as Go's http.Error writes it. */
export function plainText(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

/** 405 that says which methods a route takes. */
export function methodNotAllowed(methods: string): Response {
  const answer = plainText(405, "Method Not Allowed");
  answer.headers.set("allow", [...methods.split(" "), "OPTIONS"].sort().join(", "));
  return answer;
}

function presentRemarks(remarks: Remarks): Remarks {
  const present: { warnings?: readonly string[]; infos?: readonly string[] } = {};
  if ((remarks.warnings ?? []).length > 0) present.warnings = remarks.warnings ?? [];
  if ((remarks.infos ?? []).length > 0) present.infos = remarks.infos ?? [];
  return present;
}

/** The warning beside an answer that a limit cut. */
export const truncationWarning = "results truncated due to limit";

/** `values` cut to `limit` (0 = none), with the warning where it cut. */
export function truncate<T>(
  values: readonly T[],
  limit: number,
): { values: readonly T[]; warnings: string[] } {
  if (limit === 0 || values.length <= limit) return { values, warnings: [] };
  return { values: values.slice(0, limit), warnings: [truncationWarning] };
}
