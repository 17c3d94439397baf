/**
 * The recorded dataset in a database of its own: written in order of time with a look at compaction
 * after each two hours, so that queries read blocks, finished and open chunks of the head, and the
 * samples kept decoded. In a temporary folder that `close` removes.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { SampleBuffer } from "../src/model/sample.ts";
import type { MemoryStorage } from "../src/storage/memory-storage.ts";
import type { Series } from "../src/storage/storage.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";

const sliceMs = 2 * 3_600_000;

/** A database with what `storage` holds. */
export interface PromTsdb {
  readonly tsdb: Tsdb;
  close(): Promise<void>;
}

/** Copies floats and stale markers, which is all that the dataset has. */
export async function copyToTsdb(storage: MemoryStorage): Promise<PromTsdb> {
  const dir = await mkdtemp(join(tmpdir(), "ciliascope-promql-"));
  const tsdb = await openTsdb({ dir, clock: systemClock, logger: silentLogger });
  const close = async (): Promise<void> => {
    await tsdb.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await copy(storage, tsdb);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { tsdb, close };
}

async function copy(storage: MemoryStorage, tsdb: Tsdb): Promise<void> {
  const [minMs, maxMs] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const querier = storage.querier(minMs, maxMs);
  const hints = { startMs: minMs, endMs: maxMs, isOrderFree: true };
  const { series } = await querier.select([], hints);
  const runs = series.map((one) => ({ one, samples: readAll(one), at: 0, ref: 0 }));
  let fromMs = Math.min(...runs.map(({ samples }) => samples.timestampsMs[0] ?? maxMs));
  while (runs.some(({ samples, at }) => at < samples.count)) {
    fromMs = Math.floor(fromMs / sliceMs) * sliceMs + sliceMs;
    const appender = tsdb.appender();
    for (const run of runs) {
      const { samples, one } = run;
      while (run.at < samples.count && (samples.timestampsMs[run.at] as number) < fromMs) {
        const timestampMs = samples.timestampsMs[run.at] as number;
        run.ref = samples.isStale(run.at)
          ? appender.appendStale(run.ref, one.labels, timestampMs)
          : appender.append(run.ref, one.labels, timestampMs, samples.values[run.at] as number);
        if (run.ref < 0) throw new Error(`cannot copy a sample of ${one.labels}: ${run.ref}`);
        run.at++;
      }
    }
    appender.commit();
    await tsdb.compact();
  }
  querier.close();
}

function readAll(series: Series): SampleBuffer {
  const samples = new SampleBuffer(1024);
  series.readSamples(samples, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return samples;
}
