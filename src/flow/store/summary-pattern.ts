/**
 * A flow's Summary with the parts that the flow says elsewhere (URL, latency in ms, DNS query) taken
 * out, so that few distinct texts remain. The marks are control characters; a Summary that holds one
 * is kept as it is, behind a mark of its own.
 */

import type { Flow } from "../model/flow.ts";

const urlMark = "\u0001";
const latencyMark = "\u0002";
const queryMark = "\u0003";
const verbatimMark = "\u0004";

/** The pattern of a flow's Summary. restoreSummary gives the Summary back exactly. */
export function summaryPattern(summary: string, flow: Flow): string {
  const { l7 } = flow;
  const first = summary.charCodeAt(0);
  if (l7 === undefined) return first <= 4 ? verbatimMark + summary : summary;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own marks.
  if (/[\u0001-\u0004]/.test(summary)) return verbatimMark + summary;
  let pattern = summary;
  const latency = latencyText(l7.latency_ns);
  if (latency !== "") pattern = replaceOnce(pattern, latency, latencyMark);
  const url = l7.http?.url ?? "";
  if (url !== "") pattern = replaceOnce(pattern, url, urlMark);
  const query = l7.dns?.query ?? "";
  if (query !== "") pattern = replaceOnce(pattern, query, queryMark);
  return restoreSummary(pattern, flow) === summary ? pattern : verbatimMark + summary;
}

/** The Summary of a pattern. */
export function restoreSummary(pattern: string, flow: Flow): string {
  if (pattern.startsWith(verbatimMark)) return pattern.slice(1);
  const { l7 } = flow;
  if (l7 === undefined) return pattern;
  let summary = pattern;
  summary = replaceOnce(summary, queryMark, l7.dns?.query ?? "");
  summary = replaceOnce(summary, urlMark, l7.http?.url ?? "");
  return replaceOnce(summary, latencyMark, latencyText(l7.latency_ns));
}

/** " 5ms" as Hubble prints a latency. */
function latencyText(latencyNs: string | undefined): string {
  if (latencyNs === undefined) return "";
  const ms = Math.floor(Number(latencyNs) / 1e6);
  return ` ${ms}ms`;
}

function replaceOnce(text: string, part: string, by: string): string {
  const at = text.indexOf(part);
  return at < 0 ? text : text.slice(0, at) + by + text.slice(at + part.length);
}
