/** What `metrics` commands read: the spec (words or a file) and flows (a file, stdin, a data directory). */

import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { systemClock } from "../../base/clock.ts";
import { AppError, errorMessage } from "../../base/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../base/logger.ts";
import type { Flow } from "../../flow/model/flow.ts";
import { parseEventLine } from "../../flow/model/jsonpb.ts";
import { LineCutter, rotatedFiles } from "../../flow/observe/line-source.ts";
import { FlowStore } from "../../flow/store/flow-store.ts";
import { FlowTimeParser } from "../../flow/store/flow-time.ts";
import type { MetricsText } from "../../flowmetrics/studio/spec-count.ts";
import { parseDuration } from "../../model/duration.ts";
import type { CliContext } from "../command.ts";

/** Where flows come from. */
export interface FlowInputFlags {
  readonly flows?: string;
  readonly dataDir: string;
  readonly last?: string;
}

/** Flows being read. */
export interface FlowInput {
  readonly flows: AsyncIterable<readonly Flow[]>;
  /** Sentences about what could not be read. */
  troubles(): string[];
  close(): Promise<void>;
}

/** Metrics of the command line; one word that names a YAML file is a dynamic configuration. */
export function readSpec(words: readonly string[]): MetricsText {
  const [path = ""] = words;
  if (words.length !== 1 || !/\.ya?ml$/.test(path)) return { metrics: words };
  try {
    return { config: readFileSync(path, "utf8") };
  } catch (thrown) {
    throw new AppError("usage", `cannot read ${path}: ${errorMessage(thrown)}`, { cause: thrown });
  }
}

/** Opens what the flags name. Throws AppError "usage", "not_running". */
export async function openFlowInput(
  { flows, dataDir, last }: FlowInputFlags,
  context: CliContext,
): Promise<FlowInput> {
  const sinceMs = readSince(last);
  if (flows !== undefined) {
    if (flows !== "-" && !existsSync(flows))
      throw new AppError("usage", `there is no file ${flows}`);
    return readLines(flows === "-" ? [flows] : [flows], sinceMs);
  }
  const store = join(dataDir, "flows");
  if (existsSync(store)) return await readStore(store, sinceMs, context);
  const files = rotatedFiles(join(dataDir, "lab", "flows.jsonl"));
  if (files.length > 0) return readLines(files, sinceMs);
  throw new AppError(
    "not_running",
    `cannot find flows in ${dataDir}: name a file with --flows, another --data-dir, or a running server with --server`,
  );
}

function readSince(last: string | undefined): number | undefined {
  if (last === undefined) return undefined;
  const ms = parseDuration(last);
  if (ms === undefined) throw new AppError("usage", `--last ${last} is no duration: write 24h`);
  return systemClock.nowMs() - ms;
}

/**
 * The store of a directory. A running server owns it, and opening would seal its log: that one is asked
 * by --server.
 */
async function readStore(
  dir: string,
  sinceMs: number | undefined,
  context: CliContext,
): Promise<FlowInput> {
  const dataLock = join(dir, "..", "tsdb", "lock");
  if (existsSync(dataLock) && isLocked(dataLock)) {
    throw new AppError(
      "locked",
      `a server runs on ${join(dir, "..")}: ask it with --server http://127.0.0.1:9190`,
    );
  }
  const say = (fields: LogFields, message: string): void =>
    context.stderr(`ciliascope: ${message} ${JSON.stringify(fields)}\n`);
  const logger: Logger = { ...silentLogger, warn: say, error: say, child: () => logger };
  const store = await FlowStore.open({
    dir,
    clock: systemClock,
    logger,
    retentionMs: Number.MAX_SAFE_INTEGER,
    retentionBytes: Number.MAX_SAFE_INTEGER,
  });
  return {
    flows: store.search({ sinceMs, filter: { allow: [], deny: [] } }),
    troubles: () => [],
    close: () => store.close(),
  };
}

function isLocked(path: string): boolean {
  try {
    process.kill(Number(/\d+/.exec(readFileSync(path, "utf8"))?.[0]), 0);
    return true;
  } catch {
    // No such process: the lock was left behind.
    return false;
  }
}

const batchFlows = 2000;

function readLines(files: readonly string[], sinceMs: number | undefined): FlowInput {
  let broken = 0;
  let firstFault = "";
  const time = new FlowTimeParser();
  async function* read(): AsyncGenerator<readonly Flow[]> {
    let flows: Flow[] = [];
    const cutter = new LineCutter((line) => {
      if (line.trim() === "") return true;
      try {
        const { flow } = parseEventLine(line);
        if (flow !== undefined && isWanted(flow)) flows.push(flow);
      } catch (thrown) {
        broken++;
        firstFault ||= errorMessage(thrown);
      }
      return true;
    });
    for (const file of files) {
      for await (const chunk of openBytes(file)) {
        cutter.push(chunk);
        if (flows.length < batchFlows) continue;
        yield flows;
        flows = [];
      }
    }
    cutter.end();
    yield flows;
  }
  const isWanted = (flow: Flow): boolean =>
    sinceMs === undefined ||
    (flow.time !== undefined && time.parse(flow.time) && time.ms >= sinceMs);
  return {
    flows: read(),
    troubles: () =>
      broken === 0 ? [] : [`${broken} lines could not be read; the first: ${firstFault}`],
    close: async () => undefined,
  };
}

function openBytes(file: string): AsyncIterable<Uint8Array> {
  if (file === "-") return process.stdin;
  const bytes = createReadStream(file);
  return file.endsWith(".gz") ? bytes.pipe(createGunzip()) : bytes;
}
