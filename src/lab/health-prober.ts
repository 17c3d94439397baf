/**
 * The agents' health probes: each node asks every node and every health endpoint by ICMP and HTTP,
 * through the datapath, as cilium-health does.
 */

import { createServer, type Server, request as sendRequest } from "node:http";
import type { Cluster, ClusterNode } from "./cluster/cluster.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import type { Datapath } from "./datapath/datapath.ts";
import type { LabContext } from "./lab-context.ts";

/** Where nodes and health endpoints answer. */
export const healthPort = 4240;
const probeTimeoutMs = 3000;

/** What one round of a node found. */
interface ProbeCounts {
  nodes: number;
  endpoints: number;
}

/** Probes, and the one server that answers for all nodes. */
export class HealthProber {
  readonly #context: LabContext;
  readonly #cluster: Cluster;
  readonly #datapath: Datapath;
  readonly #unreachable = new Map<string, ProbeCounts>();

  constructor(context: LabContext, cluster: Cluster, datapath: Datapath) {
    this.#context = context;
    this.#cluster = cluster;
    this.#datapath = datapath;
  }

  unreachable(nodeName: string): { readonly nodes: number; readonly endpoints: number } {
    return this.#unreachable.get(nodeName) ?? { nodes: 0, endpoints: 0 };
  }

  /** Starts what the probes reach. The caller closes it. */
  async startResponder(): Promise<Server> {
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      request.resume();
      response.end(request.url === "/hello" ? "" : "not found\n");
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (const { facts } of this.#cluster.endpoints) {
      if (facts.kind !== "pod") this.#datapath.bind("TCP", facts.address, healthPort, port);
    }
    return server;
  }

  /** One round of a node: every target, one after the other. */
  async probeFrom(node: ClusterNode): Promise<void> {
    const source = this.#nodeEndpoint(node.name, "host");
    const counts: ProbeCounts = { nodes: 0, endpoints: 0 };
    for (const target of this.#cluster.nodes) {
      for (const type of ["node", "endpoint"] as const) {
        const endpoint = this.#nodeEndpoint(target.name, type === "node" ? "host" : "health");
        if (source === undefined || endpoint === undefined) continue;
        const isReachable = await this.#probe(source, endpoint, {
          node,
          target: target.name,
          type,
        });
        if (isReachable) continue;
        if (type === "node") counts.nodes++;
        else counts.endpoints++;
      }
    }
    this.#unreachable.set(node.name, counts);
  }

  async #probe(
    source: Endpoint,
    endpoint: Endpoint,
    about: { node: ClusterNode; target: string; type: "node" | "endpoint" },
  ): Promise<boolean> {
    const { clock, bus } = this.#context;
    const { address } = endpoint.facts;
    let isReachable = true;
    for (const protocol of ["icmp", "http"] as const) {
      const startMs = clock.monotonicMs();
      const isUp =
        protocol === "icmp"
          ? await this.#datapath.ping(source, address)
          : await this.#askHello(source, address);
      isReachable &&= isUp;
      bus.publish({
        kind: "node_probe",
        timeMs: clock.nowMs(),
        nodeName: about.node.name,
        target: about.target,
        type: about.type,
        addressType: "primary",
        protocol,
        status: isUp ? "reachable" : "unreachable",
        latencySeconds: (clock.monotonicMs() - startMs) / 1000,
      });
    }
    return isReachable;
  }

  async #askHello(source: Endpoint, address: string): Promise<boolean> {
    const abort = new AbortController();
    const cancel = this.#context.clock.after(probeTimeoutMs, () => abort.abort());
    try {
      const { stream } = await this.#datapath.connectTcp(source, address, healthPort, abort.signal);
      return await new Promise<boolean>((resolve) => {
        const outgoing = sendRequest({
          path: "/hello",
          headers: { host: address },
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
    return this.#cluster.endpoints.find(
      ({ facts }) => facts.nodeName === nodeName && facts.kind === kind,
    );
  }
}
