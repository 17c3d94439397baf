/**
 * The agents' health probes: each node asks every node and every health endpoint by ICMP and HTTP,
 * through the datapath, as cilium-health does.
 */

import { createServer, type Server, request as sendRequest } from "node:http";
import { addressesOf, hostPort } from "./address-family.ts";
import type { ClusterSet } from "./cluster/cluster-set.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import type { Datapath } from "./datapath/datapath.ts";
import { ConnectError } from "./datapath/syn-schedule.ts";
import type { NodeProbed } from "./events.ts";
import type { LabContext } from "./lab-context.ts";

/** Where nodes and health endpoints answer. */
export const healthPort = 4240;
const probeTimeoutMs = 3000;

/** What one round of a node found. */
interface ProbeCounts {
  readonly nodes: number;
  readonly endpoints: number;
}

type ProbeHead = Pick<NodeProbed, "nodeName" | "target" | "type" | "addressType">;

/** Probes, and the one server that answers for all nodes. */
export class HealthProber {
  readonly #context: LabContext;
  readonly #clusters: ClusterSet;
  readonly #datapath: Datapath;
  readonly #unreachable = new Map<string, ProbeCounts>();

  constructor(context: LabContext, clusters: ClusterSet, datapath: Datapath) {
    this.#context = context;
    this.#clusters = clusters;
    this.#datapath = datapath;
  }

  unreachable(nodeName: string): ProbeCounts {
    return this.#unreachable.get(nodeName) ?? { nodes: 0, endpoints: 0 };
  }

  /** Starts what the probes reach. The caller closes it. */
  async startResponder(): Promise<Server> {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      request.resume();
      response.end(request.url === "/hello" ? "" : "not found\n");
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (const cluster of this.#clusters.list) {
      for (const { facts } of cluster.endpoints())
        for (const address of facts.kind === "pod" ? [] : addressesOf(facts))
          this.#datapath.bind("TCP", address, healthPort, port);
    }
    return server;
  }

  /** Keeps what a node's last round found. */
  setUnreachable(nodeName: string, counts: ProbeCounts): void {
    this.#unreachable.set(nodeName, counts);
  }

  /** Asks one target by ICMP, which is published here, and by HTTP; rejects when HTTP does not reach it. */
  async probe(nodeName: string, target: string, type: "node" | "endpoint"): Promise<void> {
    const source = this.#nodeEndpoint(nodeName, "host");
    const endpoint = this.#nodeEndpoint(target, type === "node" ? "host" : "health");
    if (source === undefined || endpoint === undefined)
      throw new ConnectError("EHOSTUNREACH", target);
    const { address6 } = endpoint.facts;
    const about = { nodeName, target, type };
    await this.#ping(source, endpoint.facts.address, { ...about, addressType: "primary" });
    if (address6 !== undefined)
      await this.#probeSecondary(source, address6, { ...about, addressType: "secondary" });
    const isReached = await this.#askHello(source, endpoint.facts.address);
    if (!isReached) throw new ConnectError("EHOSTUNREACH", target);
  }

  async #ping(source: Endpoint, address: string, about: ProbeHead): Promise<void> {
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    const isAnswered = await this.#datapath.ping(source, address);
    this.#publish(about, "icmp", isAnswered, startMs);
  }

  /** The IPv6 address: what it answers is measured, and does not decide whether the target is reached. */
  async #probeSecondary(source: Endpoint, address: string, about: ProbeHead): Promise<void> {
    await this.#ping(source, address, about);
    const startMs = this.#context.clock.monotonicMs();
    this.#publish(about, "http", await this.#askHello(source, address), startMs);
  }

  #publish(
    about: ProbeHead,
    protocol: NodeProbed["protocol"],
    isAnswered: boolean,
    startMs: number,
  ): void {
    const { bus, clock } = this.#context;
    const status = isAnswered ? "reachable" : "unreachable";
    const latencySeconds = (clock.monotonicMs() - startMs) / 1000;
    const head = { kind: "node_probe", timeMs: clock.nowMs() } as const;
    bus.publish({ ...head, ...about, protocol, status, latencySeconds });
  }

  async #askHello(source: Endpoint, address: string): Promise<boolean> {
    const abort = new AbortController();
    const cancel = this.#context.clock.after(probeTimeoutMs, () => abort.abort());
    try {
      const { stream } = await this.#datapath.connectTcp(source, address, healthPort, abort.signal);
      return await new Promise<boolean>((resolve) => {
        const outgoing = sendRequest({
          path: "/hello",
          headers: { host: hostPort(address, healthPort) },
          createConnection: () => stream,
        });
        outgoing.on("response", (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode === 200));
        });
        outgoing.on("error", () => resolve(false));
        abort.signal.addEventListener("abort", () => stream.destroy());
        outgoing.end();
      });
    } catch {
      // Refused or timed out: that is what the probe is for.
      return false;
    } finally {
      cancel();
    }
  }

  #nodeEndpoint(nodeName: string, kind: "host" | "health"): Endpoint | undefined {
    return this.#clusters.ofNode(nodeName).nodeEndpoint(nodeName, kind);
  }
}
