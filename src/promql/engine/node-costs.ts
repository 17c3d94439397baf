/**
 * What each node of a query cost: for the tree view and `stats=all`. Kept only where asked for, since
 * then a range function under an aggregation is evaluated on its own rather than row by row.
 */

import type { PositionRange } from "../ast.ts";
import type { PlanNode } from "./plan-node.ts";
import type { NodeStats } from "./query-result.ts";

/** What is measured of one evaluation of a node. */
export interface NodeCost {
  readonly seriesCount: number;
  readonly samples: number;
  readonly timeMs: number;
}

/** See the head comment. */
export class NodeCosts {
  readonly #places: ReadonlyMap<PlanNode, PositionRange>;
  readonly #costs = new Map<PlanNode, NodeCost>();

  constructor(places: ReadonlyMap<PlanNode, PositionRange>) {
    this.#places = places;
  }

  /** Adds an evaluation of a node; a node without a text of its own is left out. */
  note(node: PlanNode, cost: NodeCost): void {
    const known = this.#costs.get(node) ?? { seriesCount: 0, samples: 0, timeMs: 0 };
    this.#costs.set(node, {
      seriesCount: Math.max(known.seriesCount, cost.seriesCount),
      samples: known.samples + cost.samples,
      timeMs: known.timeMs + cost.timeMs,
    });
  }

  /** By position in the query, an outer node before what is inside it. */
  list(): NodeStats[] {
    const stats: NodeStats[] = [];
    for (const [node, cost] of this.#costs) {
      const place = this.#places.get(node);
      if (place !== undefined) stats.push({ start: place.start, end: place.end, ...cost });
    }
    return stats.sort((a, b) => a.start - b.start || b.end - a.end);
  }
}
