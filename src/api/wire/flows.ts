/** JSON of /api/ciliascope/v1/flows…: past and live flows, groups, values, the time rail, completeness. */

import type { Flow } from "../../flow/model/flow.ts";

/** GET /flows */
export interface FlowsAnswer {
  /** Newest first, or oldest first where `first` was given. */
  readonly flows: readonly Flow[];
  /** Pass as `cursor` for the flows that follow; null: there are none. */
  readonly cursor: string | null;
  /** How many flows of the span match in all; null unless `count=true`. */
  readonly matched: number | null;
  /** Flows of the span, matching or not; null unless `count=true`. */
  readonly total: number | null;
  /** How long it took, ms, and how many blocks were looked at. */
  readonly tookMs: number;
}

/** Body of an answer 400 for a filter that cannot be used: where it is wrong, UTF-16 units in `q`. */
export interface FilterErrorAnswer {
  readonly error: string;
  readonly start: number;
  readonly end: number;
}

/** GET /flows/check: what is wrong with `q`, `hide` and `and`; null where they can be used. */
export interface FlowCheckAnswer {
  readonly fault: FilterErrorAnswer | null;
}

/** An event `flows` of GET /flows/stream */
export interface FlowStreamBatch {
  readonly flows: readonly Flow[];
  /** Matching flows that were left out since the last batch, since the reader is too slow. */
  readonly lost: number;
  /** Flows that came since the last batch, matching or not. */
  readonly seen: number;
}

/** GET /flows/groups */
export interface FlowGroupsAnswer {
  readonly fields: readonly string[];
  readonly groups: readonly FlowGroupAnswer[];
  /** All that match; groups left out by `limit` included. */
  readonly matched: number;
  readonly groupCount: number;
  /** Flows of groups beyond what can be held. */
  readonly other: number;
  readonly buckets: BucketsAnswer;
  readonly tookMs: number;
}

/** One group. */
export interface FlowGroupAnswer {
  readonly values: readonly string[];
  readonly flows: number;
  readonly perSecond: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Flows a bucket. */
  readonly history: readonly number[];
  /** The same as a filter for `q`. */
  readonly filter: string;
}

/** Equal parts of the span. */
export interface BucketsAnswer {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** GET /flows/values */
export interface FlowValuesAnswer {
  readonly field: string;
  readonly values: readonly { readonly value: string; readonly flows: number }[];
  readonly valueCount: number;
}

/** GET /flows/timeline */
export interface FlowTimelineAnswer {
  readonly buckets: BucketsAnswer;
  /** Verdict → flows a bucket. */
  readonly byVerdict: Readonly<Record<string, readonly number[]>>;
  /** Stretches in which the server was off. */
  readonly off: readonly { readonly fromMs: number; readonly untilMs: number }[];
  /** What is kept, for the rail's ends; null without flows. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  readonly tookMs: number;
}

/** GET /flows/completeness */
export interface FlowCompletenessAnswer {
  readonly seen: number;
  readonly lost: number;
  /** Seen / (seen + lost); 1 where nothing was lost. */
  readonly share: number;
  /** The worst first. */
  readonly nodes: readonly {
    readonly node: string;
    readonly seen: number;
    readonly lost: Readonly<Record<string, number>>;
    readonly share: number;
    /** What to do about the cause of most losses; "" where nothing was lost. */
    readonly mend: string;
  }[];
  readonly off: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

/** GET /flows/store */
export interface FlowStoreAnswer {
  readonly flows: number;
  readonly bytes: number;
  readonly segments: number;
  readonly blocks: number;
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  readonly lost: number;
  readonly corruptBlocks: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
}

/** GET /flows/fields */
export interface FlowFieldsAnswer {
  /** For group, values and CSV columns. */
  readonly fields: readonly string[];
  /** Flags of `q` with what they mean. */
  readonly flags: readonly {
    readonly flag: string;
    readonly help: string;
    readonly isBare: boolean;
  }[];
}
