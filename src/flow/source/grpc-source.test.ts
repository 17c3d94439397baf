import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Flow } from "../model/flow.ts";
import { LocalObserver } from "../observer/local-observer.ts";
import {
  type ObserverServer,
  type ServerTls,
  startObserverServer,
} from "../observer/observer-server.ts";
import { PeerDirectory } from "../observer/peer-directory.ts";
import { selfSigned } from "../testing/self-signed.ts";
import type { FlowSource, FlowSourceStatus } from "./flow-source.ts";
import { GrpcSource, type GrpcSourceOptions } from "./grpc-source.ts";
import { createFlowSource } from "./source-url.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function observer(nodeName = "c/n"): LocalObserver {
  return new LocalObserver({
    clock: systemClock,
    capacity: 100,
    version: "v",
    versionHeader: ["hubble-server-version", "1.19.0"],
    nodeName,
  });
}

async function serve(
  backend: LocalObserver,
  port = 0,
  more: {
    peers?: PeerDirectory;
    authorize?: (text: string) => Promise<boolean>;
    tls?: ServerTls;
  } = {},
): Promise<ObserverServer> {
  const server = await startObserverServer(`127.0.0.1:${port}`, {
    backend,
    logger: silentLogger,
    ...more,
  });
  closers.push(() => server.close());
  return server;
}

/** A source and what it gave; `until` waits for a state of things. */
function follow(port: number, more: { followsPeers?: boolean; takesPast?: boolean } = {}) {
  return watch({
    name: "grpc://x",
    cluster: "c",
    target: { address: `127.0.0.1:${port}`, tls: undefined },
    followsPeers: false,
    takesPast: false,
    clock: systemClock,
    random: () => 0.5,
    logger: silentLogger,
    times: { firstBackOffMs: 20, probeIntervalMs: 50, probeTimeoutMs: 300 },
    ...more,
  });
}

function watch(options: GrpcSourceOptions | FlowSource) {
  const uuids: string[] = [];
  let check = () => {};
  const source = "start" in options ? options : new GrpcSource(options);
  source.start(({ flows }) => {
    for (const { uuid = "" } of flows) uuids.push(uuid);
    check();
  });
  closers.push(() => source.close());
  const until = (isSo: (status: FlowSourceStatus) => boolean) =>
    new Promise<void>((resolve) => {
      const timer = setInterval(() => check(), 10);
      check = () => {
        if (!isSo(source.status())) return;
        clearInterval(timer);
        resolve();
      };
      check();
    });
  return { source, uuids, until };
}

const flow = (uuid: string, second: number): Flow => ({
  uuid,
  time: `2026-01-15T10:00:0${second}Z`,
  node_name: "c/n",
});

describe("GrpcSource", () => {
  it("follows an Observer and accounts flows and losses to their node", async () => {
    const backend = observer();
    backend.addFlow(flow("old", 0));
    const { port } = await serve(backend);
    const { uuids, until, source } = follow(port, { takesPast: true });
    await until(() => uuids.length === 1);
    backend.addLost({ source: "OBSERVER_EVENTS_QUEUE", num_events_lost: "5" }, "c/n");
    backend.addFlow(flow("new", 1));
    await until(() => uuids.length === 2);
    expect(uuids).toEqual(["old", "new"]);
    expect(source.status()).toMatchObject({
      state: "connected",
      seenFlows: 2,
      lastFlowTime: "2026-01-15T10:00:01Z",
      nodes: [{ node: "c/n", seen: 2, lost: { OBSERVER_EVENTS_QUEUE: 5 } }],
    });
  });

  it("goes on after a break without a gap and without a flow twice", async () => {
    const backend = observer();
    const first = await serve(backend);
    const { uuids, until, source } = follow(first.port);
    await until(({ state }) => state === "connected");
    await until(() => {
      if (uuids.length === 0) backend.addFlow(flow("a", 1));
      return uuids.length > 0;
    });
    await first.close();
    await until(({ trouble }) => trouble !== undefined);
    backend.addFlow(flow("b", 2));
    await serve(backend, first.port);
    await until(() => uuids.includes("b"));
    expect(uuids.filter((uuid) => uuid === "b")).toEqual(["b"]);
    expect(source.status()).toMatchObject({ state: "connected", trouble: undefined, gaps: [] });
    expect(source.status().duplicateFlows).toBeGreaterThan(0);
  });

  it("says from when to when flows are missing when the server forgot", async () => {
    const backend = observer();
    const first = await serve(backend);
    const { uuids, until, source } = follow(first.port, { takesPast: true });
    backend.addFlow(flow("a", 1));
    await until(() => uuids.includes("a"));
    await first.close();
    const fresh = observer();
    await serve(fresh, first.port);
    fresh.addFlow(flow("z", 5));
    await until(() => uuids.includes("z"));
    expect(source.status().gaps).toMatchObject([
      { from: "2026-01-15T10:00:01Z", until: "2026-01-15T10:00:05Z" },
    ]);
  });

  it("finds all agents by the peer service, and lets go of those that leave", async () => {
    const [one, two] = [observer("c/1"), observer("c/2")];
    const peers = new PeerDirectory();
    const [first, second] = [await serve(one, 0, { peers }), await serve(two)];
    peers.put({ name: "c/1", address: `127.0.0.1:${first.port}` });
    peers.put({ name: "c/2", address: `127.0.0.1:${second.port}` });
    one.addFlow(flow("a", 1));
    two.addFlow(flow("b", 2));
    const { uuids, until, source } = follow(first.port, { followsPeers: true, takesPast: true });
    await until(() => uuids.length === 2);
    expect([...uuids].sort()).toEqual(["a", "b"]);
    peers.remove("c/2");
    await until(({ nodes }) => nodes.length === 1);
    expect(source.status().seenFlows).toBe(1);
  });

  it("speaks TLS to each agent under the agent's own name (grpcs+peers)", async () => {
    const dir = mkdtempSync(join(tmpdir(), "grpc-source-"));
    closers.push(async () => rmSync(dir, { recursive: true }));
    const nameOf = (node: string) => `${node}.c.hubble-grpc.cilium.io`;
    const [own, other, wrong] = ["n1", "n2", "stranger"].map((node) => selfSigned(nameOf(node)));
    const tlsOf = (given = own): ServerTls => ({
      cert: Buffer.from(given?.cert ?? ""),
      key: Buffer.from(given?.key ?? ""),
      clientCa: undefined,
      requiresClientCert: false,
    });
    writeFileSync(join(dir, "ca.pem"), `${own?.cert}${other?.cert}${wrong?.cert}`);
    const peers = new PeerDirectory();
    const backends = [observer("c/n1"), observer("c/n2"), observer("c/n3")] as const;
    const first = await serve(backends[0], 0, { peers, tls: tlsOf(own) });
    const second = await serve(backends[1], 0, { tls: tlsOf(other) });
    const third = await serve(backends[2], 0, { tls: tlsOf(wrong) });
    for (const [index, { port }] of [first, second, third].entries()) {
      const node = `n${index + 1}`;
      const address = `127.0.0.1:${port}`;
      peers.put({ name: `c/${node}`, address, tlsServerName: nameOf(node) });
      backends[index]?.addFlow({ ...flow(node, index), node_name: `c/${node}` });
    }
    const url = `grpcs+peers://127.0.0.1:${first.port}?ca=${dir}/ca.pem&server-name=${nameOf("n1")}&from=start`;
    const { uuids, until } = watch(
      createFlowSource(url, {
        clock: systemClock,
        random: () => 0.5,
        logger: silentLogger,
        stdin: (async function* () {})(),
      }),
    );
    const messageOf = ({ nodes }: FlowSourceStatus, name: string) =>
      nodes.find(({ node }) => node === name)?.message;
    await until((status) => uuids.length === 2 && (messageOf(status, "c/n3") ?? "") !== "");
    expect([...uuids].sort()).toEqual(["n1", "n2"]);
    await until((status) => {
      expect(messageOf(status, "c/n3")).toBe("the server's certificate bears another name");
      return true;
    });
  });

  it("tells cause and mend of what is wrong, and waits", async () => {
    const refused = follow(1);
    await refused.until(({ trouble }) => trouble !== undefined);
    expect(refused.source.status().trouble?.cause).toBe("nothing listens at that address");
    const { port } = await serve(observer(), 0, { authorize: async () => false });
    const locked = follow(port);
    await locked.until(({ trouble }) => trouble !== undefined);
    expect(locked.source.status().trouble?.mend).toBe("give user and password");
  });
});
