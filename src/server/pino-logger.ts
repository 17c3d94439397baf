/**
 * The process' logger: pino underneath; lines for people (`12:41:07 warn  message key=value`) on a
 * terminal, JSON lines otherwise or when asked for. Talk goes to stderr, never to stdout.
 */

import { Writable } from "node:stream";
import { type Logger as Pino, pino } from "pino";
import type { LogFields, Logger } from "../base/logger.ts";

/** How lines look. */
export type LogFormat = "text" | "json";
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Makes the logger; `write` takes finished lines, by default stderr. */
export function createPinoLogger(options: {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly write?: (line: string) => void;
}): Logger {
  const write = options.write ?? ((line) => process.stderr.write(line));
  const isText = options.format === "text";
  const destination = new Writable({
    write(chunk, _encoding, done) {
      const line = String(chunk);
      write(isText ? textLine(line) : line);
      done();
    },
  });
  const base = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const formatters = { level: (label: string) => ({ level: label }) };
  return adapt(pino({ ...base, formatters }, destination));
}

function adapt(logger: Pino): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => adapt(logger.child(fields)),
  };
}

function textLine(jsonLine: string): string {
  const { level, time, msg, ...fields } = JSON.parse(jsonLine) as LogFields;
  const clockText = String(time).slice(11, 19);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  return `${clockText} ${String(level).padEnd(5)} ${String(msg)}${rest.join("")}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
