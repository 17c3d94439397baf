/**
 * Errors that users meet. Each carries a code of the table in error-codes.ts and a message of the
 * form "cannot <do> <what>: <why>". Bugs throw InvariantError (assert.ts) instead.
 */

import type { ErrorCode } from "./error-codes.ts";

/** Base of every error that is not a bug. */
export class AppError extends Error {
  override readonly name: string = "AppError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A text that does not parse; `start` and `end` are offsets into `input` (bytes or UTF-16 units, as the parser says). */
export class ParseError extends AppError {
  override readonly name = "ParseError";
  readonly input: string;
  readonly start: number;
  readonly end: number;
  constructor(message: string, at: { input: string; start: number; end: number }) {
    super("parse", message);
    this.input = at.input;
    this.start = at.start;
    this.end = at.end;
  }
}

/** The error kinds of Prometheus' HTTP API, word for word. */
export type QueryErrorKind =
  | "bad_data"
  | "execution"
  | "timeout"
  | "canceled"
  | "internal"
  | "unavailable"
  | "not_found"
  | "not_acceptable";

/** A request or query that cannot be answered; `kind` becomes `errorType` on the wire. */
export class QueryError extends AppError {
  override readonly name = "QueryError";
  readonly kind: QueryErrorKind;
  constructor(kind: QueryErrorKind, message: string, options?: { cause?: unknown }) {
    super("query", message, options);
    this.kind = kind;
  }
}

/** A file of ours that holds what it must not; `offset` is in bytes. */
export class CorruptionError extends AppError {
  override readonly name = "CorruptionError";
  readonly file: string;
  readonly offset: number;
  constructor(
    message: string,
    at: { file: string; offset: number },
    options?: { cause?: unknown },
  ) {
    super("corruption", `${message} (${at.file} at byte ${at.offset})`, options);
    this.file = at.file;
    this.offset = at.offset;
  }
}

/**
 * A configuration that cannot be used. `path` is the field ("scrape_configs[2].scrape_interval"),
 * `line` the 1-based line in `file`; the message ends with the mend where one is known.
 */
export class ConfigError extends AppError {
  override readonly name = "ConfigError";
  readonly file: string | undefined;
  readonly path: string;
  readonly line: number | undefined;
  constructor(
    message: string,
    at: { file?: string | undefined; path: string; line?: number | undefined },
  ) {
    const where =
      at.file === undefined ? "" : `${at.file}${at.line === undefined ? "" : `:${at.line}`}: `;
    super("config", `${where}${at.path === "" ? "" : `${at.path}: `}${message}`);
    this.file = at.file;
    this.path = at.path;
    this.line = at.line;
  }
}

/** A limit that acted; `limit` names it, `actual` is what met it. */
export class LimitError extends AppError {
  override readonly name = "LimitError";
  readonly limit: string;
  readonly actual: number;
  constructor(message: string, at: { limit: string; actual: number }) {
    super("limit", message);
    this.limit = at.limit;
    this.actual = at.actual;
  }
}

/** The message of whatever was thrown. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
