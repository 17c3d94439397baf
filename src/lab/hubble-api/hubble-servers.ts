/**
 * Hubble's gRPC servers of the laboratory, on Cilium's ports: each agent's Observer and Peer (4244) at
 * its node's address, and a Relay for each cluster (4245) at the address of its first node. What they
 * give is what took place: flows and losses of the bus, nothing else. Where all nodes share one
 * address, ports are 10 higher from node to node.
 */

import { AppError, errorMessage } from "../../base/errors.ts";
import { LocalObserver } from "../../flow/observer/local-observer.ts";
import {
  type CallObserver,
  type ObserverServer,
  type ObserverServerOptions,
  startObserverServer,
} from "../../flow/observer/observer-server.ts";
import { PeerDirectory } from "../../flow/observer/peer-directory.ts";
import { RelayObserver, type RelayPeer } from "../../flow/observer/relay-observer.ts";
import type { LabEventOf } from "../events.ts";
import type { LabContext } from "../lab-context.ts";
import { watchAgentEvents } from "./agent-events.ts";

/** Cilium's own ports. */
export const hubblePorts = { agent: 4244, relay: 4245 } as const;
/** Events that an agent keeps, as in Cilium. */
const ringCapacity = 4095;
const sharedPortStep = 10;

/** A Relay that listens. */
export interface LabRelay {
  readonly clusterName: string;
  /** HOST:PORT. */
  readonly address: string;
}

/** A node and where it listens. */
export interface HubbleNode {
  readonly clusterName: string;
  readonly nodeName: string;
  /** Loopback address. */
  readonly host: string;
}

/** The servers. */
export interface HubbleServers {
  readonly relays: readonly LabRelay[];
  close(): Promise<void>;
}

interface Agent extends HubbleNode {
  /** CLUSTER/NODE. */
  readonly name: string;
  readonly observer: LocalObserver;
  readonly isUp: () => boolean;
  address: string;
}

/** Opens all servers or none. Throws AppError `address_in_use`. */
export async function startHubbleServers(
  context: LabContext,
  options: {
    readonly nodes: readonly HubbleNode[];
    /** "1.19.0". */
    readonly version: string;
    /** Free ports, for tests. */
    readonly isEphemeral: boolean;
  },
): Promise<HubbleServers> {
  const { nodes, version, isEphemeral } = options;
  const hosts = new Set(nodes.map(({ host }) => host));
  const step = hosts.size === 1 && nodes.length > 1 ? sharedPortStep : 0;
  const agents = nodes.map((node) => createAgent(context, node, version));
  const stopFeeding = feed(context, agents);
  const opened: ObserverServer[] = [];
  const close = async (): Promise<void> => {
    stopFeeding();
    await Promise.all(opened.map((server) => server.close()));
  };
  const open = async (host: string, port: number, what: Omit<ObserverServerOptions, "logger">) => {
    const server = await startObserverServer(`${host}:${isEphemeral ? 0 : port}`, {
      ...what,
      logger: context.logger,
    });
    opened.push(server);
    return `${host}:${server.port}`;
  };
  const relays: LabRelay[] = [];
  try {
    for (const clusterName of new Set(nodes.map((node) => node.clusterName))) {
      const own = agents.filter((agent) => agent.clusterName === clusterName);
      const peers = new PeerDirectory();
      for (const agent of own) {
        const port = hubblePorts.agent + agents.indexOf(agent) * step;
        const refuse = () => (agent.isUp() ? undefined : "the node is down");
        const calls = tellCalls(context, agent.nodeName);
        const backend = agent.observer;
        agent.address = await open(agent.host, port, { backend, peers, refuse, calls });
        peers.put({ name: agent.name, address: agent.address });
      }
      const [first] = own;
      if (first === undefined) continue;
      const relay = createRelay(context, clusterName, own, version);
      const port = hubblePorts.relay + agents.indexOf(first) * step;
      relays.push({ clusterName, address: await open(first.host, port, { backend: relay }) });
    }
  } catch (thrown) {
    await close();
    if (!(thrown instanceof AppError)) throw thrown;
    const mend = "choose other addresses with --lab-address, as in --lab-address 127.20.0";
    const message = `${errorMessage(thrown)} (Hubble of the laboratory; a second demo?); ${mend}`;
    throw new AppError(thrown.code, message, { cause: thrown });
  }
  return { relays, close };
}

function createAgent({ clock, faults }: LabContext, node: HubbleNode, version: string): Agent {
  const name = `${node.clusterName}/${node.nodeName}`;
  const observer = new LocalObserver({
    clock,
    capacity: ringCapacity,
    version: `cilium v${version}`,
    versionHeader: ["hubble-server-version", version],
    nodeName: name,
    cluster: node.clusterName,
    hasAgentEvents: true,
  });
  return { ...node, name, observer, isUp: () => !faults.isNodeDown(node.nodeName), address: "" };
}

/** Flows, losses and the agent's own events go to the agent that saw them. */
function feed(context: LabContext, agents: readonly Agent[]): () => void {
  const { bus } = context;
  const byNode = new Map(agents.map((agent) => [agent.nodeName, agent]));
  const stopFlows = bus.on("flow", ({ nodeName, flow }) => {
    byNode.get(nodeName)?.observer.addFlow(flow);
  });
  const stopLost = bus.on("lost_events", (event) => {
    const agent = byNode.get(event.nodeName);
    agent?.observer.addLost(toLostEvent(event), agent.name);
  });
  const stopEvents = watchAgentEvents(context, (nodeName, timeMs, event) => {
    const agent = byNode.get(nodeName);
    agent?.observer.addAgentEvent(event, agent.name, timeMs);
  });
  return () => {
    stopFlows();
    stopLost();
    stopEvents();
  };
}

/** Calls of an agent's Observer, for its metrics. */
function tellCalls({ bus, clock }: LabContext, nodeName: string): CallObserver {
  const tell = (method: string, step: LabEventOf<"observer_call">["step"], code = 0): void =>
    bus.publish({ kind: "observer_call", timeMs: clock.nowMs(), nodeName, method, step, code });
  return {
    callStarted: (method) => tell(method, "started"),
    messageReceived: (method) => tell(method, "received"),
    messageSent: (method) => tell(method, "sent"),
    callEnded: (method, code) => tell(method, "ended", code),
  };
}

function toLostEvent({ source, count }: LabEventOf<"lost_events">) {
  const names = {
    perf_event_ring_buffer: "PERF_EVENT_RING_BUFFER",
    observer_events_queue: "OBSERVER_EVENTS_QUEUE",
    hubble_ring_buffer: "HUBBLE_RING_BUFFER",
  } as const;
  return { source: names[source], num_events_lost: String(count) };
}

function createRelay(
  { clock }: LabContext,
  clusterName: string,
  agents: readonly Agent[],
  version: string,
): RelayObserver {
  const peers: RelayPeer[] = agents.map(({ name, observer, isUp, ...agent }) => ({
    name,
    observer,
    isAvailable: isUp,
    // Known only once its server listens.
    get address() {
      return (agents.find((other) => other.name === name) ?? agent).address;
    },
  }));
  return new RelayObserver({
    clock,
    version: `hubble-relay v${version}`,
    versionHeader: ["hubble-relay-version", version],
    nodeName: `${clusterName}/hubble-relay`,
    peers: () => peers,
  });
}
