/**
 * The log of late samples (`wbl/`): begun with the first one, ended when they are frozen for
 * compaction, removed up to there once they are in blocks. Form and repair are the WAL's.
 */

import type { Logger } from "../../base/logger.ts";
import { makeDir } from "../block/durable-files.ts";
import type { FileSystem } from "../file-system.ts";
import type { RecordCompression } from "../wal/record-compression.ts";
import { listSegments } from "../wal/wal-segments.ts";
import { WalWriter } from "../wal/wal-writer.ts";
import type { HeadLog } from "./head-log.ts";
import type { LateSample, LateSamples } from "./late-samples.ts";

export interface LateLogOptions {
  readonly dir: string;
  readonly fs: FileSystem;
  readonly logger: Logger;
  readonly firstSegment: number;
  readonly compression: RecordCompression;
  readonly segmentSizeBytes?: number;
  readonly backlogBytesMax?: number;
}

/** Log of one head's late samples. */
export class LateLog {
  readonly #options: LateLogOptions;
  readonly #late: LateSamples;
  #open: WalWriter | undefined;

  constructor(late: LateSamples, options: LateLogOptions) {
    this.#late = late;
    this.#options = options;
  }

  /** Logs samples; when it returns, the kernel has them. Throws AppError "disk". */
  write(samples: readonly LateSample[], log: HeadLog): void {
    log.writeLate(samples, this.#writer());
  }

  /** Freezes the late samples; returns a mark for `drop`, -1 where there are none. */
  freeze(): number {
    if (!this.#late.freeze()) return -1;
    // All that is frozen stands in segments before the new one.
    const writer = this.#writer();
    writer.nextSegment();
    return writer.segment;
  }

  /** Forgets the frozen samples and removes their segments. */
  drop(mark: number): void {
    this.#late.dropFrozen();
    const { fs, dir } = this.#options;
    for (const { index, path } of listSegments(fs, dir)) if (index < mark) fs.unlinkSync(path);
  }

  /** As WalWriter.backlogBytes. */
  get backlogBytes(): number {
    return this.#open?.backlogBytes ?? 0;
  }

  /** Tries again to write what waits for the disk. Throws AppError "disk". */
  flush(): void {
    this.#open?.flush();
  }

  close(): void {
    this.#open?.close();
  }

  #writer(): WalWriter {
    if (this.#open === undefined) {
      makeDir(this.#options.fs, this.#options.dir);
      this.#open = new WalWriter(this.#options);
    }
    return this.#open;
  }
}
