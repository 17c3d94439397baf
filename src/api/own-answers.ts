/** Answers of our own routes under /api/ciliascope/v1: JSON, and one sentence for what is refused. */

import { AppError } from "../base/errors.ts";
import type { ErrorAnswer } from "./wire/server.ts";

/** HTTP status of the error codes that our own routes can meet; any other code: 404. */
const statusOfCode: Readonly<Record<string, number>> = {
  parse: 400,
  config: 400,
  limit: 413,
  refused: 403,
  unreachable: 502,
};

/** Answers what `run` gives as JSON; an AppError as its sentence with the status of its code. Faults of ours pass. */
export async function guarded(run: () => unknown): Promise<Response> {
  try {
    return Response.json(await run());
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return refuse(statusOfCode[thrown.code] ?? 404, thrown.message);
  }
}

/** An answer `{"error": …}` with a status of 400 or more. */
export function refuse(status: number, error: string): Response {
  const body: ErrorAnswer = { error };
  return Response.json(body, { status });
}
