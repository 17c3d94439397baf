/**
 * Addresses of one node's pod range: 10.C.N.0/24 in the cluster with index C and, in a dual-stack scene,
 * fd00:10:C+1:N+1::/120, Cilium's mask for cluster pools of IPv6.
 */

import { LimitError } from "../../base/errors.ts";
import type { AddressFamily } from "../address-family.ts";
import type { LabContext } from "../lab-context.ts";
import { randomInteger } from "../random.ts";

/** .0 is the network, .255 broadcast; IPv6 ranges of this size lack the same two. */
const hostMin = 1;
const hostMax = 254;

/** Hands out addresses at random, as Cilium's cluster-pool IPAM does. */
export class AddressPool {
  readonly capacity = hostMax - hostMin + 1;
  readonly family: AddressFamily;
  readonly #context: LabContext;
  readonly #nodeName: string;
  readonly #prefix: string;
  readonly #used = new Set<string>();

  constructor(
    context: LabContext,
    nodeName: string,
    family: AddressFamily,
    place: { readonly cluster: number; readonly node: number },
  ) {
    this.#context = context;
    this.#nodeName = nodeName;
    this.family = family;
    // From 1 on, so that no group of an IPv6 prefix is 0 and addresses have one spelling.
    this.#prefix =
      family === "ipv4"
        ? `10.${place.cluster}.${place.node}.`
        : `fd00:10:${hex(place.cluster + 1)}:${hex(place.node + 1)}::`;
  }

  get cidr(): string {
    return this.family === "ipv4" ? `${this.#prefix}0/24` : `${this.#prefix}/120`;
  }

  get used(): readonly string[] {
    return [...this.#used];
  }

  allocate(): string {
    if (this.#used.size >= this.capacity) {
      throw new LimitError(`cannot allocate an address: ${this.cidr} is full`, {
        limit: "addresses",
        actual: this.#used.size,
      });
    }
    for (;;) {
      const host = randomInteger(this.#context.random, hostMin, hostMax);
      const address = this.#prefix + (this.family === "ipv4" ? host : hex(host));
      if (this.#used.has(address)) continue;
      this.#used.add(address);
      this.#publish("allocate", address);
      return address;
    }
  }

  release(address: string): void {
    if (this.#used.delete(address)) this.#publish("release", address);
  }

  #publish(action: "allocate" | "release", address: string): void {
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "ipam",
      timeMs: clock.nowMs(),
      nodeName: this.#nodeName,
      action,
      family: this.family,
      address,
    });
  }
}

function hex(value: number): string {
  return value.toString(16);
}
