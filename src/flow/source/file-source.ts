/**
 * Flows from a file of Hubble's exporter: what was rotated away first (gzipped or not, as the exporter,
 * logrotate and the laboratory name it), then the file itself, which is followed through renames and
 * truncation. A file that is not there yet is waited for. Also: the standard input.
 */

import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { createGunzip } from "node:zlib";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { LineCutter, LogFollower } from "../observe/line-source.ts";
import { nextTurn } from "../turns.ts";
import type { FlowBatch, FlowSource, FlowSourceStatus } from "./flow-source.ts";
import { sleep } from "./flow-stream.ts";
import { LineIntake } from "./line-intake.ts";
import { SourceBook } from "./source-book.ts";
import type { SourceMemory } from "./source-memory.ts";

/** How often a followed file is looked at. */
const followIntervalMs = 200;
/** Read in one go, before others get a turn. */
const sliceBytes = 1024 * 1024;
const batchFlows = 2000;

type Take = (batch: FlowBatch) => void | Promise<void>;

/** How a file is read. */
export interface FileSourceOptions {
  readonly name: string;
  readonly cluster: string;
  readonly path: string;
  /** Only what is written from now on. */
  readonly isOnlyNew: boolean;
  /** Where sources stood before a restart. */
  readonly memory?: SourceMemory | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A file of the exporter. */
export class FileSource implements FlowSource {
  readonly name: string;
  readonly ended: Promise<void>;
  readonly #options: FileSourceOptions;
  readonly #book: SourceBook;
  readonly #intake: LineIntake;
  readonly #closing = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(options: FileSourceOptions) {
    this.name = options.name;
    this.#options = options;
    const head = { name: options.name, kind: "file", cluster: options.cluster } as const;
    this.#book = new SourceBook(head, options.clock, options.logger);
    this.#intake = new LineIntake(this.#book, options.memory?.point(options.name));
    this.ended = new Promise(() => undefined);
  }

  start(take: Take): void {
    this.#work = this.#run(take).catch((thrown: unknown) => {
      this.#book.trouble(errorMessage(thrown), "look at the file and its rights, then start anew");
    });
  }

  status(): FlowSourceStatus {
    return this.#book.status();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
    this.#book.state = "ended";
  }

  async #run(take: Take): Promise<void> {
    const { path, isOnlyNew, clock } = this.#options;
    const { signal } = this.#closing;
    if (!isOnlyNew) {
      for (const file of rotatedAway(path)) {
        if (!signal.aborted) await this.#readWhole(file, take);
      }
    }
    const follower = new LogFollower(path, (line) => {
      this.#intake.push(line);
      return true;
    });
    if (isOnlyNew) follower.skipToEnd();
    while (!signal.aborted) {
      this.#lookAfter(path);
      const hasMore = follower.drainSome(sliceBytes);
      await this.#flush(take);
      if (hasMore) await nextTurn();
      else await sleep(clock, followIntervalMs, signal);
    }
    follower.close();
  }

  #lookAfter(path: string): void {
    if (existsSync(path)) {
      if (this.#book.state !== "connected") this.#book.connected();
    } else this.#book.trouble(`${path} does not exist`, "it is waited for; look at its name");
  }

  /** A rotated file that is broken costs itself. */
  async #readWhole(file: string, take: Take): Promise<void> {
    try {
      await readLines(openPlain(file), this.#intake, () => this.#flush(take));
    } catch (thrown) {
      this.#book.bad(`${file}: ${errorMessage(thrown)}`);
    }
    await this.#flush(take);
  }

  async #flush(take: Take): Promise<void> {
    const flows = this.#intake.takeFlows();
    if (flows.length === 0) return;
    await take({ source: this.name, cluster: this.#options.cluster, flows });
  }
}

/** How the standard input is read. */
export interface StdinSourceOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly cluster: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Lines of the standard input, to its end. */
export class StdinSource implements FlowSource {
  readonly name = "stdin";
  readonly ended: Promise<void>;
  readonly #options: StdinSourceOptions;
  readonly #book: SourceBook;
  #end: () => void = () => undefined;
  #isClosed = false;

  constructor(options: StdinSourceOptions) {
    this.#options = options;
    const head = { name: "stdin", kind: "stdin", cluster: options.cluster } as const;
    this.#book = new SourceBook(head, options.clock, options.logger);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  start(take: Take): void {
    const { input, cluster } = this.#options;
    const intake = new LineIntake(this.#book);
    this.#book.connected();
    const flush = async (): Promise<void> => {
      const flows = intake.takeFlows();
      if (flows.length > 0 && !this.#isClosed) await take({ source: this.name, cluster, flows });
    };
    readLines(input, intake, flush)
      .catch((thrown: unknown) => this.#book.trouble(errorMessage(thrown), ""))
      .finally(() => {
        this.#book.state = "ended";
        this.#end();
      });
  }

  status(): FlowSourceStatus {
    return this.#book.status();
  }

  /** What still comes is not handed on. */
  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

async function readLines(
  stream: AsyncIterable<Uint8Array>,
  intake: LineIntake,
  flush: () => Promise<void>,
): Promise<void> {
  const cutter = new LineCutter((line) => {
    intake.push(line);
    return true;
  });
  for await (const chunk of stream) {
    cutter.push(chunk);
    // A live input must not wait for a full batch.
    if (intake.count >= batchFlows || chunk.length < 16_384) await flush();
  }
  cutter.end();
  await flush();
}

function openPlain(file: string): AsyncIterable<Uint8Array> {
  const raw = createReadStream(file);
  if (!file.endsWith(".gz")) return raw;
  const plain = createGunzip();
  raw.on("error", (error) => plain.destroy(error));
  return raw.pipe(plain);
}

/**
 * What was rotated away of `path`, oldest first: FILE.1, FILE.2.gz (logrotate, the laboratory) and
 * NAME-2026-01-15T10-00-00.000.EXT[.gz] (Cilium's exporter).
 */
export function rotatedAway(path: string): string[] {
  const dir = dirname(path);
  if (!existsSync(dir)) return [];
  const name = basename(path);
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const found: { readonly file: string; readonly changedMs: number }[] = [];
  for (const entry of readdirSync(dir)) {
    const plain = entry.endsWith(".gz") ? entry.slice(0, -3) : entry;
    const isNumbered = plain.startsWith(`${name}.`) && /^\d+$/.test(plain.slice(name.length + 1));
    const isDated =
      plain.startsWith(`${stem}-`) &&
      plain.endsWith(extension) &&
      /^\d{4}-\d\d-\d\dT[\d.-]+$/.test(
        plain.slice(stem.length + 1, plain.length - extension.length),
      );
    if (!isNumbered && !isDated) continue;
    const file = join(dir, entry);
    found.push({ file, changedMs: statSync(file).mtimeMs });
  }
  return found.sort((a, b) => a.changedMs - b.changedMs).map(({ file }) => file);
}
