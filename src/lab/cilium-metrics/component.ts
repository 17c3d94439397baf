/** What the collectors of one component share: its book of metrics, what it listens to, and which node it is on. */

import type { LabEvent, LabEventOf, LabEventSource } from "../events.ts";
import type { LabState } from "../lab-state.ts";
import type { MetricBook } from "./metric-book.ts";

/** One agent or operator, as its collectors see it. */
export class Component {
  readonly book: MetricBook;
  readonly state: LabState;
  readonly nodeName: string;
  readonly #events: LabEventSource;
  readonly #stops: (() => void)[] = [];

  constructor(book: MetricBook, state: LabState, events: LabEventSource, nodeName: string) {
    this.book = book;
    this.state = state;
    this.nodeName = nodeName;
    this.#events = events;
  }

  /** Events of one kind that this component's node saw. */
  on<Kind extends LabEvent["kind"]>(kind: Kind, listen: (event: LabEventOf<Kind>) => void): void {
    this.#stops.push(this.#events.onNode(kind, this.nodeName, listen));
  }

  /** Events of one kind of any node. */
  onCluster<Kind extends LabEvent["kind"]>(
    kind: Kind,
    listen: (event: LabEventOf<Kind>) => void,
  ): void {
    this.#stops.push(this.#events.on(kind, listen));
  }

  /** Brings gauges up to date before each exposition. */
  onCollect(refresh: () => void): void {
    this.#stops.push(this.book.registry.onCollect(refresh));
  }

  /** Stops listening; the registry keeps its last values. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
