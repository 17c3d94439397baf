/**
 * What was seen and what was lost, node by node: the answer to "is what I see all there was?". Losses
 * are counted by the cause that the agent names, or by ours. O(1) a batch of a node.
 */

/** Nodes beyond this are counted together as "other nodes". */
const nodesMax = 5000;
const restName = "other nodes";

/** The figures of one node. */
export interface NodeCompleteness {
  /** As in the flows: CLUSTER/NODE or NODE. */
  readonly node: string;
  readonly seen: number;
  /** Lost events by cause: PERF_EVENT_RING_BUFFER, OBSERVER_EVENTS_QUEUE, HUBBLE_RING_BUFFER… */
  readonly lost: Readonly<Record<string, number>>;
  /** "connected", "unavailable", "gone", "error", or "" where the source says nothing. */
  readonly state: string;
  /** What the source said of it last. */
  readonly message: string;
}

interface NodeFigures {
  seen: number;
  readonly lost: Map<string, number>;
  state: string;
  message: string;
}

/** Figures by node. */
export class Completeness {
  readonly #nodes = new Map<string, NodeFigures>();
  #lastName = "";
  #last: NodeFigures | undefined;

  /** A flow of `node` was seen. */
  countSeen(node: string): void {
    if (this.#last === undefined || node !== this.#lastName) {
      this.#last = this.#figures(node);
      this.#lastName = node;
    }
    this.#last.seen++;
  }

  /** `count` events of `node` were lost for `cause`. */
  countLost(node: string, cause: string, count: number): void {
    const { lost } = this.#figures(node);
    lost.set(cause, (lost.get(cause) ?? 0) + count);
  }

  /** The source told of the node's state. */
  setState(node: string, state: string, message: string): void {
    const figures = this.#figures(node);
    figures.state = state;
    figures.message = message;
  }

  /** All nodes, by name. */
  nodes(): NodeCompleteness[] {
    return [...this.#nodes]
      .map(([node, { seen, lost, state, message }]) => ({
        node,
        seen,
        lost: Object.fromEntries([...lost].sort(([a], [b]) => (a < b ? -1 : 1))),
        state,
        message,
      }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  #figures(name: string): NodeFigures {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    if (this.#nodes.size >= nodesMax && name !== restName) return this.#figures(restName);
    const figures: NodeFigures = { seen: 0, lost: new Map(), state: "", message: "" };
    this.#nodes.set(name, figures);
    return figures;
  }
}
