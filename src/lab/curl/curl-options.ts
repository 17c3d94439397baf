/**
 * curl's command line: the flags that guides use, spelled and combined as with the real one (-sS,
 * -XPOST, -H'A: b', --data=...). Errors are curl's own sentences.
 */

import type { AddressFamily } from "../address-family.ts";

/** A checked command line. */
export interface CurlOptions {
  readonly urls: readonly string[];
  /** -o, in order of the URLs. */
  readonly outputs: readonly string[];
  readonly isSilent: boolean;
  readonly showsError: boolean;
  readonly followsRedirects: boolean;
  readonly includesHeaders: boolean;
  readonly isHead: boolean;
  readonly isVerbose: boolean;
  readonly isGet: boolean;
  readonly fails: boolean;
  readonly failsWithBody: boolean;
  readonly method: string | undefined;
  readonly headers: readonly string[];
  readonly data: readonly CurlData[];
  readonly writeOut: string | undefined;
  readonly maxTimeMs: number | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly redirectsMax: number;
  readonly userAgent: string | undefined;
  /** -4 or -6: addresses of this family only. */
  readonly family: AddressFamily | undefined;
}

/** One -d. A text that begins with @ names a file, but for --data-raw. */
export interface CurlData {
  readonly text: string;
  readonly isRaw: boolean;
  /** Line ends of files are kept (--data-binary). */
  readonly isBinary: boolean;
}

/** What a command line asks for. */
export type CurlCommandLine =
  | { readonly kind: "run"; readonly options: CurlOptions }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "error"; readonly message: string };

type Draft = {
  -readonly [Key in keyof CurlOptions]: CurlOptions[Key] extends readonly (infer Item)[]
    ? Item[]
    : CurlOptions[Key];
};

interface Flag {
  readonly short?: string;
  readonly long: string;
  /** Takes a value. */
  readonly set?: (draft: Draft, value: string) => string | undefined;
  readonly turnOn?: (draft: Draft, isOn: boolean) => void;
}

/** The version whose words and messages these are. */
export const curlVersion = "7.88.1";
const redirectsDefault = 50;

const helpText = `Usage: curl [options...] <url>
 -4, --ipv4                 Resolve names to IPv4 addresses
 -6, --ipv6                 Resolve names to IPv6 addresses
 -A, --user-agent <name>    Send User-Agent <name> to server
     --connect-timeout <s>  Maximum time allowed for connection
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -G, --get                  Put the post data in the URL and use GET
 -H, --header <header>      Pass custom header to server
 -i, --include              Include response headers in the output
 -I, --head                 Show document info only
 -k, --insecure             Allow insecure server connections
 -L, --location             Follow redirects
 -m, --max-time <s>         Maximum time allowed for transfer
 -o, --output <file>        Write to file instead of stdout
 -s, --silent               Silent mode
 -S, --show-error           Show error even when -s is used
 -v, --verbose              Make the operation more talkative
 -w, --write-out <format>   Output FORMAT after completion
 -X, --request <method>     Specify request method to use
`;

const flags: readonly Flag[] = [
  {
    short: "s",
    long: "silent",
    turnOn: (draft, isOn) => {
      draft.isSilent = isOn;
    },
  },
  {
    short: "S",
    long: "show-error",
    turnOn: (draft, isOn) => {
      draft.showsError = isOn;
    },
  },
  {
    short: "L",
    long: "location",
    turnOn: (draft, isOn) => {
      draft.followsRedirects = isOn;
    },
  },
  {
    short: "i",
    long: "include",
    turnOn: (draft, isOn) => {
      draft.includesHeaders = isOn;
    },
  },
  {
    short: "I",
    long: "head",
    turnOn: (draft, isOn) => {
      draft.isHead = isOn;
    },
  },
  {
    short: "v",
    long: "verbose",
    turnOn: (draft, isOn) => {
      draft.isVerbose = isOn;
    },
  },
  {
    short: "G",
    long: "get",
    turnOn: (draft, isOn) => {
      draft.isGet = isOn;
    },
  },
  {
    short: "f",
    long: "fail",
    turnOn: (draft, isOn) => {
      draft.fails = isOn;
    },
  },
  {
    long: "fail-with-body",
    turnOn: (draft, isOn) => {
      draft.failsWithBody = isOn;
    },
  },
  // Nothing here speaks TLS or anything but HTTP/1.1 over IPv4: taken, without effect.
  { short: "k", long: "insecure", turnOn: () => {} },
  {
    short: "4",
    long: "ipv4",
    turnOn: (draft) => {
      draft.family = "ipv4";
    },
  },
  {
    short: "6",
    long: "ipv6",
    turnOn: (draft) => {
      draft.family = "ipv6";
    },
  },
  { short: "N", long: "no-buffer", turnOn: () => {} },
  { long: "http1.1", turnOn: () => {} },
  { long: "compressed", turnOn: () => {} },
  { long: "progress-bar", short: "#", turnOn: () => {} },
  {
    short: "X",
    long: "request",
    set: (draft, value) => {
      draft.method = value;
      return undefined;
    },
  },
  {
    short: "H",
    long: "header",
    set: (draft, value) => {
      draft.headers.push(value);
      return undefined;
    },
  },
  {
    short: "A",
    long: "user-agent",
    set: (draft, value) => {
      draft.userAgent = value;
      return undefined;
    },
  },
  {
    short: "o",
    long: "output",
    set: (draft, value) => {
      draft.outputs.push(value);
      return undefined;
    },
  },
  {
    short: "w",
    long: "write-out",
    set: (draft, value) => {
      draft.writeOut = value;
      return undefined;
    },
  },
  {
    short: "d",
    long: "data",
    set: (draft, text) => addData(draft, { text, isRaw: false, isBinary: false }),
  },
  {
    long: "data-ascii",
    set: (draft, text) => addData(draft, { text, isRaw: false, isBinary: false }),
  },
  {
    long: "data-raw",
    set: (draft, text) => addData(draft, { text, isRaw: true, isBinary: false }),
  },
  {
    long: "data-binary",
    set: (draft, text) => addData(draft, { text, isRaw: false, isBinary: true }),
  },
  {
    short: "m",
    long: "max-time",
    set: (draft, value) =>
      setSeconds(value, (ms) => {
        draft.maxTimeMs = ms;
      }),
  },
  {
    long: "connect-timeout",
    set: (draft, value) =>
      setSeconds(value, (ms) => {
        draft.connectTimeoutMs = ms;
      }),
  },
  {
    long: "max-redirs",
    set: (draft, value) =>
      setInteger(value, (count) => {
        draft.redirectsMax = count;
      }),
  },
  {
    long: "url",
    set: (draft, value) => {
      draft.urls.push(value);
      return undefined;
    },
  },
];

/** Reads the arguments after "curl". */
export function parseCurlArguments(args: readonly string[]): CurlCommandLine {
  const draft: Draft = {
    urls: [],
    outputs: [],
    isSilent: false,
    showsError: false,
    followsRedirects: false,
    includesHeaders: false,
    isHead: false,
    isVerbose: false,
    isGet: false,
    fails: false,
    failsWithBody: false,
    method: undefined,
    headers: [],
    data: [],
    writeOut: undefined,
    maxTimeMs: undefined,
    connectTimeoutMs: undefined,
    family: undefined,
    redirectsMax: redirectsDefault,
    userAgent: undefined,
  };
  const rest = [...args];
  let isAfterDashes = false;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (isAfterDashes || arg === "-" || !arg.startsWith("-")) {
      draft.urls.push(arg);
      continue;
    }
    if (arg === "--") {
      isAfterDashes = true;
      continue;
    }
    const special = specialText(arg);
    if (special !== undefined) return { kind: "text", text: special };
    const problem = arg.startsWith("--") ? takeLong(draft, arg, rest) : takeShort(draft, arg, rest);
    if (problem !== undefined)
      return { kind: "error", message: withHint(`curl: option ${problem}\n`) };
  }
  if (draft.urls.length === 0) return { kind: "error", message: withHint("") };
  return { kind: "run", options: draft };
}

function specialText(arg: string): string | undefined {
  if (arg === "-h" || arg === "--help") return helpText;
  if (arg === "-V" || arg === "--version") {
    return `curl ${curlVersion} (the laboratory's own, after the real one)\nProtocols: http\n`;
  }
  return undefined;
}

function withHint(message: string): string {
  return `${message}curl: try 'curl --help' or 'curl --manual' for more information\n`;
}

function takeLong(draft: Draft, arg: string, rest: string[]): string | undefined {
  const name = arg.slice(2);
  const isOff = name.startsWith("no-") && !flags.some((flag) => flag.long === name);
  const flag = flags.find((candidate) => candidate.long === (isOff ? name.slice(3) : name));
  if (flag === undefined || (isOff && flag.turnOn === undefined)) return `${arg}: is unknown`;
  if (flag.turnOn !== undefined) {
    flag.turnOn(draft, !isOff);
    return undefined;
  }
  const value = rest.shift();
  if (value === undefined) return `${arg}: requires parameter`;
  return named(arg, flag.set?.(draft, value));
}

/** "-sSXPOST": letters until one takes the rest, or the next argument, as its value. */
function takeShort(draft: Draft, arg: string, rest: string[]): string | undefined {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg.charAt(at);
    const flag = flags.find((candidate) => candidate.short === letter);
    const name = at === 1 && arg.length === 2 ? arg : `-${letter}`;
    if (flag === undefined) return `${arg.length === 2 ? arg : arg}: is unknown`;
    if (flag.turnOn !== undefined) {
      flag.turnOn(draft, true);
      continue;
    }
    const glued = arg.slice(at + 1);
    const value = glued === "" ? rest.shift() : glued;
    if (value === undefined) return `${name}: requires parameter`;
    return named(name, flag.set?.(draft, value));
  }
  return undefined;
}

function named(name: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${name}: ${problem}`;
}

function addData(draft: Draft, data: CurlData): undefined {
  draft.data.push(data);
}

function setSeconds(value: string, set: (ms: number) => void): string | undefined {
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(value)) return "expected a proper numerical parameter";
  // 0 means no limit.
  if (Number(value) > 0) set(Math.round(Number(value) * 1000));
  return undefined;
}

function setInteger(value: string, set: (count: number) => void): string | undefined {
  if (!/^-?\d+$/.test(value)) return "expected a proper numerical parameter";
  set(Number(value) < 0 ? Number.POSITIVE_INFINITY : Number(value));
  return undefined;
}
