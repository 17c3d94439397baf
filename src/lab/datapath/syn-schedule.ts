/**
 * When Linux sends a SYN again and when it gives up (tcp_syn_retries 6, exponential back-off from
 * one second): after 1, 3, 7, 15, 31 and 63 s, and the end after about 127 to 131 s.
 */

import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/seeded-random.ts";

/** Times of the retransmissions after the first SYN. */
export const synRetransmitMs: readonly number[] = [1000, 3000, 7000, 15_000, 31_000, 63_000];
const giveUpMs = 127_000;
/** The kernel's coarse timers fire late, the long ones by seconds. */
const latenessMs = { min: 1000, max: 4000 };

/** A connection that came to nothing; `code` as in Node's socket errors. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: "ETIMEDOUT" | "ECONNREFUSED" | "ENETUNREACH" | "EHOSTUNREACH" | "ABORTED";
  constructor(code: ConnectError["code"], what: string) {
    super(`cannot connect to ${what}: ${code}`);
    this.code = code;
  }
}

/** Calls `sendSyn` at once and at each retransmission until it returns a value. Rejects with ETIMEDOUT or ABORTED. */
export async function sendSyns<Accepted>(
  sendSyn: () => Accepted | undefined,
  what: string,
  options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Accepted> {
  const { clock, random, signal } = options;
  let elapsedMs = 0;
  for (const dueMs of synRetransmitMs) {
    const accepted = sendSyn();
    if (accepted !== undefined) return accepted;
    await sleep(clock, dueMs - elapsedMs, signal, what);
    elapsedMs = dueMs;
  }
  const accepted = sendSyn();
  if (accepted !== undefined) return accepted;
  const lateMs = latenessMs.min + random() * (latenessMs.max - latenessMs.min);
  await sleep(clock, giveUpMs + lateMs - elapsedMs, signal, what);
  throw new ConnectError("ETIMEDOUT", what);
}

function sleep(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal | undefined,
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(new ConnectError("ABORTED", what));
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
