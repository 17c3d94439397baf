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

/** 200 whose `data` is JSON text that arrives in pieces; pulled only as fast as the client reads. */
export function successStream(data: Iterator<string>, remarks: Remarks): Response {
  const encoder = new TextEncoder();
  const tail = jsonText(presentRemarks(remarks)).slice(1);
  let isStarted = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!isStarted) controller.enqueue(encoder.encode('{"status":"success","data":'));
      isStarted = true;
      const next = data.next();
      if (!next.done) {
        controller.enqueue(encoder.encode(next.value));
        return;
      }
      controller.enqueue(encoder.encode(tail === "}" ? tail : `,${tail}`));
      controller.close();
    },
  });
  return new Response(stream, { headers: jsonHeaders });
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
