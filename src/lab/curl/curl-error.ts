/** How curl fails: its exit codes and sentences (version 7.88). */

/** A transfer that failed. */
export class CurlError extends Error {
  override readonly name = "CurlError";
  /** curl's exit code. */
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where a time limit struck. */
export type CurlPhase = "resolving" | "connecting" | "transferring";

/** Exit code 28, in the words of the phase. `isConnectLimit` = --connect-timeout, not --max-time. */
export function timeoutError(at: {
  readonly phase: CurlPhase;
  readonly isConnectLimit: boolean;
  readonly elapsedMs: number;
  readonly host: string;
  readonly port: number;
  readonly receivedBytes: number;
  readonly expectedBytes: number | undefined;
}): CurlError {
  const ms = Math.round(at.elapsedMs);
  if (at.phase === "resolving")
    return new CurlError(28, `Resolving timed out after ${ms} milliseconds`);
  if (at.phase === "connecting") {
    return new CurlError(
      28,
      at.isConnectLimit
        ? `Failed to connect to ${at.host} port ${at.port} after ${ms} ms: Timeout was reached`
        : `Connection timed out after ${ms} milliseconds`,
    );
  }
  const ofAll = at.expectedBytes === undefined ? "" : ` out of ${at.expectedBytes}`;
  return new CurlError(
    28,
    `Operation timed out after ${ms} milliseconds with ${at.receivedBytes}${ofAll} bytes received`,
  );
}

/** A connection that the network refused or never answered. */
export function connectError(
  code: string,
  at: { host: string; port: number; elapsedMs: number },
): CurlError {
  // curl prints its general sentence for both, and tells them apart by the exit code.
  const exitCode = code === "ETIMEDOUT" ? 28 : 7;
  return new CurlError(
    exitCode,
    `Failed to connect to ${at.host} port ${at.port} after ${Math.round(at.elapsedMs)} ms: Couldn't connect to server`,
  );
}
