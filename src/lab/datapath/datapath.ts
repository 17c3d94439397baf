/**
 * The user-space datapath: every client of the laboratory connects through it. It turns service
 * addresses into pods, asks the policy, drops or forwards, puts the L7 proxies in between, and maps
 * (pod address, port) to the unprivileged loopback listener that plays the pod.
 */

import { createSocket } from "node:dgram";
import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Cluster } from "../cluster/cluster.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { FlowEmitter } from "../flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { randomInteger } from "../random.ts";
import { AdmissionControl } from "./admission.ts";
import { createPipe } from "./byte-pipe.ts";
import { Conntrack } from "./conntrack.ts";
import { Delivery, type Leg, type PathPoint, type ProxyPorts, planPath } from "./delivery.ts";
import {
  icmpSizeBytes,
  nodeOf,
  type Packet,
  type PacketEnd,
  synSizeBytes,
  udpHeaderBytes,
} from "./packet.ts";
import type { DnsProxy, HttpProxy, ProxyJob } from "./proxies.ts";
import { ConnectError, sendSyns } from "./syn-schedule.ts";
import { TcpConnection } from "./tcp-connection.ts";

const loopback = "127.0.0.1";
/** Linux' range of client ports. */
const clientPortMin = 32_768;
const clientPortMax = 60_999;
/** A resolver waits this long for an answer. */
const udpTimeoutMs = 5000;

/** What the datapath is made of. */
export interface DatapathParts {
  readonly cluster: Cluster;
  readonly emitter: FlowEmitter;
  readonly proxyPorts: ProxyPorts;
  readonly httpProxy: HttpProxy;
  readonly dnsProxy: DnsProxy;
}

interface TcpSession {
  readonly client: PacketEnd;
  readonly server: PacketEnd;
  readonly path: readonly PathPoint[];
  readonly key: string;
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

  constructor(context: LabContext, parts: DatapathParts) {
    this.#context = context;
    this.#parts = parts;
    const { cluster, emitter } = parts;
    this.#delivery = new Delivery(context, emitter, parts.proxyPorts);
    this.#admission = new AdmissionControl(context, cluster, emitter, this.#delivery);
    for (const { name } of cluster.nodes) this.#conntracks.set(name, new Conntrack(context, name));
  }

  conntrack(nodeName: string): Conntrack | undefined {
    return this.#conntracks.get(nodeName);
  }

  /** (address, port) of the cluster is played by a loopback port of this machine. */
  bind(protocol: "TCP" | "UDP", address: string, port: number, loopbackPort: number): void {
    this.#listeners.set(`${protocol} ${address}:${port}`, loopbackPort);
  }

  /** Entries of the loopback map: the `lxc` of this datapath. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Opens a TCP connection for a pod or host. Rejects with ConnectError: timeout, refused, unreachable, aborted. */
  async connectTcp(
    source: Endpoint,
    address: string,
    port: number,
    signal?: AbortSignal,
  ): Promise<OpenedConnection> {
    const what = `${address}:${port}`;
    const client = this.#clientEnd(source);
    const server = this.#translate(address, port, "TCP");
    if (server.endpoint === undefined) throw new ConnectError("ENETUNREACH", what);
    const syn: Packet = {
      from: client,
      to: server,
      protocol: "TCP",
      flags: ["SYN"],
      sizeBytes: synSizeBytes,
    };
    const admission = await sendSyns(
      () => {
        const answer = this.#admission.admit(syn, "TCP");
        return answer.isDenied ? undefined : answer;
      },
      what,
      { clock: this.#context.clock, random: this.#context.random, signal },
    );
    const session: TcpSession = {
      client,
      server,
      path: planPath(client, server, {
        egress: admission.egress.l7?.parser === "http",
        ingress: admission.ingress.l7?.parser === "http",
      }),
      key: `TCP ${client.address}:${client.port} ${server.address}:${server.port}`,
    };
    for (const nodeName of nodesOf(session))
      this.#conntracks.get(nodeName)?.open(session.key, "TCP");
    try {
      return { stream: await this.#openLeg(session, 0), localPort: client.port };
    } catch (thrown) {
      this.#closeConntrack(session);
      throw thrown;
    }
  }

  /** Sends a datagram and waits for the answer. Rejects with ConnectError ETIMEDOUT when dropped or unanswered. */
  async exchangeUdp(
    source: Endpoint,
    address: string,
    port: number,
    payload: Buffer,
  ): Promise<Buffer> {
    const client = this.#clientEnd(source);
    const server = this.#translate(address, port, "UDP");
    const what = `${address}:${port}`;
    const packet = udpPacket(client, server, payload);
    const admission = this.#admission.admit(packet, "UDP");
    if (admission.isDenied || server.endpoint === undefined) {
      await new Promise<void>((resolve) => this.#context.clock.after(udpTimeoutMs, resolve));
      throw new ConnectError("ETIMEDOUT", what);
    }
    const isProxied = admission.egress.l7?.parser === "dns";
    const path = planPath(client, server, { egress: isProxied, ingress: false });
    const key = `UDP ${client.address}:${client.port} ${server.address}:${server.port}`;
    for (const nodeName of nodesOf({ client, server }))
      this.#conntracks.get(nodeName)?.open(key, "non-TCP");
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
    const client: PacketEnd = { address: source.facts.address, port: 0, endpoint: source };
    const server: PacketEnd = {
      address,
      port: 0,
      endpoint: this.#parts.cluster.endpointOf(address),
    };
    const request: Packet = {
      from: client,
      to: server,
      protocol: "ICMPv4",
      flags: [],
      icmpType: 8,
      sizeBytes: icmpSizeBytes,
    };
    const { decision } = this.#admission.decide(client, { ...server, port: 8 }, "ICMP", "ingress");
    if (server.endpoint === undefined || decision === "denied") return false;
    const leg = legAt(planPath(client, server, { egress: false, ingress: false }), 0);
    const key = `ICMP ${client.address} ${server.address}`;
    for (const nodeName of nodesOf({ client, server }))
      this.#conntracks.get(nodeName)?.open(key, "non-TCP");
    this.#delivery.forward(request, leg, { isReply: false, isNew: true, isReported: true });
    await new Promise<void>((resolve) => setImmediate(resolve));
    const reply: Packet = { ...request, from: server, to: client, icmpType: 0 };
    this.#delivery.forward(reply, leg, { isReply: true, isNew: false, isReported: true });
    return true;
  }

  async #openLeg(session: TcpSession, index: number): Promise<Duplex> {
    const { client, server, path } = session;
    const leg = legAt(path, index);
    const isLast = index === path.length - 2;
    const connection = new TcpConnection(
      { client, server },
      this.#context.clock,
      (packet, state) => this.#delivery.forward(packet, leg, state),
      () => index === 0 && this.#closeConntrack(session),
    );
    connection.sendSyn();
    if (isLast) return this.#openPod(connection);
    connection.accept();
    const [near, far] = createPipe(connection);
    this.#parts.httpProxy.accept(far, {
      ...this.#job(session, leg.end, "TCP"),
      openUpstream: () => this.#openLeg(session, index + 1),
    });
    return near;
  }

  /** The last leg: to the loopback port that plays the pod. */
  #openPod(connection: TcpConnection): Promise<Duplex> {
    const { address, port } = connection.server;
    const loopbackPort = this.#listeners.get(`TCP ${address}:${port}`);
    const refuse = (): ConnectError => {
      connection.refuse();
      return new ConnectError("ECONNREFUSED", `${address}:${port}`);
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
    const loopbackPort = this.#listeners.get(`UDP ${server.address}:${server.port}`);
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

  #closeConntrack(session: TcpSession): void {
    for (const nodeName of nodesOf(session)) this.#conntracks.get(nodeName)?.close(session.key);
  }

  #clientEnd(source: Endpoint): PacketEnd {
    const port = randomInteger(this.#context.random, clientPortMin, clientPortMax);
    return { address: source.facts.address, port, endpoint: source };
  }

  /** Service addresses become a backend; anything else stays. */
  #translate(address: string, port: number, protocol: "TCP" | "UDP"): PacketEnd {
    const { cluster } = this.#parts;
    const found = cluster.findService(address, port, protocol);
    if (found === undefined) return { address, port, endpoint: cluster.endpointOf(address) };
    const backends = cluster.backendsOf(found.service, found.targetPort);
    const backend = backends[randomInteger(this.#context.random, 0, backends.length - 1)];
    if (backend === undefined) return { address, port, endpoint: undefined };
    return {
      address: backend.endpoint.facts.address,
      port: backend.port,
      endpoint: backend.endpoint,
    };
  }
}

function nodesOf({ client, server }: { client: PacketEnd; server: PacketEnd }): Set<string> {
  return new Set([nodeOf(client), nodeOf(server)].filter((name) => name !== undefined));
}

function legAt(path: readonly PathPoint[], index: number): Leg {
  const [start, end] = [path[index], path[index + 1]];
  if (start === undefined || end === undefined) throw new RangeError(`no leg ${index}`);
  return { start, end };
}

function udpPacket(from: PacketEnd, to: PacketEnd, payload: Buffer): Packet {
  return { from, to, protocol: "UDP", flags: [], sizeBytes: udpHeaderBytes + payload.length };
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
