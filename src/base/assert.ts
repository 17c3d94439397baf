/**
 * Assertions for our own faults. A failed assertion is a bug in this program, never bad input:
 * it is caught only at the edge of the process, which logs it and exits.
 */

/** Thrown by `assert`; the message begins with "BUG:". */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws InvariantError unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`BUG: ${message}`);
}

/** For the `default` of an exhaustive switch: does not compile while a kind is unhandled. */
export function assertNever(value: never, what: string): never {
  throw new InvariantError(`BUG: unknown ${what}: ${String(value)}`);
}
