import type { Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { LabEventBus } from "../events.ts";
import { FaultBoard } from "../faults/fault-board.ts";
import { plainWeb } from "../scenes/scene.ts";
import { startWebService, type WebProgram } from "./web-service.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** Codes of one request at each of these seconds since the epoch. */
async function codesAt(
  seconds: readonly number[],
  program: Partial<WebProgram>,
): Promise<number[]> {
  const codes: number[] = [];
  for (const second of seconds) {
    const clock = new FakeClock(second * 1000);
    const context = {
      ...{ clock, logger: silentLogger, bus: new LabEventBus(), random: () => 0.5 },
      faults: new FaultBoard(clock),
    };
    const callOut = async () => 200;
    const whole = { ...plainWeb, latencyMs: 0, ...program };
    server = await startWebService("pod", whole, { context, callOut });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    codes.push((await fetch(`http://127.0.0.1:${port}/`)).status);
    server.closeAllConnections();
    server.close();
  }
  return codes;
}

describe("a web service of a scene", () => {
  it("fails by another share while a burst lasts", async () => {
    const errorBurst = { everySeconds: 40, seconds: 8, share: 1 };
    expect(await codesAt([80, 87, 89, 119, 121], { errorBurst })).toEqual([
      503, 503, 200, 200, 503,
    ]);
  });

  it("fails by its own share else", async () => {
    expect(await codesAt([1], { errorShare: 0.4 })).toEqual([200]);
    expect(await codesAt([1], { errorShare: 0.6 })).toEqual([503]);
  });
});
