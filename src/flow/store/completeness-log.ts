/**
 * How much of the flows was seen, kept beside them: what each node saw and lost, by cause, a line of JSON
 * for each stretch of time. Lines are additive, so that a torn one costs its own stretch alone. A line
 * comes every ten seconds while the server runs; the stretch so far is written over in a file of its own
 * each time the flows are on disk (beat), every second. A start notes from when on the server was off.
 */

import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { NodeCompleteness } from "../source/completeness.ts";
import type { TimeSpan } from "./row-filter.ts";

const intervalMs = 10_000;
/** A stretch without a line that is longer than this is a gap: the machine slept. */
const gapMsMin = 35_000;
const dayMs = 86_400_000;

/** What one node saw and lost within a span. */
export interface NodeSpan {
  readonly node: string;
  readonly seen: number;
  /** Cause → events. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A stretch of which nothing is known. */
export interface OffSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The answer for a span. */
export interface CompletenessAnswer {
  readonly nodes: readonly NodeSpan[];
  readonly off: readonly OffSpan[];
}

/** One line: the moment it ends, and nodes as [name, seen, {cause: lost}]. */
interface Stretch {
  readonly t: number;
  readonly n: readonly (readonly [node: string, seen: number, lost: Record<string, number>])[];
  /** A start at `t`; since this moment the server was off. */
  readonly off?: number;
}

/** What the log needs. */
export interface CompletenessLogOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retentionMs: number;
  /** Figures since the start of each source, as sources tell them. */
  readonly nodes: () => readonly NodeCompleteness[];
}

/** The log at work. */
export class CompletenessLog {
  readonly #options: CompletenessLogOptions;
  readonly #path: string;
  readonly #beatPath: string;
  /** The file of the stretch so far; opened at the first beat, undefined after close. */
  #beatFile: number | undefined;
  #isClosed = false;
  #stretches: Stretch[];
  readonly #last = new Map<string, NodeSpan>();
  #cancel: CancelTimer = () => undefined;
  #prunedMs: number;
  #hasFailed = false;

  constructor(options: CompletenessLogOptions) {
    this.#options = options;
    this.#path = join(options.dir, "completeness.jsonl");
    const text = existsSync(this.#path) ? readFileSync(this.#path, "utf8") : "";
    this.#stretches = readLines(text);
    // A torn line is ended, so that it does not spoil the next.
    if (text !== "" && !text.endsWith("\n")) appendFileSync(this.#path, "\n");
    this.#beatPath = join(options.dir, "completeness.beat");
    this.#noteStart();
    this.#prunedMs = options.clock.nowMs();
    this.#schedule();
  }

  /** Notes what came since the last time. */
  note(): void {
    const { totals, changed } = this.#changes();
    for (const total of totals) this.#last.set(total.node, total);
    this.#keep({ t: this.#options.clock.nowMs(), n: changed });
  }

  /**
   * All flows that came until now are on disk: kept as a sign of life, with what was seen and lost since
   * the last note, so that kill -9 costs no more than what comes until the next beat. One write.
   */
  beat(): void {
    if (this.#isClosed) return;
    const stretch: Stretch = { t: this.#options.clock.nowMs(), n: this.#changes().changed };
    this.#try(() => {
      this.#beatFile ??= openSync(this.#beatPath, "w");
      // Over the line before in one write: what is left of a longer one comes after the line's end.
      writeSync(this.#beatFile, `${JSON.stringify(stretch)}\n`, 0);
    });
  }

  /** What was seen, lost and unknown within a span; by the moments at which stretches end. */
  within({ sinceMs = Number.NEGATIVE_INFINITY, untilMs }: TimeSpan): CompletenessAnswer {
    const endMs = untilMs ?? this.#options.clock.nowMs();
    const off: OffSpan[] = [];
    const figures: Stretch["n"][number][] = [];
    let lastMs: number | undefined;
    for (const { t, n, off: offMs } of this.#stretches) {
      const fromMs = offMs ?? (lastMs !== undefined && t - lastMs > gapMsMin ? lastMs : t);
      if (fromMs < t && t > sinceMs && fromMs < endMs) {
        off.push({ fromMs: Math.max(fromMs, sinceMs), untilMs: Math.min(t, endMs) });
      }
      lastMs = t;
      if (t > sinceMs && t <= endMs + intervalMs) figures.push(...n);
    }
    return { nodes: addUp(figures), off };
  }

  /** Notes the rest and ends. */
  close(): void {
    this.#cancel();
    if (!this.#isClosed) this.note();
    this.#isClosed = true;
    if (this.#beatFile !== undefined) closeSync(this.#beatFile);
    this.#beatFile = undefined;
  }

  /** What the run before left in its last stretch, and since when nobody looked. */
  #noteStart(): void {
    const nowMs = this.#options.clock.nowMs();
    const [beat] = existsSync(this.#beatPath)
      ? readLines(readFileSync(this.#beatPath, "utf8").split("\n", 1)[0] ?? "")
      : [];
    const notedMs = this.#stretches.at(-1)?.t;
    if (beat !== undefined && (notedMs === undefined || beat.t > notedMs)) this.#keep(beat);
    const aliveMs = this.#stretches.at(-1)?.t;
    if (aliveMs !== undefined && aliveMs < nowMs) this.#keep({ t: nowMs, n: [], off: aliveMs });
  }

  /** Figures of all nodes, and what each has more than at the last note. */
  #changes(): { readonly totals: readonly NodeSpan[]; readonly changed: Stretch["n"] } {
    const changed: Stretch["n"][number][] = [];
    const totals = addUp(this.#options.nodes().map(({ node, seen, lost }) => [node, seen, lost]));
    for (const total of totals) {
      const before = this.#last.get(total.node);
      const seen = total.seen - (before?.seen ?? 0);
      const lost: Record<string, number> = {};
      for (const [cause, count] of Object.entries(total.lost)) {
        const more = count - (before?.lost[cause] ?? 0);
        if (more > 0) lost[cause] = more;
      }
      if (seen > 0 || Object.keys(lost).length > 0)
        changed.push([total.node, Math.max(0, seen), lost]);
    }
    return { totals, changed };
  }

  #keep(stretch: Stretch): void {
    this.#stretches.push(stretch);
    this.#try(() => appendFileSync(this.#path, `${JSON.stringify(stretch)}\n`));
  }

  /** A disk that refuses is said once, until it takes again. */
  #try(write: () => void): void {
    try {
      write();
      this.#hasFailed = false;
    } catch (thrown) {
      if (!this.#hasFailed)
        this.#options.logger.error({ error: errorMessage(thrown) }, "cannot keep completeness");
      this.#hasFailed = true;
    }
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      this.note();
      this.#prune();
      this.#schedule();
    });
  }

  /** Once an hour: lines past retention go; the file is replaced whole. */
  #prune(): void {
    const { clock, retentionMs, logger } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#prunedMs < dayMs / 24) return;
    this.#prunedMs = nowMs;
    const kept = this.#stretches.filter(({ t }) => t >= nowMs - retentionMs);
    if (kept.length === this.#stretches.length) return;
    this.#stretches = kept;
    try {
      const next = `${this.#path}.next`;
      writeFileSync(next, kept.map((stretch) => `${JSON.stringify(stretch)}\n`).join(""));
      renameSync(next, this.#path);
    } catch (thrown) {
      logger.error({ error: errorMessage(thrown) }, "cannot shorten the log of completeness");
    }
  }
}

function readLines(text: string): Stretch[] {
  const stretches: Stretch[] = [];
  for (const line of text.split("\n")) {
    try {
      const stretch = JSON.parse(line) as Partial<Stretch>;
      if (typeof stretch.t === "number" && Array.isArray(stretch.n))
        stretches.push(stretch as Stretch);
    } catch {
      // A torn line: its stretch is unknown, as a gap.
    }
  }
  return stretches;
}

function addUp(figures: readonly Stretch["n"][number][]): NodeSpan[] {
  const byNode = new Map<string, { seen: number; lost: Map<string, number> }>();
  for (const [node, seen, lost] of figures) {
    let sum = byNode.get(node);
    if (sum === undefined) {
      sum = { seen: 0, lost: new Map() };
      byNode.set(node, sum);
    }
    sum.seen += seen;
    for (const [cause, count] of Object.entries(lost)) {
      sum.lost.set(cause, (sum.lost.get(cause) ?? 0) + count);
    }
  }
  return [...byNode]
    .map(([node, { seen, lost }]) => ({ node, seen, lost: Object.fromEntries(lost) }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}
