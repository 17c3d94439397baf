/**
 * Recorded flows of a window as distinct connections, for the policy routes. Blocks of the store are
 * reduced to classes of flows that policies cannot tell apart (flow/store/row-classes.ts); those of
 * blocks on disk are kept, so that the next question over the same hours reads only what is new. The
 * event loop runs between the steps of a block, and every few milliseconds between connections.
 */

import type { Clock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import type { Flow } from "../flow/model/flow.ts";
import { eachBlock } from "../flow/store/flow-groups.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { type ClassPart, classifyRows, type FlowClass } from "../flow/store/row-classes.ts";
import { RowFilter, type TimeSpan } from "../flow/store/row-filter.ts";
import { inSlices, nextTurn } from "../flow/turns.ts";
import { endKey, FlowTally, skipReason } from "../policy/traffic/flow-tally.ts";

/** Fields of a flow that policies look at, beside its ends. */
const policyPaths: readonly string[] = [
  "verdict",
  "drop_reason_desc",
  "event_type.type",
  "traffic_direction",
  "is_reply",
  "reply",
  "l4.TCP.destination_port",
  "l4.TCP.flags",
  "l4.UDP.destination_port",
  "l4.SCTP.destination_port",
  "l4.ICMPv4.type",
  "l4.ICMPv6.type",
  "l7.type",
  "l7.http.method",
  "l7.http.url",
  "l7.dns.query",
];
/** Looked at only where a rule asks for a header: request ids make every request another one. */
const headerPath = "l7.http.headers";
/** Pods of one workload are the same to policies, and a cluster has thousands of them. */
const endParts: readonly ClassPart[] = [
  {
    paths: ["source", "IP.source", "source_names"],
    textOf: (flow) => endKey(flow.source, flow.IP?.source, flow.source_names),
  },
  {
    paths: ["destination", "IP.destination", "destination_names"],
    textOf: (flow) => endKey(flow.destination, flow.IP?.destination, flow.destination_names),
  },
];
/** Classes kept for blocks on disk; beyond, the oldest are forgotten. About half a kilobyte each. */
const keptClassesMax = 400_000;
/** Answers for windows that are asked about again at once (list, hits, replay of one page). */
const keptWindowsMax = 4;
const keptWindowMs = 10_000;
/** The event loop gets its turn after so long. */
const sliceMs = 10;

/** A whole window of time. */
export interface TrafficSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
}

interface KeptWindow extends TrafficSpan {
  readonly hasHeaders: boolean;
  readonly tally: FlowTally;
  readonly madeMs: number;
}

/** Reads the store for the policy routes. */
export class PolicyTraffic {
  readonly #store: FlowStore;
  readonly #clock: Clock;
  readonly #classes = new Map<string, readonly FlowClass[]>();
  readonly #making = new Map<string, Promise<readonly FlowClass[]>>();
  #classCount = 0;
  #windows: KeptWindow[] = [];

  constructor(store: FlowStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The flows of the window. Throws QueryError `canceled` when the signal says so, LimitError. */
  async tally(
    span: TrafficSpan,
    { signal, hasHeaders }: { readonly signal: AbortSignal; readonly hasHeaders: boolean },
  ): Promise<FlowTally> {
    const nowMs = this.#clock.monotonicMs();
    this.#windows = this.#windows.filter(({ madeMs }) => nowMs - madeMs < keptWindowMs);
    const known = this.#windows.find(
      (one) =>
        one.sinceMs === span.sinceMs &&
        one.untilMs === span.untilMs &&
        one.hasHeaders === hasHeaders,
    );
    if (known !== undefined) return known.tally;
    const tally = new FlowTally();
    const filter = new RowFilter({ allow: [], deny: [] });
    const parts = [
      { paths: hasHeaders ? [...policyPaths, headerPath] : policyPaths, textOf: textOfRest },
      ...endParts,
    ];
    await eachBlock(this.#store, { span, signal }, async (source, block) => {
      const isWhole = block.minMs >= span.sinceMs && block.maxMs <= span.untilMs;
      const classify = () => {
        const rows = filter.select(source, span satisfies TimeSpan);
        return inSlices(classifyRows(source, rows, parts));
      };
      const classes =
        isWhole && block.key !== undefined
          ? await this.#classesOf(`${hasHeaders ? "h" : "-"} ${block.key}`, classify)
          : await classify();
      for (const one of classes) tally.addRun(one.flow, one);
    });
    if (signal.aborted) throw cancelled();
    this.#windows.push({ ...span, hasHeaders, tally, madeMs: nowMs });
    if (this.#windows.length > keptWindowsMax) this.#windows.shift();
    return tally;
  }

  /** Those kept, those that another question is making just now, or new ones. */
  async #classesOf(
    key: string,
    classify: () => Promise<readonly FlowClass[]>,
  ): Promise<readonly FlowClass[]> {
    const known = this.#classes.get(key) ?? this.#making.get(key);
    if (known !== undefined) return known;
    const making = classify();
    this.#making.set(key, making);
    try {
      const classes = await making;
      this.#keep(key, classes);
      return classes;
    } finally {
      this.#making.delete(key);
    }
  }

  #keep(key: string, classes: readonly FlowClass[]): void {
    this.#classes.set(key, classes);
    this.#classCount += classes.length;
    for (const [oldest, list] of this.#classes) {
      if (this.#classCount <= keptClassesMax || oldest === key) break;
      this.#classes.delete(oldest);
      this.#classCount -= list.length;
    }
  }
}

/** Calls `visit` for each item and lets the event loop run every few milliseconds. Throws QueryError `canceled`. */
export async function eachInSlices<Item>(
  items: Iterable<Item>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  visit: (item: Item) => void,
): Promise<void> {
  let untilMs = clock.monotonicMs() + sliceMs;
  for (const item of items) {
    visit(item);
    if (clock.monotonicMs() < untilMs) continue;
    await nextTurn();
    if (signal.aborted) throw cancelled();
    untilMs = clock.monotonicMs() + sliceMs;
  }
}

/** What a flow says beside its ends. Replies say nothing, and each goes to another port. */
function textOfRest(flow: Flow): string {
  return skipReason(flow) ?? JSON.stringify(flow);
}

function cancelled(): QueryError {
  return new QueryError("canceled", "the caller went away");
}
