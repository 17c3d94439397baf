/**
 * The user-space datapath: every client of the laboratory connects through it. It turns service
 * addresses into pods, asks the policy, drops or forwards, puts the L7 proxies in between, and maps
 * (pod address, port) to the unprivileged loopback listener that plays the pod.
 */

import { createSocket } from "node:dgram";
import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { addressOn, familyOf, hostPort } from "../address-family.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { randomInteger } from "../random.ts";
import { type Admission, AdmissionControl } from "./admission.ts";
import { createPipe } from "./byte-pipe.ts";
import { Conntrack, type ConntrackKey } from "./conntrack.ts";
import {
  Delivery,
  type Leg,
  type PathPoint,
  type ProxyPorts,
  planPath,
  type Redirects,
} from "./delivery.ts";
import {
  icmpSizeBytes,
  ipv6ExtraBytes,
  nodeOf,
  type Packet,
  type PacketEnd,
  synSizeBytes,
  udpHeaderBytes,
} from "./packet.ts";
import type { DnsProxy, HttpProxy, ProxyJob } from "./proxies.ts";
import { ConnectError, sendSyns } from "./syn-schedule.ts";
import { type ConnectionGate, TcpConnection } from "./tcp-connection.ts";

const loopback = "127.0.0.1";
/** Linux' range of client ports. */
const clientPortMin = 32_768;
const clientPortMax = 60_999;
/** A resolver waits this long for an answer. */
const udpTimeoutMs = 5000;
/** Echo messages of both versions of ICMP, and what policies call them. */
const icmpEcho = {
  ipv4: { protocol: "ICMPv4", policy: "ICMP", request: 8, reply: 0 },
  ipv6: { protocol: "ICMPv6", policy: "ICMPV6", request: 128, reply: 129 },
} as const;

/** What the datapath is made of. */
export interface DatapathParts {
  readonly clusters: ClusterSet;
  readonly emitter: FlowEmitter;
  readonly proxyPorts: ProxyPorts;
  readonly httpProxy: HttpProxy;
  readonly dnsProxy: DnsProxy;
}

interface TcpSession {
  readonly client: PacketEnd;
  readonly server: PacketEnd;
  readonly path: readonly PathPoint[];
  readonly key: ConntrackKey;
  /** Packets of the client are dropped: the policy changed. */
  isBlocked: boolean;
  readonly connections: TcpConnection[];
}

/** A connection that was let through, with the address that was really reached. */
export interface OpenedConnection {
  readonly stream: Duplex;
  readonly localPort: number;
}

/** The datapath of the whole cluster. */
export class Datapath {
  readonly #context: LabContext;
  readonly #parts: DatapathParts;
  readonly #delivery: Delivery;
  readonly #admission: AdmissionControl;
  readonly #conntracks = new Map<string, Conntrack>();
  readonly #listeners = new Map<string, number>();
  readonly #sessions = new Set<TcpSession>();

  constructor(context: LabContext, parts: DatapathParts) {
    this.#context = context;
    this.#parts = parts;
    const { clusters, emitter, dnsProxy } = parts;
    this.#delivery = new Delivery(context, emitter, parts.proxyPorts);
    this.#admission = new AdmissionControl(context, {
      clusters,
      emitter,
      delivery: this.#delivery,
      namesOf: (client, address) => dnsProxy.namesOf(client, address),
    });
    for (const cluster of clusters.list) {
      for (const { name } of cluster.nodes)
        this.#conntracks.set(name, new Conntrack(context, name, cluster.hasIpv6));
      cluster.onPolicyChange = () => this.#checkSessions();
      cluster.onGone = (endpoint) => this.#endSessions(endpoint);
    }
  }

  conntrack(nodeName: string): Conntrack | undefined {
    return this.#conntracks.get(nodeName);
  }

  /** (address, port) of the cluster is played by a loopback port of this machine. */
  bind(protocol: "TCP" | "UDP", address: string, port: number, loopbackPort: number): void {
    this.#listeners.set(`${protocol} ${hostPort(address, port)}`, loopbackPort);
  }

  /** Nobody plays the address any more. */
  unbind(address: string): void {
    for (const key of this.#listeners.keys())
      if (isListenerOn(key, address)) this.#listeners.delete(key);
  }

  /** Established connections, of all nodes. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Opens a TCP connection for a pod or host. Rejects with ConnectError: timeout, refused, unreachable, aborted. */
  async connectTcp(
    source: Endpoint,
    address: string,
    port: number,
    signal?: AbortSignal,
  ): Promise<OpenedConnection> {
    const what = hostPort(address, port);
    const client = this.#clientEnd(source, address);
    const server = this.#translate(source, address, port, "TCP");
    if (client === undefined || server === undefined) throw new ConnectError("ENETUNREACH", what);
    const syn = synPacket(client, server);
    const admission = await sendSyns(() => this.#trySyn(syn), what, {
      clock: this.#context.clock,
      random: this.#context.random,
      signal,
    });
    const session: TcpSession = {
      client,
      server,
      path: planPath(client, server, redirectsOf(admission)),
      key: keyOf("TCP", client, server),
      isBlocked: false,
      connections: [],
    };
    for (const nodeName of nodesOf(session)) this.#conntracks.get(nodeName)?.open(session.key);
    this.#sessions.add(session);
    try {
      return { stream: await this.#openLeg(session, 0), localPort: client.port };
    } catch (thrown) {
      this.#closeConntrack(session);
      throw thrown;
    }
  }

  /**
   * A whole connection without sockets: policy, conntrack, packets and flows of `requestBytes` there and
   * `replyBytes` back. For scenes with more pods than sockets. Whether the policy let it through.
   */
  simulateTcp(
    source: Endpoint,
    target: { readonly address: string; readonly port: number },
    bytes: { readonly request: number; readonly reply: number },
  ): boolean {
    const client = this.#clientEnd(source, target.address);
    const server = this.#translate(source, target.address, target.port, "TCP");
    if (client === undefined || server?.endpoint === undefined) return false;
    if (this.#trySyn(synPacket(client, server)) === undefined) return false;
    const key = keyOf("TCP", client, server);
    const nodes = nodesOf({ client, server });
    for (const nodeName of nodes) this.#conntracks.get(nodeName)?.open(key);
    const leg = legAt(planPath(client, server), 0);
    const connection = new TcpConnection(
      { client, server },
      this.#context.clock,
      (packet, state) => this.#delivery.forward(packet, leg, state),
      {
        onClosed: () => {
          for (const nodeName of nodes) this.#conntracks.get(nodeName)?.close(key);
        },
      },
    );
    connection.sendSyn();
    connection.accept();
    connection.onData(0, bytes.request);
    connection.onData(1, bytes.reply);
    connection.onEnd(0);
    connection.onEnd(1);
    connection.onClosed();
    return true;
  }

  /** One SYN: what the policies say of it, or undefined when it is dropped or lost. */
  #trySyn(syn: Packet): ReturnType<AdmissionControl["admit"]> | undefined {
    const admission = this.#admission.admit(syn, "TCP");
    if (admission.isDenied) return undefined;
    if (!this.#isLost(syn)) return admission;
    // It left, and nothing comes back.
    this.#delivery.leave(syn, legAt(planPath(syn.from, syn.to), 0));
    return undefined;
  }

  /** A packet to or from a node that is down, or to a server outside that is not there. */
  #isLost({ from, to, protocol }: Packet): boolean {
    const { faults } = this.#context;
    if (faults.isNodeDown(nodeOf(from)) || faults.isNodeDown(nodeOf(to))) return true;
    return (
      to.endpoint === undefined &&
      !this.#listeners.has(`${protocol} ${hostPort(to.address, to.port)}`)
    );
  }

  /** Sends a datagram and waits for the answer. Rejects with ConnectError ETIMEDOUT when dropped or unanswered. */
  async exchangeUdp(
    source: Endpoint,
    address: string,
    port: number,
    payload: Buffer,
  ): Promise<Buffer> {
    const client = this.#clientEnd(source, address);
    const server = this.#translate(source, address, port, "UDP");
    const what = hostPort(address, port);
    const giveUp = async (): Promise<never> => {
      await new Promise<void>((resolve) => this.#context.clock.after(udpTimeoutMs, resolve));
      throw new ConnectError("ETIMEDOUT", what);
    };
    if (client === undefined || server === undefined) return giveUp();
    const packet = udpPacket(client, server, payload);
    const admission = this.#admission.admit(packet, "UDP");
    if (admission.isDenied || this.#isLost(packet)) return giveUp();
    const isProxied = admission.egress.l7?.parser === "dns";
    const path = planPath(client, server, { egress: isProxied ? "dns" : undefined });
    const key = keyOf("UDP", client, server);
    for (const nodeName of nodesOf({ client, server })) this.#conntracks.get(nodeName)?.open(key);
    if (!isProxied) return this.#exchangeDatagram(client, server, legAt(path, 0), payload);
    const toProxy = legAt(path, 0);
    this.#delivery.forward(packet, toProxy, { isReply: false, isNew: true, isReported: true });
    const answer = await this.#parts.dnsProxy.handle(payload, {
      ...this.#job({ client, server }, toProxy.end, "UDP"),
      exchange: (query) => this.#exchangeDatagram(client, server, legAt(path, 1), query),
    });
    const reply = udpPacket(server, client, answer);
    this.#delivery.forward(reply, toProxy, { isReply: true, isNew: false, isReported: true });
    return answer;
  }

  /** Sends an ICMP echo request; resolves to whether it was answered. */
  async ping(source: Endpoint, address: string): Promise<boolean> {
    const from = addressOn(source.facts, familyOf(address));
    if (from === undefined) return false;
    const client: PacketEnd = { address: from, port: 0, endpoint: source };
    const endpoint = this.#parts.clusters.endpointOf(address);
    const icmp = icmpEcho[familyOf(address)];
    // For policies the type of an ICMP message stands where ports have theirs.
    const server: PacketEnd = { address, port: icmp.request, endpoint };
    const request: Packet = {
      from: client,
      to: server,
      protocol: icmp.protocol,
      flags: [],
      icmpType: icmp.request,
      sizeBytes: icmpSizeBytes + extraBytes(address),
    };
    if (this.#admission.admit(request, icmp.policy).isDenied) return false;
    const leg = legAt(planPath(client, server), 0);
    const key = keyOf("ICMP", client, server);
    for (const nodeName of nodesOf({ client, server })) this.#conntracks.get(nodeName)?.open(key);
    const { faults } = this.#context;
    const isDown = faults.isNodeDown(nodeOf(client)) || faults.isNodeDown(nodeOf(server));
    if (isDown) this.#delivery.leave(request, leg);
    else this.#delivery.forward(request, leg, { isReply: false, isNew: true, isReported: true });
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (isDown || (endpoint === undefined && !this.#playsWorld(address))) return false;
    const reply: Packet = { ...request, from: server, to: client, icmpType: icmp.reply };
    this.#delivery.forward(reply, leg, { isReply: true, isNew: false, isReported: true });
    return true;
  }

  /** Whether a server outside has the address. */
  #playsWorld(address: string): boolean {
    for (const key of this.#listeners.keys()) if (isListenerOn(key, address)) return true;
    return false;
  }

  async #openLeg(session: TcpSession, index: number): Promise<Duplex> {
    const { client, server, path } = session;
    const leg = legAt(path, index);
    const isLast = index === path.length - 2;
    const connection = new TcpConnection(
      { client, server },
      this.#context.clock,
      (packet, state) => this.#delivery.forward(packet, leg, state),
      index === 0
        ? { onClosed: () => this.#closeConntrack(session), gate: this.#gateOf(session) }
        : { onClosed: () => {} },
    );
    session.connections.push(connection);
    connection.sendSyn();
    if (isLast) return this.#openPod(connection);
    connection.accept();
    const [near, far] = createPipe(connection);
    connection.breakOff = () => near.destroy();
    const { httpProxy, dnsProxy } = this.#parts;
    (leg.end.proxy === "dns" ? dnsProxy : httpProxy).accept(far, {
      ...this.#job(session, leg.end, "TCP"),
      openUpstream: () => this.#openLeg(session, index + 1),
    });
    return near;
  }

  /** The last leg: to the loopback port that plays the pod. */
  #openPod(connection: TcpConnection): Promise<Duplex> {
    const { address, port } = connection.server;
    const what = hostPort(address, port);
    const loopbackPort = this.#listeners.get(`TCP ${what}`);
    const refuse = (): ConnectError => {
      connection.refuse();
      return new ConnectError("ECONNREFUSED", what);
    };
    if (loopbackPort === undefined) return Promise.reject(refuse());
    return new Promise((resolve, reject) => {
      const socket = connectSocket({
        host: loopback,
        port: loopbackPort,
        noDelay: true,
        allowHalfOpen: true,
      });
      const failed = (): void => reject(refuse());
      socket.once("error", failed);
      socket.once("connect", () => {
        socket.off("error", failed);
        connection.accept();
        const [near, far] = createPipe(connection);
        connection.breakOff = () => near.destroy();
        join(socket, far);
        resolve(near);
      });
    });
  }

  async #exchangeDatagram(
    client: PacketEnd,
    server: PacketEnd,
    leg: Leg,
    payload: Buffer,
  ): Promise<Buffer> {
    this.#delivery.forward(udpPacket(client, server, payload), leg, {
      isReply: false,
      isNew: true,
      isReported: true,
    });
    const loopbackPort = this.#listeners.get(`UDP ${hostPort(server.address, server.port)}`);
    const answer = await sendDatagram(loopbackPort, payload, this.#context);
    this.#delivery.forward(udpPacket(server, client, answer), leg, {
      isReply: true,
      isNew: false,
      isReported: true,
    });
    return answer;
  }

  #job(
    { client, server }: { readonly client: PacketEnd; readonly server: PacketEnd },
    point: PathPoint,
    protocol: "TCP" | "UDP",
  ): ProxyJob {
    const isIngress = point.kind === "ingress-proxy";
    return {
      nodeName: point.nodeName,
      direction: isIngress ? "INGRESS" : "EGRESS",
      client,
      server,
      decide: () =>
        this.#admission.decide(client, server, protocol, isIngress ? "ingress" : "egress"),
    };
  }

  /** Each packet of the client meets the present policy and the present faults. */
  #gateOf(session: TcpSession): ConnectionGate {
    return {
      isLost: (packet) => {
        if (session.isBlocked && this.#admission.dropEstablished(packet, "TCP")) return true;
        return this.#context.faults.list().length > 0 && this.#isLost(packet);
      },
    };
  }

  /**
   * Policies changed: connections that they now forbid are cut (their packets are dropped, as by the
   * policy map, until they are given up); those that must now pass a proxy, which does not know them,
   * are reset.
   */
  #checkSessions(): void {
    for (const session of [...this.#sessions]) {
      const { client, server, path } = session;
      const egress = this.#admission.decide(client, server, "TCP", "egress");
      const ingress = this.#admission.decide(client, server, "TCP", "ingress");
      session.isBlocked = egress.decision === "denied" || ingress.decision === "denied";
      if (session.isBlocked) continue;
      const wanted = planPath(client, server, redirectsOf({ egress, ingress }));
      if (wanted.length > path.length) breakOff(session);
    }
  }

  /** A pod left: its connections end with it. */
  #endSessions(endpoint: Endpoint): void {
    for (const session of [...this.#sessions]) {
      if (session.client.endpoint === endpoint || session.server.endpoint === endpoint)
        breakOff(session);
    }
  }

  #closeConntrack(session: TcpSession): void {
    this.#sessions.delete(session);
    for (const nodeName of nodesOf(session)) this.#conntracks.get(nodeName)?.close(session.key);
  }

  /** The client's end of a connection to `address`; undefined where it has no address of that family. */
  #clientEnd(source: Endpoint, target: string): PacketEnd | undefined {
    const address = addressOn(source.facts, familyOf(target));
    if (address === undefined) return undefined;
    const port = randomInteger(this.#context.random, clientPortMin, clientPortMax);
    return { address, port, endpoint: source };
  }

  /** Service addresses become a backend; anything else stays. Undefined: the service has no backend. */
  #translate(
    source: Endpoint,
    address: string,
    port: number,
    protocol: "TCP" | "UDP",
  ): PacketEnd | undefined {
    const { clusters } = this.#parts;
    const found = clusters.findService(clusters.of(source), address, port, protocol);
    if (found === undefined) return { address, port, endpoint: clusters.endpointOf(address) };
    const { backends, family } = found;
    const backend = backends[randomInteger(this.#context.random, 0, backends.length - 1)];
    const real = backend === undefined ? undefined : addressOn(backend.endpoint.facts, family);
    if (backend === undefined || real === undefined) return undefined;
    return { address: real, port: backend.port, endpoint: backend.endpoint };
  }
}

function breakOff(session: TcpSession): void {
  for (const connection of session.connections) connection.breakOff();
}

function nodesOf({ client, server }: { client: PacketEnd; server: PacketEnd }): Set<string> {
  return new Set([nodeOf(client), nodeOf(server)].filter((name) => name !== undefined));
}

function legAt(path: readonly PathPoint[], index: number): Leg {
  const [start, end] = [path[index], path[index + 1]];
  if (start === undefined || end === undefined) throw new RangeError(`no leg ${index}`);
  return { start, end };
}

/** "TCP 10.0.1.5:80": a listener's key. */
function isListenerOn(key: string, address: string): boolean {
  return key.slice(4).startsWith(hostPort(address, 0).slice(0, -1));
}

function keyOf(transport: "TCP" | "UDP" | "ICMP", client: PacketEnd, server: PacketEnd) {
  const ends = `${hostPort(client.address, client.port)} ${hostPort(server.address, server.port)}`;
  return {
    family: familyOf(client.address),
    protocol: transport === "TCP" ? "TCP" : "non-TCP",
    text: `${transport} ${ends}`,
  } as const satisfies ConntrackKey;
}

/** Which proxies read the connection, as the verdicts of both sides have it. */
function redirectsOf({ egress, ingress }: Pick<Admission, "egress" | "ingress">): Redirects {
  const out = egress.l7?.parser;
  return {
    egress: out === "http" || out === "dns" ? out : undefined,
    ingress: ingress.l7?.parser === "http" ? "http" : undefined,
  };
}

function extraBytes(address: string): number {
  return familyOf(address) === "ipv6" ? ipv6ExtraBytes : 0;
}

function synPacket(from: PacketEnd, to: PacketEnd): Packet {
  const sizeBytes = synSizeBytes + extraBytes(from.address);
  return { from, to, protocol: "TCP", flags: ["SYN"], sizeBytes };
}

function udpPacket(from: PacketEnd, to: PacketEnd, payload: Buffer): Packet {
  const sizeBytes = udpHeaderBytes + extraBytes(from.address) + payload.length;
  return { from, to, protocol: "UDP", flags: [], sizeBytes };
}

/** Bytes both ways until both are done; a broken side breaks the other. */
function join(socket: Socket, stream: Duplex): void {
  socket.on("error", () => stream.destroy());
  stream.on("error", () => socket.destroy());
  stream.on("close", () => {
    if (!socket.writableEnded) socket.destroy();
  });
  socket.on("close", () => {
    if (!stream.writableEnded) stream.destroy();
  });
  socket.pipe(stream);
  stream.pipe(socket);
}

function sendDatagram(
  port: number | undefined,
  payload: Buffer,
  { clock }: LabContext,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    const finish = (settle: () => void): void => {
      cancel();
      socket.close();
      settle();
    };
    const cancel = clock.after(udpTimeoutMs, () =>
      finish(() => reject(new ConnectError("ETIMEDOUT", `UDP port ${port ?? "without listener"}`))),
    );
    socket.once("message", (answer) => finish(() => resolve(answer)));
    socket.once("error", () =>
      finish(() => reject(new ConnectError("EHOSTUNREACH", `UDP port ${port}`))),
    );
    if (port !== undefined) socket.send(payload, port, loopback);
  });
}
