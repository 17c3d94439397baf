/** Words for what was seen and lost. Pure. */

/** Below this a window is partial (UI.md 5). */
export const completeShare = 0.95;

const names: Readonly<Record<string, string>> = {
  PERF_EVENT_RING_BUFFER: "lost in the kernel's perf ring buffer",
  OBSERVER_EVENTS_QUEUE: "lost in the agent's events queue",
  HUBBLE_RING_BUFFER: "lost in Hubble's ring buffer",
};

/** A cause of loss as Hubble names it, in words. */
export function lossName(cause: string): string {
  return names[cause] ?? `lost (${cause})`;
}

/** A share as a percentage that never rounds a loss away: `100 %`, `99.9 %`, `81 %`. */
export function shareText(share: number): string {
  if (share >= 1) return "100 %";
  const percent = Math.floor(share * 1000) / 10;
  return `${percent >= 90 ? percent.toFixed(1) : Math.floor(percent)} %`;
}
