/**
 * The value of a string as written in a query: "…" and '…' with Go's escapes, `…` verbatim. The
 * lexer has checked the escapes. `\xff` names a byte; bytes that are no UTF-8 become the lone
 * surrogates U+DC80..U+DCFF, so that a name with them is known to be invalid. Browser-safe.
 */

const shortEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const escapePattern =
  /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g;
const byteEscapePattern = /\\(?:x[89a-fA-F]|[23][0-7][0-7])/;

/** The value of a string token, quotes included. */
export function unquoteString(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith("`") || !inner.includes("\\")) return inner;
  if (byteEscapePattern.test(inner)) return unquoteBytes(inner);
  return inner.replace(escapePattern, (_whole, hex, four, eight, octal, single) =>
    escapeValue(hex ?? four ?? eight, octal, single),
  );
}

function escapeValue(
  hex: string | undefined,
  octal: string | undefined,
  single: string | undefined,
): string {
  if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
  if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
  return shortEscapes[single ?? ""] ?? single ?? "";
}

/** Slow path: escapes that name bytes of 0x80 and above. */
function unquoteBytes(inner: string): string {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  let position = 0;
  for (const match of inner.matchAll(escapePattern)) {
    bytes.push(...encoder.encode(inner.slice(position, match.index)));
    const [whole, hex, four, eight, octal, single] = match;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...encoder.encode(escapeValue(four ?? eight, undefined, single)));
    position = match.index + whole.length;
  }
  bytes.push(...encoder.encode(inner.slice(position)));
  return decodeBytes(Uint8Array.from(bytes));
}

function decodeBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    let length = 1;
    let char: string | undefined;
    for (; length <= 4 && i + length <= bytes.length; length++) {
      char = tryDecode(decoder, bytes.subarray(i, i + length));
      if (char !== undefined) break;
    }
    text += char ?? String.fromCharCode(0xdc00 + (bytes[i] ?? 0));
    i += char === undefined ? 1 : length;
  }
  return text;
}

function tryDecode(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
