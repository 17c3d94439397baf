/**
 * Answers of the server reach the page in groups: the first at once, the next ones together after a
 * short while. Seventy panels that come one by one would have the browser lay out and compose the
 * page seventy times.
 */

/** Groups are at least so far apart, ms: too short to be felt, long enough for several panels. */
const gapMs = 60;

/** What it needs of its surroundings. */
export interface PaceClock {
  readonly nowMs: () => number;
  readonly later: (run: () => void, delayMs: number) => void;
}

/** A scheduler for the query cache's notifications (`notifyManager.setScheduler`). */
export function createAnswerPace({ nowMs, later }: PaceClock): (notify: () => void) => void {
  let waiting: (() => void)[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  const flush = () => {
    const group = waiting;
    waiting = [];
    lastMs = nowMs();
    for (const notify of group) notify();
  };
  return (notify) => {
    waiting.push(notify);
    if (waiting.length === 1) later(flush, Math.max(0, lastMs + gapMs - nowMs()));
  };
}
