/**
 * What of a flow's line policies look at, as text: recorded traffic repeats itself, and lines that
 * differ in time, ids and source port only need not be parsed again. Works on the exporter's own order
 * of fields; any other line has no shape and is parsed.
 */

const head = '{"flow":{"time":"';
const verdictMark = '"verdict":';
const portMark = '"source_port":';
const summaryMark = '"Summary":';

/** A line without what changes from flow to flow. */
export interface FlowShape {
  readonly key: string;
  /** The flow's time. */
  readonly time: string;
}

/** Undefined where the line is not of the exporter's form. Marks are unambiguous: quotes inside JSON texts are escaped. */
export function shapeOf(line: string): FlowShape | undefined {
  if (!line.startsWith(head)) return undefined;
  const timeEnd = line.indexOf('"', head.length);
  const verdict = line.indexOf(verdictMark, timeEnd);
  const summary = line.lastIndexOf(summaryMark);
  if (verdict < 0 || summary < verdict) return undefined;
  const time = line.slice(head.length, timeEnd);
  const port = line.indexOf(portMark, verdict);
  if (port < 0 || port > summary) return { key: line.slice(verdict, summary), time };
  let rest = port + portMark.length;
  while (rest < summary && isDigit(line.charCodeAt(rest))) rest++;
  return { key: line.slice(verdict, port) + line.slice(rest, summary), time };
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
