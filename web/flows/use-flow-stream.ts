/**
 * Live flows as the server sends them, a batch every 250 ms. While `isHeld` (the pointer is over the
 * table, or it is scrolled) they wait, so that nothing moves under the pointer. What came while the
 * line was broken is not made up: `gap` tells the owner to read the list again.
 */

import { useEffect, useRef, useState } from "react";
import type { FlowStreamBatch } from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { type FlowFilterParams, flowQuery } from "./flow-toggles.ts";
import { flowTimeMs } from "./flow-words.ts";

/** Rows that came live and are kept. */
export const liveRowsMax = 5000;

/** What the table shows of the stream. */
export interface LiveFlows {
  /** Newest first. */
  readonly flows: readonly Flow[];
  readonly waitingCount: number;
  /** Left out since this page was too slow. */
  readonly lostCount: number;
  readonly state: "off" | "connecting" | "open";
}

interface StreamOptions {
  readonly isOn: boolean;
  readonly isHeld: boolean;
  /** The line was broken and stands again. */
  readonly onGap: () => void;
}

const nothing: LiveFlows = { flows: [], waitingCount: 0, lostCount: 0, state: "off" };

/** Follows the stream of `filter` while it is on. */
export function useFlowStream(filter: FlowFilterParams, options: StreamOptions): LiveFlows {
  const { isOn, isHeld } = options;
  const [live, setLive] = useState<LiveFlows>(nothing);
  const waiting = useRef<Flow[]>([]);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const query = flowQuery(filter);
  useEffect(() => {
    waiting.current = [];
    if (!isOn || typeof EventSource === "undefined") {
      setLive(nothing);
      return;
    }
    setLive({ ...nothing, state: "connecting" });
    const source = new EventSource(`/api/ciliascope/v1/flows/stream?${query}`);
    let wasBroken = false;
    source.onopen = () => {
      if (wasBroken) latest.current.onGap();
      setLive((before) => ({ ...before, ...(wasBroken ? { flows: [] } : {}), state: "open" }));
      wasBroken = false;
    };
    source.onerror = () => {
      wasBroken = true;
      setLive((before) => ({ ...before, state: "connecting" }));
    };
    source.addEventListener("flows", (event) => {
      const batch = JSON.parse((event as MessageEvent<string>).data) as FlowStreamBatch;
      waiting.current.push(...batch.flows);
      if (waiting.current.length > liveRowsMax) {
        waiting.current = waiting.current.slice(-liveRowsMax);
      }
      if (batch.flows.length === 0 && batch.lost === 0) return;
      if (latest.current.isHeld) {
        const waitingCount = waiting.current.length;
        setLive((before) => ({
          ...before,
          waitingCount,
          lostCount: before.lostCount + batch.lost,
        }));
        return;
      }
      const fresh = waiting.current.toReversed();
      waiting.current = [];
      setLive((before) => joined(before, fresh, batch.lost));
    });
    return () => source.close();
  }, [query, isOn]);
  useEffect(() => {
    if (isHeld || waiting.current.length === 0) return;
    const fresh = waiting.current.toReversed();
    waiting.current = [];
    setLive((before) => joined(before, fresh, 0));
  }, [isHeld]);
  return live;
}

function joined(before: LiveFlows, fresh: readonly Flow[], lost: number): LiveFlows {
  return {
    ...before,
    flows: newestFirst(fresh.toSorted(byTime), before.flows).slice(0, liveRowsMax),
    waitingCount: 0,
    lostCount: before.lostCount + lost,
  };
}

const byTime = (a: Flow, b: Flow) => flowTimeMs(b) - flowTimeMs(a);

/** Two lists, each with the newest first, as one: a node that answers late has flows between others'. */
function newestFirst(fresh: readonly Flow[], older: readonly Flow[]): readonly Flow[] {
  const [last, next] = [fresh.at(-1), older[0]];
  if (last === undefined || next === undefined || byTime(last, next) <= 0) {
    return [...fresh, ...older];
  }
  const all: Flow[] = [];
  let at = 0;
  for (const flow of fresh) {
    for (let other = older[at]; other !== undefined && byTime(flow, other) > 0; other = older[at]) {
      all.push(other);
      at++;
    }
    all.push(flow);
  }
  return [...all, ...older.slice(at)];
}

/** Live rows and listed ones, the newest first, each flow once. */
export function mergeFlows(live: readonly Flow[], listed: readonly Flow[]): readonly Flow[] {
  if (live.length === 0) return listed;
  const known = new Set<string>();
  return newestFirst(live, listed).filter(({ uuid }) => {
    if (uuid === undefined) return true;
    if (known.has(uuid)) return false;
    known.add(uuid);
    return true;
  });
}
