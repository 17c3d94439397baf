/** GET flow-sources: how each source of flows is doing, and how complete what it gave is, node by node. */

import { Hono } from "hono";
import type { FlowFeed } from "../flow/source/flow-feed.ts";
import type { FlowSourceStatus } from "../flow/source/flow-source.ts";
import type { FlowSourceAnswer, FlowSourcesAnswer } from "./wire/flow-sources.ts";

/** The routes; `observer` tells where our own Observer listens. */
export function flowSourceRoutes(feed: FlowFeed, observer: () => string | undefined): Hono {
  const routes = new Hono();
  routes.get("/flow-sources", (context) => {
    const answer: FlowSourcesAnswer = {
      sources: feed.status().map(toAnswer),
      observer: observer() ?? null,
    };
    return context.json(answer);
  });
  return routes;
}

function toAnswer(status: FlowSourceStatus): FlowSourceAnswer {
  const lost: Record<string, number> = {};
  const nodes = status.nodes.map((node) => {
    for (const [cause, count] of Object.entries(node.lost))
      lost[cause] = (lost[cause] ?? 0) + count;
    return { ...node, completeness: share(node.seen, node.lost) };
  });
  return {
    ...status,
    trouble: status.trouble ?? null,
    lost,
    completeness: share(status.seenFlows, lost),
    nodes,
  };
}

function share(seen: number, lost: Readonly<Record<string, number>>): number {
  const lostCount = Object.values(lost).reduce((sum, count) => sum + count, 0);
  return seen + lostCount === 0 ? 1 : seen / (seen + lostCount);
}
