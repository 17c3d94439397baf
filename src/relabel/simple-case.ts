/**
 * Upper and lower case as Go's strings.ToUpper and ToLower do it: one code point becomes one code
 * point (Unicode's simple mapping), without context, where JavaScript may return several. O(text).
 */

/** Greek letters with iota subscript: JavaScript writes two letters, the simple mapping has one. */
const iotaSubscriptRanges: readonly (readonly [number, number, number])[] = [
  [0x1f80, 0x1f87, 8],
  [0x1f90, 0x1f97, 8],
  [0x1fa0, 0x1fa7, 8],
  [0x1fb3, 0x1fb3, 9],
  [0x1fc3, 0x1fc3, 9],
  [0x1ff3, 0x1ff3, 9],
];

/** Go's strings.ToLower. */
export function toSimpleLower(text: string): string {
  let lower = "";
  // The only letter with a longer full mapping is U+0130, whose simple mapping is the first letter of it.
  for (const char of text) lower += String.fromCodePoint(char.toLowerCase().codePointAt(0) ?? 0);
  return lower;
}

/** Go's strings.ToUpper. */
export function toSimpleUpper(text: string): string {
  let upper = "";
  for (const char of text) upper += simpleUpper(char);
  return upper;
}

function simpleUpper(char: string): string {
  const full = char.toUpperCase();
  if (full.length === char.length) return full;
  const code = char.codePointAt(0) ?? 0;
  for (const [first, last, distance] of iotaSubscriptRanges) {
    if (code >= first && code <= last) return String.fromCodePoint(code + distance);
  }
  // A longer or shorter spelling of one code point is a simple mapping; a second letter is not.
  return [...full].length === 1 ? full : char;
}
