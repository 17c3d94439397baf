/**
 * The log of the rows in memory: each flush is a frame with the rows and dictionary entries that are
 * new. Written, not synced: it outlives the process, not the machine's power.
 */

import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { CorruptionError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { encodeFrame } from "./block-codec.ts";
import { FlowColumns, type ImportedRows } from "./flow-columns.ts";
import { FrameFile } from "./frame-file.ts";
import { StoredBlock } from "./stored-block.ts";

/** A log being written. */
export class HotLog {
  readonly number: number;
  readonly #path: string;
  #file: FrameFile<null> | undefined;
  #rowCount = 0;
  readonly #written = new Map<string, number>();

  constructor(dir: string, number: number) {
    this.number = number;
    this.#path = join(dir, `hot-${String(number).padStart(8, "0")}.log`);
  }

  get sizeBytes(): number {
    return this.#file?.sizeBytes ?? 0;
  }

  /** Writes the rows that came since the last time. Throws what the file system says; then it can be tried again. */
  write(columns: FlowColumns): void {
    const to = columns.rowCount;
    if (to === this.#rowCount) return;
    const written = new Map(this.#written);
    this.#file ??= new FrameFile<null>(this.#path, silentLogger);
    const { frame, header } = encodeFrame(columns, {
      from: this.#rowCount,
      to,
      written,
      extra: null,
    });
    this.#file.append(frame, header);
    for (const [path, count] of written) this.#written.set(path, count);
    this.#rowCount = to;
  }

  /** The rows are in a block: the log goes. */
  remove(): void {
    if (this.#file === undefined) return;
    this.#file.close();
    unlinkSync(this.#path);
    this.#file = undefined;
  }

  close(): void {
    this.#file?.close();
  }
}

/** The rows of a log; what follows damage is left out, and said. */
export function readHotLog(path: string, logger: Logger): FlowColumns {
  const file = new FrameFile<null>(path, logger);
  const columns = new FlowColumns();
  try {
    for (const frame of file.frames) columns.importRows(readBatch(new StoredBlock(frame)));
  } catch (thrown) {
    if (!(thrown instanceof CorruptionError)) throw thrown;
    logger.error({ error: thrown.message }, "a log of flows is damaged; what comes after is lost");
  }
  file.close();
  return columns;
}

function readBatch(block: StoredBlock): ImportedRows {
  const columns: ImportedRows["columns"][number][] = [];
  for (const path of block.paths()) {
    if (path.startsWith("@")) continue;
    const ids = block.ids(path);
    if (ids === undefined) continue;
    columns.push({ path, ids, values: block.hasDictionary(path) ? block.values(path) : undefined });
  }
  return {
    rowCount: block.rowCount,
    baseMs: block.baseMs,
    offsets: block.offsetsNs(),
    uuids: block.uuidBytes(),
    columns,
  };
}
