/**
 * The page's way to the server: JSON over fetch, errors as values of one class, and a gate that lets
 * only a few queries run at once so that a dashboard with eighty panels does not queue in the server.
 */

import { systemClock } from "../../src/base/clock.ts";

/** Queries in flight at once (UI.md 11). */
const queriesMax = 6;

/** What went wrong with a request. `isUnreachable`: no answer at all; else `kind` is Prometheus' errorType where given. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly kind: string;
  readonly status: number;
  /** The answer's body as it came, where it is JSON: some say more than a sentence. */
  readonly detail: unknown;
  constructor(
    message: string,
    at: { kind: string; status: number; detail?: unknown },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.kind = at.kind;
    this.status = at.status;
    this.detail = at.detail;
  }
  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

/** An answer of Prometheus' API with what the page shows beside it. */
export interface PrometheusAnswer<Data> {
  readonly data: Data;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** From request to parsed answer, ms, without the wait at the gate. */
  readonly durationMs: number;
}

/** Parameters of a request; an array repeats. */
export type Params = Readonly<Record<string, string | number | readonly string[] | undefined>>;

interface PrometheusBody {
  readonly status?: string;
  readonly data?: unknown;
  readonly error?: string;
  readonly errorType?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Created once by main.tsx. */
export class ApiClient {
  #fetch: typeof fetch;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(fetchFunction: typeof fetch) {
    this.#fetch = fetchFunction;
  }

  /** GET below /api/v1; throws ApiError. `isQuery` waits at the gate. */
  async prometheus<Data>(
    path: string,
    params: Params = {},
    options: { signal?: AbortSignal; isQuery?: boolean } = {},
  ): Promise<PrometheusAnswer<Data>> {
    if (options.isQuery === true) await this.#enter(options.signal);
    try {
      return await this.#requestPrometheus<Data>(path, params, options.signal);
    } finally {
      if (options.isQuery === true) this.#leave();
    }
  }

  /** A request to our own API (`/api/ciliascope/v1`); throws ApiError. */
  async own<Data>(
    path: string,
    options: { method?: string; body?: unknown; signal?: AbortSignal } = {},
  ): Promise<Data> {
    const response = await this.#send(`/api/ciliascope/v1${path}`, {
      method: options.method ?? "GET",
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.body === undefined
        ? {}
        : {
            body: typeof options.body === "string" ? options.body : JSON.stringify(options.body),
            headers: { "content-type": "application/json" },
          }),
    });
    const body = (await readJson(response)) as Data & { error?: unknown };
    if (!response.ok) {
      const said = typeof body?.error === "string" ? body.error : `HTTP ${response.status}`;
      throw new ApiError(said, { kind: "own", status: response.status, detail: body });
    }
    return body;
  }

  /** A request to our own API whose answer is a text; throws ApiError. */
  async ownText(path: string, options: { method?: string; body?: unknown } = {}): Promise<string> {
    const response = await this.#send(`/api/ciliascope/v1${path}`, {
      method: options.method ?? "GET",
      ...(options.body === undefined
        ? {}
        : {
            body: JSON.stringify(options.body),
            headers: { "content-type": "application/json" },
          }),
    });
    if (response.ok) return response.text();
    const body = (await readJson(response)) as { error?: unknown };
    const said = typeof body?.error === "string" ? body.error : `HTTP ${response.status}`;
    throw new ApiError(said, { kind: "own", status: response.status });
  }

  async #requestPrometheus<Data>(
    path: string,
    params: Params,
    signal: AbortSignal | undefined,
  ): Promise<PrometheusAnswer<Data>> {
    const startMs = systemClock.monotonicMs();
    const query = encodeParams(params);
    const response = await this.#send(`/api/v1/${path}${query === "" ? "" : `?${query}`}`, {
      ...(signal ? { signal } : {}),
    });
    const body = (await readJson(response)) as PrometheusBody;
    if (body.status !== "success") {
      throw new ApiError(body.error ?? `HTTP ${response.status}`, {
        kind: body.errorType ?? "internal",
        status: response.status,
      });
    }
    return {
      data: body.data as Data,
      warnings: body.warnings ?? [],
      infos: body.infos ?? [],
      durationMs: systemClock.monotonicMs() - startMs,
    };
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const send = this.#fetch;
    try {
      return await send(url, init);
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
      throw unreachable(thrown);
    }
  }

  #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#running < queriesMax) {
      this.#running++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        this.#running++;
        resolve();
      };
      this.#waiting.push(start);
      signal?.addEventListener("abort", () => {
        const index = this.#waiting.indexOf(start);
        if (index === -1) return;
        this.#waiting.splice(index, 1);
        reject(signal.reason as Error);
      });
    });
  }

  #leave(): void {
    this.#running--;
    this.#waiting.shift()?.();
  }
}

function encodeParams(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const one of value) search.append(name, one);
    else search.append(name, String(value));
  }
  return search.toString();
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (cause) {
    // A proxy in front of a server that is gone answers 502 to 504 with a page of its own.
    if (response.status >= 502 && response.status <= 504) throw unreachable(cause);
    const start = text.slice(0, 120).trim();
    throw new ApiError(
      `cannot read the server's answer (HTTP ${response.status}): ${start === "" ? "it is empty" : start}`,
      { kind: "internal", status: response.status },
      { cause },
    );
  }
}

function unreachable(cause: unknown): ApiError {
  return new ApiError("The server does not answer.", { kind: "unreachable", status: 0 }, { cause });
}
