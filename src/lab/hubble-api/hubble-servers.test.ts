import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { HubbleClient } from "../../flow/grpc/hubble-client.ts";
import { createHubbleMetrics } from "../cilium-metrics/hubble-metrics.ts";
import { LabEventBus } from "../events.ts";
import { FaultBoard } from "../faults/fault-board.ts";
import type { LabContext } from "../lab-context.ts";
import { startHubbleServers } from "./hubble-servers.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe("Hubble's servers of the laboratory", () => {
  it("count an agent's calls on the page of its node", async () => {
    const bus = new LabEventBus();
    const [clock, logger] = [systemClock, silentLogger];
    const faults = new FaultBoard(clock);
    const context: LabContext = { clock, logger, bus, faults, random: seededRandom(1) };
    const { page, close } = createHubbleMetrics({ events: bus, nodeName: "n1", clock, logger });
    closers.push(close);
    const nodes = [{ clusterName: "c", nodeName: "n1", host: "127.0.0.1" }];
    const servers = await startHubbleServers(context, {
      nodes,
      version: "1.19.0",
      isEphemeral: true,
    });
    closers.push(() => servers.close());
    const connect = (address = "") => {
      const client = new HubbleClient({ address, tls: undefined }, clock);
      closers.push(() => client.close());
      return client;
    };
    const { nodes: known } = await connect(servers.relays[0]?.address).getNodes();
    // Its Relay was asked, not the agent.
    expect(page.expose("").body).not.toMatch(/^grpc_server_started_total\{.* [1-9]/m);
    await connect(known?.[0]?.address).serverStatus();
    const labels = 'grpc_method="ServerStatus",grpc_service="observer.Observer",grpc_type="unary"';
    const lines = page.expose("").body.split("\n");
    expect(lines.filter((line) => /^grpc_.* [1-9]/.test(line)).sort()).toEqual([
      `grpc_server_handled_total{grpc_code="OK",${labels}} 1`,
      `grpc_server_msg_received_total{${labels}} 1`,
      `grpc_server_msg_sent_total{${labels}} 1`,
      `grpc_server_started_total{${labels}} 1`,
    ]);
  });
});
