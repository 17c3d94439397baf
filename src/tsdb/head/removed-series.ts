/**
 * Numbers in the log of series that left the head, each with the segment that may still hold samples of
 * it: its record stays in the log that long. 12 bytes a series, since ten thousand may leave a minute.
 */

const initialRoom = 1024;

/** The series that left. */
export class RemovedSeries {
  #logIds = new Float64Array(initialRoom);
  #segments = new Uint32Array(initialRoom);
  #count = 0;

  /** Notes a series whose last samples may stand in this segment. */
  note(logId: number, segment: number): void {
    if (this.#count === this.#logIds.length) this.#resize(this.#count * 2);
    this.#logIds[this.#count] = logId;
    this.#segments[this.#count] = segment;
    this.#count++;
  }

  /** Those that segments after this one may name. O(all). */
  neededAfter(segment: number): ReadonlySet<number> {
    const needed = new Set<number>();
    for (let i = 0; i < this.#count; i++) {
      if (this.#segments[i]! > segment) needed.add(this.#logIds[i]!);
    }
    return needed;
  }

  /** Forgets those that no segment after this one names. O(all). */
  forgetUpTo(segment: number): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#segments[i]! <= segment) continue;
      this.#logIds[kept] = this.#logIds[i]!;
      this.#segments[kept] = this.#segments[i]!;
      kept++;
    }
    this.#count = kept;
    this.#resize(Math.max(initialRoom, kept * 2));
  }

  #resize(room: number): void {
    const logIds = new Float64Array(room);
    const segments = new Uint32Array(room);
    logIds.set(this.#logIds.subarray(0, this.#count));
    segments.set(this.#segments.subarray(0, this.#count));
    this.#logIds = logIds;
    this.#segments = segments;
  }
}
