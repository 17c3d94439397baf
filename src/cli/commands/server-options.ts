/** The flags that `demo` and `server` share, and what they mean to the server. */

import { join, resolve } from "node:path";
import { Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { AppError, errorMessage } from "../../base/errors.ts";
import { readFeatureSwitches } from "../../config/feature-switches.ts";
import { parseDuration } from "../../model/duration.ts";
import { compileAnchoredRegexp } from "../../model/regexp.ts";
import { parseSizeBytes } from "../../schema/scalars.ts";
import { createPinoLogger, type LogFormat, type LogLevel } from "../../server/pino-logger.ts";
import type { ServerOptions } from "../../server/server-options.ts";
import { addFlowFlags, toFlowSettings } from "./flow-options.ts";
import { addRemoteReadFlags, toReadLimits } from "./remote-read-options.ts";

/** Flags as commander gives them. */
export interface SharedFlags {
  readonly dataDir: string;
  readonly listen: string;
  readonly config?: string;
  readonly open?: boolean;
  readonly "web.config.file"?: string;
  readonly [flag: string]: unknown;
}

/** Adds the shared flags to a command. */
export function addServerFlags(command: Command): Command {
  return addRemoteReadFlags(addFlowFlags(command))
    .option(
      "--data-dir <dir>",
      "where everything is kept; DIR/tsdb is a Prometheus data directory",
      "./data",
    )
    .option("--listen <host:port>", "address of the page and the API", "127.0.0.1:9190")
    .option("--config <file>", "a prometheus.yml")
    .option("--open", "open the page in the browser")
    .option("--web.config.file <file>", "Prometheus' web configuration: TLS, basic_auth_users")
    .option(
      "--web.allowed-host <name...>",
      "further host names under which the server may be asked",
    )
    .option(
      "--web.cors.origin <regexp>",
      "origins that may read the API from other sites; none unless given",
    )
    .option(
      "--flows <source>",
      "where flows come from; may be repeated: grpc://HOST:PORT (Relay or agent), grpcs://…, grpc+peers://… (all agents), FILE, -; see docs/flows.md",
      collect,
    )
    .option(
      "--flows.config <file>",
      "further sources in a YAML file, read again by SIGHUP and /-/reload; see docs/flows.md",
    )
    .option(
      "--observer-listen <host:port>",
      'address of our own Hubble Observer, "" for none (default: 127.0.0.1:9194)',
    )
    .option(
      "--dashboards.path <dir>",
      "folder of dashboards to show read only; changes are seen at once",
    )
    .option("--web.allow-import-url", "let users import dashboards from public web addresses")
    .option("--web.enable-admin-api", "allow deleting series, cleaning and snapshots by HTTP")
    .option("--web.enable-remote-write-receiver", "take samples at POST /api/v1/write")
    .option("--storage.tsdb.retention.time <duration>", "how long samples are kept", "15d")
    .option("--storage.tsdb.retention.size <size>", "oldest blocks beyond this go; 0 for no limit")
    .option(
      "--storage.tsdb.retention.percentage <percent>",
      "the same as a share of the disk, which wins over the size; 0 for no limit",
    )
    .option(
      "--storage.memory-budget <size>",
      "new series are refused above it; 512MB, 2GB, 0 for no limit (default: 40 % of the memory)",
    )
    .option("--storage.tsdb.wal-compression-type <type>", "snappy, zstd or none", "snappy")
    .option("--query.lookback-delta <duration>", "how far back an instant selector looks", "5m")
    .option("--query.timeout <duration>", "longest time a query may take", "2m")
    .option("--query.max-samples <n>", "most samples a query may hold", "50000000")
    .option("--query.max-concurrency <n>", "most queries at a time", "20")
    .option(
      "--enable-feature <names...>",
      "experimental features, by Prometheus' names; comma-separated or repeated",
    )
    .option("--log.level <level>", "debug, info, warn or error", "info")
    .option("--log.format <format>", "text or json");
}

/** The server's options from the flags. Throws AppError `usage` naming the flag. */
export function toServerOptions(
  flags: SharedFlags,
  mode: ServerOptions["mode"],
  version: string,
): ServerOptions {
  const config = flags.config;
  const webConfigFile = flags["web.config.file"];
  const dashboardsPath = flagValue(flags, "dashboards.path");
  return {
    mode,
    version,
    dataDir: resolve(flags.dataDir),
    listen: flags.listen,
    ...(config === undefined ? {} : { configFile: resolve(config) }),
    ...(webConfigFile === undefined ? {} : { webConfigFile: resolve(webConfigFile) }),
    allowedHosts: (flagValue(flags, "web.allowed-host") ?? []) as string[],
    ...flowFlags(flags),
    flowSettings: toFlowSettings((name) => flagValue(flags, name)),
    hasAdminApi: flagValue(flags, "web.enable-admin-api") === true,
    hasRemoteWriteReceiver: flagValue(flags, "web.enable-remote-write-receiver") === true,
    canImportByUrl: flagValue(flags, "web.allow-import-url") === true,
    ...(typeof dashboardsPath === "string" ? { dashboardsPath: resolve(dashboardsPath) } : {}),
    retentionMs: durationFlag(flags, "storage.tsdb.retention.time"),
    ...sizes(flags),
    walCompression: walCompression(flags),
    lookbackDeltaMs: durationFlag(flags, "query.lookback-delta"),
    queryTimeoutMs: durationFlag(flags, "query.timeout"),
    querySamplesMax: countFlag(flags, "query.max-samples"),
    queryConcurrencyMax: countFlag(flags, "query.max-concurrency"),
    readLimits: toReadLimits((name) => flagValue(flags, name)),
    clock: systemClock,
    logger: createPinoLogger({ level: logLevel(flags), format: logFormat(flags) }),
    flags: flagTexts(flags),
    features: readFeatureSwitches((flagValue(flags, "enable-feature") ?? []) as string[]),
    ...corsOrigin(flags),
  };
}

function collect(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

function flowFlags(
  flags: SharedFlags,
): Pick<ServerOptions, "flowSources" | "flowConfigFile" | "observerListen"> {
  const configFile = flagValue(flags, "flows.config");
  const observerListen = flagValue(flags, "observer-listen");
  return {
    flowSources: (flagValue(flags, "flows") ?? []) as string[],
    ...(configFile === undefined ? {} : { flowConfigFile: String(configFile) }),
    ...(observerListen === undefined ? {} : { observerListen: String(observerListen) }),
  };
}

/** Commander turns "query.lookback-delta" into "query.lookbackDelta". */
function flagValue(flags: SharedFlags, name: string): unknown {
  return flags[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
}

function durationFlag(flags: SharedFlags, name: string): number {
  const text = String(flagValue(flags, name));
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) {
    throw new AppError(
      "usage",
      `--${name}: ${JSON.stringify(text)} is no duration; write it as in 15d, 5m, 30s`,
    );
  }
  return ms;
}

function corsOrigin(flags: SharedFlags): Pick<ServerOptions, "corsOrigin"> {
  const value = flagValue(flags, "web.cors.origin");
  if (value === undefined || value === "") return {};
  try {
    compileAnchoredRegexp(String(value));
  } catch (thrown) {
    throw new AppError("usage", `--web.cors.origin: ${errorMessage(thrown)}`);
  }
  return { corsOrigin: String(value) };
}

/** Sizes that were given; powers of 1024, as Prometheus reads them. Throws AppError `usage`. */
function sizes(
  flags: SharedFlags,
): Pick<ServerOptions, "memoryBudgetBytes" | "retentionBytes" | "retentionPercent"> {
  const memoryBudgetBytes = sizeFlag(flags, "storage.memory-budget");
  const retentionPercent = percentFlag(flags, "storage.tsdb.retention.percentage");
  const retentionBytes = sizeFlag(flags, "storage.tsdb.retention.size");
  return {
    ...(memoryBudgetBytes === undefined ? {} : { memoryBudgetBytes }),
    ...(retentionBytes === undefined ? {} : { retentionBytes }),
    ...(retentionPercent === undefined ? {} : { retentionPercent }),
  };
}

function percentFlag(flags: SharedFlags, name: string): number | undefined {
  const value = flagValue(flags, name);
  if (value === undefined) return undefined;
  const percent = Number(value);
  if (/^\d+(\.\d+)?$/.test(String(value)) && percent <= 100) return percent;
  const text = JSON.stringify(value);
  throw new AppError("usage", `--${name}: ${text} is no percentage; write a number from 0 to 100`);
}

function sizeFlag(flags: SharedFlags, name: string): number | undefined {
  const value = flagValue(flags, name);
  if (value === undefined) return undefined;
  const bytes = parseSizeBytes(String(value));
  if (bytes === undefined) {
    throw new AppError(
      "usage",
      `--${name}: ${JSON.stringify(value)} is no size; write it as in 512MB, 2GB`,
    );
  }
  return bytes;
}

function walCompression(flags: SharedFlags): NonNullable<ServerOptions["walCompression"]> {
  const type = flagValue(flags, "storage.tsdb.wal-compression-type");
  if (type === "snappy" || type === "zstd" || type === "none") return type;
  throw new AppError(
    "usage",
    `--storage.tsdb.wal-compression-type: ${JSON.stringify(type)} is none of snappy, zstd and none`,
  );
}

function countFlag(flags: SharedFlags, name: string): number {
  const text = String(flagValue(flags, name));
  if (!/^[1-9]\d*$/.test(text))
    throw new AppError("usage", `--${name}: ${JSON.stringify(text)} is no positive number`);
  return Number(text);
}

function logLevel(flags: SharedFlags): LogLevel {
  const level = String(flagValue(flags, "log.level"));
  if (level === "debug" || level === "info" || level === "warn" || level === "error") return level;
  throw new AppError(
    "usage",
    `--log.level: ${JSON.stringify(level)} is none of debug, info, warn, error`,
  );
}

function logFormat(flags: SharedFlags): LogFormat {
  const format = flagValue(flags, "log.format");
  if (format === undefined) return process.stderr.isTTY ? "text" : "json";
  if (format === "text" || format === "json") return format;
  throw new AppError("usage", `--log.format: ${JSON.stringify(format)} is neither text nor json`);
}

/** As status/flags shows them: every flag with its value or default, and Prometheus' names for what we call otherwise. */
export function flagTexts(flags: SharedFlags): Record<string, string> {
  const texts: Record<string, string> = {
    "config.file": flags.config ?? "",
    "storage.tsdb.path": join(flags.dataDir, "tsdb"),
    "web.listen-address": flags.listen,
  };
  for (const option of addServerFlags(new Command()).options) {
    const value = flags[option.attributeName()] ?? (option.isBoolean() ? false : "");
    texts[option.name()] = String(value);
  }
  return texts;
}
