/** Several streams of responses that end as one, sorted by time; for those that go on see live-merge.ts. */

import { timestampNanos } from "../model/flow.ts";
import type { GetFlowsResponse } from "../model/generated/messages.ts";

type Stream = AsyncIterable<readonly GetFlowsResponse[]>;

/** Merges; ends when all streams have ended or `signal` is aborted. */
export async function* mergeByTime(streams: readonly Stream[], signal: AbortSignal): Stream {
  if (streams.length === 1) {
    yield* streams[0] as Stream;
    return;
  }
  yield* inOrder(streams, signal);
}

interface Head {
  readonly iterator: AsyncIterator<readonly GetFlowsResponse[]>;
  batch: readonly GetFlowsResponse[];
  index: number;
  nanos: bigint;
}

/** The oldest head goes out first. */
async function* inOrder(streams: readonly Stream[], signal: AbortSignal): Stream {
  const heads: Head[] = [];
  for (const stream of streams) {
    const iterator = stream[Symbol.asyncIterator]();
    const head: Head = { iterator, batch: [], index: 0, nanos: 0n };
    if (await advance(head)) heads.push(head);
  }
  let merged: GetFlowsResponse[] = [];
  while (heads.length > 0 && !signal.aborted) {
    let oldest = heads[0] as Head;
    for (const head of heads) if (head.nanos < oldest.nanos) oldest = head;
    merged.push(oldest.batch[oldest.index] as GetFlowsResponse);
    oldest.index++;
    if (!(await advance(oldest))) heads.splice(heads.indexOf(oldest), 1);
    if (merged.length < 256) continue;
    yield merged;
    merged = [];
  }
  if (merged.length > 0) yield merged;
}

/** Makes the head stand on its next response; false at the end of its stream. */
async function advance(head: Head): Promise<boolean> {
  while (head.index >= head.batch.length) {
    const next = await head.iterator.next();
    if (next.done === true) return false;
    head.batch = next.value;
    head.index = 0;
  }
  head.nanos = timestampNanos(head.batch[head.index]?.time ?? "") ?? 0n;
  return true;
}
