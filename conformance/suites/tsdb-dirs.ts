/**
 * tsdb/dirs: data directories that real Prometheus servers left, sound and damaged. Each is copied,
 * opened as the server opens it, and its whole content compared with what Prometheus reads, bit by bit
 * (promtool's dumps hold less than the canonical ones and are not compared again); then opened a second time,
 * which must show the same. In damaged ones we may save more than Prometheus, never less, and invent nothing.
 */

import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FakeClock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import { labelsFromEntries } from "../../src/model/labels.ts";
import { isUlid } from "../../src/tsdb/block/ulid.ts";
import { openTsdb, type Tsdb } from "../../src/tsdb/tsdb.ts";
import { type CanonicalDump, canonicalDump } from "../canonical-dump.ts";
import { type Reporter, reportCase, type Suite } from "../suite.ts";
import { extractTar } from "../tar.ts";

interface RecordedOpen {
  readonly canonical?: {
    readonly numSamples: number;
    readonly numSeries: number;
    readonly sha256: string;
  };
  readonly blocks?: readonly { readonly ulid: string }[];
  readonly exemplars?: readonly RecordedExemplars[] | null;
}

interface RecordedExemplars {
  readonly series: readonly (readonly [string, string])[];
  readonly exemplars: readonly {
    readonly labels: readonly (readonly [string, string])[];
    readonly t: string;
    readonly v: string;
  }[];
}

interface RecordedDir {
  readonly readOnly?: RecordedOpen;
  readonly readWrite: RecordedOpen;
}

interface Mutation {
  readonly op: "truncate" | "xor" | "set" | "append" | "remove" | "removeDir" | "none";
  readonly length?: number;
  readonly offset?: number;
  readonly mask?: number;
  readonly hex?: string;
}

interface DamageCase {
  readonly name: string;
  readonly base: string;
  readonly file: string;
  readonly mutation: Mutation;
  readonly rw?: {
    readonly result?: { readonly numSamples: number; readonly canonicalSha256: string };
    readonly openError?: string;
  };
  readonly ooo?: DamageCase["rw"];
  readonly snap?: DamageCase["rw"];
}

interface ServerCase {
  readonly base: string;
  readonly file: string | null;
  readonly mutation: Mutation | null;
  readonly server: string;
  readonly afterwards: {
    readonly "tsdb 3.14 read-only": {
      readonly numSamples: number;
      readonly canonicalSha256: string;
    };
  };
}

/** Where several blocks hold other values at the same time, Prometheus itself gives now one, now the other. */
const ambiguous: Readonly<Record<string, readonly string[]>> = {
  "c-overlapping": ["c-compacted"],
  "c-compacted": ["c-overlapping"],
  "e-ooo-killed": ["e-ooo-clean", "e-ooo-compacted"],
  "e-ooo-clean": ["e-ooo-killed", "e-ooo-compacted"],
  "e-ooo-compacted": ["e-ooo-killed", "e-ooo-clean"],
};

/** Samples of one series by time: every line that is right there. */
type Allowed = Map<string, Map<string, Set<string>>>;

function dirsPath(dataDir: string, ...names: string[]): string {
  return join(dataDir, "tsdb", "dirs", ...names);
}

async function dirNames(dataDir: string): Promise<string[]> {
  const entries = await readdir(dirsPath(dataDir), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function readJson<T>(...path: [string, ...string[]]): Promise<T> {
  return JSON.parse(await readFile(dirsPath(...path), "utf8")) as T;
}

/** What Prometheus reads of a directory opened as a server opens it, one text per series. */
function recordedSeries(dataDir: string, name: string): string[] {
  const files = ["canonical-rw.txt.gz", "canonical-ro.txt.gz"];
  const file = files.map((one) => dirsPath(dataDir, name, one)).find((path) => existsSync(path));
  if (file === undefined) throw new Error(`no dump of ${name}`);
  const text = gunzipSync(readFileSync(file)).toString();
  return text.split(/^(?=# )/m).filter((series) => series !== "");
}

/**
 * Hints between "unknown" and "no reset" depend on where chunks begin, and a head cuts its own: both
 * are taken as the same (SEMANTICS 7).
 */
function withoutChunkHints(text: string): string {
  return text.replaceAll(/^(F?H \S+) 2 /gm, "$1 0 ");
}

/** What each block alone gives, where several hold the same times: any of it is right (SEMANTICS 6). */
async function contentOfEachBlock(dataDir: string, name: string): Promise<string[]> {
  return await withCopy(dataDir, name, async (dir) => {
    const texts: string[] = [];
    for (const ulid of readdirSync(dir).filter(isUlid)) {
      const alone = join(dir, "alone");
      cpSync(join(dir, ulid), join(alone, ulid), { recursive: true });
      const logger = new RecordingLogger();
      const db = await openTsdb({ dir: alone, clock: new FakeClock(0), logger });
      texts.push(...(await canonicalDump(db)).series);
      await db.close();
      rmSync(alone, { recursive: true });
    }
    return texts;
  });
}

async function allowedLines(dataDir: string, name: string): Promise<Allowed> {
  const allowed: Allowed = new Map();
  const sources = [name, ...(ambiguous[name] ?? [])];
  const texts = sources.flatMap((source) => recordedSeries(dataDir, source));
  if (ambiguous[name] !== undefined) texts.push(...(await contentOfEachBlock(dataDir, name)));
  for (const series of texts) {
    {
      const [labels = "", ...lines] = withoutChunkHints(series).trimEnd().split("\n");
      const times = allowed.get(labels) ?? new Map<string, Set<string>>();
      allowed.set(labels, times);
      for (const line of lines) {
        const time = line.split(" ")[1] ?? "";
        times.set(time, (times.get(time) ?? new Set()).add(line));
      }
    }
  }
  return allowed;
}

/** Remembers what was said in earnest. */
class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  debug(): void {}
  info(): void {}
  warn(fields: object, message: string): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
  error(fields: object, message: string): void {
    this.warn(fields, message);
  }
  child(): Logger {
    return this;
  }
}

interface Opened {
  readonly first: CanonicalDump;
  readonly second: CanonicalDump;
  readonly blocks: number;
  readonly exemplars: readonly string[];
  readonly said: readonly string[];
}

/** Runs `use` on a copy of a recorded directory. */
async function withCopy<T>(
  dataDir: string,
  name: string,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "ciliascope-conformance-"));
  try {
    extractTar(dirsPath(dataDir, name, "data.tar.gz"), dir);
    return await use(join(dir, "data"));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function openTwice(dir: string, keepsSnapshot = false): Promise<Opened> {
  const logger = new RecordingLogger();
  const clock = new FakeClock(0);
  const open = (): Promise<Tsdb> => openTsdb({ dir, clock, logger, keepsSnapshot });
  const db = await open();
  const first = await canonicalDump(db);
  const blocks = db.stats().blockCount;
  const exemplars = await exemplarLines(db);
  await db.close();
  const said = [...logger.lines];
  const again = await open();
  const second = await canonicalDump(again);
  await again.close();
  return { first, second, blocks, exemplars, said };
}

async function exemplarLines(db: Tsdb): Promise<string[]> {
  const range = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  const found = await db.selectExemplars(...range, [[]]);
  return found.flatMap(({ labels, exemplars }) =>
    exemplars.map((one) => {
      const own = one.labels.toString();
      return `${labels.toString()} ${own} ${one.timestampMs} ${one.value}`;
    }),
  );
}

function sha256(series: readonly string[]): string {
  return createHash("sha256").update(series.join("")).digest("hex");
}

/** Names the first line that should not be there, or the first series with too few samples. */
function compareWithAllowed(
  dump: CanonicalDump,
  allowed: Allowed,
  mayLack: boolean,
): string | undefined {
  const seen = new Set<string>();
  for (const series of dump.series) {
    const [labels = "", ...lines] = withoutChunkHints(series).trimEnd().split("\n");
    seen.add(labels);
    const times = allowed.get(labels);
    if (times === undefined) return `series that should not be there: ${labels}`;
    for (const line of lines) {
      if (line.startsWith("! ") && mayLack) continue;
      const right = times.get(line.split(" ")[1] ?? "");
      if (right?.has(line) === true) continue;
      return `${labels}: have ${line}, want ${[...(right ?? ["nothing"])].join(" or ")}`;
    }
    if (!mayLack && lines.length !== times.size) {
      return `${labels}: want ${times.size} samples, have ${lines.length}`;
    }
  }
  const missing = [...allowed.keys()].find((labels) => !seen.has(labels));
  if (!mayLack && missing !== undefined) return `missing series ${missing}`;
  return undefined;
}

/** The first recorded exemplar that we do not have; keeping more than Prometheus is fine. */
function missingExemplar(opened: Opened, recorded: RecordedOpen): string | undefined {
  const have = new Set(opened.exemplars);
  for (const { series, exemplars } of recorded.exemplars ?? []) {
    for (const { labels, t, v } of exemplars) {
      const texts = [series, labels].map((pairs) => labelsFromEntries(pairs).toString());
      const line = `${texts.join(" ")} ${t} ${Number(v)}`;
      if (!have.has(line)) return `missing exemplar ${line}`;
    }
  }
  return undefined;
}

/** Directories with a snapshot of the head are opened with it and without. */
function waysToOpen(name: string): readonly boolean[] {
  return name.startsWith("h-") ? [false, true] : [false];
}

async function checkDir(dataDir: string, name: string): Promise<string | undefined> {
  for (const keepsSnapshot of waysToOpen(name)) {
    const opened = await withCopy(dataDir, name, (dir) => openTwice(dir, keepsSnapshot));
    const fault = await checkOpened(dataDir, name, opened);
    if (fault !== undefined) return `${keepsSnapshot ? "with the snapshot: " : ""}${fault}`;
  }
  return undefined;
}

async function checkOpened(
  dataDir: string,
  name: string,
  opened: Opened,
): Promise<string | undefined> {
  const { readWrite } = await readJson<RecordedDir>(dataDir, name, "expected.json");
  const difference = compareWithAllowed(opened.first, await allowedLines(dataDir, name), false);
  if (difference !== undefined) return `${difference}; said: ${opened.said.join("; ")}`;
  const recorded = withoutChunkHints(recordedSeries(dataDir, name).join(""));
  if (
    ambiguous[name] === undefined &&
    withoutChunkHints(opened.first.series.join("")) !== recorded
  ) {
    return "the lines are right, their order is not";
  }
  if (sha256(opened.second.series) !== sha256(opened.first.series)) {
    const { sampleCount } = opened.first;
    return `the second open differs: ${sampleCount}, then ${opened.second.sampleCount} samples`;
  }
  if (opened.blocks !== (readWrite.blocks ?? []).length) {
    return `want ${readWrite.blocks?.length} blocks, have ${opened.blocks}`;
  }
  return missingExemplar(opened, readWrite);
}

function damage(file: string, mutation: Mutation): void {
  const { op, offset = 0, length = 0, hex = "", mask = 0 } = mutation;
  if (op === "truncate") truncateSync(file, length);
  else if (op === "append") appendFileSync(file, Buffer.from(hex, "hex"));
  else if (op === "remove" || op === "removeDir") rmSync(file, { recursive: true });
  else if (op === "xor" || op === "set") {
    const bytes = readFileSync(file);
    if (op === "set") Buffer.from(hex, "hex").copy(bytes, offset);
    else bytes[offset] = (bytes[offset] ?? 0) ^ mask;
    writeFileSync(file, bytes);
  }
}

/** Every file below a folder with its content's digest. */
function fingerprint(dir: string): string {
  const lines: string[] = [];
  for (const name of readdirSync(dir, { recursive: true }) as string[]) {
    const path = join(dir, name);
    if (!statSync(path).isFile() || name === "lock") continue;
    lines.push(`${name} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`);
  }
  return lines.sort().join("\n");
}

/** Samples that the best of Prometheus' ways to open the directory gives. */
function recordedBest(recorded: DamageCase): { count: number; sha256: string } {
  const results = [recorded.rw, recorded.ooo, recorded.snap].map((open) => open?.result);
  let best = { count: 0, sha256: "" };
  for (const result of results) {
    if (result === undefined || result.numSamples < best.count) continue;
    best = { count: result.numSamples, sha256: result.canonicalSha256 };
  }
  return best;
}

async function checkDamage(dataDir: string, recorded: DamageCase): Promise<string | undefined> {
  for (const keepsSnapshot of waysToOpen(recorded.base)) {
    const fault = await checkDamageOnce(dataDir, recorded, keepsSnapshot);
    if (fault !== undefined) return `${keepsSnapshot ? "with the snapshot: " : ""}${fault}`;
  }
  return undefined;
}

async function checkDamageOnce(
  dataDir: string,
  recorded: DamageCase,
  keepsSnapshot: boolean,
): Promise<string | undefined> {
  return await withCopy(dataDir, recorded.base, async (dir) => {
    damage(join(dir, recorded.file), recorded.mutation);
    const before = fingerprint(dir);
    const best = recordedBest(recorded);
    let opened: Opened;
    try {
      opened = await openTwice(dir, keepsSnapshot);
    } catch (thrown) {
      // Refusing is right where Prometheus refuses too, and where nothing was touched.
      const code = (thrown as { code?: string }).code;
      if (recorded.rw?.openError === undefined) return `cannot open: ${String(thrown)}`;
      if (code !== "corruption") return `another error than corruption: ${String(thrown)}`;
      return fingerprint(dir) === before ? undefined : "it was refused, but files were changed";
    }
    const allowed = await allowedLines(dataDir, recorded.base);
    return judgeDamage(allowed, recorded, opened, best);
  });
}

function judgeDamage(
  allowed: Allowed,
  recorded: DamageCase,
  opened: Opened,
  best: { readonly count: number; readonly sha256: string },
): string | undefined {
  const { first, second, said } = opened;
  const wholeCount = [...allowed.values()].reduce((sum, times) => sum + times.size, 0);
  const isAmbiguous = ambiguous[recorded.base] !== undefined;
  const told = `said: ${said.join("; ").slice(0, 400)}`;
  if (first.sampleCount < best.count) {
    return `want at least ${best.count} samples, have ${first.sampleCount}; ${told}`;
  }
  if (second.sampleCount < first.sampleCount) {
    return `the second open loses: ${first.sampleCount}, then ${second.sampleCount}`;
  }
  if (first.sampleCount === best.count && sha256(first.series) === best.sha256) return undefined;
  // Without its tombstones a block shows again what was deleted.
  if (best.count <= wholeCount) {
    const invented = compareWithAllowed(first, allowed, true);
    if (invented !== undefined) return `${invented}; ${told}`;
  }
  const isSame = first.sampleCount === best.count && first.faultyCount === 0;
  const hasHistograms = first.series.some((series) => /^F?H /m.test(series));
  // With histograms the digest holds hints of chunks that a head cuts elsewhere.
  if (isSame && !isAmbiguous && !hasHistograms && sha256(first.series) !== best.sha256) {
    return "as many samples as recorded, but others";
  }
  const isSilent = said.length === 0 && first.warnings.length === 0 && first.faultyCount === 0;
  const isWholeRecord = recorded.mutation.op === "truncate" && isSame;
  if (first.sampleCount < wholeCount && isSilent && !isWholeRecord) {
    return `${wholeCount - first.sampleCount} samples are missing and nobody was told`;
  }
  return undefined;
}

/** After the server stopped Prometheus' own reader gives what it repaired; so must ours, from the damaged directory. */
async function checkServer(dataDir: string, recorded: ServerCase): Promise<string | undefined> {
  return await withCopy(dataDir, recorded.base, async (dir) => {
    const { file, mutation } = recorded;
    if (file !== null && mutation !== null) damage(join(dir, file), mutation);
    const want = recorded.afterwards["tsdb 3.14 read-only"];
    const { first } = await openTwice(dir);
    if (first.sampleCount !== want.numSamples) {
      return `want ${want.numSamples} samples, have ${first.sampleCount}`;
    }
    if (sha256(first.series) === want.canonicalSha256) return undefined;
    // Where the dump of the directory is what was read, hints of chunk ends may differ (SEMANTICS 7).
    const dump = recordedSeries(dataDir, recorded.base);
    const isSame =
      sha256(dump) === want.canonicalSha256 &&
      withoutChunkHints(first.series.join("")) === withoutChunkHints(dump.join(""));
    return isSame ? undefined : "other samples";
  });
}

function caseName(text: string): string {
  // The runner's list of expected failures splits at ": ".
  return text.replaceAll(": ", ", ");
}

export const tsdbDirsSuite: Suite = {
  name: "tsdb/dirs",
  async countCases(dataDir: string): Promise<number> {
    const damaged = await readJson<unknown[]>(dataDir, "i-damaged.json");
    const servers = await readJson<unknown[]>(dataDir, "i-real-server.json");
    return (await dirNames(dataDir)).length + damaged.length + servers.length;
  },
  async run(dataDir: string, reporter: Reporter): Promise<void> {
    for (const name of await dirNames(dataDir)) {
      await reportCase(reporter, name, () => checkDir(dataDir, name));
    }
    for (const recorded of await readJson<DamageCase[]>(dataDir, "i-damaged.json")) {
      const name = caseName(`${recorded.base} ${recorded.name}`);
      await reportCase(reporter, name, () => checkDamage(dataDir, recorded));
    }
    for (const recorded of await readJson<ServerCase[]>(dataDir, "i-real-server.json")) {
      const what = recorded.mutation === null ? "sound" : `${recorded.mutation.op} damage`;
      const name = `${recorded.server} on ${recorded.base}, ${what}`;
      await reportCase(reporter, name, () => checkServer(dataDir, recorded));
    }
  },
};
