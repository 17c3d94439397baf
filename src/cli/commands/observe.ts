/**
 * `ciliascope observe`: flows as `hubble observe` shows them, with the same flags, from a file, from
 * the standard input, or from the demo that runs on a data directory. Exit codes are Hubble's: 1 for
 * whatever goes wrong.
 */

import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../../base/errors.ts";
import { compileFlowFilters, type FlowFilter } from "../../flow/filter/flow-filter.ts";
import { formatProtoMessage } from "../../flow/model/jsonpb.ts";
import { type EventRequest, EventSelector, type Warn } from "../../flow/observe/event-selector.ts";
import { LogFollower, readStreamLines, rotatedFiles } from "../../flow/observe/line-source.ts";
import { FlowPrinter } from "../../flow/print/flow-printer.ts";
import { colored, plain } from "../../flow/print/palette.ts";
import { parseTime, timeFormat } from "../../flow/print/time-layout.ts";
import { quoteString } from "../../model/labels.ts";
import { type CliCommand, exitCodes } from "../command.ts";
import { flagHelp, parseFlags } from "../flag-set.ts";
import { hubbleServerFlags } from "../hubble-server-flags.ts";
import { observeAgentEvents } from "./observe-agent-events.ts";
import { createAggregatePrinter } from "./observe-aggregate.ts";
import { type ObserveContext, outputFormats } from "./observe-context.ts";
import {
  checkFieldMask,
  type ObserveOptions,
  observeFlags,
  requestedFilters,
} from "./observe-options.ts";
import { addRawFilters } from "./observe-raw-filters.ts";
import { observeServer } from "./observe-server.ts";

export const observeCommand: CliCommand = {
  name: "observe",
  register(program, context, done) {
    program
      .command("observe")
      .description("show flows, with the flags of `hubble observe`")
      .argument("[flags...]", "see `ciliascope observe --help`")
      .helpOption(false)
      .allowUnknownOption()
      .action(async (args: string[]) => {
        const output = new OutputBatch(context.stdout);
        process.stdout.on("error", leaveQuietly);
        const exitCode = await runObserve(args, {
          ...context,
          stdout: (text) => output.write(text),
          stdin: process.stdin,
          clock: systemClock,
          isTerminal: process.stdout.isTTY === true,
        });
        output.flush();
        done(exitCode);
      });
  },
};

/** Characters after which a batch goes out at once. */
const batchCharsMax = 64 * 1024;

/** Lines that come in one turn of the event loop go out in one write. */
class OutputBatch {
  readonly #write: (text: string) => void;
  #text = "";

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  write(text: string): void {
    if (this.#text === "") setImmediate(() => this.flush());
    this.#text += text;
    if (this.#text.length >= batchCharsMax) this.flush();
  }

  flush(): void {
    if (this.#text !== "") this.#write(this.#text);
    this.#text = "";
  }
}

/** The reader of our output has enough (`observe | head`): that is no trouble. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
}

/** The largest count there is, as a number: it stands for all flows. */
const everyFlow = 2 ** 64;
/** How many flows of a demo are shown when nothing says how many. */
const demoFlowCount = 20;

/** Runs the command with `args` after its name; returns the exit code. */
export async function runObserve(
  args: readonly string[],
  context: ObserveContext,
): Promise<number> {
  try {
    await observe(args, context);
    return exitCodes.ok;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    context.stderr(`${errorMessage(thrown)}\n`);
    return exitCodes.trouble;
  }
}

async function observe(args: readonly string[], context: ObserveContext): Promise<void> {
  if (args[0] === "agent-events") return observeAgentEvents(args.slice(1), context);
  const { flags: server, specs } = hubbleServerFlags(context.env);
  const { options, groups: ownGroups } = observeFlags();
  const groups = { ...ownGroups, Server: specs };
  const operands = parseFlags(
    Object.values(groups).flat(),
    args[0] === "flows" ? args.slice(1) : args,
  );
  if (options.isHelp) {
    context.stdout("Usage: ciliascope observe [flags]\n");
    for (const [title, specs] of Object.entries(groups)) {
      context.stdout(`\n${title}:\n${flagHelp(specs)}`);
    }
    return;
  }
  if (operands.length > 0) refuse(`unknown command "${operands[0]}" for "ciliascope observe"`);
  // In the original's order: the filters are whole, the output, the span, the lists, and only then
  // what the filters say.
  options.filters.lists();
  const printer =
    options.aggregateBy === ""
      ? createPrinter(options, context)
      : createAggregatePrinter(options, context.stdout);
  const span = requestedSpan(checkSelectors(options), context.clock);
  addRawFilters(options, context.env);
  const filters = requestedFilters(options);
  checkFieldMask(options.fieldMask);
  if (options.printRawFilters) {
    context.stdout(rawFilters(filters));
    return;
  }
  checkInput(options);
  const passes = compileFlowFilters(filters.allow, filters.deny);
  const first = options.first > 0 ? options.first : undefined;
  const request = { passes, ...span, first, last: lastCount(options, span) };
  const selector = new EventSelector(request, createWarn(context), (event) => printer.write(event));
  if (options.inputFile === "" && server.server !== "") {
    await observeServer(options, { server, filters, request, printer, context });
  } else await readInput(options, selector, context);
  printer.close();
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}

function createPrinter(options: ObserveOptions, context: ObserveContext): FlowPrinter {
  const { output, color } = options;
  const known = output === "JSON" ? "jsonpb" : outputFormats.get(output);
  if (known === undefined) return refuse(`invalid output format: ${output}`);
  const isLegacy = /^json$/i.test(output) && asksLegacyJson(context.env);
  const format = isLegacy ? "flow-json" : known;
  if (format === "table" && options.follow) {
    refuse("table output format is not compatible with follow mode");
  }
  if (format !== "jsonpb" && options.fieldMask.length > 0) {
    refuse(`${output} output format is not compatible with custom field mask`);
  }
  const hasColor =
    color.toLowerCase() === "always" ||
    (color.toLowerCase() === "auto" && context.isTerminal && isColorTerminal(context.env));
  return new FlowPrinter({
    format,
    formatTime: timeFormat(options.timeFormat),
    // A table's widths cannot be counted over colours.
    palette: hasColor && format !== "table" ? colored : plain,
    hasNames: options.hasNames && !options.isNumeric,
    hasPolicyNames: options.hasPolicyNames,
    hasNodeName: options.hasNodeName,
    isDebug: options.isDebug,
    stdout: context.stdout,
    stderr: options.isSilent ? () => undefined : context.stderr,
  });
}

/** HUBBLE_COMPAT: `-o json` prints flows without what is around them, as it did once. */
function asksLegacyJson(env: ObserveContext["env"]): boolean {
  return (env["HUBBLE_COMPAT"] ?? "").toLowerCase().split(",").includes("legacy-json-output");
}

function isColorTerminal(env: ObserveContext["env"]): boolean {
  return (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

function checkSelectors(options: ObserveOptions): ObserveOptions {
  const { first, last, all, follow } = options;
  if (first > 0 && last > 0) refuse("cannot set both --first and --last");
  if (first > 0 && all) refuse("cannot set both --first and --all");
  if (first > 0 && follow) refuse("cannot set both --first and --follow");
  if (last > 0 && all) refuse("cannot set both --last and --all");
  return options;
}

type TimeSpan = Pick<EventRequest, "since" | "until">;

function requestedSpan(options: ObserveOptions, clock: Clock): TimeSpan {
  const since = toNanos("since", options.since, clock);
  const until = options.follow ? undefined : toNanos("until", options.until, clock);
  return { since, until };
}

function toNanos(name: string, text: string, clock: Clock): bigint | undefined {
  if (text === "") return undefined;
  try {
    return parseTime(text, clock.nowMs());
  } catch (thrown) {
    return refuse(`failed to parse the ${name} time: ${errorMessage(thrown)}`);
  }
}

function lastCount(
  { last, first, all, follow, inputFile, aggregateBy }: ObserveOptions,
  { since, until }: TimeSpan,
): number | undefined {
  if (last > 0) return last >= everyFlow ? undefined : last;
  const isPlain = since === undefined && until === undefined && first === 0 && !all;
  if (!isPlain || inputFile !== "" || aggregateBy !== "") return undefined;
  return follow ? 0 : demoFlowCount;
}

/** Text in a log line: in quotes where it is not plain. */
function logText(text: string): string {
  const quoted = quoteString(text);
  const isPlain = text !== "" && quoted === `"${text}"` && !/[\s=]/.test(text);
  return isPlain ? text : quoted;
}

/** Lines that cannot be read are told even with --silent-errors, which is for events of trouble. */
function createWarn(context: ObserveContext): Warn {
  return (message, fields) => {
    const time = new Date(context.clock.nowMs()).toISOString();
    const extra = Object.entries(fields).map(([key, value]) => ` ${key}=${logText(value)}`);
    context.stderr(`time=${time} level=WARN msg=${logText(message)}${extra.join("")}\n`);
  };
}

function rawFilters({
  allow,
  deny,
}: {
  readonly allow: readonly FlowFilter[];
  readonly deny: readonly FlowFilter[];
}): string {
  const list = (name: string, filters: readonly FlowFilter[]) => {
    if (filters.length === 0) return "";
    const lines = filters.map((filter) => {
      const json = formatProtoMessage(filter, "flow.FlowFilter");
      return `    - ${yamlText(json)}\n`;
    });
    return `${name}:\n${lines.join("")}`;
  };
  return list("allowlist", allow) + list("denylist", deny) || "{}\n";
}

/** Characters that Go's YAML library does not print as they are. */
const unprintable = /[\u007f-\u009f\ufeff\ufffe\uffff\u{10000}-\u{10ffff}]/gu;

/** A text in single quotes, or, where it holds such characters, with escapes in double ones. */
function yamlText(text: string): string {
  if (text.search(unprintable) < 0) return `'${text.replaceAll("'", "''")}'`;
  const escaped = text.replace(/["\\]/g, "\\$&").replace(unprintable, (char) => {
    const code = char.codePointAt(0) as number;
    if (code === 0x85) return "\\N";
    const hex = code.toString(16).toUpperCase();
    if (code <= 0xff) return `\\x${hex}`;
    return code <= 0xffff ? `\\u${hex}` : `\\U${hex.padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

async function readInput(
  options: ObserveOptions,
  selector: EventSelector,
  context: ObserveContext,
): Promise<void> {
  const take = (line: string) => {
    selector.push(line);
    return !selector.isDone;
  };
  if (options.inputFile === "") {
    await readDemo(options, selector, context);
    return;
  }
  const stream = options.inputFile === "-" ? context.stdin : createReadStream(options.inputFile);
  await readStreamLines(stream, take);
  selector.flush();
}

function checkInput({ inputFile }: ObserveOptions): void {
  if (inputFile === "" || inputFile === "-" || existsSync(inputFile)) return;
  refuse(`open ${inputFile}: no such file or directory`);
}

/** The laboratory writes its flows to a log that it rotates. */
async function readDemo(
  options: ObserveOptions,
  selector: EventSelector,
  context: ObserveContext,
): Promise<void> {
  const path = join(options.dataDir, "lab", "flows.jsonl");
  const files = rotatedFiles(path);
  if (files.length === 0) {
    throw new AppError(
      "not_running",
      `cannot show flows: there are none in ${join(options.dataDir, "lab")}; start \`ciliascope demo --data-dir ${options.dataDir}\`, or name a file with --input-file`,
    );
  }
  const take = (line: string) => {
    selector.push(line);
    return !selector.isDone;
  };
  for (const file of files) {
    if (file === path || selector.isDone) continue;
    await readStreamLines(createReadStream(file), take);
  }
  const follower = new LogFollower(path, take);
  follower.drain();
  selector.flush();
  if (options.follow) {
    selector.passOn();
    await follower.follow(context.clock, context.untilStopped());
  }
  follower.close();
}
