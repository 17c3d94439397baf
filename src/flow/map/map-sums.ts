/**
 * Flows added up by who talks to whom: what the service map is made of. A block keeps the sums of its
 * rows beside them (map-table.ts), a segment those of its blocks (map-rollups.ts), so that a map of days
 * adds up sums and looks at no flow.
 *
 *   ends    e₀ e₁ e₂ …            a pod, a domain name, a prefix, an entity
 *   pairs   (client, server) …    first and last minute
 *   facts   ["verdict","DROPPED"], ["port","TCP 80"], ["status","HTTP",200], ["latency",31] …
 *   flows by (pair, fact), and flows and drops by (pair, step of time)
 *
 * An edge of the map keeps each of these for itself (so many dropped, so many to port 80), never which came
 * together: sums stay small where the combinations would be as many as the flows.
 */

import type { IdArray } from "../store/column-source.ts";
import type { MapEnd } from "./map-end.ts";
import { PairCounts } from "./pair-counts.ts";

/** Something that flows of a pair have in common. A latency is the number of its bucket. */
export type MapFact =
  | readonly [kind: "verdict" | "reason" | "port" | "requests" | "responses", name: string]
  | readonly [kind: "operation", protocol: string, operation: string]
  | readonly [kind: "status", protocol: string, status: number]
  | readonly [kind: "latency", bucket: number];

/** Sums of some flows. Arrays of one kind have an entry each; they belong to who made the sums. */
export interface MapSums {
  readonly ends: readonly MapEnd[];
  readonly facts: readonly MapFact[];
  /** By pair: places in `ends`. */
  readonly clients: IdArray | Int32Array;
  readonly servers: IdArray | Int32Array;
  /** By pair, minutes since the epoch. */
  readonly firstMinutes: ArrayLike<number>;
  readonly lastMinutes: ArrayLike<number>;
  /** Flows by pair and fact. */
  readonly factPairs: IdArray | Int32Array;
  readonly factIds: IdArray | Int32Array;
  readonly factFlows: IdArray;
  /** Width of a step of time. */
  readonly stepMinutes: number;
  /** Flows and drops by pair and step (steps since the epoch); each pair has one at least. */
  readonly stepPairs: IdArray | Int32Array;
  readonly steps: IdArray | Int32Array;
  readonly stepFlows: IdArray;
  readonly stepDrops: IdArray;
}

/** Adds up rows and other sums. */
export class SumsBuilder {
  readonly #stepMinutes: number;
  readonly #ends = new Interner<MapEnd>();
  readonly #facts = new Interner<MapFact>();
  readonly #pairs = new PairCounts();
  readonly #firstMinutes: number[] = [];
  readonly #lastMinutes: number[] = [];
  readonly #byFact = new PairCounts();
  readonly #byStep = new PairCounts();
  readonly #drops = new PairCounts();

  constructor(stepMinutes = 1) {
    this.#stepMinutes = stepMinutes;
  }

  /** An end by its JSON. */
  endOf(json: string): number {
    return this.#ends.intern(json, () => JSON.parse(json) as MapEnd);
  }

  factOf(fact: MapFact): number {
    return this.#facts.intern(JSON.stringify(fact), () => fact);
  }

  pairOf(client: number, server: number): number {
    return this.#pairs.add(client, server, 0);
  }

  /** Flows of a pair within a minute. */
  countAt(pair: number, minute: number, flows: number, drops: number): void {
    this.#countStep(pair, Math.floor(minute / this.#stepMinutes), flows, drops);
    this.#noteMinutes(pair, minute, minute);
  }

  countFact(pair: number, fact: number, flows: number): void {
    this.#byFact.add(pair, fact, flows);
  }

  /** Adds sums whose steps are no wider than ours. O(their entries). */
  add(sums: MapSums): void {
    const ends = sums.ends.map((end) => this.#ends.intern(JSON.stringify(end), () => end));
    const facts = sums.facts.map((fact) => this.factOf(fact));
    const pairs = new Int32Array(sums.clients.length);
    for (let i = 0; i < pairs.length; i++) {
      const pair = this.pairOf(ends[sums.clients[i]!]!, ends[sums.servers[i]!]!);
      pairs[i] = pair;
      this.#noteMinutes(pair, sums.firstMinutes[i]!, sums.lastMinutes[i]!);
    }
    for (let i = 0; i < sums.steps.length; i++) {
      const step = Math.floor((sums.steps[i]! * sums.stepMinutes) / this.#stepMinutes);
      this.#countStep(pairs[sums.stepPairs[i]!]!, step, sums.stepFlows[i]!, sums.stepDrops[i]!);
    }
    for (let i = 0; i < sums.factIds.length; i++) {
      this.#byFact.add(pairs[sums.factPairs[i]!]!, facts[sums.factIds[i]!]!, sums.factFlows[i]!);
    }
  }

  #countStep(pair: number, step: number, flows: number, drops: number): void {
    this.#byStep.add(pair, step, flows);
    if (drops > 0) this.#drops.add(pair, step, drops);
  }

  #noteMinutes(pair: number, first: number, last: number): void {
    const { [pair]: knownFirst } = this.#firstMinutes;
    const { [pair]: knownLast } = this.#lastMinutes;
    if (knownFirst === undefined || first < knownFirst) this.#firstMinutes[pair] = first;
    if (knownLast === undefined || last > knownLast) this.#lastMinutes[pair] = last;
  }

  /** What was counted so far: a view, valid until more is. */
  finish(): MapSums {
    const { size } = this.#byStep;
    const stepDrops = new Float64Array(size);
    if (this.#drops.size > 0) {
      for (let i = 0; i < size; i++) {
        stepDrops[i] = this.#drops.get(this.#byStep.left[i]!, this.#byStep.right[i]!);
      }
    }
    return {
      ends: this.#ends.values,
      facts: this.#facts.values,
      clients: this.#pairs.left.subarray(0, this.#pairs.size),
      servers: this.#pairs.right.subarray(0, this.#pairs.size),
      firstMinutes: this.#firstMinutes,
      lastMinutes: this.#lastMinutes,
      factPairs: this.#byFact.left.subarray(0, this.#byFact.size),
      factIds: this.#byFact.right.subarray(0, this.#byFact.size),
      factFlows: this.#byFact.counts.subarray(0, this.#byFact.size),
      stepMinutes: this.#stepMinutes,
      stepPairs: this.#byStep.left.subarray(0, size),
      steps: this.#byStep.right.subarray(0, size),
      stepFlows: this.#byStep.counts.subarray(0, size),
      stepDrops,
    };
  }
}

/** Numbers for values, in the order of first sight. */
class Interner<Value> {
  readonly values: Value[] = [];
  readonly #byKey = new Map<string, number>();

  intern(key: string, make: () => Value): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const index = this.values.push(make()) - 1;
    this.#byKey.set(key, index);
    return index;
  }
}
