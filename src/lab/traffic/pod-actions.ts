/** What traffic makes pods do: requests, pings, plain TCP and UDP, WebSocket talks, simulated connections. */

import WebSocket from "ws";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { Datapath } from "../datapath/datapath.ts";
import { ConnectError } from "../datapath/syn-schedule.ts";
import type { LabContext } from "../lab-context.ts";
import type { HostResolver } from "../pods/resolver.ts";
import { newTraceParent } from "../proxy/trace-parent.ts";
import { randomInteger } from "../random.ts";
import type { SceneTraffic } from "../scenes/scene.ts";

const talkTimeoutMs = 5000;

/** What actions are made with. */
export interface ActionParts {
  readonly datapath: Datapath;
  readonly resolver: HostResolver;
  /** Runs a command line in the pod, its output thrown away. */
  runCommand(pod: Endpoint, command: readonly string[], signal: AbortSignal): Promise<unknown>;
  podsOf(clusterName: string, workload: string): readonly Endpoint[];
}

/** Does one action as the pod. Rejects with ConnectError where nothing answers. */
export async function performAction(
  context: LabContext,
  pod: Endpoint,
  action: SceneTraffic["action"],
  how: ActionParts & { readonly signal: AbortSignal },
): Promise<void> {
  const { datapath, signal } = how;
  switch (action.kind) {
    case "curl": {
      // As an instrumented program does: its requests can be found again, by exemplars too.
      const trace = `traceparent: ${newTraceParent(context.random)}`;
      const command = ["curl", "-s", "-o", "/dev/null", "-H", trace, ...action.args];
      await how.runCommand(pod, command, signal);
      return;
    }
    case "ping":
      await datapath.ping(pod, await addressOf(pod, action.host, how.resolver));
      return;
    case "udp": {
      const address = await addressOf(pod, action.host, how.resolver);
      await datapath.exchangeUdp(pod, address, action.port, Buffer.alloc(action.bytes, "u"));
      return;
    }
    case "tcp":
      await talkTcp(context, pod, action, how);
      return;
    case "websocket":
      await talkWebSocket(context, pod, action, how);
      return;
    case "simulated": {
      const targets = how.podsOf(pod.facts.clusterName, action.to);
      const target = targets[randomInteger(context.random, 0, targets.length - 1)];
      if (target === undefined) return;
      const bytes = { request: action.bytes, reply: action.bytes * 4 };
      datapath.simulateTcp(pod, { address: target.facts.address, port: action.port }, bytes);
    }
  }
}

async function addressOf(pod: Endpoint, host: string, resolver: HostResolver): Promise<string> {
  const [address] = await resolver.resolve(pod, host);
  if (address === undefined) throw new ConnectError("EHOSTUNREACH", host);
  return address;
}

async function talkTcp(
  context: LabContext,
  pod: Endpoint,
  action: { readonly host: string; readonly port: number; readonly bytes: number },
  { datapath, resolver, signal }: ActionParts & { readonly signal: AbortSignal },
): Promise<void> {
  const address = await addressOf(pod, action.host, resolver);
  const limit = new AbortController();
  const cancel = context.clock.after(talkTimeoutMs, () => limit.abort());
  try {
    const both = AbortSignal.any([signal, limit.signal]);
    const { stream } = await datapath.connectTcp(pod, address, action.port, both);
    await new Promise<void>((resolve) => {
      let receivedBytes = 0;
      stream.on("data", (chunk: Buffer) => {
        receivedBytes += chunk.length;
        if (receivedBytes >= action.bytes) stream.end();
      });
      stream.on("error", () => resolve());
      stream.on("close", () => resolve());
      both.addEventListener("abort", () => stream.destroy(), { once: true });
      stream.write(Buffer.alloc(Math.max(1, action.bytes), "t"));
    });
  } finally {
    cancel();
  }
}

async function talkWebSocket(
  context: LabContext,
  pod: Endpoint,
  action: { readonly url: string; readonly messages: number },
  { datapath, resolver, signal }: ActionParts & { readonly signal: AbortSignal },
): Promise<void> {
  const { hostname, port } = new URL(action.url);
  const address = await addressOf(pod, hostname, resolver);
  const wanted = port === "" ? 80 : Number(port);
  const limit = new AbortController();
  const cancel = context.clock.after(talkTimeoutMs, () => limit.abort());
  try {
    const both = AbortSignal.any([signal, limit.signal]);
    const { stream } = await datapath.connectTcp(pod, address, wanted, both);
    await new Promise<void>((resolve) => {
      const socket = new WebSocket(action.url, { createConnection: () => stream });
      let waiting = action.messages;
      socket.on("open", () => socket.send("hello"));
      socket.on("message", () => {
        waiting--;
        if (waiting > 0) socket.send("hello");
        else socket.close();
      });
      socket.on("error", () => stream.destroy());
      stream.on("close", () => resolve());
      both.addEventListener("abort", () => stream.destroy(), { once: true });
    });
  } finally {
    cancel();
  }
}
