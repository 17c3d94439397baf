/**
 * What of a flow's line policies look at, as a range of its bytes: recorded traffic repeats itself, and
 * lines that differ in time, ids and source port only need not be parsed again.
 *
 *   {"flow":{"time":"TIME","uuid":"UUID ","verdict": … "source_port": 40000 ,"destination_port": … ,"time":" TIME "}
 *                                       [start                   gapStart) [gapEnd                        end)
 *
 * What is left out is checked byte by byte, so two lines of one shape are both flows, or neither is, and
 * mean the same but for their time. A line of any other form has no shape and is parsed.
 */

const head = asciiBytes('{"flow":{"time":"');
const uuidMark = asciiBytes('","uuid":"');
const portMark = asciiBytes('"source_port":');
const tailMark = asciiBytes(',"time":"');
/** A later "time" or "flow" of the same object would win; letters may hide in escapes, which Go does not write. */
const rivalPattern = /"(?:time|flow)"|\\u00[67]/;
const utf8 = new TextDecoder();
/** Longer lines are parsed: to remember them costs more than it saves. */
const lineBytesMax = 16 * 1024;
/** Digits of a number that fits 32 bits whatever they are. */
const portDigitsMax = 9;
const quote = 0x22;
const comma = 0x2c;
const brace = 0x7d;
const zero = 0x30;

/** How far to go on by the last byte of a window that is not the port's mark. */
const portSkips = Uint8Array.from({ length: 256 }, (_, byte) => {
  const last = portMark.length - 1;
  return last - portMark.subarray(0, last).lastIndexOf(byte);
});

/** Where the shape of the line scanned last lies in its bytes; offsets are into the scanned array. */
export class FlowShape {
  timeStart = 0;
  timeEnd = 0;
  start = 0;
  /** The source port's digits; both are `end` where there are none. */
  gapStart = 0;
  gapEnd = 0;
  end = 0;
  /** The line goes on with its time again and ends. */
  hasTail = false;

  /** Finds the shape of a line without its newline; false = it has none. Marks are unambiguous: quotes inside JSON texts are escaped. */
  scan(bytes: Uint8Array, lineStart: number, lineEnd: number): boolean {
    if (lineEnd - lineStart > lineBytesMax || !hasAt(bytes, lineStart, head)) return false;
    this.timeStart = lineStart + head.length;
    this.timeEnd = findQuote(bytes, this.timeStart, lineEnd);
    if (!isWrittenTime(bytes, this.timeStart, this.timeEnd)) return false;
    this.start = this.timeEnd;
    if (hasAt(bytes, this.start, uuidMark)) {
      this.start = skipPlain(bytes, this.start + uuidMark.length, lineEnd);
    }
    this.#setEnd(bytes, lineEnd);
    return this.start < this.end && this.#setGap(bytes);
  }

  /** Whether the time is the one that a parser finds. */
  hasOneTime(bytes: Uint8Array): boolean {
    const restEnd = this.hasTail ? this.end - tailMark.length : this.end;
    return !rivalPattern.test(utf8.decode(bytes.subarray(this.start, restEnd)));
  }

  #setEnd(bytes: Uint8Array, lineEnd: number): void {
    this.end = lineEnd;
    this.hasTail = false;
    const timeEnd = lineEnd - 2;
    if (bytes[timeEnd] !== quote || bytes[timeEnd + 1] !== brace) return;
    let timeStart = timeEnd;
    while (timeStart > this.start && bytes[timeStart - 1] !== quote) timeStart--;
    if (timeStart - tailMark.length < this.start) return;
    if (!hasAt(bytes, timeStart - tailMark.length, tailMark)) return;
    if (!isWrittenTime(bytes, timeStart, timeEnd)) return;
    this.end = timeStart;
    this.hasTail = true;
  }

  /** False = the port is not written as the exporter does. */
  #setGap(bytes: Uint8Array): boolean {
    const { end } = this;
    this.gapStart = end;
    this.gapEnd = end;
    const first = findPort(bytes, this.start, end);
    if (first === end) return true;
    let last = first;
    while (last < end && isDigit(bytes[last] as number)) last++;
    const count = last - first;
    if (count === 0 || count > portDigitsMax || (count > 1 && bytes[first] === zero)) return false;
    if (bytes[last] !== comma && bytes[last] !== brace) return false;
    this.gapStart = first;
    this.gapEnd = last;
    return true;
  }
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function hasAt(bytes: Uint8Array, offset: number, mark: Uint8Array): boolean {
  for (let i = 0; i < mark.length; i++) if (bytes[offset + i] !== mark[i]) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= 0x39;
}

function findQuote(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== quote) at++;
  return at;
}

/** Past letters, digits and dashes. */
function skipPlain(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    if (!isLetter && !isDigit(byte) && byte !== 0x2d) break;
  }
  return at;
}

/** Where the first source port's value begins; `end` = there is none. Horspool's search: most bytes are not looked at. */
function findPort(bytes: Uint8Array, from: number, end: number): number {
  const last = portMark.length - 1;
  for (let at = from; at + last < end; at += portSkips[bytes[at + last] as number] as number) {
    if (hasAt(bytes, at, portMark)) return at + portMark.length;
  }
  return end;
}

/** Whether it is a time in the form that a parsed flow has, day and all: "2026-01-15T10:00:00.162Z". */
function isWrittenTime(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length !== 20 && length !== 24 && length !== 27 && length !== 30) return false;
  for (let i = 0; i < length - 1; i++) {
    const byte = bytes[start + i] as number;
    const mark = i < timeMarks.length ? timeMarks[i] : undefined;
    if (mark === digitMark || mark === undefined ? !isDigit(byte) : byte !== mark) return false;
  }
  if (bytes[end - 1] !== 0x5a) return false;
  const isPadded =
    length > 20 && bytes[end - 2] === zero && bytes[end - 3] === zero && bytes[end - 4] === zero;
  return !isPadded && isDay(bytes, start) && isClock(bytes, start);
}

const digitMark = 0x64;
const timeMarks = asciiBytes("dddd-dd-ddTdd:dd:dd.");

function twoDigits(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) - zero) * 10 + (bytes[at + 1] as number) - zero;
}

/** Leap days are left to the parser. */
function isDay(bytes: Uint8Array, start: number): boolean {
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const isYear = twoDigits(bytes, start) + twoDigits(bytes, start + 2) > 0;
  return isYear && day >= 1 && day <= (monthDays[month] ?? 0);
}

const monthDays = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isClock(bytes: Uint8Array, start: number): boolean {
  return (
    twoDigits(bytes, start + 11) < 24 &&
    twoDigits(bytes, start + 14) < 60 &&
    twoDigits(bytes, start + 17) < 60
  );
}
