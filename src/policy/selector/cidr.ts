/** IPv4 and IPv6 prefixes as 16 bytes (IPv4 mapped), for containment tests. Browser-safe. */

/** A prefix; `bits` counts from the start of the 128-bit form. */
export interface Cidr {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly bits: number;
  readonly isIpv4: boolean;
}

/** Bytes of an address, IPv4 in the mapped form (::ffff:a.b.c.d); undefined where it is none. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** "10.0.0.0/8", "fd00::/8", or a bare address (its full length). Undefined where it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  const isIpv4 = !text.includes(":");
  const width = isIpv4 ? 32 : 128;
  const lengthText = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > width) return undefined;
  return { text, bytes, bits: Number(lengthText) + (isIpv4 ? 96 : 0), isIpv4 };
}

/** Whether `bytes` (16) lies in the prefix. */
export function containsAddress(cidr: Cidr, bytes: Uint8Array): boolean {
  const whole = cidr.bits >> 3;
  for (let i = 0; i < whole; i++) if (cidr.bytes[i] !== bytes[i]) return false;
  const rest = cidr.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return ((cidr.bytes[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask);
}

/** Whether every address of `inner` lies in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.isIpv4 === inner.isIpv4 && outer.bits <= inner.bits && containsAddress(outer, inner.bytes)
  );
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(16);
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[12 + index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [
    ...head,
    ...new Array<number>(halves.length === 2 ? missing : 0).fill(0),
    ...tail,
  ];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    bytes[2 * index] = group >> 8;
    bytes[2 * index + 1] = group & 0xff;
  }
  return bytes;
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      groups.push(((v4[12] ?? 0) << 8) | (v4[13] ?? 0), ((v4[14] ?? 0) << 8) | (v4[15] ?? 0));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** Why Go's ParseAddr would refuse the text, in its words. */
export function addressFault(text: string): string {
  const say = (why: string, at?: string) =>
    `ParseAddr(${JSON.stringify(text)}): ${why}${at === undefined ? "" : ` (at ${JSON.stringify(at)})`}`;
  const mark = /[.:%]/.exec(text)?.[0];
  if (mark === undefined) return say("unable to parse IP");
  if (mark !== ".") return say("unexpected character", text.replace(/^[0-9a-fA-F:]*/, ""));
  const strange = /[^0-9.]/.exec(text);
  if (strange !== null) return say("unexpected character", text.slice(strange.index));
  const parts = text.split(".");
  if (parts.includes("")) return say("IPv4 field must have at least one digit", text);
  if (parts.some((part) => part.length > 1 && part.startsWith("0"))) {
    return say("IPv4 field has octet with leading zero");
  }
  if (parts.some((part) => Number(part) > 255)) return say("IPv4 field has value >255");
  return say(parts.length < 4 ? "IPv4 address too short" : "IPv4 address too long");
}

/** Why Go's ParsePrefix would refuse the text, in its words. */
export function prefixFault(text: string): string {
  const slash = text.lastIndexOf("/");
  const say = (why: string) => `netip.ParsePrefix(${JSON.stringify(text)}): ${why}`;
  if (slash < 0) return say("no '/'");
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (parseAddress(address) === undefined) return say(addressFault(address));
  if (!/^(0|[1-9]\d{0,2})$/.test(bits)) return say(`bad bits after slash: ${JSON.stringify(bits)}`);
  return say("prefix length out of range");
}
