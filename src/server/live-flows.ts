/**
 * The wiring of live flows: the sources of `--flows` and of `--flows.config`, the feed that store, metrics and map subscribe
 * to, and our own Observer over what comes and what is stored.
 */

import { readFileSync } from "node:fs";
import type { Hono } from "hono";
import { flowSourceRoutes } from "../api/flow-source-routes.ts";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { WebConfig } from "../config/web-config.ts";
import type { FlowHistory } from "../flow/flow-history.ts";
import type { Node } from "../flow/model/generated/messages.ts";
import { LocalObserver } from "../flow/observer/local-observer.ts";
import {
  type CallObserver,
  type ObserverServer,
  type ServerTls,
  startObserverServer,
} from "../flow/observer/observer-server.ts";
import { FlowFeed } from "../flow/source/flow-feed.ts";
import type { FlowSource } from "../flow/source/flow-source.ts";
import { loadFlowSources } from "../flow/source/source-config.ts";
import { SourceMemory } from "../flow/source/source-memory.ts";
import { createFlowSource, type SourceSurroundings } from "../flow/source/source-url.ts";
import { isLoopback, parseListenAddress } from "./http-listener.ts";
import { findPortHolder } from "./port-holder.ts";

/** Where the Observer listens unless told. */
export const observerListenDefault = "127.0.0.1:9194";
/** Flows that the Observer keeps in memory. */
const ringCapacity = 65_535;
/** A password that was right is not hashed again for each call; so many are remembered. */
const knownPasswordsMax = 100;

/** What is needed. */
export interface LiveFlowsOptions {
  /** Texts of `--flows`; see src/flow/source/source-url.ts. */
  readonly sources: readonly string[];
  /** File of further sources (src/flow/source/source-config.ts), read again by reload(). */
  readonly configFile?: string | undefined;
  /** HOST:PORT, "" = no Observer, undefined = the default, given up where its port is taken. */
  readonly observerListen: string | undefined;
  readonly webConfig: WebConfig | undefined;
  readonly compareHash: (password: string, hash: string) => Promise<boolean>;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** File that keeps where sources stood; absent: each begins anew at a start. */
  readonly memoryFile?: string | undefined;
  /** Counts the Observer's calls. */
  readonly calls?: CallObserver | undefined;
  /** Stored flows, where there is a store. */
  readonly history?: FlowHistory | undefined;
}

/** Live flows of a server. */
export interface LiveFlows {
  readonly feed: FlowFeed;
  /** HOST:PORT of the Observer; undefined: there is none. */
  readonly observerAddress: string | undefined;
  readonly routes: Hono;
  /** Adds a source as `--flows` does. Throws ConfigError. */
  addSource(text: string): void;
  /**
   * Reads the file of sources again: returns what makes it so, so that other files can be read before.
   * Throws ConfigError; then nothing changes.
   */
  prepareReload(): () => void;
  /** Starts the sources; subscribe before. */
  start(): void;
  close(): Promise<void>;
}

/** Opens the Observer; sources wait for start(). Throws ConfigError, AppError. */
export async function openLiveFlows(options: LiveFlowsOptions): Promise<LiveFlows> {
  const { clock, logger } = options;
  const { memoryFile } = options;
  const memory = memoryFile === undefined ? undefined : new SourceMemory(memoryFile, clock, logger);
  const around: SourceSurroundings = {
    clock,
    logger,
    random: Math.random,
    stdin: process.stdin,
    memory,
  };
  const feed = new FlowFeed(logger);
  const sources = options.sources.map((text) => createFlowSource(text, around));
  const declared = new DeclaredSources(options.configFile, around, feed);
  const takeDeclared = declared.prepare();
  const observer = createObserver(options, feed);
  feed.subscribe(({ flows }) => {
    for (const flow of flows) observer.addFlow(flow);
  });
  const server = await openObserver(options, observer);
  return {
    feed,
    observerAddress: server?.address,
    routes: flowSourceRoutes(feed, () => server?.address),
    // What is added while the server runs (the laboratory) begins anew with it.
    addSource: (text) => feed.add(createFlowSource(text, { ...around, memory: undefined })),
    prepareReload: () => declared.prepare(),
    start() {
      takeDeclared();
      for (const source of sources.splice(0)) feed.add(source);
    },
    async close() {
      await feed.close();
      memory?.close();
      await server?.server.close();
    },
  };
}

/** The sources of a file, as it was last read. */
class DeclaredSources {
  readonly #file: string | undefined;
  readonly #around: SourceSurroundings;
  readonly #feed: FlowFeed;
  #running = new Map<string, FlowSource>();

  constructor(file: string | undefined, around: SourceSurroundings, feed: FlowFeed) {
    this.#file = file;
    this.#around = around;
    this.#feed = feed;
  }

  /** Reads the file; the function returned ends sources that are gone from it and starts new ones. */
  prepare(): () => void {
    if (this.#file === undefined) return () => undefined;
    const around = this.#around;
    const texts = loadFlowSources(this.#file, (text) => {
      if (!this.#running.has(text)) createFlowSource(text, { ...around, memory: undefined });
    });
    return () => this.#take(texts);
  }

  #take(texts: readonly string[]): void {
    const running = new Map<string, FlowSource>();
    for (const text of texts) {
      const source = this.#running.get(text) ?? createFlowSource(text, this.#around);
      if (!this.#running.has(text)) this.#feed.add(source);
      running.set(text, source);
    }
    const { logger } = this.#around;
    for (const [text, source] of this.#running) {
      if (running.has(text)) continue;
      logger.info({ source: source.name }, "this source is gone from the file and ends");
      this.#feed.remove(source).catch((thrown: unknown) => {
        logger.error({ source: source.name, error: errorMessage(thrown) }, "it did not end well");
      });
    }
    this.#running = running;
  }
}

function createObserver({ clock, version, history }: LiveFlowsOptions, feed: FlowFeed) {
  const startedMs = clock.nowMs();
  return new LocalObserver({
    clock,
    capacity: ringCapacity,
    version: `ciliascope v${version}`,
    // What the CLI compares with its own version: the API is that of Cilium 1.19.
    versionHeader: ["hubble-server-version", "1.19.0"],
    nodeName: "ciliascope",
    history,
    nodes: () => nodesOf(feed, clock.nowMs() - startedMs),
  });
}

/** The nodes that flows came from, as GetNodes has them. */
function nodesOf(feed: FlowFeed, uptimeMs: number): Node[] {
  const states = {
    connected: "NODE_CONNECTED",
    unavailable: "NODE_UNAVAILABLE",
    gone: "NODE_GONE",
    error: "NODE_ERROR",
  } as const;
  return feed.status().flatMap(({ name, nodes, state }) =>
    nodes.map((node): Node => {
      const told = states[node.state as keyof typeof states];
      const own = state === "connected" ? "NODE_CONNECTED" : "NODE_UNAVAILABLE";
      return {
        name: node.node,
        address: name,
        state: told ?? own,
        seen_flows: String(node.seen),
        uptime_ns: String(Math.round(uptimeMs * 1e6)),
      };
    }),
  );
}

async function openObserver(
  options: LiveFlowsOptions,
  backend: LocalObserver,
): Promise<{ readonly server: ObserverServer; readonly address: string } | undefined> {
  const { observerListen = observerListenDefault, webConfig, logger } = options;
  if (observerListen === "") return undefined;
  const { host, port } = parseListenAddress(observerListen);
  requireSafeObserver(host, webConfig);
  const users = webConfig?.basicAuthUsers;
  try {
    const server = await startObserverServer(`${host.includes(":") ? `[${host}]` : host}:${port}`, {
      backend,
      tls: serverTls(webConfig),
      authorize: users === undefined || users.size === 0 ? undefined : basicAuth(options, users),
      calls: options.calls,
      logger,
    });
    const address = `${host}:${server.port}`;
    logger.info({ address }, "the Observer listens");
    return { server, address };
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== "address_in_use") throw thrown;
    const holder = findPortHolder(port) ?? "another program";
    const message = `cannot listen on ${observerListen} for the Observer: the port is taken by ${holder}; choose another with --observer-listen ${host}:${port + 1}`;
    if (options.observerListen !== undefined) throw new AppError("address_in_use", message);
    logger.warn({ holder, flag: "--observer-listen" }, `${message}. It goes on without`);
    return undefined;
  }
}

/** Flows tell who talks to whom: beyond this machine they are for those with a name only. */
function requireSafeObserver(host: string, webConfig: WebConfig | undefined): void {
  if (isLoopback(host)) return;
  const hasUsers = (webConfig?.basicAuthUsers.size ?? 0) > 0;
  const hasClientCertificates = webConfig?.tls?.clientAuthType === "RequireAndVerifyClientCert";
  if (webConfig?.tls !== undefined && (hasUsers || hasClientCertificates)) return;
  throw new AppError(
    "refused",
    `cannot serve flows on ${host}: other machines could read them. Listen on 127.0.0.1, or give --web.config.file FILE with tls_server_config and either basic_auth_users or client_auth_type: RequireAndVerifyClientCert`,
  );
}

function serverTls(webConfig: WebConfig | undefined): ServerTls | undefined {
  const tls = webConfig?.tls;
  if (tls === undefined) return undefined;
  return {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    clientCa: tls.clientCaFile === undefined ? undefined : readFileSync(tls.clientCaFile),
    requiresClientCert: tls.clientAuthType === "RequireAndVerifyClientCert",
  };
}

/** Checks `Basic …`; a right one is remembered, since a hash takes a tenth of a second. */
function basicAuth(
  { compareHash }: LiveFlowsOptions,
  users: ReadonlyMap<string, string>,
): (authorization: string) => Promise<boolean> {
  const known = new Set<string>();
  return async (authorization) => {
    if (known.has(authorization)) return true;
    const match = /^Basic ([\w+/=]+)$/i.exec(authorization);
    const [, user = "", password = ""] =
      /^([^:]*):(.*)$/s.exec(Buffer.from(match?.[1] ?? "", "base64").toString("utf8")) ?? [];
    // An unknown user costs as much as a wrong password: who there is stays untold.
    const hash = users.get(user) ?? [...users.values()][0] ?? "";
    const isRight = (await compareHash(password, hash)) && users.has(user);
    if (isRight && known.size < knownPasswordsMax) known.add(authorization);
    return isRight;
  };
}
