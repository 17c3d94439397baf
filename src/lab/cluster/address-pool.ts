/** Addresses of one node's pod range: 10.C.N.0/24 in the cluster with index C. */

import { LimitError } from "../../base/errors.ts";
import type { LabContext } from "../lab-context.ts";
import { randomInteger } from "../random.ts";

/** .0 is the network, .255 broadcast. */
const hostMin = 1;
const hostMax = 254;

/** Hands out addresses at random, as Cilium's cluster-pool IPAM does. */
export class AddressPool {
  readonly capacity = hostMax - hostMin + 1;
  readonly #context: LabContext;
  readonly #nodeName: string;
  readonly #prefix: string;
  readonly #used = new Set<string>();

  constructor(context: LabContext, nodeName: string, clusterIndex: number, nodeIndex: number) {
    this.#context = context;
    this.#nodeName = nodeName;
    this.#prefix = `10.${clusterIndex}.${nodeIndex}.`;
  }

  get cidr(): string {
    return `${this.#prefix}0/24`;
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
      const address = this.#prefix + randomInteger(this.#context.random, hostMin, hostMax);
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
      family: "ipv4",
      address,
    });
  }
}
