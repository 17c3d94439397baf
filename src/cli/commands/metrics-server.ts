/** How `metrics` commands ask a running server. */

import { AppError, errorMessage } from "../../base/errors.ts";

/** Asks our own API; an error answer is thrown as its sentence. Throws AppError "unreachable", "refused". */
export async function askServer<Answer>(
  server: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  let url: URL;
  try {
    url = new URL(`${server.replace(/\/$/, "")}/api/ciliascope/v1${path}`);
  } catch (thrown) {
    throw new AppError("usage", `--server ${server} is no URL: ${errorMessage(thrown)}`);
  }
  // A name and password stand in the URL; fetch refuses them there.
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(username === ""
          ? {}
          : { authorization: `Basic ${Buffer.from(pair).toString("base64")}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    throw new AppError("unreachable", `${url.origin} does not answer: ${errorMessage(cause)}`);
  }
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as Answer;
  throw new AppError("refused", errorOf(text) ?? `${url.origin} answers HTTP ${answer.status}`);
}

function errorOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    // A proxy's page, say: the status tells.
    return undefined;
  }
}
