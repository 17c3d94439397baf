/**
 * The programs of the pods: starts what a pod runs when it comes, binds its ports in the datapath, and
 * ends it when the pod goes. Servers of the outside world are run the same way.
 */

import type { Socket } from "node:dgram";
import { request as sendRequest } from "node:http";
import type { Server as NetServer } from "node:net";
import { addressesOf, type DualAddress } from "../address-family.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { Datapath } from "../datapath/datapath.ts";
import type { LabContext } from "../lab-context.ts";
import type { PodProgram, Scene, ScenePort } from "../scenes/scene.ts";
import { startDeathstar } from "./deathstar.ts";
import { startTcpEcho, startUdpEcho } from "./echo-service.ts";
import { startKubeDns } from "./kube-dns.ts";
import type { HostResolver } from "./resolver.ts";
import { type HandedOn, startWebService } from "./web-service.ts";

const callTimeoutMs = 5000;

/** What runs in one pod. */
interface Running {
  readonly tcpPort: number | undefined;
  readonly udpPort: number | undefined;
  close(): Promise<void>;
}

/** What the runner needs. */
export interface PodRunnerParts {
  readonly scene: Scene;
  readonly clusters: ClusterSet;
  readonly datapath: Datapath;
  /** The names that programs look up. */
  readonly resolver: () => HostResolver;
}

/** Starts and ends programs. */
export class PodRunner {
  readonly #context: LabContext;
  readonly #parts: PodRunnerParts;
  readonly #running = new Map<string, Running>();
  readonly #worldNames: ReadonlyMap<string, DualAddress>;

  constructor(context: LabContext, parts: PodRunnerParts) {
    this.#context = context;
    this.#parts = parts;
    this.#worldNames = new Map(parts.scene.world.map((server) => [server.name, server]));
  }

  /** Starts a pod's program and opens its ports. In a simulated scene pods have no programs. */
  async start(endpoint: Endpoint, program: PodProgram, ports: readonly ScenePort[]): Promise<void> {
    if (this.#parts.scene.isSimulated && program.kind !== "kube-dns") return;
    const running = await this.#run(program, endpoint.facts.podName, endpoint);
    if (running !== undefined) this.#bind(endpoint.facts, running, ports);
  }

  /** Ends the program of a pod that left. */
  async stop(endpoint: Endpoint): Promise<void> {
    const { address } = endpoint.facts;
    for (const one of addressesOf(endpoint.facts)) this.#parts.datapath.unbind(one);
    const running = this.#running.get(address);
    this.#running.delete(address);
    await running?.close();
  }

  /** Starts the servers outside the clusters. */
  async startWorld(): Promise<void> {
    for (const server of this.#parts.scene.world) {
      const running = await this.#run(server.program, server.name, undefined);
      if (running !== undefined) this.#bind(server, running, server.ports);
    }
  }

  /** Ends every program. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((running) => running.close()));
  }

  #bind(where: DualAddress, running: Running, ports: readonly ScenePort[]): void {
    this.#running.set(where.address, running);
    for (const { protocol, port } of ports) {
      const loopbackPort = protocol === "TCP" ? running.tcpPort : running.udpPort;
      if (loopbackPort === undefined) continue;
      for (const address of addressesOf(where))
        this.#parts.datapath.bind(protocol, address, port, loopbackPort);
    }
  }

  async #run(
    program: PodProgram,
    hostname: string,
    endpoint: Endpoint | undefined,
  ): Promise<Running | undefined> {
    const { clock } = this.#context;
    switch (program.kind) {
      case "idle":
        return undefined;
      case "deathstar":
        return asRunning(await startDeathstar(hostname, clock));
      case "kube-dns":
        return endpoint === undefined ? undefined : this.#runDns(endpoint);
      case "echo": {
        const [tcp, udp] = await Promise.all([startTcpEcho(), startUdpEcho()]);
        return asRunning(tcp, udp);
      }
      case "web":
        return asRunning(
          await startWebService(hostname, program, {
            context: this.#context,
            callOut: (url, handedOn) => this.#callOut(endpoint, url, handedOn),
          }),
        );
    }
  }

  async #runDns(endpoint: Endpoint): Promise<Running> {
    const cluster = this.#parts.clusters.of(endpoint);
    const { faults, random } = this.#context;
    const { nodeName } = endpoint.facts;
    const { tcp, udp } = await startKubeDns({
      services: () => cluster.services.list(),
      worldNames: this.#worldNames,
      silentZones: this.#parts.scene.silentZones,
      failure: () => {
        const share = faults.share("dns-failure", nodeName);
        if (share === 0 || random() >= share) return undefined;
        return faults.find("dns-failure", nodeName)?.rcode ?? "silence";
      },
    });
    return asRunning(tcp, udp);
  }

  /** One request of a pod's program to another service, through the datapath. */
  async #callOut(source: Endpoint | undefined, url: string, handedOn: HandedOn): Promise<number> {
    if (source === undefined) return 200;
    const { hostname, port, pathname } = new URL(url);
    const { datapath, resolver } = this.#parts;
    const abort = new AbortController();
    const cancel = this.#context.clock.after(callTimeoutMs, () => abort.abort());
    try {
      // Full names are asked for as they are; else each would cost four searches first.
      const isFull = hostname.endsWith(".cluster.local");
      const [address] = await resolver().resolve(source, isFull ? `${hostname}.` : hostname);
      if (address === undefined) return 502;
      const wanted = port === "" ? 80 : Number(port);
      const { stream } = await datapath.connectTcp(source, address, wanted, abort.signal);
      return await new Promise<number>((resolve, reject) => {
        const outgoing = sendRequest({
          path: pathname,
          headers: {
            host: hostname,
            "user-agent": source.facts.workload?.name ?? "pod",
            ...handedOn,
          },
          createConnection: () => stream,
        });
        outgoing.on("response", (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 502));
          response.on("error", reject);
        });
        outgoing.on("error", reject);
        abort.signal.addEventListener("abort", () => stream.destroy());
        outgoing.end();
      });
    } catch {
      // Refused, dropped or broken off: for who asked it is a failed service.
      return 502;
    } finally {
      cancel();
    }
  }
}

function asRunning(
  tcp: (NetServer & { closeAllConnections?: () => void }) | undefined,
  udp?: Socket,
): Running {
  const address = tcp?.address();
  return {
    tcpPort: typeof address === "object" && address !== null ? address.port : undefined,
    udpPort: udp?.address().port,
    close: async () => {
      if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()));
      if (tcp === undefined) return;
      await new Promise<void>((resolve) => {
        tcp.close(() => resolve());
        tcp.closeAllConnections?.();
        // Connections of a plain TCP server end with those of its pod's endpoint.
        if (tcp.closeAllConnections === undefined) resolve();
      });
    },
  };
}
