/**
 * Fetches a dashboard from a public web address for a user, and from nowhere else: http(s) only,
 * bounded in size, time and redirects, and never from a private, loopback or link-local address
 * (server-side request forgery). The address that was checked is the one that is connected to.
 */

import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP } from "node:net";
import { AppError } from "../base/errors.ts";

const sizeBytesMax = 5 * 1024 * 1024;
const timeoutMs = 15_000;
const redirectsMax = 3;

/** Resolves a host name to its addresses; tests pass their own. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

const resolveBySystem: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map((entry) => entry.address);

/** Addresses that are not the public internet (RFC 6890 and its kin). */
const refusedIpv4 = new BlockList();
/** A list of its own: a BlockList would hold IPv4 addresses against the mapped range too. */
const refusedIpv6 = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  refusedIpv4.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 32],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  refusedIpv6.addSubnet(network, bits, "ipv6");
}

/** Whether an address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return family === 4 ? !refusedIpv4.check(address, "ipv4") : !refusedIpv6.check(address, "ipv6");
}

/** The text at `url`. Throws AppError `refused` or `unreachable`, saying which part and why. */
export async function fetchPublicText(
  url: string,
  resolve: Resolve = resolveBySystem,
): Promise<string> {
  let current = url;
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const target = parsePublicUrl(current);
    const address = await publicAddressOf(target, resolve);
    const response = await open(target, address);
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (status >= 300 && status < 400 && location !== undefined) {
      response.destroy();
      current = new URL(location, target).href;
      continue;
    }
    if (status !== 200) {
      response.destroy();
      throw new AppError("unreachable", `cannot fetch ${url}: the server answered ${status}`);
    }
    return await readBounded(response, url);
  }
  throw new AppError("refused", `cannot fetch ${url}: more than ${redirectsMax} redirects`);
}

function parsePublicUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new AppError("refused", `cannot fetch ${JSON.stringify(text)}: it is no URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new AppError(
      "refused",
      `cannot fetch ${text}: only http and https are allowed, not ${url.protocol}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new AppError(
      "refused",
      `cannot fetch ${url.host}: a URL with a user name or password is refused`,
    );
  }
  return url;
}

async function publicAddressOf(url: URL, resolve: Resolve): Promise<string> {
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  let addresses: readonly string[];
  try {
    addresses = isIP(hostname) === 0 ? await resolve(hostname) : [hostname];
  } catch (cause) {
    throw new AppError("unreachable", `cannot fetch ${url.href}: ${hostname} does not resolve`, {
      cause,
    });
  }
  const refused = addresses.find((address) => !isPublicAddress(address));
  if (refused !== undefined) {
    throw new AppError(
      "refused",
      `cannot fetch ${url.href}: ${hostname} is ${refused}, a private, loopback or link-local address. Download the file and import it instead`,
    );
  }
  const [first] = addresses;
  if (first === undefined)
    throw new AppError("unreachable", `cannot fetch ${url.href}: ${hostname} has no address`);
  return first;
}

function open(url: URL, address: string): Promise<IncomingMessage> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((fulfil, reject) => {
    const request = send(
      url,
      {
        timeout: timeoutMs,
        headers: { accept: "application/json" },
        // The checked address, whatever the name resolves to by now.
        lookup: (_hostname, options, done) => {
          const family = isIP(address);
          if (options.all === true) done(null, [{ address, family }]);
          else done(null, address, family);
        },
      },
      fulfil,
    );
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (cause) => {
      reject(new AppError("unreachable", `cannot fetch ${url.href}: ${cause.message}`, { cause }));
    });
    request.end();
  });
}

async function readBounded(response: IncomingMessage, url: string): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > sizeBytesMax) {
      response.destroy();
      throw new AppError("refused", `cannot fetch ${url}: it is larger than ${sizeBytesMax} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
