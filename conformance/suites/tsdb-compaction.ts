/** tsdb/compaction: which blocks Prometheus compacts and deletes, and the meta of what it makes of them. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { metaFromJson, metaToJson } from "../../src/tsdb/block/block-meta.ts";
import { blockRanges, mergeMetas, planCompaction } from "../../src/tsdb/compaction/plan.ts";
import {
  blocksBeyondSize,
  blocksBeyondTime,
  deletableBlocks,
  type SizedBlock,
} from "../../src/tsdb/compaction/retention.ts";
import { type Reporter, reportCase, type Suite } from "../suite.ts";

interface RecordedBlock {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly numSeries?: number;
  readonly numTombstones?: number;
  readonly hints?: readonly string[];
  readonly failed?: boolean;
  readonly deletable?: boolean;
  readonly size?: number;
}

interface PlanCase {
  readonly kind: "plan";
  readonly name: string;
  readonly blocks: readonly RecordedBlock[];
  readonly planned: readonly string[];
  readonly ranges: readonly number[];
  readonly overlappingCompaction: boolean;
}

interface RetentionCase {
  readonly kind: "retention";
  readonly name: string;
  readonly blocks: readonly RecordedBlock[];
  readonly retentionDuration: number;
  readonly maxBytes: number;
  readonly maxPercentage: number;
  readonly fsSize: number;
  readonly headSize: number;
  readonly beyondSize: readonly string[];
  readonly beyondTime: readonly string[];
  readonly deletable: readonly string[];
}

interface MetaCase {
  readonly kind: "meta";
  readonly name: string;
  readonly in: readonly unknown[];
  readonly out: { readonly ulid: string } & Record<string, unknown>;
}

interface RangesCase {
  readonly kind: "ranges";
  readonly name: string;
  readonly ranges: readonly number[];
}

type Case = PlanCase | RetentionCase | MetaCase | RangesCase;

function sizedBlock(recorded: RecordedBlock): SizedBlock {
  const meta = metaFromJson({
    version: 1,
    ulid: recorded.ulid,
    minTime: recorded.minTime,
    maxTime: recorded.maxTime,
    stats: { numSeries: recorded.numSeries, numTombstones: recorded.numTombstones },
    compaction: {
      level: 1,
      hints: recorded.hints,
      failed: recorded.failed,
      deletable: recorded.deletable,
    },
  });
  if (typeof meta === "string") throw new Error(meta);
  return { meta, sizeBytes: recorded.size ?? 0 };
}

function different(what: string, have: unknown, want: unknown): string | undefined {
  const [a, b] = [JSON.stringify(have), JSON.stringify(want)];
  return a === b ? undefined : `${what}: want ${b}, have ${a}`;
}

function names(blocks: Iterable<SizedBlock>): string[] {
  return [...blocks].map(({ meta }) => meta.ulid).sort();
}

function checkPlan(recorded: PlanCase): string | undefined {
  const metas = recorded.blocks.map((block) => sizedBlock(block).meta);
  const planned = planCompaction(metas, {
    rangesMs: recorded.ranges,
    mergesOverlaps: recorded.overlappingCompaction,
  });
  return different(
    "planned",
    planned.map((meta) => meta.ulid),
    recorded.planned,
  );
}

function checkRetention(recorded: RetentionCase): string | undefined {
  const blocks = recorded.blocks.map(sizedBlock);
  const options = {
    durationMs: recorded.retentionDuration,
    bytesMax: recorded.maxBytes,
    percentMax: recorded.maxPercentage,
    diskBytes: recorded.fsSize,
    headBytes: recorded.headSize,
  };
  const beyondTime = names(blocksBeyondTime(blocks, options.durationMs));
  return (
    different("beyond time", beyondTime, [...recorded.beyondTime].sort()) ??
    different(
      "beyond size",
      names(blocksBeyondSize(blocks, options)),
      [...recorded.beyondSize].sort(),
    ) ??
    different("deletable", names(deletableBlocks(blocks, options)), [...recorded.deletable].sort())
  );
}

function checkMeta(recorded: MetaCase): string | undefined {
  const metas = recorded.in.map((json) => {
    const meta = metaFromJson(json);
    if (typeof meta === "string") throw new Error(meta);
    return meta;
  });
  // The recorded meta is as the function leaves it: the writer sets the version.
  const merged = { ...metaToJson(mergeMetas(recorded.out.ulid, metas)), version: 0 };
  return different("meta", merged, recorded.out);
}

function checkRanges(recorded: RangesCase): string | undefined {
  const match = /\((\d+)h, (\d+), (\d+)\)/.exec(recorded.name);
  if (match === null) return `cannot read the arguments in ${recorded.name}`;
  const [shortestMs, count, factor] = [Number(match[1]) * 3_600_000, match[2], match[3]];
  const ranges = blockRanges(shortestMs, undefined, Number(factor), Number(count));
  return different("ranges", ranges, recorded.ranges);
}

function check(recorded: Case): string | undefined {
  if (recorded.kind === "plan") return checkPlan(recorded);
  if (recorded.kind === "retention") return checkRetention(recorded);
  return recorded.kind === "meta" ? checkMeta(recorded) : checkRanges(recorded);
}

async function readCases(dataDir: string): Promise<readonly Case[]> {
  return JSON.parse(await readFile(join(dataDir, "tsdb", "compaction.json"), "utf8")) as Case[];
}

export const tsdbCompactionSuite: Suite = {
  name: "tsdb/compaction",
  async countCases(dataDir: string): Promise<number> {
    return (await readCases(dataDir)).length;
  },
  async run(dataDir: string, reporter: Reporter): Promise<void> {
    for (const recorded of await readCases(dataDir)) {
      // The runner's list of expected failures splits at ": ".
      const name = `${recorded.kind} ${recorded.name.replaceAll(": ", ", ")}`;
      await reportCase(reporter, name, () => check(recorded));
    }
  },
};
