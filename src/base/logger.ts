/** What every room logs through; `server/` makes the real one (pino), tests pass `silentLogger` or a recorder. */

/** Fields of a log line; values are JSON. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Leveled, structured logging: `fields` first, then a sentence in lower case without a final stop. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: LogFields): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
