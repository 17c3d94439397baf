import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { componentPorts, openComponentServers } from "./component-servers.ts";

// Only Linux has all of 127.0.0.0/8 without set-up; there each process takes addresses of its own, so
// that a demo or another run of the tests on this machine is in nobody's way.
const ownNumbers = `${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
const addressBase = process.platform === "linux" ? `127.${ownNumbers}` : "127.0.0";

describe("openComponentServers", () => {
  it("names the port, its use and the mend when it is taken, and leaves nothing open", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) =>
      holder.listen(componentPorts.operator, `${addressBase}.1`, resolve),
    );
    const plan = { addressBase, isEphemeral: false };
    await expect(openComponentServers(["node-a"], plan)).rejects.toThrow(
      `cannot listen on ${addressBase}.1:9963 for the operator metrics of node-a: another program (a second demo?) has the port; stop it, or choose other addresses with --lab-address`,
    );
    await new Promise<void>((resolve) => {
      holder.close(() => resolve());
    });
    const opened = await openComponentServers(["node-a"], plan);
    await opened.close();
  });

  it("answers 503 until a component has its page, then the page", async () => {
    const { nodes, close } = await openComponentServers(["node-a"], {
      addressBase,
      isEphemeral: true,
    });
    const [node] = nodes;
    const url = `http://${node?.listeners.host}:${node?.listeners.agentPort}/metrics`;
    expect((await fetch(url)).status).toBe(503);
    node?.setPage("agent", { expose: () => ({ contentType: "text/plain", body: "up 1\n" }) });
    expect(await (await fetch(url)).text()).toBe("up 1\n");
    await close();
  });
});
