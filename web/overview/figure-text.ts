/** Spellings of the overview's figures. Pure. */

/** A rate with two figures that matter: `2.14`, `0.02`, `138`. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return "0";
  const size = Math.abs(perSecond);
  if (size >= 100) return perSecond.toFixed(0);
  if (size >= 10) return perSecond.toFixed(1);
  return size < 0.005 ? "<0.01" : perSecond.toFixed(2);
}

/** A share as a percentage with one decimal: `0.8`. */
export function percentText(share: number): string {
  const percent = share * 100;
  return percent >= 99.95 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1);
}

/** A latency: `0.4 ms`, `9.1 ms`, `1.2 s`. */
export function latencyText(seconds: number): string {
  const ms = seconds * 1000;
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
