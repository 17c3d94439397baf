/** Records that each follow their length as a varint: how protobuf messages are put one after another in a file. */

import { ByteCursor } from "./byte-cursor.ts";

/** Where records lie: record i is from `starts[i]` up to `ends[i]`. `restAt` = where a cut-off last record begins. */
export interface RecordSpans {
  readonly starts: number[];
  readonly ends: number[];
  readonly restAt: number;
}

/** Finds the whole records of `bytes`; what is cut off at the end is left for the next time. */
export function findRecords(bytes: Buffer): RecordSpans {
  const starts: number[] = [];
  const ends: number[] = [];
  const cursor = new ByteCursor();
  cursor.reset(bytes, 0, bytes.length);
  let restAt = 0;
  while (cursor.at < bytes.length) {
    let head = cursor.at;
    while (head < bytes.length && bytes[head]! >= 0x80) head++;
    if (head >= bytes.length) break;
    const length = cursor.uint32();
    const end = cursor.at + length;
    if (end > bytes.length) break;
    starts.push(cursor.at);
    ends.push(end);
    cursor.at = end;
    restAt = end;
  }
  return { starts, ends, restAt };
}
