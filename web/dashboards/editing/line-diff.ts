/** The difference of two texts by lines: common head and tail cut off, the rest by longest common subsequence. Pure. */

/** A line that is in both, only in the old or only in the new text. */
export interface DiffLine {
  readonly kind: "same" | "old" | "new";
  readonly text: string;
}

/** Cells of the table; above it the middle is shown as taken away and put in. */
const cellsMax = 9_000_000;

/** Lines of both texts in order. O(n·m) in the part between common head and tail. */
export function diffLines(oldText: string, newText: string): DiffLine[] {
  const before = oldText.split("\n");
  const after = newText.split("\n");
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [
    ...before.slice(0, head).map(same),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const width = after.length + 1;
  if (before.length * after.length > cellsMax) {
    return [
      ...before.map((text): DiffLine => ({ kind: "old", text })),
      ...after.map((text): DiffLine => ({ kind: "new", text })),
    ];
  }
  const lengths = commonLengths(before, after);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const isSame = i < before.length && j < after.length && before[i] === after[j];
    const below = lengths[(i + 1) * width + j] ?? 0;
    const right = lengths[i * width + j + 1] ?? 0;
    if (isSame) {
      lines.push({ kind: "same", text: before[i++] as string });
      j++;
    } else if (j >= after.length || (i < before.length && below >= right)) {
      lines.push({ kind: "old", text: before[i++] as string });
    } else lines.push({ kind: "new", text: after[j++] as string });
  }
  return lines;
}

/** At i·width + j: length of the longest common subsequence of before[i…] and after[j…]. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint16Array {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const below = lengths[(i + 1) * width + j] ?? 0;
      const right = lengths[i * width + j + 1] ?? 0;
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(below, right);
    }
  }
  return lengths;
}

/** Lines around changes; `undefined` stands for lines left out. */
export function nearChanges(lines: readonly DiffLine[], around: number): (DiffLine | undefined)[] {
  const isNear = lines.map(() => false);
  lines.forEach((line, index) => {
    if (line.kind === "same") return;
    isNear.fill(true, Math.max(0, index - around), index + around + 1);
  });
  const shown: (DiffLine | undefined)[] = [];
  lines.forEach((line, index) => {
    if (isNear[index] === true) shown.push(line);
    else if (shown.at(-1) !== undefined) shown.push(undefined);
  });
  return shown;
}
