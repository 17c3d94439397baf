/**
 * IP addresses and prefixes as Go's net/netip reads them, with its error texts, and the filter over
 * them: an address is compared as text, a prefix by its bits. An IPv4 prefix never matches an
 * IPv4-mapped IPv6 address, nor the other way round.
 */

import { ConfigError } from "../../base/errors.ts";
import { quoteString } from "../../model/labels.ts";

/** 4 or 16 bytes. */
export type AddressBytes = Uint8Array;

/** An address, or why the text is none; `at` is the part of the text that is wrong, "" where all is. */
type Parsed = AddressBytes | Fault;
interface Fault {
  readonly message: string;
  readonly at: string;
}

interface Prefix {
  readonly bytes: AddressBytes;
  readonly bits: number;
}

/** A test of one address text, for "10.0.0.1" and "10.0.0.0/8" alike. Throws ConfigError in Hubble's words. */
export function compileIpPatterns(patterns: readonly string[]): (ip: string) => boolean {
  const addresses = new Set<string>();
  const prefixes: Prefix[] = [];
  for (const pattern of patterns) {
    if (pattern.includes("/")) prefixes.push(parsePrefix(pattern));
    else addresses.add(checkAddress(pattern));
  }
  return (ip) => {
    if (ip === "") return false;
    if (addresses.has(ip)) return true;
    // An address with a zone is in no prefix.
    if (prefixes.length === 0 || ip.includes("%")) return false;
    const bytes = parseAddress(ip);
    if (!(bytes instanceof Uint8Array)) return false;
    for (let i = 0; i < prefixes.length; i++) if (contains(prefixes[i]!, bytes)) return true;
    return false;
  };
}

function checkAddress(text: string): string {
  const parsed = parseAddress(text);
  if (parsed instanceof Uint8Array) return text;
  const why = addressError(text, parsed);
  throw new ConfigError(`invalid IP address ${quoteString(text)} in filter: ${why}`, { path: "" });
}

function addressError(text: string, fault: Fault): string {
  const at = fault.at === "" ? "" : ` (at ${quoteString(fault.at)})`;
  return `ParseAddr(${quoteString(text)}): ${fault.message}${at}`;
}

function parsePrefix(text: string): Prefix {
  const slashAt = text.lastIndexOf("/");
  const address = text.slice(0, slashAt);
  const bitsText = text.slice(slashAt + 1);
  const parsed = parseAddress(address);
  if (!(parsed instanceof Uint8Array)) return refusePrefix(text, addressError(address, parsed));
  if (address.includes("%")) return refusePrefix(text, "IPv6 zones cannot be present in a prefix");
  if (!/^(?:\d|[1-9]\d+)$/.test(bitsText)) {
    return refusePrefix(text, `bad bits after slash: ${quoteString(bitsText)}`);
  }
  const bits = Number(bitsText);
  if (bits > parsed.length * 8) return refusePrefix(text, "prefix length out of range");
  return { bytes: parsed, bits };
}

function refusePrefix(text: string, why: string): never {
  const shown = quoteString(text);
  throw new ConfigError(
    `invalid IP prefix ${shown} in filter: netip.ParsePrefix(${shown}): ${why}`,
    { path: "" },
  );
}

function contains(prefix: Prefix, address: AddressBytes): boolean {
  const { bytes, bits } = prefix;
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (bytes[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}

function fault(message: string, at = ""): Fault {
  return { message, at };
}

function parseAddress(text: string): Parsed {
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === ".") return parseV4(text);
    if (char === ":") return parseV6(text);
    if (char === "%") return fault("missing IPv6 address");
  }
  return fault("unable to parse IP");
}

function parseV4(text: string): Parsed {
  const bytes = new Uint8Array(4);
  const wrong = parseV4Into(text, bytes, 0);
  return wrong ?? bytes;
}

function parseV4Into(text: string, bytes: Uint8Array, offset: number): Fault | undefined {
  let value = 0;
  let digits = 0;
  let octet = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (text[i] === ".") {
      if (isEmptyOctet(text, i)) {
        return fault("IPv4 field must have at least one digit", text.slice(i));
      }
      if (octet === 3) return fault("IPv4 address too long");
      bytes[offset + octet++] = value;
      value = 0;
      digits = 0;
      continue;
    }
    if (!(digit >= 0 && digit <= 9)) return fault("unexpected character", text.slice(i));
    if (digits === 1 && value === 0) return fault("IPv4 field has octet with leading zero");
    value = value * 10 + digit;
    digits++;
    if (value > 255) return fault("IPv4 field has value >255");
  }
  if (octet < 3) return fault("IPv4 address too short");
  bytes[offset + 3] = value;
  return undefined;
}

function isEmptyOctet(text: string, dotAt: number): boolean {
  return dotAt === 0 || dotAt === text.length - 1 || text[dotAt - 1] === ".";
}

/** Where the reading of an IPv6 address stands. */
interface V6State {
  readonly bytes: Uint8Array;
  rest: string;
  /** Bytes filled. */
  count: number;
  /** Byte at which "::" stands, -1 without one. */
  ellipsis: number;
}

function parseV6(text: string): Parsed {
  const percentAt = text.indexOf("%");
  if (percentAt === text.length - 1) return fault("zone must be a non-empty string");
  const state: V6State = {
    bytes: new Uint8Array(16),
    rest: percentAt < 0 ? text : text.slice(0, percentAt),
    count: 0,
    ellipsis: -1,
  };
  if (state.rest.startsWith("::")) {
    state.ellipsis = 0;
    state.rest = state.rest.slice(2);
    if (state.rest === "") return state.bytes;
  }
  while (state.count < 16) {
    const wrong = readV6Field(state);
    if (wrong !== undefined) return wrong;
    if (state.rest === "") break;
  }
  if (state.rest !== "") return fault("trailing garbage after address", state.rest);
  if (state.count < 16) {
    if (state.ellipsis < 0) return fault("address string too short");
    const { bytes, ellipsis, count } = state;
    bytes.copyWithin(16 - (count - ellipsis), ellipsis, count);
    bytes.fill(0, ellipsis, 16 - (count - ellipsis));
  } else if (state.ellipsis >= 0) {
    return fault("the :: must expand to at least one field of zeros");
  }
  return state.bytes;
}

/** Reads one group, and what separates it from the next. */
function readV6Field(state: V6State): Fault | undefined {
  const { rest, bytes } = state;
  const digits = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? "";
  if (digits.length > 4) return fault("each group must have 4 or less digits", rest);
  if (digits === "") return fault("each colon-separated field must have at least one digit", rest);
  if (rest[digits.length] === ".") return readEmbeddedV4(state);
  const value = Number.parseInt(digits, 16);
  bytes[state.count++] = value >> 8;
  bytes[state.count++] = value & 0xff;
  const after = rest.slice(digits.length);
  state.rest = after;
  if (after === "") return undefined;
  if (after[0] !== ":") return fault("unexpected character, want colon", after);
  if (after.length === 1) return fault("colon must be followed by more characters", after);
  state.rest = after.slice(1);
  if (state.rest[0] !== ":") return undefined;
  if (state.ellipsis >= 0) return fault("multiple :: in address", state.rest);
  state.ellipsis = state.count;
  state.rest = state.rest.slice(1);
  return undefined;
}

function readEmbeddedV4(state: V6State): Fault | undefined {
  if (state.ellipsis < 0 && state.count !== 12) {
    const why = "embedded IPv4 address must replace the final 2 fields of the address";
    return fault(why, state.rest);
  }
  if (state.count + 4 > 16) {
    const why = "too many hex fields to fit an embedded IPv4 at the end of the address";
    return fault(why, state.rest);
  }
  const wrong = parseV4Into(state.rest, state.bytes, state.count);
  state.rest = "";
  state.count += 4;
  return wrong;
}
