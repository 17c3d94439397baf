/** `ciliascope tsdb …`: looks into data directories, ours or Prometheus', without changing them; imports OpenMetrics. */

import type { Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../../base/logger.ts";
import { histogramToString } from "../../model/histogram.ts";
import { isLegacyMetricName, type Labels, quoteString } from "../../model/labels.ts";
import { createMatcher, type Matcher } from "../../model/matcher.ts";
import { SampleBuffer } from "../../model/sample.ts";
import { formatGoFloat } from "../../model/value-format.ts";
import { parseMetricSelector } from "../../promql/parser.ts";
import type { Series } from "../../storage/storage.ts";
import { analyze, checkDir, importText, listBlocks, openReadOnly } from "../../tsdb/offline.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";

type Done = (exitCode: number) => void;
/** Text is handed on in pieces of about this many characters. */
const pieceLength = 64 * 1024;
const rankingLengthDefault = "20";

export const tsdbCommand: CliCommand = {
  name: "tsdb",
  register(program, context, done) {
    const tsdb = program
      .command("tsdb")
      .description("look into a data directory (DIR/tsdb, or Prometheus'), import samples")
      .enablePositionalOptions();
    registerList(tsdb, context, done);
    registerAnalyze(tsdb, context, done);
    registerDumps(tsdb, context, done);
    registerCheck(tsdb, context, done);
    registerImport(tsdb, context, done);
    tsdb.action(() => {
      context.stderr(tsdb.helpInformation());
      done(exitCodes.misuse);
    });
  },
};

function withOutput(command: Command): Command {
  return command.option("--output <format>", "text or json", "text");
}

function registerList(tsdb: Command, context: CliContext, done: Done): void {
  withOutput(tsdb.command("list"))
    .description("list the blocks")
    .argument("<dir>", "data directory")
    .action(async (dir: string, flags: { output: string }) => {
      const listings = await listBlocks(dir, systemClock, silentLogger);
      const rows = listings.map(({ ulid, meta, sizeBytes, fault }) => ({
        ulid,
        minTime: meta?.minTimeMs,
        maxTime: meta?.maxTimeMs,
        duration: meta === undefined ? "" : goDuration(meta.maxTimeMs - meta.minTimeMs),
        samples: meta?.stats.sampleCount,
        chunks: meta?.stats.chunkCount,
        series: meta?.stats.seriesCount,
        tombstones: meta?.stats.tombstoneCount,
        level: meta?.level,
        sizeBytes,
        ...(fault === undefined ? {} : { fault }),
      }));
      if (flags.output === "json") context.stdout(`${JSON.stringify(rows, null, 2)}\n`);
      else context.stdout(table(rows));
      for (const { ulid, fault } of listings) {
        if (fault !== undefined) context.stderr(`ciliascope: block ${ulid}: ${fault}\n`);
      }
      const isSound = listings.every(({ fault }) => fault === undefined);
      done(isSound ? exitCodes.ok : exitCodes.trouble);
    });
}

/** promtool's columns and two of ours. */
function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns: readonly (readonly [title: string, key: string])[] = [
    ["BLOCK ULID", "ulid"],
    ["MIN TIME", "minTime"],
    ["MAX TIME", "maxTime"],
    ["DURATION", "duration"],
    ["NUM SAMPLES", "samples"],
    ["NUM CHUNKS", "chunks"],
    ["NUM SERIES", "series"],
    ["SIZE", "sizeBytes"],
    ["LEVEL", "level"],
    ["NUM TOMBSTONES", "tombstones"],
  ];
  const cells = [
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, key]) => String(row[key] ?? "-"))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** As Go prints durations: `1h29m30.001s`. */
function goDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

function registerAnalyze(tsdb: Command, context: CliContext, done: Done): void {
  withOutput(tsdb.command("analyze"))
    .description("tell what a block is made of: cardinality and churn")
    .argument("<dir>", "data directory")
    .argument("[block]", "the block's ULID; the newest where it is left out")
    .option("--limit <n>", "how many lines of each ranking", rankingLengthDefault)
    .action(async (dir: string, block: string | undefined, flags: AnalyzeFlags) => {
      const limit = Number(flags.limit);
      if (!Number.isInteger(limit) || limit < 0) {
        throw new AppError("usage", `--limit ${flags.limit} is no number of lines`);
      }
      const analysis = await analyze(dir, block, limit, systemClock);
      if (flags.output === "json") context.stdout(`${JSON.stringify(analysis, null, 2)}\n`);
      else context.stdout(analysisText(analysis));
      done(exitCodes.ok);
    });
}

interface AnalyzeFlags {
  readonly output: string;
  readonly limit: string;
}

function analysisText(analysis: Awaited<ReturnType<typeof analyze>>): string {
  const head = [
    `Block ID: ${analysis.ulid}`,
    `Duration: ${goDuration(analysis.durationMs)}`,
    `Total Series: ${analysis.seriesCount}`,
    `Label names: ${analysis.labelNameCount}`,
    `Postings (unique label pairs): ${analysis.labelPairCount}`,
    `Postings entries (total label pairs): ${analysis.postingCount}`,
  ];
  const rankings = [
    ["Label pairs most involved in churning", analysis.churningPairs],
    ["Label names most involved in churning", analysis.churningNames],
    ["Most common label pairs", analysis.commonPairs],
    ["Label names with highest cumulative label value length", analysis.longestNames],
    ["Highest cardinality labels", analysis.largestNames],
    ["Highest cardinality metric names", analysis.largestMetrics],
  ] as const;
  const lists = rankings.map(
    ([title, ranking]) =>
      `\n${title}:\n${ranking.map(([name, figure]) => `${figure} ${name}\n`).join("")}`,
  );
  return `${head.join("\n")}\n${lists.join("")}`;
}

interface DumpFlags {
  readonly match: readonly string[];
  readonly minTime?: string;
  readonly maxTime?: string;
}

function registerDumps(tsdb: Command, context: CliContext, done: Done): void {
  const collect = (text: string, texts: readonly string[]): readonly string[] => [...texts, text];
  const add = (name: string, summary: string, write: typeof writeDump): void => {
    tsdb
      .command(name)
      .description(summary)
      .argument("<dir>", "data directory")
      .option("--match <selector>", "series to take, as in PromQL; repeatable", collect, [])
      .option("--min-time <ms>", "first time, ms since 1970")
      .option("--max-time <ms>", "last time, ms since 1970")
      .action(async (dir: string, flags: DumpFlags) => {
        await dump(dir, flags, context, write);
        done(exitCodes.ok);
      });
  };
  add("dump", "print samples: labels, value, ms since 1970", writeDump);
  add("dump-openmetrics", "print samples as OpenMetrics with timestamps", writeOpenMetrics);
}

/** Writes one series to `print`. */
type SeriesWriter = (labels: Labels, samples: SampleBuffer, print: (line: string) => void) => void;

async function dump(
  dir: string,
  flags: DumpFlags,
  context: CliContext,
  write: SeriesWriter,
): Promise<void> {
  const startMs = timeOf(flags.minTime, Number.NEGATIVE_INFINITY);
  const endMs = timeOf(flags.maxTime, Number.POSITIVE_INFINITY);
  const db = await openReadOnly(dir, systemClock, stderrLogger(context));
  let piece = "";
  const print = (line: string): void => {
    piece += line;
    if (piece.length < pieceLength) return;
    context.stdout(piece);
    piece = "";
  };
  try {
    const querier = db.querier(startMs, endMs);
    const samples = new SampleBuffer();
    for (const series of await selectAll(flags.match, async (matchers) => {
      const found = await querier.select(matchers, { startMs, endMs });
      for (const warning of found.warnings) context.stderr(`ciliascope: ${warning}\n`);
      return found.series;
    })) {
      samples.clear();
      series.readSamples(samples, startMs, endMs);
      write(series.labels, samples, print);
    }
    querier.close();
    if (write === writeOpenMetrics) print("# EOF\n");
    context.stdout(piece);
  } finally {
    await db.close();
  }
}

/** The series of all selectors, each once. */
async function selectAll(
  selectors: readonly string[],
  select: (matchers: readonly Matcher[]) => Promise<readonly Series[]>,
): Promise<Iterable<Series>> {
  if (selectors.length === 0) return await select([createMatcher("=~", "__name__", "(?s:.*)")]);
  const byKey = new Map<string, Series>();
  for (const selector of selectors) {
    for (const series of await select(parseMetricSelector(selector)))
      byKey.set(series.labels.key, series);
  }
  return byKey.values();
}

function timeOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const ms = Number(text);
  if (!Number.isFinite(ms)) throw new AppError("usage", `${text} is no time in ms since 1970`);
  return ms;
}

function writeDump(labels: Labels, samples: SampleBuffer, print: (line: string) => void): void {
  const name = labels.toString();
  for (let i = 0; i < samples.count; i++) {
    const histogram = samples.histograms?.[i];
    const value =
      histogram === undefined
        ? formatGoFloat(samples.values[i] as number)
        : histogramToString(histogram);
    print(`${name} ${value} ${samples.timestampsMs[i]}\n`);
  }
}

/** Histograms have no text form in OpenMetrics 1.0 and are left out, as by promtool. */
function writeOpenMetrics(
  labels: Labels,
  samples: SampleBuffer,
  print: (line: string) => void,
): void {
  const name = openMetricsName(labels);
  for (let i = 0; i < samples.count; i++) {
    if (samples.histograms?.[i] !== undefined) continue;
    const seconds = (samples.timestampsMs[i] as number) / 1000;
    print(`${name} ${formatGoFloat(samples.values[i] as number)} ${seconds}\n`);
  }
}

function openMetricsName(labels: Labels): string {
  const name = labels.metricName;
  const isPlain = isLegacyMetricName(name);
  const rest = labels.withoutMetricName();
  const pairs: string[] = isPlain || name === "" ? [] : [quoteString(name)];
  rest.forEach((label, value) => {
    // OpenMetrics knows these three escapes only.
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    pairs.push(`${isLegacyMetricName(label) ? label : quoteString(label)}="${escaped}"`);
  });
  return `${isPlain ? name : ""}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`}`;
}

function registerCheck(tsdb: Command, context: CliContext, done: Done): void {
  withOutput(tsdb.command("check"))
    .description("read every byte of blocks and log and tell what is wrong")
    .argument("<dir>", "data directory")
    .action(async (dir: string, flags: { output: string }) => {
      const result = await checkDir(dir, systemClock);
      const isJson = flags.output === "json";
      context.stdout(isJson ? `${JSON.stringify(result, null, 2)}\n` : checkText(result));
      const isSound =
        result.logFaults.length === 0 && result.blocks.every(({ faults }) => faults.length === 0);
      done(isSound ? exitCodes.ok : exitCodes.trouble);
    });
}

function checkText({ blocks, logFaults }: Awaited<ReturnType<typeof checkDir>>): string {
  const lines = blocks.flatMap(({ ulid, seriesCount, chunkCount, sampleCount, faults }) => {
    const figures = `${seriesCount} series, ${chunkCount} chunks, ${sampleCount} samples`;
    return [verdict(faults, `${ulid}: ${figures}`), ...faults.map((fault) => `      ${fault}`)];
  });
  lines.push(verdict(logFaults, "wal"), ...logFaults.map((fault) => `      ${fault}`));
  return `${lines.join("\n")}\n`;
}

function verdict(faults: readonly string[], what: string): string {
  return `${faults.length === 0 ? "ok   " : "error"} ${what}`;
}

function registerImport(tsdb: Command, context: CliContext, done: Done): void {
  withOutput(tsdb.command("import"))
    .description("make blocks of an OpenMetrics file whose samples have timestamps")
    .argument("<file>", "OpenMetrics text")
    .argument("<dir>", "data directory; a server that runs on it sees the blocks after a restart")
    .action(async (file: string, dir: string, flags: { output: string }) => {
      const metas = await importText(file, dir, systemClock);
      if (flags.output === "json") context.stdout(`${JSON.stringify(metas, null, 2)}\n`);
      else {
        for (const { ulid, stats, minTimeMs, maxTimeMs } of metas) {
          const figures = `${stats.seriesCount} series, ${stats.sampleCount} samples`;
          context.stdout(`${ulid}: ${figures}, ${minTimeMs} to ${maxTimeMs}\n`);
        }
      }
      done(exitCodes.ok);
    });
}

/** Warnings of replay to stderr, so that a dump of a damaged directory is no secret. */
function stderrLogger(context: CliContext): Logger {
  const note = (fields: LogFields, message: string): void =>
    context.stderr(`ciliascope: ${message} ${JSON.stringify(fields)}\n`);
  const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger };
  return logger;
}
