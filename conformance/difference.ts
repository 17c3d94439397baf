/** Says where two texts differ. */

/** The first line in which two texts differ, undefined when they are equal. */
export function firstDifference(what: string, want: string, have: string): string | undefined {
  if (want === have) return undefined;
  const wantLines = want.split("\n");
  const haveLines = have.split("\n");
  const at = wantLines.findIndex((line, index) => line !== haveLines[index]);
  const index = at < 0 ? wantLines.length : at;
  return `${what}, line ${index + 1}:\n  want ${wantLines[index]}\n  have ${haveLines[index]}`;
}
