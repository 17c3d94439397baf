/** Two texts line by line: which lines of the new one are new, and which of the old one are gone where. Pure. */

/** Lines of either text beyond this are compared by their common ends only. */
const linesMax = 2000;

/** The difference of two texts. */
export interface LineDiff {
  /** 1-based lines of the new text that the old one has not. */
  readonly added: ReadonlySet<number>;
  /** Old lines that are gone, before a line of the new text (1-based; one past the end: after the last). */
  readonly removed: readonly { readonly before: number; readonly lines: readonly RemovedLine[] }[];
  /** Old line → new line, of those that stayed. */
  readonly kept: ReadonlyMap<number, number>;
}

/** A line that is gone. */
export interface RemovedLine {
  /** 1-based, in the old text. */
  readonly line: number;
  readonly text: string;
}

/** Compares. O(lines of the one x lines of the other) between the common ends. */
export function diffLines(before: string, after: string): LineDiff {
  const old = before.split("\n");
  const now = after.split("\n");
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let oldEnd = old.length;
  let newEnd = now.length;
  while (oldEnd > start && newEnd > start && old[oldEnd - 1] === now[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  const kept = new Map<number, number>();
  for (let i = 0; i < start; i++) kept.set(i + 1, i + 1);
  for (const [a, b] of commonLines(old.slice(start, oldEnd), now.slice(start, newEnd))) {
    kept.set(start + a + 1, start + b + 1);
  }
  for (let i = 0; i < old.length - oldEnd; i++) kept.set(oldEnd + i + 1, newEnd + i + 1);
  return describe(old, now, kept);
}

/** Pairs of equal lines in order, as many as there can be. */
function commonLines(old: readonly string[], now: readonly string[]): [number, number][] {
  if (old.length > linesMax || now.length > linesMax) return [];
  const width = now.length + 1;
  const best = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      best[i * width + j] =
        old[i] === now[j]
          ? (best[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0);
    }
  }
  const pairs: [number, number][] = [];
  let i = 0;
  let j = 0;
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) pairs.push([i++, j++]);
    else if ((best[(i + 1) * width + j] ?? 0) >= (best[i * width + j + 1] ?? 0)) i++;
    else j++;
  }
  return pairs;
}

function describe(
  old: readonly string[],
  now: readonly string[],
  kept: ReadonlyMap<number, number>,
): LineDiff {
  const stayed = new Set(kept.values());
  const added = new Set<number>();
  for (let line = 1; line <= now.length; line++) if (!stayed.has(line)) added.add(line);
  const removed: { before: number; lines: RemovedLine[] }[] = [];
  let next = 1;
  for (const [index, text] of old.entries()) {
    const place = kept.get(index + 1);
    if (place !== undefined) {
      next = place + 1;
      continue;
    }
    const last = removed.at(-1);
    if (last?.before === next) last.lines.push({ line: index + 1, text });
    else removed.push({ before: next, lines: [{ line: index + 1, text }] });
  }
  return { added, removed, kept };
}
