/** JSON texts as Go writes them. */

/** An escaped half of a character, not one after an escaped backslash. */
const loneSurrogate = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** `value` as JSON; what is no UTF-8 (a lone surrogate in our strings) becomes U+FFFD. O(text). */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes("\\ud") ? text.replace(loneSurrogate, "$1\ufffd") : text;
}
