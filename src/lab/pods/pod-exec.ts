/** Commands that run in pods: curl, ping and nslookup, each through the datapath as the pod. */

import { join } from "node:path";
import { errorMessage } from "../../base/errors.ts";
import type { AddressFamily } from "../address-family.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import { type CurlIo, runCurl } from "../curl/curl.ts";
import type { CurlSurroundings } from "../curl/curl-transfer.ts";

const pingCountDefault = 4;
const pingCountMax = 1000;
const pingIntervalMs = 1000;
const pingWaitMs = 1000;

/** Where output goes. */
export type ExecOutput = Omit<CurlIo, "podDir">;

/** Runs a command line; resolves to its exit code. 126 where pods have no such program. */
export async function runInPod(
  command: readonly string[],
  around: CurlSurroundings,
  output: ExecOutput & { readonly labDir: string | undefined },
): Promise<number> {
  const [program = "", ...args] = command;
  const { namespace, podName } = around.pod.facts;
  switch (program) {
    case "curl": {
      const podDir =
        output.labDir === undefined ? undefined : join(output.labDir, "pods", namespace, podName);
      return runCurl(args, around, { ...output, podDir });
    }
    case "ping":
      return runPing(args, around, output);
    case "nslookup":
      return runLookup(args, around, output);
    default:
      output.stderr(
        `exec: "${program}": executable file not found in $PATH: the laboratory's pods have curl, ping and nslookup\n`,
      );
      return 126;
  }
}

async function runPing(
  args: readonly string[],
  { pod, datapath, resolver, clock, signal }: CurlSurroundings,
  { stdout, stderr }: ExecOutput,
): Promise<number> {
  const rest = [...args];
  let count = pingCountDefault;
  const flag = rest.indexOf("-c");
  if (flag >= 0) count = Number(rest.splice(flag, 2)[1]);
  const family = takeFamily(rest);
  const [host] = rest;
  if (host === undefined || rest.length > 1 || !(count >= 1 && count <= pingCountMax)) {
    stderr(`usage: ping [-4|-6] [-c COUNT] HOST (COUNT from 1 to ${pingCountMax})\n`);
    return 2;
  }
  const address = await lookUp(pod, host, resolver, family);
  if (address === undefined) {
    stderr(`ping: bad address '${host}'\n`);
    return 1;
  }
  const print = (text: string): void => stdout(Buffer.from(text));
  print(`PING ${host} (${address}): 56 data bytes\n`);
  let answered = 0;
  for (let sequence = 0; sequence < count && !signal.aborted; sequence++) {
    const startMs = clock.monotonicMs();
    const isAnswered = await datapath.ping(pod, address);
    const elapsedMs = clock.monotonicMs() - startMs;
    if (isAnswered) {
      answered++;
      print(`64 bytes from ${address}: seq=${sequence} ttl=62 time=${elapsedMs.toFixed(3)} ms\n`);
    }
    const isLast = sequence === count - 1;
    const waitMs = isLast ? (isAnswered ? 0 : pingWaitMs) : pingIntervalMs;
    if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
  }
  const lost = Math.round(((count - answered) / count) * 100);
  print(
    `\n--- ${host} ping statistics ---\n${count} packets transmitted, ${answered} packets received, ${lost}% packet loss\n`,
  );
  return answered > 0 ? 0 : 1;
}

async function runLookup(
  args: readonly string[],
  { pod, resolver }: CurlSurroundings,
  { stdout, stderr }: ExecOutput,
): Promise<number> {
  // As with BIND's: -vc asks over TCP.
  const isTcp = args[0] === "-vc";
  const [name, ...more] = isTcp ? args.slice(1) : args;
  if (name === undefined || more.length > 0) {
    stderr("usage: nslookup [-vc] NAME\n");
    return 2;
  }
  try {
    const addresses = await resolver.resolve(pod, name, { isTcp });
    if (addresses.length === 0) {
      stdout(Buffer.from(`** server can't find ${name}: NXDOMAIN\n`));
      return 1;
    }
    for (const address of addresses) stdout(Buffer.from(`Name:\t${name}\nAddress: ${address}\n`));
    return 0;
  } catch (thrown) {
    stderr(`;; connection timed out; no servers could be reached (${errorMessage(thrown)})\n`);
    return 1;
  }
}

/** Takes -4 or -6 out of the arguments. */
function takeFamily(args: string[]): AddressFamily | undefined {
  const place = args.findIndex((arg) => arg === "-4" || arg === "-6");
  if (place < 0) return undefined;
  return args.splice(place, 1)[0] === "-4" ? "ipv4" : "ipv6";
}

async function lookUp(
  pod: Endpoint,
  host: string,
  resolver: CurlSurroundings["resolver"],
  family: AddressFamily | undefined,
): Promise<string | undefined> {
  try {
    return (await resolver.resolve(pod, host, { family }))[0];
  } catch {
    // No server answered: for ping the same as a name that nobody has.
    return undefined;
  }
}
