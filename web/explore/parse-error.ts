/** Finds the place in Prometheus' parse errors (`1:46: parse error: …`), for the underline and the sentence. Pure. */

/** A place in a query and what is wrong there. Offsets are UTF-16 units, end exclusive. */
export interface QueryFault {
  readonly start: number;
  readonly end: number;
  /** 1-based, counted in the line. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The fault that `message` reports in `query`, undefined where it names no place. */
export function findFault(message: string, query: string): QueryFault | undefined {
  const match = /(?:^|: )(\d+):(\d+): (?:parse error: )?([\s\S]+)$/.exec(message);
  if (match === null) return undefined;
  const line = Number(match[1]);
  const column = Number(match[2]);
  const lines = query.split("\n");
  const lineText = lines[line - 1];
  if (lineText === undefined) return undefined;
  const lineStart = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const inLine = Math.min(lineText.length, offsetOfByte(lineText, column - 1));
  const start = lineStart + inLine;
  return { start, end: start + wordLength(query, start), line, column, text: match[3] ?? "" };
}

/** Prometheus counts bytes of UTF-8. */
function offsetOfByte(text: string, byteOffset: number): number {
  const encoder = new TextEncoder();
  let bytes = 0;
  let offset = 0;
  for (const character of text) {
    if (bytes >= byteOffset) break;
    bytes += encoder.encode(character).length;
    offset += character.length;
  }
  return offset;
}

/** How far the underline goes: the word at `start`, one character, or nothing past the end. */
function wordLength(query: string, start: number): number {
  const word = /^[\w:.]+/.exec(query.slice(start));
  return word === null ? Math.min(1, query.length - start) : word[0].length;
}
