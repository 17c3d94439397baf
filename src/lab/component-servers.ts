/**
 * The metrics servers of the nodes, on Cilium's ports: agent 9962, operator 9963, Envoy 9964,
 * Hubble 9965, each
 * on the loopback address of its node (127.10.0.1, .2, ...). Where only 127.0.0.1 exists, as on macOS,
 * all nodes share it and the ports of the later nodes are 10 higher each.
 */

import { createServer, type Server } from "node:http";
import { AppError } from "../base/errors.ts";
import type { NodeListeners } from "./lab-state.ts";
import type { MetricsSource } from "./metrics-source.ts";

/** Cilium's own ports. */
export const componentPorts = { agent: 9962, operator: 9963, envoy: 9964, hubble: 9965 } as const;
/** Added per node where nodes share one address. */
const sharedPortStep = 10;
/** First three numbers of the nodes' addresses. */
export const labAddressDefault = "127.10.0";

/** Ports of the Cluster Mesh API server's pod, on an address of its own. */
export const meshPorts = { "clustermesh-apiserver": 9962, kvstoremesh: 9964 } as const;
/** Address of the first cluster's API server: after those of the nodes. */
const meshHostFirst = 201;
/** Where all share one address: after the ports of the nodes. */
const meshPortShift = 5000;

/** What a server is of. */
export type ComponentName = "agent" | "operator" | "envoy" | "hubble" | keyof typeof meshPorts;

/** Where to listen. */
export interface ListenPlan {
  /** "127.10.0": node N gets 127.10.0.N. */
  readonly addressBase: string;
  /** Free ports instead of Cilium's, for tests. */
  readonly isEphemeral: boolean;
  /** Nodes that run an operator; the first unless told. */
  readonly operatorNodes?: readonly string[];
  /** A node that is down answers nothing. */
  readonly isNodeDown?: (nodeName: string) => boolean;
}

/** The servers of one node. */
export interface NodeServers {
  readonly listeners: NodeListeners;
  /** Gives a component its page; until then it answers 503. */
  setPage(component: ComponentName, page: MetricsSource): void;
  close(): Promise<void>;
}

/** All nodes' servers, and what the user should know about their addresses. */
export interface OpenedServers {
  readonly nodes: readonly NodeServers[];
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** Opens every server or none. Throws AppError `address_in_use` that names address, use and mend. */
export async function openComponentServers(
  nodeNames: readonly string[],
  plan: ListenPlan,
): Promise<OpenedServers> {
  const isOwnAddress = await canListenOn(`${plan.addressBase}.1`);
  const opened: NodeServers[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((node) => node.close()));
  };
  try {
    for (const [index, name] of nodeNames.entries()) {
      const host = isOwnAddress ? `${plan.addressBase}.${index + 1}` : "127.0.0.1";
      const step = isOwnAddress ? 0 : index * sharedPortStep;
      const hasOperator = plan.operatorNodes?.includes(name) ?? index === 0;
      opened.push(await openNode(name, hasOperator, { ...plan, host, step }));
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { nodes: opened, notes: isOwnAddress ? [] : sharedNotes(nodeNames, opened), close };
}

function sharedNotes(nodeNames: readonly string[], nodes: readonly NodeServers[]): string[] {
  return nodeNames.map((name, index) => {
    const { agentPort, hubblePort } = nodes[index]?.listeners ?? { agentPort: 0, hubblePort: 0 };
    return `Only 127.0.0.1 can be listened on here: node ${name} has agent metrics on port ${agentPort} and Hubble metrics on ${hubblePort}`;
  });
}

async function openNode(
  name: string,
  hasOperator: boolean,
  at: ListenPlan & { readonly host: string; readonly step: number },
): Promise<NodeServers> {
  const pages = new Map<ComponentName, MetricsSource>();
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  const open = async (component: keyof typeof componentPorts): Promise<number> => {
    const server = createPageServer(
      () => pages.get(component),
      () => at.isNodeDown?.(name) === true,
    );
    servers.push(server);
    const wanted = at.isEphemeral ? 0 : componentPorts[component] + at.step;
    return listen(server, { host: at.host, port: wanted }, `${component} metrics of ${name}`);
  };
  try {
    const agentPort = await open("agent");
    const operatorPort = hasOperator ? await open("operator") : undefined;
    const envoyPort = await open("envoy");
    const hubblePort = await open("hubble");
    return {
      listeners: { host: at.host, agentPort, operatorPort, envoyPort, hubblePort },
      setPage: (component, page) => pages.set(component, page),
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Where a cluster's Cluster Mesh API server answers. */
export interface MeshServers {
  readonly urls: Readonly<Record<keyof typeof meshPorts, string>>;
  setPage(component: keyof typeof meshPorts, page: MetricsSource): void;
  close(): Promise<void>;
}

/** Opens the metrics ports of a cluster's Cluster Mesh API server. Throws AppError `address_in_use`. */
export async function openMeshServers(
  clusterName: string,
  index: number,
  plan: ListenPlan,
): Promise<MeshServers> {
  const isOwnAddress = await canListenOn(`${plan.addressBase}.1`);
  const host = isOwnAddress ? `${plan.addressBase}.${meshHostFirst + index}` : "127.0.0.1";
  const shift = isOwnAddress ? 0 : meshPortShift + index * sharedPortStep;
  const pages = new Map<ComponentName, MetricsSource>();
  const servers: Server[] = [];
  const open = async (component: keyof typeof meshPorts): Promise<string> => {
    const server = createPageServer(() => pages.get(component));
    servers.push(server);
    const wanted = plan.isEphemeral ? 0 : meshPorts[component] + shift;
    const port = await listen(
      server,
      { host, port: wanted },
      `${component} metrics of ${clusterName}`,
    );
    return `http://${host}:${port}/metrics`;
  };
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  try {
    const urls = {
      "clustermesh-apiserver": await open("clustermesh-apiserver"),
      kvstoremesh: await open("kvstoremesh"),
    };
    return { urls, setPage: (component, page) => pages.set(component, page), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function createPageServer(
  pageOf: () => MetricsSource | undefined,
  isDown: () => boolean = () => false,
): Server {
  return createServer((request, response) => {
    request.resume();
    if (isDown()) {
      request.socket.destroy();
      return;
    }
    const path = request.url?.split("?")[0];
    if (path !== "/metrics") {
      response
        .writeHead(404, { "Content-Type": "text/plain; charset=utf-8" })
        .end("404 page not found\n");
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405).end();
      return;
    }
    const page = pageOf();
    if (page === undefined) {
      response.writeHead(503).end("starting\n");
      return;
    }
    const { contentType, body } = page.expose(request.headers.accept ?? "");
    response.writeHead(200, { "Content-Type": contentType }).end(body);
  });
}

async function listen(
  server: Server,
  at: { host: string; port: number },
  use: string,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, at, use)));
    server.listen(at.port, at.host, resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : at.port;
}

function listenError(
  cause: NodeJS.ErrnoException,
  at: { host: string; port: number },
  use: string,
): AppError {
  const what = `cannot listen on ${at.host}:${at.port} for the ${use}`;
  const mend = "choose other addresses with --lab-address, as in --lab-address 127.20.0";
  if (cause.code === "EADDRINUSE") {
    return new AppError(
      "address_in_use",
      `${what}: another program (a second demo?) has the port; stop it, or ${mend}`,
      { cause },
    );
  }
  return new AppError("address_in_use", `${what}: ${cause.message}; ${mend}`, { cause });
}

/** Whether this machine has the address: Linux has all of 127.0.0.0/8, macOS only 127.0.0.1. */
function canListenOn(host: string): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(0, host, () => probe.close(() => resolve(true)));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
