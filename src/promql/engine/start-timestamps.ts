/** What a counter's start timestamps tell of two samples that follow each other. Times in ms, 0 is unknown. */

/** A sample's own time and when what it counts began. */
export interface TimedStart {
  readonly startMs: number;
  readonly timestampMs: number;
}

/**
 * Whether the counter was reset between two samples. A start equal to the time before it tells a
 * delta, which begins anew each time, from a total whose start nobody knew at first.
 */
export function isStartReset(previous: TimedStart, current: TimedStart): boolean {
  const { startMs } = current;
  if (startMs === 0 || startMs >= current.timestampMs) return false;
  if (startMs !== previous.timestampMs) return startMs > previous.timestampMs;
  // A start after its own sample means nothing, and so does one at it.
  return previous.startMs !== 0 && previous.startMs < previous.timestampMs;
}

/** Whether a sample claims to count what the one before it counted already. */
export function isStartOverlap(previous: TimedStart, startMs: number): boolean {
  return startMs !== 0 && startMs < previous.timestampMs && startMs !== previous.startMs;
}

/** Samples with start timestamps; both arrays have one place a sample. */
export interface StartedSamples {
  readonly timestampsMs: Float64Array;
  readonly startTimesMs: Float64Array | undefined;
}

/** Whether sample `index` follows a reset of which its start timestamp tells. */
export function isStartResetAt(samples: StartedSamples, index: number): boolean {
  const { timestampsMs, startTimesMs } = samples;
  if (startTimesMs === undefined) return false;
  return isStartReset(
    { startMs: startTimesMs[index - 1]!, timestampMs: timestampsMs[index - 1]! },
    { startMs: startTimesMs[index]!, timestampMs: timestampsMs[index]! },
  );
}

/** Whether any sample of (first, last] overlaps the one before. */
export function hasStartOverlap(samples: StartedSamples, first: number, last: number): boolean {
  const { timestampsMs, startTimesMs } = samples;
  if (startTimesMs === undefined) return false;
  for (let i = first + 1; i <= last; i++) {
    const previous = { startMs: startTimesMs[i - 1]!, timestampMs: timestampsMs[i - 1]! };
    if (isStartOverlap(previous, startTimesMs[i]!)) return true;
  }
  return false;
}
