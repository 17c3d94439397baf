/** Numbers as Go's literals write them, for flags that the original reads so. */

const decimalPattern = /^(?:0|[1-9](?:_?\d)*)$/;
/** Underscores stand between digits or after the prefix. */
const prefixedPattern =
  /^0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+|(?:_?[0-7])+)$/;

/** A whole number without a sign: decimal, 0x, 0o, 0b, or octal after a 0. undefined = none of these. */
export function parseGoUint(text: string): bigint | undefined {
  if (decimalPattern.test(text)) return BigInt(text.replaceAll("_", ""));
  if (!prefixedPattern.test(text)) return undefined;
  const digits = text.replaceAll("_", "");
  return BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
}
