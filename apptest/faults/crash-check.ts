/**
 * What must hold of a directory after a kill or a power loss: it opens; what had to last is there, once
 * and with its value; nothing is there that was never appended; new series and samples are taken, and
 * after another kill, a restart and a compaction exactly the same is there.
 */

import { labelsFromObject } from "../../src/model/labels.ts";
import type { DiskImage } from "./disk-journal.ts";
import { MemoryDisk } from "./memory-disk.ts";
import {
  type Content,
  contentOf,
  type LedgerEntry,
  openOnDisk,
  pause,
  recordingLogger,
  StepClock,
} from "./storage-workload.ts";

/** A directory to look at. */
export interface Crash {
  readonly image: DiskImage;
  /** Steps that were done. */
  readonly at: number;
  readonly lockDir: string;
  readonly ledger: readonly LedgerEntry[];
  /** What had to last of an entry: after a kill what was committed, after power loss what was synced. */
  mustLast(entry: LedgerEntry): boolean;
}

/** What was found: faults, empty where all is well, and how many samples had to last and were there. */
export interface CrashFindings {
  readonly faults: readonly string[];
  readonly wanted: number;
  readonly kept: number;
  readonly log: readonly string[];
}

const faultsMax = 5;

/** Opens the directory and looks. */
export async function checkCrash(crash: Crash): Promise<CrashFindings> {
  const disk = new MemoryDisk(crash.image);
  const log: string[] = [];
  const faults: string[] = [];
  let wanted = 0;
  let kept = 0;
  try {
    const nowMs = Math.max(...crash.ledger.map(({ timestampMs }) => timestampMs)) + 3_600_000;
    const options = { logger: recordingLogger(log), clock: new StepClock(nowMs) };
    const first = await openOnDisk(disk, crash.lockDir, options);
    const content = await contentOf(first);
    kept = countSamples(content);
    wanted = compareWithLedger(content, crash, faults);
    const added = { __name__: "after", at: String(crash.at) };
    const appender = first.appender();
    appender.append(0, labelsFromObject(added), nowMs, 1);
    appender.append(0, labelsFromObject({ ...added, more: "1" }), nowMs, 2);
    appender.commit();
    const before = await contentOf(first);
    if (before.size !== content.size + 2) faults.push("new series were not taken");
    await pause();
    // Killed: nothing is closed.
    const second = await openOnDisk(disk, crash.lockDir, options);
    expectSame(await contentOf(second), before, "after another restart", faults);
    await second.compact();
    expectSame(await contentOf(second), before, "after compaction", faults);
    await second.close();
    const third = await openOnDisk(disk, crash.lockDir, options);
    expectSame(await contentOf(third), before, "after a clean restart", faults);
    await third.close();
    await pause();
  } catch (thrown) {
    faults.push(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  }
  return { faults: faults.slice(0, faultsMax), wanted, kept, log };
}

export function countSamples(content: Content): number {
  let count = 0;
  for (const samples of content.values()) count += samples.size;
  return count;
}

/** Adds a fault for each sample that is lost or was never appended; returns how many had to last. */
function compareWithLedger(content: Content, crash: Crash, faults: string[]): number {
  const known = new Map<string, Map<number, string>>();
  let wanted = 0;
  let lost = 0;
  for (const entry of crash.ledger) {
    if (entry.begunAt >= crash.at) continue;
    const samples = known.get(entry.series) ?? new Map<number, string>();
    known.set(entry.series, samples);
    samples.set(entry.timestampMs, entry.value);
    if (!crash.mustLast(entry)) continue;
    wanted++;
    if (content.get(entry.series)?.get(entry.timestampMs) === entry.value) continue;
    lost++;
    if (lost === 1) faults.push(`lost: ${entry.series} ${entry.timestampMs} ${entry.value}`);
  }
  if (lost > 1) faults.push(`lost: ${lost} of ${wanted}`);
  for (const [series, samples] of content) {
    for (const [timestampMs, value] of samples) {
      if (known.get(series)?.get(timestampMs) === value) continue;
      faults.push(`never appended: ${series} ${timestampMs} ${value}`);
    }
  }
  return wanted;
}

/** Adds a fault where two contents differ. */
function expectSame(have: Content, want: Content, when: string, faults: string[]): void {
  const missing = difference(want, have);
  const extra = difference(have, want);
  if (missing.length > 0) faults.push(`${when} ${missing.length} are gone, as ${missing[0]}`);
  if (extra.length > 0) faults.push(`${when} ${extra.length} are new, as ${extra[0]}`);
}

function difference(all: Content, others: Content): string[] {
  const found: string[] = [];
  for (const [series, samples] of all) {
    const known = others.get(series);
    for (const [timestampMs, value] of samples) {
      if (known?.get(timestampMs) !== value) found.push(`${series} ${timestampMs} ${value}`);
    }
  }
  return found;
}
