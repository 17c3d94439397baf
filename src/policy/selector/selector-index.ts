/**
 * Which of many selectors select a peer, found by its labels: each label selector lies under the values
 * of the condition that the fewest others ask for, so that a peer meets few that do not select it.
 * Cost for a peer: its labels, the selectors under them, and those that are no label selectors.
 */

import type { SelectorCondition } from "./label-selector.ts";
import { matchesPeer, type Peer, type PeerSelector } from "./peer-selector.ts";

const bitsPerWord = 32;

/** Made once for a list of selectors; their places are what answers name. */
export class SelectorIndex {
  readonly #selectors: readonly PeerSelector[];
  readonly #clusterName: string;
  /** Places by "key=value". */
  readonly #byLabel = new Map<string, number[]>();
  /** Places of those that any peer may meet, and of those for addresses only. */
  readonly #general: number[] = [];
  readonly #cidrs: number[] = [];

  constructor(selectors: readonly PeerSelector[], clusterName: string) {
    this.#selectors = selectors;
    this.#clusterName = clusterName;
    const askedFor = countConditions(selectors);
    for (const [place, selector] of selectors.entries()) this.#add(selector, place, askedFor);
  }

  /** A bit for each selector: set = it selects the peer. */
  find(peer: Peer): Uint32Array {
    const found = new Uint32Array(Math.ceil(this.#selectors.length / bitsPerWord));
    for (const { key, value } of peer.labels) {
      const places = this.#byLabel.get(labelKey(key, value));
      if (places !== undefined) this.#test(places, peer, found);
    }
    this.#test(this.#general, peer, found);
    if (isOutside(peer)) this.#test(this.#cidrs, peer, found);
    return found;
  }

  #test(places: readonly number[], peer: Peer, found: Uint32Array): void {
    for (const place of places) {
      const selector = this.#selectors[place] as PeerSelector;
      if (!matchesPeer(selector, peer, this.#clusterName)) continue;
      found[place >> 5] = (found[place >> 5] as number) | (1 << (place & 31));
    }
  }

  #add(selector: PeerSelector, place: number, askedFor: ReadonlyMap<string, number>): void {
    const condition = rarestCondition(selector, askedFor);
    if (condition === undefined) {
      (selector.kind === "cidr" ? this.#cidrs : this.#general).push(place);
      return;
    }
    for (const value of new Set(condition.values)) {
      const key = labelKey(condition.key, value);
      const places = this.#byLabel.get(key);
      if (places === undefined) this.#byLabel.set(key, [place]);
      else places.push(place);
    }
  }
}

/** Whether the bit of a place is set. */
export function hasBit(words: Uint32Array, place: number): boolean {
  return ((words[place >> 5] as number) & (1 << (place & 31))) !== 0;
}

/** The places of the bits that are set, ascending. */
export function setBits(words: Uint32Array): number[] {
  const places: number[] = [];
  for (let index = 0; index < words.length; index++) {
    let word = words[index] as number;
    while (word !== 0) {
      const bit = 31 - Math.clz32(word & -word);
      places.push(index * bitsPerWord + bit);
      word &= word - 1;
    }
  }
  return places;
}

function labelKey(key: string, value: string): string {
  return `${key}=${value}`;
}

function positiveConditions(selector: PeerSelector): readonly SelectorCondition[] {
  if (selector.kind !== "labels") return [];
  return selector.selector.conditions.filter(({ operator }) => operator === "In");
}

function countConditions(selectors: readonly PeerSelector[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const selector of selectors) {
    for (const { key, values } of positiveConditions(selector)) {
      for (const value of values) {
        const label = labelKey(key, value);
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function rarestCondition(
  selector: PeerSelector,
  askedFor: ReadonlyMap<string, number>,
): SelectorCondition | undefined {
  let rarest: SelectorCondition | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const condition of positiveConditions(selector)) {
    const { key, values } = condition;
    const count = values.reduce((sum, one) => sum + (askedFor.get(labelKey(key, one)) ?? 0), 0);
    if (count >= fewest) continue;
    rarest = condition;
    fewest = count;
  }
  return rarest;
}

/** CIDRs select nothing else. */
function isOutside({ address, labels }: Peer): boolean {
  return (
    address !== undefined ||
    labels.some(
      ({ source, key }) => source === "cidr" || (source === "reserved" && key.startsWith("world")),
    )
  );
}
