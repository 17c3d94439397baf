/**
 * Port ranges as the agent's policy map holds them: cut into aligned blocks, each a prefix of the
 * port's 16 bits. How long the prefix is that a packet meets decides which of two ranges counts.
 */

const portsInAll = 65_536;

/** Ports of the block of a range that holds `port`: 1 for a single port, 65536 for all of them. */
export function blockSize(first: number, last: number, port: number): number {
  let size = 1;
  while (size < portsInAll) {
    const wider = 2 * size;
    const start = port - (port % wider);
    if (start < first || start + wider - 1 > last) break;
    size = wider;
  }
  return size;
}

/** First ports of the range's blocks, ascending. */
export function blockStarts(first: number, last: number): number[] {
  const starts: number[] = [];
  for (let port = first; port <= last; port += blockSize(first, last, port)) starts.push(port);
  return starts;
}
